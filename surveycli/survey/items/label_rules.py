"""Reads response labels of other people's files: which are no answer, and whether the others lie on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.domain import Scale
from surveycli.survey.files.cell import fold

# The codes that missing answers have in the store, whatever they were in the file: those of WVS, and one more.
MISSING_CODES = {
    "dont_know": -1,
    "no_answer": -2,
    "not_applicable": -3,
    "not_asked": -4,
    "missing_other": -5,
    "refused": -6,
}
STATUS_BY_CODE = {code: status for status, code in MISSING_CODES.items()}

# `No sabe (Don't know)`: Pew's national questions have the answer in their own language first.
_TRANSLATION = re.compile(r".+\(([^()]+)\)")
# `7`, `7.0`, `0 - Worst`, `10 Best`, but not 3.5 or 18-29.
_LEADING_NUMBER = re.compile(r"\s*([-+]?\d+)(?:\.0+)?(?=$|[\s:=)–-])(?!\s*[–-]\s*\d)")
# How many labels of a numbered scale may be words: both ends, and a middle.
_MAX_WORDS_IN_NUMBERS = 3


# `5 Refused`, `-9. Refused`: some files begin a label with its own code.
_OWN_CODE = re.compile(r"^[-+]?\d{1,4}\s*[.:)=–-]?\s+(?=[^\W\d])")


@cache
def _rules() -> dict[str, Any]:
    return read_yaml(resource("label_rules.yaml"))


@cache
def _notes() -> re.Pattern[str]:
    return re.compile("|".join(_rules()["volunteered"]))


@cache
def _missing() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((status, re.compile("|".join(patterns))) for status, patterns in _rules()["missing"].items())


def status_of_label(label: str) -> str | None:
    """Return the missing status that a label stands for, or None where it is a response option.

    >>> status_of_label("Don’t know (DO NOT READ)"), status_of_label("Refused"), status_of_label("None at all")
    ('dont_know', 'refused', None)
    >>> status_of_label("Both equally (VOL)"), status_of_label("No sabe (Don't know)")
    ('missing_other', 'dont_know')
    """
    text, n_notes = _notes().subn(" ", _OWN_CODE.sub("", fold(label)))
    text = text.strip()
    translation = _TRANSLATION.fullmatch(text)
    found = _status(text.strip(" -:;,.()[]/") or fold(label)) or (translation and _unanswered(translation[1]))
    return found or (str(_rules()["volunteered_status"]) if n_notes else None)


def _status(text: str) -> str | None:
    return next((status for status, pattern in _missing() if pattern.match(text)), None)


def _unanswered(text: str) -> str | None:
    """Return `dont_know`, `refused` or `no_answer` where the whole text says so."""
    found = ((status, pattern) for status, pattern in _missing() if status in ("dont_know", "refused", "no_answer"))
    return next((status for status, pattern in found if pattern.fullmatch(text)), None)


def scale_of_labels(labels: Sequence[str]) -> Scale:
    """Return the scale of response options from their labels, in code order.

    Two are binary. Numbers in order, with words at the ends and in the middle at most, and labels that climb or descend
    one of the ladders of label_rules.yaml are ordinal. Everything else is nominal: an order is never guessed.

    >>> scale_of_labels(["Very good", "Somewhat good", "Somewhat bad", "Very bad"]).value
    'ordinal'
    >>> scale_of_labels(["France", "China", "India"]).value
    'nominal'
    """
    if len(labels) == 2:
        return Scale.BINARY
    return Scale.ORDINAL if _are_numbers(labels) or on_ladder(labels) is not None else Scale.NOMINAL


def _are_numbers(labels: Sequence[str]) -> bool:
    if any(label.strip()[:1].isdigit() for label in labels if not _LEADING_NUMBER.match(label)):
        return False  # fractions and ranges are no steps of one
    found = [_LEADING_NUMBER.match(label) for label in labels]
    places = {place: int(match[1]) for place, match in enumerate(found) if match}
    words = set(range(len(labels))) - set(places)
    may_be_words = {0, len(labels) // 2, (len(labels) - 1) // 2, len(labels) - 1}
    steps = {(b - a) / (j - i) for (i, a), (j, b) in pairwise(places.items())}
    if len(words) > _MAX_WORDS_IN_NUMBERS or not words <= may_be_words or len(places) < len(labels) - len(words):
        return False
    return len(places) >= 2 and steps in ({1}, {-1})


@cache
def _ladders() -> tuple[tuple[tuple[re.Pattern[str], ...], ...], ...]:
    return tuple(tuple(tuple(_phrase(phrase) for phrase in rung) for rung in ladder) for ladder in _rules()["ladders"])


def _phrase(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase in which `*` stands for anything."""
    return re.compile(".*".join(map(re.escape, phrase.split("*"))))


def on_ladder(labels: Sequence[str]) -> tuple[int, ...] | None:
    """Return the rung of each label on the first ladder that they climb or descend, or None where there is none.

    Adjectives may vary along a ladder, but not on one of bare degrees: `very old`, `not very young` is no scale.
    """
    for rungs in _rungs_by_ladder(labels):
        steps = {b > a for a, b in pairwise(rungs)}
        if len(steps) == 1:
            return rungs
    return None


def ladder_order(labels: Sequence[str]) -> list[str] | None:
    """Return labels, given in any order, as they stand on the first ladder that has them all; None where none has.

    >>> ladder_order(["Agree", "Disagree", "Strongly agree"])
    ['Strongly agree', 'Agree', 'Disagree']
    """
    for rungs in _rungs_by_ladder(labels):
        return [label for _, label in sorted(zip(rungs, labels, strict=True))]
    return None


def _rungs_by_ladder(labels: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Yield, for each ladder that has all labels on different rungs, the rung of each."""
    texts = [_notes().sub(" ", fold(label)).strip(" .") for label in labels]
    for ladder in _ladders():
        rungs = [_rung(text, ladder) for text in texts]
        known = tuple(rung for rung in rungs if rung is not None)
        if len(set(known)) == len(labels) and _same_quality(texts, ladder):
            yield known


def _rung(text: str, ladder: Sequence[Sequence[re.Pattern[str]]]) -> int | None:
    return next((place for place, rung in enumerate(ladder) if any(p.fullmatch(text) for p in rung)), None)


def _same_quality(texts: Sequence[str], ladder: Sequence[Sequence[re.Pattern[str]]]) -> bool:
    """Tell whether labels on a ladder of bare degrees (`very *`) end in the same word, where they have one."""
    degrees = any(pattern.pattern == re.escape("very ") + ".*" for rung in ladder for pattern in rung)
    words = {
        text.removesuffix(" at all").split()[-1] for text in texts if len(text.removesuffix(" at all").split()) > 1
    }
    return not degrees or len(words - {"all"}) <= 1
