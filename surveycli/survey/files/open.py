"""Opens a survey file of any kind, told by its first bytes: delimited text, Parquet, XLSX, SPSS, Stata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.csv_batches import read_csv_batches
from surveycli.survey.files.labelled import SPSS, STATA, open_labelled
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import Column, SurveyTable, rows_of_frames
from surveycli.survey.files.text import read_head, refuse_doubled

if TYPE_CHECKING:
    import polars as pl

_MAGIC_BYTES = 16
_OLD_STATA = frozenset({0x69, 0x6C, 0x6E, 0x6F, 0x71, 0x72, 0x73})  # releases 105 to 115 begin with their number
_SHEET = "data"


def open_table(source: SourceFile) -> SurveyTable:
    """Return the columns and rows of a file. Raises SurveyError (exit 3) for unknown binary and damaged files."""
    with source.path.open("rb") as stream:
        magic = stream.read(_MAGIC_BYTES)
    if magic.startswith(b"PAR1"):
        return _open_parquet(source)
    if magic.startswith((b"$FL2", b"$FL3")):
        return open_labelled(source, SPSS)
    if magic.startswith(b"<stata_dta>") or _is_old_stata(magic):
        return open_labelled(source, STATA)
    if magic.startswith(b"PK\x03\x04"):
        return _open_xlsx(source)
    _refuse_other_binary(magic, source)
    return _open_text(source)


def _is_old_stata(magic: bytes) -> bool:
    return len(magic) > 3 and magic[0] in _OLD_STATA and magic[1] in (1, 2) and magic[2] == 1


def _refuse_other_binary(magic: bytes, source: SourceFile) -> None:
    kinds = {
        b"\xd0\xcf\x11\xe0": ("an old Excel file (.xls)", "Save it as .xlsx or CSV."),
        b"\x1f\x8b": ("a gzip archive", f"Unpack it first: `gunzip {source.path.name}`."),
        b"RDX": ("an R data file", "Export it from R as CSV or with haven::write_sav()."),
        b"%PDF": ("a PDF", "The questionnaire is no data: fetch the data file."),
        b"* NOTE": ("an SPSS portable file", "Save it from SPSS as .sav."),
    }
    for start, (what, hint) in kinds.items():
        if magic.startswith(start):
            raise bad_input(f"{source.path.name}: expected a survey file, found {what}.", hint)


def _open_text(source: SourceFile) -> SurveyTable:
    head = read_head(source.path)
    columns = tuple(Column(name) for name in head.columns)
    kind = "TSV" if head.delimiter == "\t" else "CSV"

    return SurveyTable(source, kind, columns, lambda wanted: read_csv_batches(head, wanted), head)


def _open_parquet(source: SourceFile) -> SurveyTable:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Arrow says what is wrong with a damaged file, where Polars panics.
    try:
        frame = pl.DataFrame(pl.from_arrow(pq.read_table(source.path)))
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise bad_input(
            f"{source.path.name} begins like Parquet but cannot be read: {error}.", "Fetch or export the file again."
        ) from error
    return _table_of_frame(source, "Parquet", frame)


def _table_of_frame(source: SourceFile, kind: str, frame: pl.DataFrame) -> SurveyTable:
    columns = tuple(Column(name) for name in frame.columns)
    return SurveyTable(source, kind, columns, rows_of_frames(source.path.name, lambda names: [frame.select(names)]))


def _open_xlsx(source: SourceFile) -> SurveyTable:
    """Return the sheet `Data`, or the only one, every cell as text."""
    import fastexcel

    try:
        book = fastexcel.read_excel(source.path)
        frame = book.load_sheet(_sheet(book.sheet_names, source), dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise bad_input(
            f"{source.path.name} is a ZIP archive but no readable Excel workbook: {str(error).splitlines()[0]}.",
            "Unpack it and name the file inside, or save the workbook again.",
        ) from error
    refuse_doubled(frame.columns, source.path)
    return _table_of_frame(source, "XLSX", frame)


def _sheet(names: Sequence[str], source: SourceFile) -> str:
    found = next((name for name in names if name.strip().lower() == _SHEET), names[0] if len(names) == 1 else None)
    if found is None:
        raise bad_input(
            f"{source.path.name}: expected a sheet Data, found {', '.join(names) or 'none'}.",
            "Rename the sheet with the respondents to Data.",
        )
    return found
