"""Reads the rows of GlobalOpinionQA: Python literals as text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.survey.files.cell import clean
from surveycli.untrusted.literal import parse_literal
from surveycli.untrusted.text import UnreadableError

if TYPE_CHECKING:
    import polars as pl

COLUMNS = frozenset({"question", "selections", "options", "source"})
SOURCES = frozenset({"GAS", "WVS"})
_SELECTIONS = re.compile(r"\s*defaultdict\(\s*<class 'list'>\s*,\s*(\{.*\})\s*\)\s*|\s*(\{.*\})\s*", re.DOTALL)
_MOST_SHARE = 1e6  # shares are fractions; percentages and counts are told by their sum


@dataclass(frozen=True, slots=True)
class GoqaRow:
    """One line of the file, its literals read: labels in the order of the file, shares by country label."""

    source: str
    question: str
    labels: tuple[str, ...]
    shares: dict[str, tuple[float, ...]]


def readable_rows(table: pl.DataFrame, skipped: Counter[tuple[str, str]]) -> Iterator[GoqaRow]:
    """Yield the rows that can be read, and count the others by what is wrong with them."""
    named = table.rename({name: name.strip().lower() for name in table.columns}).select(sorted(COLUMNS))
    for options, question, selections, source in named.iter_rows():
        shares, labels = _read_selections(selections or ""), _read_options(options or "")
        part = str(source or "").strip().upper()
        if part not in SOURCES:
            skipped["row whose source is neither GAS nor WVS", "rows"] += 1
        elif not clean(question or ""):
            skipped["row without a question", "rows"] += 1
        elif labels is None:
            skipped["row whose options are not a list of texts and numbers", "rows"] += 1
        elif shares is None:
            skipped["row whose selections are not shares by country", "rows"] += 1
        else:
            fitting = {name: values for name, values in shares.items() if len(values) == len(labels)}
            if len(fitting) < len(shares):
                skipped["country with another number of shares than options", "cells"] += len(shares) - len(fitting)
            yield GoqaRow(part, clean(question), labels, fitting)


def _literal(text: str) -> object:
    """Return the value of a Python literal, or None for any other text."""
    try:
        return parse_literal(text)
    except UnreadableError:
        return None


def _read_selections(text: str) -> dict[str, tuple[float, ...]] | None:
    """Return the shares by country label of `defaultdict(<class 'list'>, {...})`, or None where the text is no such."""
    found = _SELECTIONS.fullmatch(text)
    value = _literal(found[1] or found[2]) if found else None
    if not isinstance(value, dict) or not value:
        return None
    shares = {name: _shares(numbers) for name, numbers in value.items() if isinstance(name, str)}
    known = {name: numbers for name, numbers in shares.items() if numbers is not None}
    return known if len(known) == len(value) else None


def _shares(numbers: object) -> tuple[float, ...] | None:
    if not isinstance(numbers, list) or not all(_is_share(number) for number in numbers):
        return None
    return tuple(float(number) for number in numbers)


def _is_share(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= _MOST_SHARE


def _read_options(text: str) -> tuple[str, ...] | None:
    """Return the labels of a Python list; 2.0 is `2`. None where it is not a list of two or more texts and numbers."""
    value = _literal(text.strip())
    if not isinstance(value, list) or len(value) < 2:
        return None
    labels = [_option_label(option) for option in value]
    return None if any(not label for label in labels) else tuple(str(label) for label in labels)


def _option_label(option: object) -> str | None:
    if isinstance(option, str):
        return clean(option)
    if isinstance(option, bool) or not isinstance(option, int | float) or not math.isfinite(option):
        return None
    return str(int(option)) if option == int(option) else str(option)
