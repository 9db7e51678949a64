"""Opens a survey file of any kind, told by its first bytes: delimited text, JSON, Parquet, XLSX, SPSS, Stata, R."""

from __future__ import annotations

import bz2
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from shlex import quote
from typing import TYPE_CHECKING

from surveycli.binary_file.open import BinaryFile, BinaryKind, open_binary
from surveycli.errors import bad_input, missing_extra
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.csv_batches import read_csv_batches
from surveycli.survey.files.encoding import in_utf8
from surveycli.survey.files.json_table import is_json, open_json
from surveycli.survey.files.second_header import n_header_rows, with_codes, with_wordings
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import FileColumn, SurveyTable, rows_of_frames
from surveycli.survey.files.text import read_head, refuse_doubled, without_rows
from surveycli.untrusted.text import UnreadableError

if TYPE_CHECKING:
    import polars as pl

SPSS = "SPSS"
_NAMES = {
    BinaryKind.SPSS: SPSS,
    BinaryKind.PORTABLE: SPSS,
    BinaryKind.STATA: "Stata",
    BinaryKind.PARQUET: "Parquet",
    BinaryKind.XLSX: "XLSX",
    BinaryKind.R: "R",
}
_HEAD_BYTES = 512
_FIRST_ROWS = 5
_PORTABLE = b"SPSS PORT FILE"
_R_START = re.compile(rb"RD[ABX]\d\n|X\n\0|B\n[\2\3]\0|A\n[23]\n\d{5,6}\n")
_R_EXTRA = "rdata"
# What users have beside survey files, told by how it begins, and what to do with it.
_OTHER_KINDS = tuple(
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:" + start + rb")", re.IGNORECASE), what, hint)
    for start, what, hint in (
        (rb"\xd0\xcf\x11\xe0", "an old Excel file (.xls)", "Save it as .xlsx or CSV."),
        (rb"%PDF", "a PDF", "A questionnaire holds no data: fetch the data file."),
        (
            rb"<(?:!doctype|html|\?xml)",
            "a web page or XML",
            "A download may want you to log in: open it in a browser.",
        ),
    )
)
_OLD_STATA = frozenset({0x69, 0x6C, 0x6E, 0x6F, 0x71, 0x72, 0x73})  # releases 105 to 115 begin with their number
_SHEET = "Data"
_EXPORT_AGAIN = "Fetch or export the file again, or save it as CSV; unpack an archive first."


def open_table(source: SourceFile) -> SurveyTable:
    """Return the columns and rows of a file. Raises SurveyError (exit 3) for unknown binary and damaged files."""
    with source.open() as stream:
        head = stream.read(_HEAD_BYTES)
    kind = _binary_kind(head)
    if kind is not None:
        return _open_binary(source, kind)
    if is_r(head):
        return _open_r(source)
    if is_json(head):
        return open_json(source)
    _refuse_other_kind(head, source)
    return _open_text(source)


def _binary_kind(head: bytes) -> BinaryKind | None:
    starts = {
        b"PAR1": BinaryKind.PARQUET,
        b"$FL2": BinaryKind.SPSS,
        b"$FL3": BinaryKind.SPSS,
        b"<stata_dta>": BinaryKind.STATA,
        b"PK\x03\x04": BinaryKind.XLSX,
    }
    if len(head) > 3 and head[0] in _OLD_STATA and head[1] in (1, 2) and head[2] == 1:
        return BinaryKind.STATA
    if _PORTABLE in head[:200]:
        return BinaryKind.PORTABLE
    return next((kind for start, kind in starts.items() if head.startswith(start)), None)


def is_r(head: bytes) -> bool:
    """Tell whether a file that begins so was written by R, compressed or not."""
    unpacked = _unpacked(head)
    return _R_START.match(head if unpacked is None else unpacked) is not None


def _refuse_other_kind(head: bytes, source: SourceFile) -> None:
    """Raise SurveyError (exit 3) for a file of a known kind that no survey can be read from, saying what to do."""
    name = source.path.name
    unpacked = _unpacked(head)
    start = head if unpacked is None else unpacked
    what, hint = next(((what, hint) for pattern, what, hint in _OTHER_KINDS if pattern.match(start)), ("", ""))
    if not what and unpacked is not None:
        what, hint = "a compressed one", "Unpack it first: `7z x {quoted}`."
    if what:
        hint = hint.format(quoted=quote(name))
        raise bad_input(f"{name}: expected a survey file, found {what}.", hint)


def _open_r(source: SourceFile) -> SurveyTable:
    """Return the data frame of an R file. Raises SurveyError: exit 6 without the package that reads it, else 3."""
    name = source.path.name
    by_r = _by_r(name)
    if find_spec(_R_EXTRA) is None:
        raise missing_extra(f"{name} is an R data file.", f"`pip install 'surveycli[r]'` reads it; or {by_r}")
    return _open_binary(source, BinaryKind.R, f"Fetch the file again, or {by_r}")


