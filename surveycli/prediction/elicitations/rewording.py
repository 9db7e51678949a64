"""The same questions with options in other words, or on another scale: how far answers depend on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from surveycli.bundled import read_yaml, resource
from surveycli.distribution.arrays import Floats
from surveycli.domain import Option, Question, Scale
from surveycli.errors import usage
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.predictor import Need

_FEWEST = 4  # options: shorter scales stay as they are
_ADDED = -(1 << 31)  # code of an option that people were not offered


@cache
def _texts(language: str) -> Mapping[str, Any]:
    known: dict[str, Any] = read_yaml(resource("label_synonyms.yaml"))
    if language not in known:
        raise usage(
            f"There are no synonyms of options in {language!r}; there are in {', '.join(sorted(known))}.",
            "Ask in one of these with --language.",
        )
    return dict(known[language])


def with_synonyms(question: Question) -> Question:
    """Return the question with known words of its options replaced by ones that mean the same.

    Where two options would read alike the question stays as it is. Raises SurveyError (exit 2) for a language without
    synonyms.
    """
    labels = [_in_other_words(option.label, question.language) for option in question.options]
    if len(set(labels)) < len({option.label for option in question.options}):
        return question
    changed = zip(question.options, labels, strict=True)
    return replace(question, options=tuple(replace(option, label=label) for option, label in changed))


def _in_other_words(label: str, language: str) -> str:
    """Return a label with each known word replaced once, the first letter as large as it was."""
    words: Mapping[str, str] = _texts(language)["words"]
    apart = r"(?<!\w){}(?!\w)" if language == "en" else "{}"
    pattern = "|".join(apart.format(re.escape(word)) for word in sorted(words, key=len, reverse=True))

    def other(found: re.Match[str]) -> str:
        text = words[found[0].lower()]
        return text[0].upper() + text[1:] if found[0][0].isupper() else text

    return re.sub(pattern, other, label, flags=re.IGNORECASE)


def rescale(question: Question) -> Question:
    """Return an ordered scale without its middle where it has one, and with one between the two middle options if not.

    Nominal items and items of two or three options stay as they are.
    """
    n = len(question.options)
    if question.scale is not Scale.ORDINAL or n < _FEWEST:
        return question
    before, after = question.options[: n // 2], question.options[n // 2 :]
    if n % 2:
        return replace(question, options=before + after[1:])
    middle = Option(_ADDED, _middle(before[-1], after[0], question.language))
    return replace(question, options=(*before, middle, *after))


def _middle(before: Option, after: Option, language: str) -> str:
    try:
        return f"{(float(before.label) + float(after.label)) / 2:g}"
    except ValueError:
        return str(_texts(language)["middle"])


def to_the_scale_of_people(question: Question, shares: Floats) -> Floats:
    """Return what a rescaled question's shares (K') say of the options that people were offered (K).

    Those of an added middle go to both its neighbours in halves; a middle that was left out gets the mean of its
    neighbours, before all are scaled to sum to 1.

    >>> five = [0.1, 0.2, 0.4, 0.2, 0.1]
    >>> options = tuple(Option(code, "") for code in (1, 2, _ADDED, 3, 4))
    >>> to_the_scale_of_people(Question("s", "i", "en", "", options, Scale.ORDINAL), np.array(five)).round(3).tolist()
    [0.1, 0.4, 0.4, 0.1]
    """
    n = len(question.options)
    middle = n // 2
    if any(option.code == _ADDED for option in question.options):
        half = shares[middle] / 2
        kept = np.delete(shares, middle)
        kept[[middle - 1, middle]] += half
        return np.asarray(kept)
    if (
        question.scale is Scale.ORDINAL and n >= _FEWEST and n % 2 == 0
    ):  # an even scale of people's would have got a middle
        found = np.insert(shares, middle, shares[[middle - 1, middle]].mean())
        return np.asarray(found / found.sum())
    return shares


PREDICTORS = (
    ModelPredictor(
        name="synonyms",
        help="First token, with words of the options replaced by synonyms.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        elicitation="synonyms",
        draws=False,
        reword=with_synonyms,
    ),
    ModelPredictor(
        name="rescaled",
        help="First token, on scales with a middle added or taken away.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        elicitation="rescaled",
        draws=False,
        reword=rescale,
        fold=to_the_scale_of_people,
    ),
)
