"""Tells whether several files mean one thing by a column: by its label and the labels of its codes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from surveycli.survey.files.cell import CellValue, fold
from surveycli.survey.files.table import FileColumn
from surveycli.survey.items.label_rules import status_of_label
from surveycli.untrusted.text import excerpt

_WORD = re.compile(r"[^\W\d_]{3,}")
_LEAST_WORDS = 2  # in both wordings, before no word in common says that they ask for different things
_MOST_SHOWN = 40
_MISSING = "Missing"


def disagreement(parts: Sequence[FileColumn | None], files: Sequence[str]) -> str:
    """Return how files mean different things by a column, in words; '' where they agree as far as they say.

    Labels agree up to case and spaces, or where both mean a missing answer. Questions disagree where not one word of
    theirs is the same.
    """
    first_label: dict[CellValue, tuple[str, str]] = {}
    wording = ("", "")
    for part, file in zip(parts, files, strict=True):
        if part is None:
            continue
        for code, label in part.value_labels.items():
            known, where = first_label.setdefault(code, (label, file))
            if not _same_label(known, label):
                return f"{_code(code)} is {_shown(known)} in {where}, {_shown(label)} in {file}"
        if not wording[0]:
            wording = (part.label, file)
        elif _other_question(wording[0], part.label):
            return f"{_shown(wording[0])} in {wording[1]}, {_shown(part.label)} in {file}"
    return ""


def _same_label(one: str, other: str) -> bool:
    return fold(one) == fold(other) or (status_of_label(one) is not None and status_of_label(other) is not None)


def _other_question(one: str, other: str) -> bool:
    words, others = (set(_WORD.findall(fold(text))) for text in (one, other))
    return min(len(words), len(others)) >= _LEAST_WORDS and not words & others


def united_column(parts: Sequence[FileColumn], *, in_words: bool) -> FileColumn:
    """Return what files say together about a column; the first that says something counts.

    A code that is one kind of missing answer here and another there is a missing answer of unknown kind.
    """
    first = parts[0]
    label = next((part.label for part in parts if part.label), "")
    measure = next((part.measure for part in parts if part.measure), "")
    if in_words:
        return FileColumn(first.name, label)
    labels: dict[CellValue, str] = {}
    for part in parts:
        for code, text in part.value_labels.items():
            known = labels.setdefault(code, text)
            if status_of_label(known) != status_of_label(text):
                labels[code] = _MISSING
    ranges = dict.fromkeys(bounds for part in parts for bounds in part.missing_ranges)
    return FileColumn(first.name, label, labels, tuple(ranges), measure=measure)


def _code(code: CellValue) -> str:
    return f"{code:g}" if isinstance(code, float) else str(code)


def _shown(text: str) -> str:
    return f"'{excerpt(text, _MOST_SHOWN)}'"
