"""Respondents of a file, some at a time: under which types they are read, and what of them was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.untrusted.text import shown

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType as PolarsType


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """How many rows, columns or cells of a file were left out, of which subject, and why."""

    reason: str
    subject: str
    n_skipped: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some respondents of a file, one row each: iso3 as text, item codes as integers, blank cells as null.

    `absent` are columns that the file of these respondents lacks, where others of the survey have them.
    """

    respondents: pl.DataFrame
    skipped: tuple[Skipped, ...] = ()
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ColumnTypes:
    """The columns to read, each with its type, or None for as it stands; a wrong cell in a strict one is an error."""

    types: Mapping[str, PolarsType | None]
    strict: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the first of some rows stands in a file: `line` 2, or `row` 1."""

    file_name: str
    unit: str
    first: int


def typed_batch(frame: pl.DataFrame, wanted: ColumnTypes, where: Place, *, decimal_comma: bool = False) -> Batch:
    """Return columns under the types that they are wanted in.

    Unreadable cells of columns that are not strict become null and are counted. Raises SurveyError (exit 3) for one in
    a strict column.
    """
    columns, skipped = [], []
    for name, kind in wanted.types.items():
        column = frame[name]
        if kind is None or kind == column.dtype:
            columns.append(column)
            continue
        plain = column if column.dtype.is_numeric() else _text(column)
        typed = _typed(plain, kind, decimal_comma=decimal_comma)
        wrong = typed.is_null() & plain.is_not_null()
        n_wrong = int(wrong.sum())
        if n_wrong and name in wanted.strict:
            row = int(wrong.arg_true()[0])
            raise bad_input(
                f"{where.file_name}: column {name} should hold a whole number,"
                f" found {shown(plain[row])} in {where.unit} {where.first + row}.",
                "Export the file with codes, not labels; delete or correct the line.",
            )
        if n_wrong:
            skipped.append(Skipped("unreadable cell (stored as NULL)", name, n_wrong))
        columns.append(typed)
    return Batch(frame.select(columns), tuple(skipped))


def _text(column: pl.Series) -> pl.Series:
    """Return cells that are not numbers as text, blank ones as null."""
    import polars as pl

    return column.cast(pl.String, strict=False).str.strip_chars().replace("", None)


def _typed(column: pl.Series, kind: PolarsType, *, decimal_comma: bool) -> pl.Series:
    """Return the column as `kind`; `2.0` is a whole number, `2.5` is not."""
    import polars as pl

    if not kind.is_integer():
        comma = decimal_comma and kind.is_float() and column.dtype == pl.String
        return (column.str.replace(",", ".", literal=True) if comma else column).cast(kind, strict=False)
    number = column.cast(pl.Float64, strict=False)
    whole = number.set(number.is_not_null() & (number != number.floor()), None)
    return whole.cast(kind, strict=False)
