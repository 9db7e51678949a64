"""Cells of a file: the numbers and texts that stand in them, and how texts are compared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from surveycli.untrusted.number import read_number
from surveycli.untrusted.text import one_line

if TYPE_CHECKING:
    import polars as pl


# \ufffd is what bad conversions left of an apostrophe; so is \x1a, in files of Pew.
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘`´ʼ\ufffd", "'"))
# A cell of a file: a code as a number, or a text.
CellValue = float | int | str


def different_cells(series: pl.Series) -> list[CellValue]:
    """Return the different cells of a column, without blank ones; what is neither number nor text becomes text."""
    return [cell for cell in _plain(series).unique().to_list() if not isinstance(cell, str) or cell.strip()]


def cell_counts(series: pl.Series) -> dict[CellValue, int]:
    """Return how often each different cell of a column stands there, blank ones left out."""
    counted = _plain(series).value_counts()
    return {cell: n for cell, n in counted.iter_rows() if not isinstance(cell, str) or cell.strip()}


def _plain(series: pl.Series) -> pl.Series:
    """Return the cells that are not null, and finite where they are numbers; what is not a number becomes text."""
    import polars as pl

    if not series.dtype.is_numeric():
        series = series.cast(pl.String, strict=False)
    elif series.dtype.is_float():
        series = series.filter(series.is_finite())
    return series.drop_nulls()


def clean(text: str) -> str:
    """Return a label or wording on one line, with plain spaces (NBSP too) and nothing around it.

    >>> clean(" Very\\xa0good ")
    'Very good'
    """
    return one_line(text.replace("\x1a", "'"))


def fold(text: str) -> str:
    """Return a label as it is compared: cleaned, in lower case, with one kind of apostrophe.

    >>> fold("Don’t  know")
    "don't know"
    """
    return clean(text).translate(_APOSTROPHES).casefold()


def as_number(cell: CellValue) -> float | None:
    """Return the number that a cell holds, also as text (`2`, `2.0`), or None where it is a word or not finite."""
    if isinstance(cell, str):
        return read_number(cell)
    return float(cell) if math.isfinite(cell) else None
