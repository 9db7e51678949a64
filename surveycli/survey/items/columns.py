"""Columns of labelled files: what their names and labels say of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.item_rules import column_pattern
from surveycli.survey.places.country import find_iso3

# What SPSS and pollsters put before a question: its own name, or another number.
_NUMBER_PREFIX = re.compile(r"^(q|v)?\d+\w{0,4}\s*[.:)\-–]\s+", re.IGNORECASE)
_AFTER_NAME = re.compile(r"[\s.:)\-–]+")
_LEAST_WORDS = 3  # of a label without its column's name, where that is a word itself
# The store's own columns in a respondent table, which no item may be called.
_RESERVED = frozenset({"respondent_id", "iso3", "weight", "sex", "age", "education", "income", "settlement"})


@cache
def column_rules() -> dict[str, Any]:
    """Return which columns of labelled files are what."""
    return read_yaml(resource("labelled_columns.yaml"))


def match_columns(table: SurveyTable, patterns: Sequence[str]) -> list[FileColumn]:
    """Return the columns that the user named, `*` standing for anything. Raises SurveyError (exit 3) for no match."""
    chosen: dict[str, FileColumn] = {}
    for pattern in patterns:
        named = (column for column in table.columns if column.name)
        found = [column for column in named if column_pattern(pattern).fullmatch(column.name.lower())]
        if not found:
            raise bad_input(f"{table.name} has no column {pattern!r}.", f"Its columns are {table.listed()}.")
        chosen.update({column.name: column for column in found})
    return [column for column in table.columns if column.name in chosen]


def item_name(column: str) -> str:
    """Return the id of a column's item: its name, changed where the store's respondent table has it already."""
    return f"{column}_item" if column.lower() in _RESERVED else column


def wording_of_column(column: FileColumn) -> str:
    """Return the column's label without the name of the question before it; the name where there is no label.

    >>> wording_of_column(FileColumn("vote", "Voted last national election"))
    'Voted last national election'
    >>> wording_of_column(FileColumn("Q57", "Q57: Most people can be trusted"))
    'Most people can be trusted'
    """
    text = clean(column.label)
    if text.lower().startswith(column.name.lower()):
        rest = text[len(column.name) :]
        parted = _AFTER_NAME.match(rest)
        is_code = any(letter.isdigit() for letter in column.name)
        marked = parted is not None and bool(parted[0].strip())
        if parted and (is_code or marked or len(rest.split()) >= _LEAST_WORDS):
            text = rest[parted.end() :]
        elif not rest:
            text = ""
    return _NUMBER_PREFIX.sub("", text) or column.name


def battery_of_name(name: str) -> str:
    """Return the battery of an item: its name without the letter at its end.

    >>> battery_of_name("Q12b"), battery_of_name("Q12")
    ('Q12', 'Q12')
    """
    found = re.fullmatch(str(column_rules()["battery"]), name, re.IGNORECASE)
    return found[1] if found else name


def numbered_like_questions(columns: Sequence[FileColumn]) -> frozenset[str]:
    """Return the patterns of numbered names that most numbered columns of a file have: its questions are called so.

    Elsewhere `S1` and `D1` are screening and demographic questions.
    """
    names = [column.name.lower() for column in columns if re.fullmatch(r"[^\W\d_]{1,5}_?\d+\w*", column.name)]
    patterns = (str(pattern) for pattern in column_rules()["no_items"]["numbered"])
    return frozenset(p for p in patterns if 2 * sum(bool(re.fullmatch(p, name)) for name in names) > len(names))


def is_administrative(column: FileColumn, questions: frozenset[str] = frozenset()) -> bool:
    """Tell whether a column is about the respondent or the interview, by its name or label, and asks no question.

    `questions` are the patterns of numbered names that this file has for its questions.
    """
    rules = column_rules()["no_items"]
    names = (column.name.lower(), _without_country(column.name.lower()))
    patterns = (*rules["names"], *(pattern for pattern in rules["numbered"] if pattern not in questions))
    named = any(re.fullmatch(pattern, name) for pattern in patterns for name in names)
    text = fold(wording_of_column(column))
    return named or any(re.search(pattern, text) for pattern in rules["labels"])


def _without_country(name: str) -> str:
    """Return a column's name without the country at its end: `relig` of relig_us and of relig_south_africa."""
    head, *rest = name.split("_")
    places = (number for number in range(len(rest)) if find_iso3(" ".join(rest[number:])))
    return "_".join([head, *rest[: next(places, len(rest))]])
