"""Finds the survey weight of a file: by its name, its label, and what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.columns import column_rules
from surveycli.survey.items.label_rules import status_of_label
from surveycli.survey.population.respondents import NO_WEIGHT, weights_of

NONE = "none"  # what the user types who wants no weights
_LEAST_WEIGHTED = 0.95  # of the rows
_BODY_WEIGHT = 20.0  # whole numbers with a higher mean are kilograms or pounds
_MEAN_OF_WEIGHTS = (0.5, 2.0)  # that a column has which only its label calls a weight
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Weight:
    """The columns whose product is the weight, none where there is none, and what there is to say about it."""

    columns: tuple[str, ...] = ()
    notes: tuple[Skipped, ...] = ()

    @property
    def shown(self) -> str:
        """The weight as one would type it: `pspwght * pweight`."""
        return " * ".join(self.columns)


def find_weight(table: SurveyTable, named: str | None, usual: Sequence[str] = ()) -> Weight:
    """Return the weight of a table: what the user named, else the first of the usual ones there, else one found.

    `usual` are columns or products of them, such as `pspwght * pweight`. A column that was not named is taken only for
    what it holds: never somebody's body weight, and never one that would leave out over 5% of the rows. One that reads
    `No weighting` throughout weighs everybody the same.
    """
    if named is not None:
        if fold(named) == NONE and table.find(named) is None:
            return Weight(notes=(Skipped("no weighted shares: --weight-column none", "columns", 1),))
        return _noted(table, tuple(table.require(name.strip(), "the weight").name for name in named.split("*")))
    refused: list[str] = []
    for formula in usual:
        columns = [table.find(name.strip()) for name in formula.split("*")]
        known = [column for column in columns if column is not None]
        if len(known) == len(columns) and all(_weighs_answers(table, column, by_name=True) for column in known):
            return _noted(table, tuple(column.name for column in known), _others(table, known))
        refused += [column.name for column in known if len(known) == len(columns)]
    good: list[FileColumn] = []
    candidates = list(_candidates(table))
    table.counts([column.name for column, _ in candidates])
    for column, by_name in candidates:
        if column.name not in refused and _weighs_answers(table, column, by_name=by_name):
            good.append(column)
        elif by_name and column.name not in refused:
            refused.append(column.name)
    notes = _refused([*refused, *_body_weights(table)])
    if not good:
        return Weight(
            notes=(*notes, Skipped("no weight column: no weighted shares (--weight-column names one)", "columns", 1))
        )
    return _noted(table, (good[0].name,), (*notes, *_named(good[1:])))


def _refused(names: Sequence[str]) -> tuple[Skipped, ...]:
    reason = "not taken as the weight: a body weight, or none for over 5% of the rows (--weight-column takes it)"
    return tuple(Skipped(reason, name, 1) for name in names)


def _others(table: SurveyTable, taken: Sequence[FileColumn]) -> tuple[Skipped, ...]:
    names = {column.name for column in taken}
    return _named([column for column, by_name in _candidates(table) if by_name and column.name not in names])


def _named(others: Sequence[FileColumn]) -> tuple[Skipped, ...]:
    names = ", ".join(column.name for column in others[:_MOST_NAMED]) + ("..." if len(others) > _MOST_NAMED else "")
    return (Skipped("other weights in the file (--weight-column takes one)", names, len(others)),) if others else ()


def _noted(table: SurveyTable, columns: tuple[str, ...], notes: tuple[Skipped, ...] = ()) -> Weight:
    """Return the weight, with a note where its cells say that there is no weighting."""
    present = table.present(columns)
    plain = tuple(name for name in columns if _says_no_weighting(present[name]))
    said = tuple(Skipped("not left out: reads `No weighting`, everybody weighs 1", name, 1) for name in plain)
    return Weight(columns, (*notes, *said))


def _candidates(table: SurveyTable) -> Iterator[tuple[FileColumn, bool]]:
    """Yield the columns that may be a weight, the better ones first, and whether their name says so."""
    rules = column_rules()
    refused = re.compile(str(rules["no_weight"]))
    fitting = [
        column for column in table.columns if not refused.search(fold(column.label)) and not _has_answers(column)
    ]
    found: dict[str, tuple[FileColumn, bool]] = {}
    for pattern in rules["weight"]:
        found |= {c.name: (c, True) for c in fitting if c.name not in found and re.fullmatch(pattern, c.name.lower())}
    said = [c for c in fitting if c.name not in found and re.search(str(rules["weight_label"]), fold(c.label))]
    yield from found.values()
    yield from ((column, False) for column in said)


def _body_weights(table: SurveyTable) -> list[str]:
    """Return the columns that are called a weight, and hold how much people weigh or the answers to a question."""
    rules = column_rules()
    named = [column for column in table.columns if re.fullmatch(rules["weight"][0], column.name.lower())]
    return [c.name for c in named if re.search(str(rules["no_weight"]), fold(c.label)) or _has_answers(c)]


def _has_answers(column: FileColumn) -> bool:
    """Tell whether a column has labels for answers: a weight has none, but for what is missing."""
    return any(status_of_label(label) is None and label.strip() for label in column.value_labels.values())


def _weighs_answers(table: SurveyTable, column: FileColumn, *, by_name: bool) -> bool:
    """Tell whether a column's label and cells are those of a survey weight, not of how much somebody weighs."""
    import polars as pl

    if re.search(str(column_rules()["no_weight"]), fold(column.label)):
        return False
    counts = table.counts([column.name])[column.name]
    cells = pl.DataFrame({column.name: list(counts)}, strict=False)
    weighted = pl.DataFrame([weights_of(cells, column.name, table), pl.Series("n", list(counts.values()), pl.Int64)])
    known = weighted.drop_nulls()
    n_known = int(known["n"].sum())
    total = float((known["weight"] * known["n"]).sum())
    if n_known < _LEAST_WEIGHTED * table.n_rows(column.name) or total <= 0:
        return False
    mean = total / n_known
    if not by_name:
        return _MEAN_OF_WEIGHTS[0] <= mean <= _MEAN_OF_WEIGHTS[1]
    return not (mean > _BODY_WEIGHT and bool((known["weight"] == known["weight"].floor()).all()))


def _says_no_weighting(cells: frozenset[CellValue]) -> bool:
    return bool(cells) and all(isinstance(cell, str) and fold(cell) == NO_WEIGHT for cell in cells)
