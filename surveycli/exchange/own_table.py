"""A user's own table, to be joined with the store's or taken in: CSV, TSV, Parquet, XLSX, JSON lines, SPSS, Stata."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import SourceFile, open_source

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES = 256 << 20
_JSON_LINES = (".jsonl", ".ndjson")
_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^-?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


def read_table(source: SourceFile) -> pl.DataFrame:
    """Return the rows of a file as it has them: cells of CSV and XLSX are texts.

    Raises SurveyError (exit 3) where it cannot be read.
    """
    import polars as pl

    if source.path.suffix.lower() not in _JSON_LINES:
        return open_table(source).frame()
    try:
        return pl.read_ndjson(source.path, infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise bad_input(
            f"{source.path.name} cannot be read as JSON lines: {str(error).splitlines()[0]}.",
            'Each line is one object, such as {"population": "KEN", "item": "Q57", "option": 1, "p": 0.2}.',
        ) from error


def read_own_table(path: Path) -> pl.DataFrame:
    """Return the rows of a file with numbers as numbers: columns of text that hold nothing else.

    Raises SurveyError (exit 3) where it cannot be read, or is larger than 256 MiB.
    """
    source = open_source(path)
    if source.n_bytes > MOST_BYTES:
        raise bad_input(
            f"{path} has {source.n_bytes / 2**20:,.0f} MiB, more than {MOST_BYTES >> 20} MiB.",
            "Save what the query needs of it in a smaller file.",
        )
    frame = read_table(source)
    return frame.with_columns(_as_numbers(frame[name]) for name in frame.columns)


def _as_numbers(column: pl.Series) -> pl.Series:
    """Return a column of text as numbers where it holds nothing else; codes such as 007 stay as they are."""
    import polars as pl

    if column.dtype != pl.String or column.drop_nulls().is_empty():
        return column
    texts = column.str.strip_chars().replace("", None)
    for pattern, kind in ((_WHOLE, pl.Int64), (_NUMBER, pl.Float64)):
        if texts.drop_nulls().str.contains(pattern).all():
            numbers = texts.cast(kind, strict=False)
            if numbers.null_count() == texts.null_count():
                return numbers
    return column