def _by_r(name: str) -> str:
    """Return the line of R that converts a file of one object, or of a workspace."""
    file = json.dumps(name, ensure_ascii=False)
    if name.lower().endswith(".rds"):
        return f'in R `haven::write_sav(readRDS({file}), "survey.sav")`, then ingest survey.sav.'
    line = f'load({file}); haven::write_sav(NAME, "survey.sav")'
    return f"in R `{line}` with the name of the data frame, then ingest survey.sav."


def _unpacked(head: bytes) -> bytes | None:
    """Return the first bytes behind a compression by gzip, bzip2 or xz, or None where a file is not compressed."""
    openers: dict[bytes, Callable[[], Callable[[bytes, int], bytes]]] = {
        b"\x1f\x8b": lambda: zlib.decompressobj(zlib.MAX_WBITS + 32).decompress,
        b"BZh": lambda: bz2.BZ2Decompressor().decompress,
        b"\xfd7zXZ": lambda: lzma.LZMADecompressor().decompress,
    }
    opener = next((opener for start, opener in openers.items() if head.startswith(start)), None)
    if opener is None:
        return None
    try:
        return opener()(head, _HEAD_BYTES)
    except (OSError, ValueError, zlib.error, lzma.LZMAError, EOFError):
        return b""


def _measure(text: str) -> str:
    """Return the measure level of a column of SPSS; Stata and others have none, whatever stands there."""
    return text.lower() if text.lower() in ("nominal", "ordinal", "scale") else ""


def _open_text(source: SourceFile) -> SurveyTable:
    source = in_utf8(source)
    head = read_head(source)
    columns = with_codes([FileColumn(name) for name in head.columns])
    kind = "TSV" if head.delimiter == "\t" else "CSV"
    table = SurveyTable(source, kind, columns, lambda wanted: read_csv_batches(head, wanted), head)
    n_more = n_header_rows([column.name for column in columns], head.rows, table.counts)
    if n_more:
        rest, labelled = without_rows(head, n_more), with_wordings(columns, head.rows[0])
        table = SurveyTable(source, kind, labelled, lambda wanted: read_csv_batches(rest, wanted), rest)
    recoded = f"not left out: text in {source.encoding}, not in UTF-8"
    return _noted(table, *_of_wordings(n_more), *([Skipped(recoded, source.path.name, 1)] if source.encoding else ()))


def _of_wordings(n_rows: int) -> tuple[Skipped, ...]:
    reason = "not left out: rows below the columns' names, taken as the questions' wordings"
    return (Skipped(reason, "rows", n_rows),) if n_rows else ()


def _noted(table: SurveyTable, *notes: Skipped) -> SurveyTable:
    return replace(table, notes=lambda: notes) if notes else table


def _open_binary(source: SourceFile, kind: BinaryKind, hint: str = _EXPORT_AGAIN) -> SurveyTable:
    """Return an SPSS, Stata, Parquet, Excel or R file; of a workbook the sheet `Data`, or the only one, as text."""
    name = source.path.name
    try:
        with source.on_disk() as path:
            file = open_binary(path, kind, _SHEET)
    except UnreadableError as error:
        what = "a workbook" if kind is BinaryKind.XLSX else f"a file of {_NAMES[kind]}"
        raise bad_input(
            f"{name} begins like {what} but cannot be read: {error}.",
            hint,
        ) from error
    columns = tuple(
        FileColumn(
            column.name, column.label, column.value_labels, column.missing_ranges, measure=_measure(column.measure)
        )
        for column in file.columns
    )
    refuse_doubled([column.name for column in columns], source.path)
    table = SurveyTable(source, _NAMES[kind], columns, rows_of_frames(name, file.read), title=file.title)
    return _below_headers(replace(table, columns=with_codes(columns)), file) if kind is BinaryKind.XLSX else table


def _below_headers(table: SurveyTable, file: BinaryFile) -> SurveyTable:
    """Return a workbook's table without the rows that are headers, too."""
    import polars as pl

    headers = [column.header or column.name for column in table.columns]
    rows = next(iter(file.read([header for header in headers if header])), pl.DataFrame()).head(_FIRST_ROWS)
    first = [tuple(row.get(header) for header in headers) for row in rows.iter_rows(named=True)]
    n_more = n_header_rows([column.name for column in table.columns], first, table.counts)
    if not n_more:
        return table

    def below(wanted: list[str]) -> Iterator[pl.DataFrame]:
        for number, frame in enumerate(file.read(wanted)):
            yield frame.slice(n_more) if number == 0 else frame

    labelled = with_wordings(table.columns, first[0])
    below_names = SurveyTable(table.source, table.kind, labelled, rows_of_frames(table.name, below), title=table.title)
    return _noted(below_names, *_of_wordings(n_more))
