"""Respondents as the store has them: country, weight, answers, and how many of them cannot be counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.domain import MISSING_CODES
from surveycli.survey.files.batch import Batch, ColumnTypes, Skipped
from surveycli.survey.files.cell import as_number
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.places.column import CountryColumn
from surveycli.survey.population.design_columns import REPLICATE, UNKNOWN_DESIGN, DesignColumns, design_labels

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType as PolarsType


NO_WEIGHT = "no weighting"
_NOT_ASKED = MISSING_CODES["not_asked"]


@dataclass(frozen=True, slots=True)
class RespondentPlan:
    """Which columns of a table become what: country, weight (the product of columns), the answers, and demographics.

    `raw` has others that are kept as they are, each with the name that the respondents have it under; `types` are those
    of raw columns that do not stay as they stand in the file, `strict` those whose cells have to be of their type.
    `design` is read for effective numbers alone.
    """

    country: CountryColumn
    weight: tuple[str, ...]
    answers: tuple[AnswerColumn, ...]
    demographics: tuple[AnswerColumn, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()
    types: Mapping[str, PolarsType] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()
    design: DesignColumns = UNKNOWN_DESIGN

    def columns(self) -> ColumnTypes:
        """Return the columns that have to be read, each once."""
        answers = (answer.column for answer in (*self.answers, *self.demographics))
        named = [self.country.column, *self.weight, *answers, *(column for column, _ in (*self.raw, *self.design.raw))]
        return ColumnTypes({name: self.types.get(name) for name in named if name is not None}, self.strict)


def read_respondents(table: SurveyTable, plan: RespondentPlan) -> Iterator[Batch]:
    """Yield the respondents of a table with iso3, weight, items and demographics.

    Those without a country or a weight are left out and counted.
    """
    import polars as pl

    for batch in table.read_typed(plan.columns()):
        cells = batch.respondents
        columns = [_iso3(cells, plan.country), weight_product(cells, plan.weight, table)]
        columns += [_asked(batch, answer.column, answer.answers(cells[answer.column])) for answer in plan.answers]
        columns += [answer.answers(cells[answer.column]) for answer in plan.demographics]
        columns += [_raw(batch, column, plan.strict).alias(name) for column, name in plan.raw]
        columns += [_design(cells, column, name, table) for column, name in plan.design.raw]
        yield _countable(Batch(pl.DataFrame(columns), batch.skipped))


def _asked(batch: Batch, column: str, answers: pl.Series) -> pl.Series:
    """Return answers, or where the file of these respondents lacks the column that they were not asked."""
    return answers.clear().extend_constant(_NOT_ASKED, answers.len()) if column in batch.absent else answers


def _raw(batch: Batch, column: str, strict: frozenset[str]) -> pl.Series:
    cells = batch.respondents[column]
    return _asked(batch, column, cells) if column in strict else cells


def _design(cells: pl.DataFrame, column: str, name: str, table: SurveyTable) -> pl.Series:
    found = weights_of(cells, column, table) if name.startswith(REPLICATE) else design_labels(cells[column])
    return found.alias(name)


def _iso3(cells: pl.DataFrame, country: CountryColumn) -> pl.Series:
    import polars as pl

    if country.column is None:
        return pl.repeat(country.everyone, cells.height, eager=True, dtype=pl.String).alias("iso3")
    series = cells[country.column]
    numeric = series.dtype.is_numeric()
    keys = ((as_number(cell) if numeric else str(cell), iso3) for cell, iso3 in country.iso3.items())
    known = {key: iso3 or None for key, iso3 in keys if key is not None}
    plain = series.cast(pl.Float64 if numeric else pl.String, strict=False)
    return plain.replace_strict(known, default=None, return_dtype=pl.String).alias("iso3")


def _countable(batch: Batch) -> Batch:
    """Return the batch without rows that lack a country or a weight, and with their count."""
    import polars as pl

    frame = batch.respondents
    no_country = int(frame["iso3"].is_null().sum())
    no_weight = int((frame["iso3"].is_not_null() & frame["weight"].is_null()).sum())
    if not no_country and not no_weight:
        return batch
    skipped = (
        Skipped("respondent without a country", "rows", no_country),
        Skipped("respondent without a valid weight", "rows", no_weight),
    )
    kept = frame.filter(pl.col("iso3").is_not_null() & pl.col("weight").is_not_null())
    return Batch(kept, batch.skipped + tuple(skip for skip in skipped if skip.n_skipped))


def weight_product(respondents: pl.DataFrame, columns: Sequence[str], table: SurveyTable) -> pl.Series:
    """Return the product of weights under the name `weight`; without a column everybody weighs 1."""
    import polars as pl

    if not columns:
        return pl.repeat(1.0, respondents.height, eager=True).alias("weight")
    product = weights_of(respondents, columns[0], table)
    for column in columns[1:]:
        product = product * weights_of(respondents, column, table)
    return product.alias("weight")


def weights_of(respondents: pl.DataFrame, column: str, table: SurveyTable) -> pl.Series:
    """Return the survey weights of a column under the name `weight`, null where one is negative or not finite.

    Who has `No weighting` in it weighs 1.
    """
    import polars as pl

    series = respondents[column]
    if not series.dtype.is_numeric():
        text = series.cast(pl.String, strict=False).str.strip_chars()
        if table.head is not None and table.head.delimiter == ";":
            text = text.str.replace(",", ".", literal=True)
        text = text.set((text.str.to_lowercase() == NO_WEIGHT).fill_null(False), "1")
        series = text.cast(pl.Float64, strict=False)
    weight = series.cast(pl.Float64)
    usable = weight.is_finite() & (weight >= 0)
    return weight.set(~usable.fill_null(False), None).alias("weight")
