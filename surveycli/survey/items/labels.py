"""Makes items of columns from the labels that the file itself gives them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.errors import bad_input
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, as_number, clean, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import HIGHEST_CODE, AnswerColumn
from surveycli.survey.items.codebook import ItemSpec, ItemText
from surveycli.survey.items.label_rules import MISSING_CODES, scale_of_labels, status_of_label
from surveycli.survey.places.country import find_iso3

# What SPSS and pollsters put before a question: its own name, or another number.
_NUMBER_PREFIX = re.compile(r"^(q|v)?\d+\w{0,4}\s*[.:)\-–]\s+", re.IGNORECASE)
# So many columns are named where they are left out for one reason.
_MAX_LISTED = 12
# The store's own columns in a respondent table, which no item may be called.
_RESERVED = frozenset({"respondent_id", "iso3", "weight", "sex", "age", "education", "income", "settlement"})


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """An item and the column that its answers come from."""

    spec: ItemSpec
    answer: AnswerColumn


@dataclass(frozen=True, slots=True)
class LabelledItems:
    """The items found in a table, and the columns that are none, counted by the reason why."""

    items: tuple[LabelledItem, ...]
    skipped: tuple[Skipped, ...]


@cache
def column_rules() -> dict[str, Any]:
    """Return which columns of labelled files are what."""
    return read_yaml(resource("labelled_columns.yaml"))


def match_columns(table: SurveyTable, patterns: Sequence[str]) -> list[FileColumn]:
    """Return the columns that the user named, `*` standing for anything. Raises SurveyError (exit 3) for no match."""
    chosen: dict[str, FileColumn] = {}
    for pattern in patterns:
        expression = re.compile(".*".join(map(re.escape, pattern.strip().lower().split("*"))))
        named = (column for column in table.columns if column.name)
        found = [column for column in named if expression.fullmatch(column.name.lower())]
        if not found:
            raise bad_input(f"{table.name} has no column {pattern!r}.", f"Its columns are {table.listed()}.")
        chosen.update({column.name: column for column in found})
    return [column for column in table.columns if column.name in chosen]


def items_of_table(
    table: SurveyTable, *, wanted: Sequence[str], taken: Iterable[str], blank: int | None
) -> LabelledItems:
    """Return the items of a table: the columns `wanted`, or without them all that look like questions.

    Columns `taken` have another role. `blank` is what a blank cell means in the store (None: unknown).
    """
    used = {name.lower() for name in taken}
    candidates = match_columns(table, wanted) if wanted else list(table.columns)
    reasons: dict[str, list[str]] = {}
    chosen = []
    for column in candidates:
        reason = None if wanted else _no_question(column, used)
        if reason is None:
            chosen.append(column)
        elif reason:
            reasons.setdefault(reason, []).append(column.name)
    present = table.present([column.name for column in chosen])
    items: list[LabelledItem] = []
    skipped = [Skipped(reason, _listed(names), len(names)) for reason, names in reasons.items()]
    for column in chosen:
        item = item_of_column(column, present[column.name], len(items), blank)
        if isinstance(item, str):
            skipped.append(Skipped(item, column.name, 1))
        else:
            items.append(item)
    silent = sum(item.spec.texts[0].wording == item.answer.column for item in items)
    if silent:
        reason = "not left out: no variable label, the column's name stands for the wording (--codebook gives one)"
        skipped.append(Skipped(reason, "items", silent))
    return LabelledItems(tuple(items), tuple(skipped))


def _listed(names: Sequence[str]) -> str:
    """Return the first names, so that a user sees what was taken for no question."""
    return ", ".join(names[:_MAX_LISTED]) + ("..." if len(names) > _MAX_LISTED else "")


def _no_question(column: FileColumn, used: Collection[str]) -> str | None:
    """Return why a column is no item, '' where it has another role, None where it may be one."""
    rules = column_rules()["no_items"]
    if column.name.lower() in used:
        return ""
    if not column.value_labels:
        return "no value labels: no item (--items names columns)"
    names = (column.name.lower(), _without_country(column.name.lower()))
    named = any(re.fullmatch(pattern, name) for pattern in rules["names"] for name in names)
    if named or any(re.search(pattern, fold(wording_of_column(column))) for pattern in rules["labels"]):
        return "demographic or administrative: no item (--items names columns)"
    return None


def _without_country(name: str) -> str:
    """Return a column's name without the country at its end: `relig` of relig_us and of relig_south_africa."""
    head, *rest = name.split("_")
    places = (number for number in range(len(rest)) if find_iso3(" ".join(rest[number:])))
    return "_".join([head, *rest[: next(places, len(rest))]])


