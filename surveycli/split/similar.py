"""How much of a test part the training part gives away: for each unseen item, its nearest training item by wording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from surveycli.errors import not_found
from surveycli.similarity import NEAR_DUPLICATE, nearest_training_items

if TYPE_CHECKING:
    from surveycli.store import Store

_COLUMNS = ("part", "survey_id", "item_id", "similarity", "nearest", "same_battery", "wording", "nearest_wording")


def similar_items(store: Store, split: str, language: str = "en") -> pl.DataFrame:
    """Return each item that is not in the training part with the training item most like it, the most alike first.

    similarity: cosine of TF-IDF character n-grams of the wordings, 0 to 1. Items without a wording in the language are
    left out. Raises SurveyError (exit 4) where there is no such split or no wording in the language.
    """
    items = store.frame("cell/list_item_texts", split=split, language=language)
    if items.is_empty():
        raise not_found(
            f"There is no split {split} with items worded in {language!r}.", "`surveycli split` lists the splits."
        )
    return nearest_training_items(items).select(_COLUMNS)


def similarity_note(store: Store, split: str) -> str | None:
    """Return a sentence on how like training items the unseen ones are worded in English; None where there are none."""
    found = nearest_training_items(store.frame("cell/list_item_texts", split=split, language="en"))
    if found.is_empty():
        return None
    first = found.row(0, named=True)
    n_near = found.filter(pl.col("similarity") >= NEAR_DUPLICATE)["item_id"].n_unique()
    return (
        f"{n_near} of {found['item_id'].n_unique()} unseen items are worded like a training item (similarity of "
        f"{NEAR_DUPLICATE} or more); the closest pair is {first['item_id']} and {first['nearest']}, at "
        f"{first['similarity']:.2f}."
    )
