"""Reads a large CSV in typed batches, one block of bytes at a time, so that memory does not grow with the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch, Skipped
from surveycli.survey.files.text import TextHead, check_text, ragged_record, record_blocks

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType as PolarsType

# 4 MB are some 2,000 respondents; smaller blocks cost time per call, larger ones only memory.
_BLOCK_BYTES = 4 << 20
_QUOTED = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """The columns to read, in the file's own case, with their types; a wrong cell in a strict one is an error."""

    types: Mapping[str, PolarsType]
    strict: frozenset[str]


def read_csv_batches(head: TextHead, plan: CsvPlan, block_bytes: int = _BLOCK_BYTES) -> Iterator[Batch]:
    """Yield the rows of the file with the columns of `plan`.

    Blank cells are null. In columns that are not strict an unreadable cell is null and counted as skipped. Raises
    SurveyError (exit 3) for text in a strict column, records of another length, binary content and other encodings.
    """
    for block, line in record_blocks(head, block_bytes):
        check_text(block, head.path, line)
        yield _read_block(block, line, head, plan)


def _read_block(block: bytes, line: int, head: TextHead, plan: CsvPlan) -> Batch:
    import polars as pl

    try:
        frame = _parse(block, head, plan.types)
        skipped: tuple[Skipped, ...] = ()
    except pl.exceptions.PolarsError:
        # Some cell is not of its column's type, or a record is too long: read it all as text to say which.
        frame, skipped = _convert(_parse_text(block, line, head, plan), line, head, plan)
    _refuse_ragged(block, line, head, frame.height)
    return Batch(frame, skipped)


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


def _parse_text(block: bytes, line: int, head: TextHead, plan: CsvPlan) -> pl.DataFrame:
    import polars as pl

    try:
        return _parse(block, head, dict.fromkeys(plan.types, pl.String))
    except pl.exceptions.PolarsError:
        raise ragged_record(block, head, line) from None


def _refuse_ragged(block: bytes, line: int, head: TextHead, n_records: int) -> None:
    """Raise where a record is shorter than the header, which the parser lets pass: count the delimiters."""
    delimiter = head.delimiter.encode()
    found = block.count(delimiter)
    if b'"' in block:
        found -= sum(match.count(delimiter) for match in _QUOTED.findall(block))
    if found != n_records * (len(head.columns) - 1):
        raise ragged_record(block, head, line)


def _convert(text: pl.DataFrame, line: int, head: TextHead, plan: CsvPlan) -> tuple[pl.DataFrame, tuple[Skipped, ...]]:
    """Return the typed columns of a block of text, and how many cells of each lenient column were unreadable."""
    columns, skipped = [], []
    for name, kind in plan.types.items():
        column = text[name].str.strip_chars().replace("", None)
        typed = _typed(column, kind)
        wrong = typed.is_null() & column.is_not_null()
        n_wrong = int(wrong.sum())
        if n_wrong and name in plan.strict:
            row = int(wrong.arg_true()[0])
            raise bad_input(
                f"{head.path.name}: column {name} should hold a whole number,"
                f" found {column[row]!r} in line {line + row}.",
                "Export the file with codes, not labels; delete or correct the line.",
            )
        if n_wrong:
            skipped.append(Skipped("unreadable cell (stored as NULL)", name, n_wrong))
        columns.append(typed)
    return text.with_columns(columns), tuple(skipped)


def _typed(column: pl.Series, kind: PolarsType) -> pl.Series:
    """Return the column as `kind`; `2.0` is a whole number, `2.5` is not."""
    import polars as pl

    if not kind.is_integer():
        return column.cast(kind, strict=False)
    number = column.cast(pl.Float64, strict=False)
    whole = number.set(number.is_not_null() & (number != number.floor()), None)
    return whole.cast(kind, strict=False)