def item_of_column(
    column: FileColumn, present: Collection[CellValue], position: int, blank: int | None
) -> LabelledItem | str:
    """Return the item that a column's labels and cells make, or in words why they make none.

    Labelled codes are response options, but for those whose label or file says that they are missing. Between the
    lowest and the highest of them, codes without a label are options too, labelled with their number, where somebody
    chose one of them (a ladder with words at its ends only).
    """
    if not column.value_labels:
        return "no value labels (--codebook gives options)"
    options, missing, reason = _options(column)
    if reason:
        return reason
    codes = _filled(options, present)
    most = int(column_rules()["most_options"])
    if len(codes) > most:
        return f"more than {most} response options"
    if len(codes) < 2:
        return "fewer than two response options"
    if not _answered(present, codes):
        return "no answer in the file"
    labels = tuple(options.get(code, str(code)) for code in codes)
    name = item_name(column.name)
    wording = ItemText("en", wording_of_column(column), labels)
    spec = ItemSpec(name, position, battery_of_name(name), None, scale_of_labels(labels), codes, (wording,))
    return LabelledItem(spec, _answer_column(column.name, name, dict(zip(codes, labels, strict=True)), missing, blank))


def _options(column: FileColumn) -> tuple[dict[int, str], dict[CellValue, str], str]:
    """Return the labels of option codes, the statuses of missing ones, and why the column is no item, if so."""
    options: dict[int, str] = {}
    missing: dict[CellValue, str] = {}
    for cell, label in column.value_labels.items():
        number = cell if isinstance(cell, int | float) else None
        status = status_of_label(label)
        if status is None and number is not None and column.is_missing(float(number)):
            status = "missing_other"
        if status is not None:
            missing[cell] = status
        elif number is None:
            missing[cell] = "missing_other"  # Stata's .a to .z
        elif number != int(number) or number > HIGHEST_CODE:
            return {}, {}, f"code {number:.12g} is no whole number up to {HIGHEST_CODE:,}"
        elif number < 0:
            return {}, {}, f"code {number:g} ({label[:30]}) is negative, and its label is no known missing answer"
        else:
            options[int(number)] = label or str(int(number))
    return dict(sorted(options.items())), missing, ""


def _filled(options: Mapping[int, str], present: Collection[CellValue]) -> tuple[int, ...]:
    """Return the option codes, with those between the lowest and the highest where somebody chose one of these."""
    if not options:
        return ()
    low, high = min(options), max(options)
    between = set(range(low, high + 1)) - set(options) if high - low < int(column_rules()["most_options"]) else set()
    chosen = set(map(as_number, present))
    return tuple(sorted(set(options) | between)) if between & chosen else tuple(options)


def _answered(present: Collection[CellValue], codes: Sequence[int]) -> bool:
    return any(as_number(cell) in codes for cell in present)


def _answer_column(
    column: str, name: str, options: Mapping[int, str], missing: Mapping[CellValue, str], blank: int | None
) -> AnswerColumn:
    codes = {code: code for code in options}
    labels = {fold(label): code for code, label in options.items()}
    for cell, status in missing.items():
        if isinstance(cell, str):
            labels[fold(cell)] = MISSING_CODES[status]
        elif cell == int(cell):
            codes[int(cell)] = MISSING_CODES[status]
    return AnswerColumn(column, name, codes, labels, blank)


def item_name(column: str) -> str:
    """Return the id of a column's item: its name, changed where the store's respondent table has it already."""
    return f"{column}_item" if column.lower() in _RESERVED else column


def wording_of_column(column: FileColumn) -> str:
    """Return the column's label without the name of the question before it; the name where there is no label."""
    text = clean(column.label)
    if text.lower().startswith(column.name.lower()):
        text = re.sub(r"^[\s.:)\-–]+", "", text[len(column.name) :])
    return _NUMBER_PREFIX.sub("", text) or column.name


def battery_of_name(name: str) -> str:
    """Return the battery of an item: its name without the letter at its end.

    >>> battery_of_name("Q12b"), battery_of_name("Q12")
    ('Q12', 'Q12')
    """
    found = re.fullmatch(str(column_rules()["battery"]), name, re.IGNORECASE)
    return found[1] if found else name
