"""Delimited text files: what their first lines say, and what is wrong with them, in words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from surveycli.errors import SurveyError, bad_input
from surveycli.survey.files.source import SourceFile
from surveycli.untrusted.text import doubled

_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 1 << 18
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MAX_RECORD_BYTES = 64 << 20
_MAX_HEAD_ROWS = 5
_QUOTED = re.compile(r'"[^"]*"')
_EXPORT_AGAIN = "Export the file again as CSV."


@dataclass(frozen=True, slots=True)
class TextHead:
    """The first lines of a delimited text file.

    `offset` is where the header ends in the file, `first_line` the number of the line there. `rows` are at most five,
    as text, whole lines only.
    """

    source: SourceFile
    delimiter: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    offset: int
    first_line: int = 2

    @property
    def path(self) -> Path:
        """What the file is called."""
        return self.source.path

    @property
    def delimiter_name(self) -> str:
        """`commas`, `semicolons`..."""
        return _DELIMITERS[self.delimiter]

    def cells(self, place: int) -> frozenset[str]:
        """Return the different cells of a column in the first rows, but for blank ones."""
        return frozenset(row[place] for row in self.rows if place < len(row) and row[place].strip())


def read_head(source: SourceFile) -> TextHead:
    """Return the header and first rows of a text file.

    Raises SurveyError (exit 3) for binary content, another encoding than UTF-8, and two columns of one name.
    """
    path = source.path
    with source.open() as stream:
        block = stream.read(_HEAD_BYTES)
    whole = len(block) < _HEAD_BYTES
    lines = block if whole else block[: block.rfind(b"\n") + 1]
    check_text(lines, path, 1)
    text = lines.removeprefix(_BOM).decode("utf-8")
    first_line, newline, _ = text.partition("\n")
    delimiter = max(_DELIMITERS, key=_QUOTED.sub("", first_line).count)
    records = list(_records(text, delimiter))[: _MAX_HEAD_ROWS + 1]
    if not records or not any(records[0]):
        raise bad_input(
            f"{path.name}: expected column names in the first line, found none.", "Export the file with a header."
        )
    columns = tuple(name.strip() for name in records[0])
    if any("\n" in name or "\r" in name for name in columns):
        raise bad_input(f"{path.name}: a quotation mark in the first line is never closed.", _EXPORT_AGAIN)
    refuse_doubled(columns, path)
    offset = len((first_line + newline).encode("utf-8")) + (len(_BOM) if lines.startswith(_BOM) else 0)
    return TextHead(source, delimiter, columns, tuple(map(tuple, records[1:])), offset)


def without_rows(head: TextHead, n_rows: int) -> TextHead:
    """Return the head of a file whose first rows are headers, too: what follows them are its rows."""
    with head.source.open() as stream:
        block = stream.read(_HEAD_BYTES)
    n_bytes = n_lines = 0

    def lines() -> Iterator[str]:
        nonlocal n_bytes, n_lines
        for line in io.StringIO(block.decode("utf-8", errors="ignore"), newline=""):
            n_bytes += len(line.encode("utf-8"))
            n_lines += line.count("\n")
            yield line

    reader = csv.reader(lines(), delimiter=head.delimiter)
    for _ in range(n_rows + 1):
        next(reader)
    return replace(head, rows=head.rows[n_rows:], offset=n_bytes, first_line=n_lines + 1)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise bad_input(f"The file is not a readable table: {error}.", "Export it again as CSV.") from error


def refuse_doubled(columns: Sequence[str], path: Path) -> None:
    """Raise SurveyError (exit 3) where two columns have one name, case aside."""
    twice = sorted(doubled(name.lower() for name in columns if name))
    if twice:
        raise bad_input(
            f"{path.name}: expected each column name once (case aside), found twice: {', '.join(twice[:5])}.",
            "Rename or delete one of each.",
        )


def check_text(block: bytes, path: Path, first_line: int) -> None:
    """Raise SurveyError (exit 3) where a block is binary or not UTF-8, naming the line."""
    if b"\0" in block:
        line = first_line + block.count(b"\n", 0, block.index(b"\0"))
        raise bad_input(
            f"{path.name}: expected text, found binary content (a NUL byte in line {line}).",
            "Is it the file you meant? UTF-16 text has to be saved as UTF-8.",
        )
    if block.isascii():
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + block.count(b"\n", 0, error.start)
        raise bad_input(
            f"{path.name}: expected UTF-8, found the byte 0x{block[error.start]:02X} in line {line}.",
            f"Convert it first: `iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8.csv`.",
        ) from error


def record_blocks(head: TextHead, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield blocks of whole records after the header, each with the number of its first line in the file."""
    line = head.first_line
    rest = b""
    with head.source.open() as stream:
        stream.read(head.offset)
        while block := stream.read(block_bytes):
            buffer = rest + block
            end = _record_end(buffer)
            rest = buffer[end:]
            if len(rest) > _MAX_RECORD_BYTES:
                raise bad_input(
                    f"{head.path.name}: a quotation mark after line {line} is never closed.", "Export the file again."
                )
            if end:
                yield buffer[:end], line
                line += buffer.count(b"\n", 0, end)
    if rest.strip():
        yield rest, line


def _record_end(buffer: bytes) -> int:
    """Return where the last whole record ends: after a line break that is not inside quotes; 0 where none is."""
    end = buffer.rfind(b"\n") + 1
    while end and buffer.count(b'"', 0, end) % 2:
        end = buffer.rfind(b"\n", 0, end - 1) + 1
    return end


def ragged_record(block: bytes, head: TextHead, first_line: int) -> SurveyError:
    """Return the error for the first record of a block whose number of fields is not the header's."""
    expected = len(head.columns)
    reader = csv.reader(io.StringIO(block.decode("utf-8"), newline=""), delimiter=head.delimiter)
    line = first_line
    try:
        for record in reader:
            if record and len(record) != expected:
                return _ragged(head, line, len(record), last=reader.line_num + first_line - 1, block=block)
            line = first_line + reader.line_num
    except csv.Error as error:
        return bad_input(
            f"{head.path.name}: line {line} is not a readable record: {error}.", "Export the file again as CSV."
        )
    return bad_input(
        f"{head.path.name}: a quotation mark is wrong in or after line {first_line}.", "Export the file again as CSV."
    )


def _ragged(head: TextHead, line: int, found: int, *, last: int, block: bytes) -> SurveyError:
    is_cut_off = not block.endswith(b"\n") and last >= line and found < len(head.columns)
    what = "is cut off" if is_cut_off else "is not like the header"
    return bad_input(
        f"{head.path.name}: line {line} {what}: expected {len(head.columns)} fields, found {found}.",
        "The download may be incomplete: fetch the file again."
        if is_cut_off
        else "Correct the line or export the file again.",
    )
