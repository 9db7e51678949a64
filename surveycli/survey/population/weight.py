"""Survey weights: the column that holds them, and which of its cells can be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import Cell, fold
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.labels import column_rules

if TYPE_CHECKING:
    import polars as pl

_NO_WEIGHT = "no weighting"


def find_weight(
    table: SurveyTable, named: str | None, usual: Sequence[str] = ()
) -> tuple[str | None, tuple[Skipped, ...]]:
    """Return the weight column, None where there is none, and what there is to say about it.

    A column that reads `No weighting` throughout is none: there are no weighted shares to tell from the plain ones.
    """
    column = table.require(named, "the weight") if named else table.find(*(usual or column_rules()["weight"]))
    if column is None:
        return None, (Skipped("no weight column: no weighted shares (--weight-column names one)", "columns", 1),)
    if _says_no_weighting(table.present([column.name])[column.name]):
        return column.name, (Skipped("not left out: reads `No weighting`, everybody weighs 1", column.name, 1),)
    return column.name, ()


def _says_no_weighting(cells: frozenset[Cell]) -> bool:
    return bool(cells) and all(isinstance(cell, str) and fold(cell) == _NO_WEIGHT for cell in cells)


def weights_of(respondents: pl.DataFrame, column: str | None, table: SurveyTable) -> pl.Series:
    """Return survey weights under the name `weight`, null where one is negative or not finite.

    Without a column everybody weighs 1, and so does who has `No weighting` in it.
    """
    import polars as pl

    if column is None:
        return pl.repeat(1.0, respondents.height, eager=True).alias("weight")
    series = respondents[column]
    if not series.dtype.is_numeric():
        text = series.cast(pl.String, strict=False).str.strip_chars()
        if table.head is not None and table.head.delimiter == ";":
            text = text.str.replace(",", ".", literal=True)
        text = text.set((text.str.to_lowercase() == _NO_WEIGHT).fill_null(False), "1")
        series = text.cast(pl.Float64, strict=False)
    weight = series.cast(pl.Float64)
    usable = weight.is_finite() & (weight >= 0)
    return weight.set(~usable.fill_null(False), None).alias("weight")
