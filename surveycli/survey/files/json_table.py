"""Reads JSON as a table: lines of objects, a list of objects, or columns of values by row number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from surveycli.errors import SurveyError, bad_input
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import FileColumn, SurveyTable, rows_of_frames
from surveycli.survey.files.text import refuse_doubled
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.text import UnreadableError, plain

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES = 512 << 20
_MOST_COLUMNS = 10_000
_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\"\d\]])")
_HINT = "Expected one object per row with the column names as keys: one a line, or in a list."


def is_json(head: bytes) -> bool:
    """Tell whether a file that begins so is JSON."""
    return _BEGINS.match(head) is not None


def open_json(source: SourceFile) -> SurveyTable:
    """Return the rows of a file of JSON or JSON lines. Raises SurveyError (exit 3) where it holds no table.

    Cells are texts: a list or an object within one stands there as JSON, null as a blank cell.
    """
    import polars as pl

    rows = list(_rows(source))
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names or len(names) > _MOST_COLUMNS:
        raise bad_input(f"{source.path.name}: found JSON with {len(rows):,} rows and {len(names):,} columns.", _HINT)
    refuse_doubled(names, source.path)
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, dict.fromkeys(names, pl.String))
    columns = tuple(FileColumn(name) for name in names)

    def read(wanted: list[str]) -> Iterable[pl.DataFrame]:
        return [frame.select(wanted)]

    return SurveyTable(source, "JSON", columns, rows_of_frames(source.path.name, read))


def _rows(source: SourceFile) -> Iterator[dict[str, str | None]]:
    if source.n_bytes > MOST_BYTES:
        raise bad_input(f"{source.path.name}: JSON of more than {MOST_BYTES >> 20} MiB.", "Save it as CSV or Parquet.")
    try:
        with source.open() as stream:
            text = stream.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_input(f"{source.path.name}: JSON is UTF-8, and byte {error.start:,} is not.", _HINT) from error
    values = _lines(text, source)
    for number, value in enumerate(_whole(text, source) if values is None else values, 1):
        if not isinstance(value, dict):
            raise bad_input(f"{source.path.name}: row {number} is not an object of column names and values.", _HINT)
        yield {plain(name).strip(): _cell(cell) for name, cell in value.items()}


def _lines(text: str, source: SourceFile) -> Iterator[Any] | None:
    """Yield the values of the lines, or return None where the first line is no value by itself, or all there is."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    try:
        first = parse_json(lines[0][1])
    except UnreadableError:
        return None
    if len(lines) < 2 and (not isinstance(first, dict) or _by_row(first)):
        return None
    return (_value(line, f"line {number}", source) for number, line in lines)


def _whole(text: str, source: SourceFile) -> Iterable[Any]:
    """Return the rows of one value: a list of them, a list under one key, or columns by row."""
    value = _value(text, "the file", source)
    if isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), list):
        value = inner
    if isinstance(value, dict) and _by_row(value):
        keys = dict.fromkeys(key for column in value.values() for key in column)
        return [{name: column.get(key) for name, column in value.items()} for key in keys]
    if isinstance(value, list):
        return value
    raise bad_input(f"{source.path.name}: found JSON that is no table.", _HINT)


def _by_row(value: Mapping[str, Any]) -> bool:
    """Tell whether an object holds columns, each an object of values by row number, as pandas writes them."""
    return bool(value) and all(
        isinstance(column, dict) and bool(column) and all(key.isdigit() for key in column) for column in value.values()
    )


def _value(text: str, where: str, source: SourceFile) -> Any:
    try:
        return parse_json(text)
    except UnreadableError as error:
        raise _unreadable(source, where, error) from error


def _unreadable(source: SourceFile, where: str, error: UnreadableError) -> SurveyError:
    return bad_input(f"{source.path.name}: cannot read the JSON of {where}: {error}.", "Fetch the file again.")


def _cell(value: object) -> str | None:
    if value is None:
        return None
    return plain(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
