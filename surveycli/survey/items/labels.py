"""Makes items of a table's columns from the labels that the file itself gives them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.column_item import LabelledItem, item_of_column
from surveycli.survey.items.columns import is_administrative, match_columns, numbered_like_questions
from surveycli.survey.items.item_rules import ItemRules, matches

# So many columns are named where they are left out for one reason.
_MAX_LISTED = 12


@dataclass(frozen=True, slots=True)
class LabelledItems:
    """The items found in a table, and the columns that are not, counted by the reason why."""

    items: tuple[LabelledItem, ...]
    skipped: tuple[Skipped, ...]


def items_of_table(table: SurveyTable, rules: ItemRules, taken: Iterable[str] = ()) -> LabelledItems:
    """Return the items of a table: the columns that the rules want, or without them all that look like questions.

    Columns `taken` have another role.
    """
    used = {name.lower() for name in taken}
    candidates = match_columns(table, rules.wanted) if rules.wanted else list(table.columns)
    reasons: dict[str, list[str]] = {}
    chosen = []
    questions = numbered_like_questions(table.columns)
    for column in candidates:
        reason = no_question(column, used, rules, questions)
        if reason is None:
            chosen.append(column)
        elif reason:
            reasons.setdefault(reason, []).append(column.name)
    counts = table.counts([column.name for column in chosen])
    rules = replace(rules, by_measure=uses_both_measures(chosen))
    items: list[LabelledItem] = []
    skipped = [Skipped(reason, listed(names), len(names)) for reason, names in reasons.items()]
    for column in chosen:
        item = item_of_column(column, counts[column.name], len(items), rules)
        if isinstance(item, str):
            skipped.append(Skipped(item, column.name, 1))
        else:
            items.append(item)
    return LabelledItems(tuple(items), (*skipped, *notes_of_items(items)))


def uses_both_measures(columns: Iterable[FileColumn]) -> bool:
    """Tell whether a file uses SPSS's measure levels: some labelled columns are nominal there, and others ordinal."""
    return {"nominal", "ordinal"} <= {column.measure for column in columns if column.value_labels}


def notes_of_items(items: Sequence[LabelledItem], *, silent: bool = True) -> list[Skipped]:
    """Return what there is to say about items; `silent` is whether to name those without a wording."""
    bare = [item.answer.column for item in items if item.spec.texts[0].wording == item.answer.column and silent]
    doubled = [item.answer.column for item in items if _has_doubled_labels(item)]
    apart = [f"{item.answer.column} {'/'.join(map(str, item.apart))}" for item in items if item.apart]
    said = {
        "not left out: no variable label, the column's name stands for the wording (--codebook gives one)": bare,
        "not left out: two options with the same label (--codebook tells them apart)": doubled,
        "not left out: codes without a label, apart from the others, taken as missing": apart,
    }
    return [Skipped(reason, listed(names), len(names)) for reason, names in said.items() if names]


def _has_doubled_labels(item: LabelledItem) -> bool:
    labels = [fold(label) for label in item.spec.texts[0].labels]
    return len(set(labels)) < len(labels)


def listed(names: Sequence[str]) -> str:
    """Return the first names, so that a user sees what was taken for no question."""
    return ", ".join(names[:_MAX_LISTED]) + ("..." if len(names) > _MAX_LISTED else "")


def no_question(
    column: FileColumn, used: Collection[str], rules: ItemRules, questions: frozenset[str] = frozenset()
) -> str | None:
    """Return why a column is not an item, '' where it has another role, None where it may be one."""
    if matches(column.name, rules.no_items):
        return "named with --no-items"
    if rules.wanted:
        return None
    if column.name.lower() in used:
        return ""
    if not column.value_labels:
        return "no value labels: no item (--items names columns)"
    if is_administrative(column, questions) or matches(column.name, rules.not_asked):
        return "demographic or administrative: no item (--items names columns)"
    return None
