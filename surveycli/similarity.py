"""How alike texts are: cosine between TF-IDF vectors of their character n-grams.

It finds near-duplicates (one word of a long stem exchanged), not paraphrases.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from surveycli.distribution.arrays import Floats, Ints
from surveycli.domain import TRAIN

if TYPE_CHECKING:
    import polars as pl

# Half the items of one WVS battery are at least this like another item of it; of two batteries, few are.
NEAR_DUPLICATE = 0.5
_LENGTHS = (3, 4, 5)
_LENGTHS_UNSPACED = (1, 2, 3)  # of scripts without spaces, whose words are one or two characters long
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each of N texts the index (N,) of the most similar of M others, and how similar it is (N,), 0 to 1."""

    index: Ints
    similarity: Floats


def nearest_texts(texts: Sequence[str], others: Sequence[str]) -> Nearest:
    """Return the most similar of `others`, at least one, for each of `texts`; the first of equals.

    >>> nearest_texts(["How happy are you?"], ["Do you pray?", "How happy are you?"]).index.tolist()
    [1]
    """
    cosine = similarities(texts, others)
    index = cosine.argmax(axis=1)
    return Nearest(index.astype(np.int64), np.clip(cosine[np.arange(len(texts)), index], 0.0, 1.0))


def similarities(texts: Sequence[str], others: Sequence[str]) -> Floats:
    """Return the cosine of each of N `texts` with each of M `others`: (N, M), 0 to 1."""
    vectors = tf_idf([*texts, *others])
    return np.asarray((vectors[: len(texts)] @ vectors[len(texts) :].T).toarray())


def nearest_training_items(items: pl.DataFrame) -> pl.DataFrame:
    """Return, of the rows of `cell/list_item_texts`, those of items without training cells, the most alike first.

    Added are the training item worded most alike (`nearest`, `nearest_wording`), its `similarity` and whether it is of
    the `same_battery`. Empty where there is no such item, or no training item.
    """
    import polars as pl

    train = items.filter(pl.col("part") == TRAIN)
    unseen = items.join(train, on=["survey_id", "item_id"], how="anti", maintain_order="left")
    if train.is_empty() or unseen.is_empty():
        unseen, found, other = unseen.clear(), Nearest(np.zeros(0, np.int64), np.zeros(0)), train.clear()
    else:
        found = nearest_texts(unseen["wording"].to_list(), train["wording"].to_list())
        other = train[found.index.tolist()]
    same = (unseen["battery_id"] == other["battery_id"]) & (unseen["survey_id"] == other["survey_id"])
    return unseen.with_columns(
        pl.Series("similarity", found.similarity, dtype=pl.Float64),
        other["item_id"].alias("nearest"),
        same.alias("same_battery"),
        other["wording"].alias("nearest_wording"),
    ).sort("similarity", descending=True, maintain_order=True)


def tf_idf(texts: Sequence[str]) -> sparse.csr_array:
    """Return one row per text, of length 1: (1 + ln count) x (1 + ln((1 + n) / (1 + texts that have the n-gram)))."""
    counts = [Counter(_grams(text)) for text in texts]
    place = {gram: number for number, gram in enumerate(sorted(set().union(*counts)))}
    # One entry per text and different n-gram: its row is the text, its column the n-gram's place in the alphabet.
    rows = np.repeat(np.arange(len(texts)), [len(count) for count in counts])
    columns = np.array([place[gram] for count in counts for gram in count], dtype=np.int64)
    values = 1 + np.log(np.array([n for count in counts for n in count.values()], dtype=np.float64))
    in_texts = np.bincount(columns, minlength=len(place))
    values *= (1 + np.log((1 + len(texts)) / (1 + in_texts)))[columns]
    lengths = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(texts)))
    return sparse.csr_array((values / lengths[rows], (rows, columns)), shape=(len(texts), len(place)))


def _grams(text: str) -> list[str]:
    """Return the character n-grams of each word, a blank before and after it where words have spaces."""
    grams = []
    for word in re.findall(r"\w+", text.lower()):
        padded, lengths = (word, _LENGTHS_UNSPACED) if _UNSPACED.search(word) else (f" {word} ", _LENGTHS)
        grams += [padded[i : i + n] for n in lengths for i in range(max(len(padded) - n + 1, 1))]
    return grams
