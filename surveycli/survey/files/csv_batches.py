"""Reads a large CSV in typed batches, one block of bytes at a time, so that memory does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from surveycli.survey.files.batch import Batch, ColumnTypes, Place, typed_batch
from surveycli.survey.files.text import TextHead, check_text, ragged_record, record_blocks

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType as PolarsType

# 4 MB are some 2,000 respondents; smaller blocks cost time per call, larger ones only memory.
_BLOCK_BYTES = 4 << 20
_QUOTED = re.compile(rb'"[^"]*"')


def read_csv_batches(head: TextHead, wanted: ColumnTypes, block_bytes: int = _BLOCK_BYTES) -> Iterator[Batch]:
    """Yield the rows of the file with the columns `wanted`, in the file's own case; those without a type are text.

    Blank cells are null. In columns that are not strict an unreadable cell is null and counted as skipped. Raises
    SurveyError (exit 3) for text in a strict column, records of another length, binary content and other encodings.
    """
    for block, line in record_blocks(head, block_bytes):
        check_text(block, head.path, line)
        yield _read_block(block, line, head, wanted)


def _read_block(block: bytes, line: int, head: TextHead, wanted: ColumnTypes) -> Batch:
    import polars as pl

    types = {name: pl.String() if kind is None else kind for name, kind in wanted.types.items()}
    # Where semicolons separate cells, commas may separate decimals.
    decimal_comma = head.delimiter == ";" and any(kind.is_float() for kind in types.values())
    try:
        batch = None if decimal_comma else Batch(_parse(block, head, types))
    except pl.exceptions.PolarsError:
        batch = None
    if batch is None:
        # Some cell is not of its column's type, or a record is too long: read it all as text to say which.
        text = _parse_text(block, line, head, types)
        batch = typed_batch(text, wanted, Place(head.path.name, "line", line), decimal_comma=decimal_comma)
    _refuse_ragged(block, line, head, batch.respondents.height)
    return batch


def _parse(block: bytes, head: TextHead, types: Mapping[str, PolarsType]) -> pl.DataFrame:
    """Return the columns `types` of a block; the parser sees plain numbered names, whatever the file's own are."""
    import polars as pl

    header = head.delimiter.join(f"c{place}" for place in range(len(head.columns))).encode() + b"\n"
    names = {f"c{place}": name for place, name in enumerate(head.columns) if name in types}
    frame = pl.read_csv(
        header + block,
        columns=list(names),
        schema_overrides={numbered: types[name] for numbered, name in names.items()},
        separator=head.delimiter,
        infer_schema=False,
        glob=False,
    )
    return frame.rename(names)


def _parse_text(block: bytes, line: int, head: TextHead, names: Iterable[str]) -> pl.DataFrame:
    import polars as pl

    try:
        return _parse(block, head, dict.fromkeys(names, pl.String()))
    except pl.exceptions.PolarsError:
        raise ragged_record(block, head, line) from None


def _refuse_ragged(block: bytes, line: int, head: TextHead, n_records: int) -> None:
    """Raise where a record is shorter than the header, which the parser lets pass: count the delimiters."""
    delimiter = head.delimiter.encode()
    found = int(
        np.count_nonzero(np.frombuffer(block, np.uint8) == delimiter[0])
    )  # bytes.count is slow for a common byte
    if b'"' in block:
        found -= sum(match.count(delimiter) for match in _QUOTED.findall(block))
    if found != n_records * (len(head.columns) - 1):
        raise ragged_record(block, head, line)
