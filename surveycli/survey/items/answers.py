"""Gives answers the codes they have in the store, whatever the file writes: codes, numbers as text, labels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.survey.files.batch import Batch, usable_weight, without_unusable
from surveycli.survey.files.cell import Cell, as_number, different_cells, fold
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.label_rules import MISSING_CODES, STATUS_BY_CODE, status_of_label
from surveycli.survey.places.column import CountryColumn

if TYPE_CHECKING:
    import polars as pl

# What a cell becomes that is neither an option nor a known missing answer; it is counted under its item.
UNLISTED = -99
HIGHEST_CODE = 32_767
_NO_WEIGHT = "no weighting"


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """How one column becomes answers: file code, or folded label, to the code in the store.

    `blank` is the store's code of a blank cell; None leaves it null, a missing answer of unknown kind.
    """

    column: str
    name: str
    codes: Mapping[int, int]
    labels: Mapping[str, int] = field(default_factory=dict)
    blank: int | None = None

    def code(self, cell: Cell) -> int | None:
        """Return the store's code of a cell: by its number, by its label, or by what its text says of a missing answer.

        >>> AnswerColumn("q", "q", {1: 1, 8: -1}, {"no": 2}).code("1.0")
        1
        """
        text = fold(str(cell))
        number = as_number(cell)
        if number is None:
            status = status_of_label(text) if text else None
            missing = MISSING_CODES[status] if status else UNLISTED
            return self.labels.get(text, missing) if text else self.blank
        if number != math.floor(number):
            return UNLISTED
        whole = int(number)
        return self.codes[whole] if whole in self.codes else self.labels.get(text, self._unknown(whole))

    def _unknown(self, whole: int) -> int:
        """Return an unknown code as it stands, where the store has it for nothing else."""
        taken = whole in STATUS_BY_CODE or whole in self.codes.values()
        return whole if 0 <= whole <= HIGHEST_CODE and not taken else UNLISTED

    def answers(self, series: pl.Series) -> pl.Series:
        """Return a column of the file as 16-bit codes of the store, under the item's name."""
        import polars as pl

        known = {cell: self.code(cell) for cell in different_cells(series)}
        plain = series if series.dtype.is_numeric() else series.cast(pl.String, strict=False)
        result = plain.replace_strict(known, default=None, return_dtype=pl.Int16).alias(self.name)
        return result if self.blank is None else result.fill_null(self.blank)


@dataclass(frozen=True, slots=True)
class RespondentPlan:
    """Which columns of a table become what: country, weight, the answers to items, and demographics.

    `raw` has others that are kept as they are, each with the name that the respondents have it under.
    """

    country: CountryColumn
    weight: str | None
    answers: tuple[AnswerColumn, ...]
    demographics: tuple[AnswerColumn, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()

    def columns(self) -> list[str]:
        """Return the columns that have to be read, each once."""
        answers = (answer.column for answer in (*self.answers, *self.demographics))
        named = [self.country.column, self.weight, *answers, *(column for column, _ in self.raw)]
        return list(dict.fromkeys(name for name in named if name is not None))


def plan_batches(table: SurveyTable, plan: RespondentPlan) -> Iterator[Batch]:
    """Yield the respondents of a table with iso3, weight, items and demographics; unusable ones are left out."""
    import polars as pl

    for batch in table.read(plan.columns()):
        raw = batch.respondents
        columns = [_iso3(raw, plan.country), _weight(raw, plan.weight, table)]
        columns += [answer.answers(raw[answer.column]) for answer in (*plan.answers, *plan.demographics)]
        columns += [raw[column].alias(name) for column, name in plan.raw]
        yield without_unusable(Batch(pl.DataFrame(columns), batch.skipped))


def _iso3(raw: pl.DataFrame, country: CountryColumn) -> pl.Series:
    import polars as pl

    if country.column is None:
        return pl.repeat(country.everyone, raw.height, eager=True, dtype=pl.String).alias("iso3")
    series = raw[country.column]
    known = {cell: iso3 or None for cell, iso3 in country.iso3.items()}
    text = series if series.dtype.is_numeric() else series.cast(pl.String, strict=False)
    return text.replace_strict(known, default=None, return_dtype=pl.String).alias("iso3")


def _weight(raw: pl.DataFrame, name: str | None, table: SurveyTable) -> pl.Series:
    """Return survey weights; a column that says `No weighting` weighs everybody 1."""
    import polars as pl

    if name is None:
        return pl.repeat(1.0, raw.height, eager=True).alias("weight")
    series = raw[name]
    if not series.dtype.is_numeric():
        text = series.cast(pl.String, strict=False).str.strip_chars()
        if table.head is not None and table.head.delimiter == ";":
            text = text.str.replace(",", ".", literal=True)
        text = text.set((text.str.to_lowercase() == _NO_WEIGHT).fill_null(False), "1")
        series = text.cast(pl.Float64, strict=False)
    return usable_weight(series.cast(pl.Float64))


def says_no_weighting(cells: frozenset[Cell]) -> bool:
    """Tell whether the different cells of a weight column say that there are no weights."""
    return bool(cells) and all(isinstance(cell, str) and fold(cell) == _NO_WEIGHT for cell in cells)
