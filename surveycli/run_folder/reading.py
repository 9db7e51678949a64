"""Read the files of a run folder: whole and as they were written, or an error that names the file and the place.

A run folder may have been moved, edited or cut short; nothing in it is believed before it was looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from surveycli.errors import SurveyError, bad_input
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.text import UnreadableError, doubled, shown

MOST_BYTES = 64 << 20  # of a JSON file, or of a line of one
MOST_GROUP_BYTES = 1 << 30  # of a group of a Parquet file's rows, unpacked
BATCH_ROWS = 1 << 16
_HINT = "Put the file back as the run wrote it, or prepare the run anew."


def damaged(path: Path, what: str) -> SurveyError:
    """Return the error for a file of a run folder that is not as the run wrote it (exit 3)."""
    return bad_input(f"{path}: {what}.", _HINT)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds. Raises SurveyError (exit 3) for anything else."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise damaged(path, f"it has more than {MOST_BYTES >> 20} MiB")
        value = parse_json(content.decode("utf-8"))
    except OSError as error:
        raise bad_input(f"Cannot read {path}: {error.strerror}.", "Check that it is there and may be read.") from error
    except (UnicodeDecodeError, UnreadableError) as error:
        raise damaged(path, f"it is not the JSON that the run wrote: {error}") from error
    if not isinstance(value, dict):
        raise damaged(path, f"expected a JSON object, found {shown(value)}")
    return value


def read_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a file of JSON lines, each with its place in words.

    A line that a kill cut short is skipped: what it told is told again on resume. Raises SurveyError (exit 3) for any
    other line that is not an object.
    """
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MOST_BYTES), b""), start=1):
            place = f"{path}, line {number}"
            try:
                value = parse_json(line.rstrip(b"\n").decode("utf-8"))
            except (UnicodeDecodeError, UnreadableError) as error:
                if _is_cut(error, line):
                    continue
                raise bad_input(f"{place}: {error}.", _HINT) from error
            if not isinstance(value, dict):
                raise bad_input(f"{place}: expected a JSON object, found {shown(value)}.", _HINT)
            yield place, value


def _is_cut(error: ValueError, line: bytes) -> bool:
    """Return whether a line is the beginning of one that was written whole: what is wrong with it is its end."""
    if isinstance(error, UnicodeDecodeError):
        return "unexpected end" in error.reason
    cause = error.__cause__
    if not isinstance(cause, json.JSONDecodeError) or not line.startswith(b"{"):
        return False
    rest = cause.doc[cause.pos :].strip()
    return cause.msg.startswith("Unterminated string") or not any(mark in rest for mark in '{}[]":,')


def field(place: str | Path, fields: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """Return a field of a JSON object. Raises SurveyError (exit 3) where it is missing or of another type."""
    value = fields.get(name)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if name not in fields or not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        found = shown(value) if name in fields else "nothing"
        wanted = " or ".join(_NAMES.get(kind, kind.__name__) for kind in kinds)
        raise bad_input(f"{place}: expected {wanted} as {name}, found {found}.", _HINT)
    return value


_NAMES: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


def read_batches(
    path: Path, schema: pa.Schema, nullable: frozenset[str] = frozenset(), later: frozenset[str] = frozenset()
) -> Iterator[pa.RecordBatch]:
    """Yield a Parquet file's rows in batches, with the columns of `schema` in its order.

    Columns in `nullable` may hold NULL; those in `later` may be absent, as an older surveycli did not write them.
    Raises SurveyError (exit 3) for a file that is not Parquet, lacks a column, or has another type, a NULL or a text
    that is not UTF-8.
    """
    try:
        with pq.ParquetFile(path) as file:
            columns = _columns(path, file.schema_arrow, schema, later)
            _refuse_huge(path, file.metadata)
            for batch in file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False):
                batch.validate(full=True)
                ordered = pa.RecordBatch.from_arrays([batch.column(name) for name in columns], columns)
                _refuse_nulls(path, ordered, nullable)
                yield ordered
    except (OSError, pa.ArrowException, MemoryError, UnicodeDecodeError) as error:
        raise damaged(path, f"it is not the Parquet file that the run wrote: {_first_line(error)}") from error


def _refuse_huge(path: Path, metadata: pq.FileMetaData) -> None:
    for number in range(metadata.num_row_groups):
        n_bytes = metadata.row_group(number).total_byte_size
        if not 0 <= n_bytes <= MOST_GROUP_BYTES:
            raise damaged(path, f"a group of its rows says that it has {n_bytes:,} bytes")


def _columns(path: Path, found: pa.Schema, wanted: pa.Schema, later: frozenset[str]) -> list[str]:
    for name in doubled(found.names):
        raise damaged(path, f"the column {shown(name)} occurs twice")
    for wished in wanted:
        if wished.name in found.names and found.field(wished.name).type != wished.type:
            raise damaged(
                path, f"expected {wished.type} in the column {wished.name}, found {found.field(wished.name).type}"
            )
        if wished.name not in found.names and wished.name not in later:
            raise damaged(path, f"it lacks the column {wished.name}")
    return [name for name in wanted.names if name in found.names]


def _refuse_nulls(path: Path, batch: pa.RecordBatch, nullable: frozenset[str]) -> None:
    for name in batch.schema.names:
        column = batch.column(name)
        if name not in nullable and column.null_count:
            raise damaged(path, f"the column {name} has {column.null_count} rows without a value")
        if pa.types.is_list(column.type) and column.flatten().null_count:
            raise damaged(path, f"a list in the column {name} has an entry without a value")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
