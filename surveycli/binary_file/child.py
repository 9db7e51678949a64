"""Program that turns a binary file into plain Parquet and JSON, run in a process of its own.

The libraries that read such files can crash on a damaged one, or unpack a small one to all memory there is, and would
take the whole program with them. Nothing of surveycli is imported here, so that the process starts fast:
`python child.py FILE spss|portable|stata|parquet|xlsx|r FOLDER SHEET SECONDS`. SHEET is the sheet of a workbook to read
where there are several (blank: the first); SECONDS of computing are allowed, on systems that count them.
"""

from __future__ import annotations

import json
import math
import runpy
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

# Rows per Parquet file: 600 columns of 8 bytes make 100 MB of 20,000.
_BATCH_ROWS = 20_000
# Files of before Unicode often do not say how their text is encoded; this fits most that users have.
_FALLBACK_ENCODING = "WINDOWS-1252"
_ENCODING_TROUBLE = "convert string"
_MOST_UNPACKED = 1 << 30
_FIRST_ROWS, _LEAST_NAMED, _LONGEST_TITLE = 20, 0.8, 200  # of a sheet: titles stand above its columns' names
_MOST_MEMBERS = 10_000
_NO_MEMORY = "it needs too much memory"
_BEYOND = 1e300  # further than any code; ranges are open to infinity, which JSON does not know


class _UnreadableError(Exception):
    """The file is not what it should be, in words."""


def convert(path: str, kind: str, folder: Path, sheet: str) -> dict[str, Any]:
    """Write the rows as numbered Parquet files, and return the columns with their labels, or an `error`."""
    try:
        if kind == "parquet":
            return _parquet(path, folder)
        if kind == "r":
            return _r(path, folder)
        return _xlsx(path, folder, sheet) if kind == "xlsx" else _labelled(path, kind, folder)
    except MemoryError:
        return {"error": _NO_MEMORY}
    except (_UnreadableError, pl.exceptions.PolarsError, OSError, ValueError, OverflowError) as error:
        return {"error": str(error)}


def _labelled(path: str, kind: str, folder: Path) -> dict[str, Any]:
    import pyreadstat

    errors = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError, OverflowError)
    for encoding in (None, _FALLBACK_ENCODING):
        try:
            return _of_encoding(path, kind, folder, encoding)
        except errors as error:
            may_be_encoding = isinstance(error, UnicodeDecodeError) or _ENCODING_TROUBLE in str(error)
            if encoding is not None or not may_be_encoding:
                raise _UnreadableError(str(error)) from error
    raise AssertionError("there is no further encoding")


def _of_encoding(path: str, kind: str, folder: Path, encoding: str | None) -> dict[str, Any]:
    import pyreadstat

    reader = {"spss": pyreadstat.read_sav, "portable": pyreadstat.read_por, "stata": pyreadstat.read_dta}[kind]
    options: dict[str, Any] = {"output_format": "polars"}
    if kind != "portable":
        options |= {"user_missing": True, "encoding": encoding}
    metadata = reader(path, metadataonly=True, **options)[1]
    offset = 0
    while True:
        frame = reader(path, row_offset=offset, row_limit=_BATCH_ROWS, **options)[0]
        _write(frame, folder, offset // _BATCH_ROWS)
        offset += frame.height
        if frame.height < _BATCH_ROWS:
            columns = [_column(name, metadata) for name in metadata.column_names]
            return {"error": None, "title": metadata.file_label or "", "columns": columns}


def _column(name: str, metadata: Any) -> dict[str, Any]:
    labels: Mapping[Any, str] = metadata.variable_value_labels.get(name, {})
    ranges = [(part["lo"], part["hi"]) for part in metadata.missing_ranges.get(name, ())]
    return {
        "name": name,
        "label": metadata.column_names_to_labels.get(name) or "",
        "measure": metadata.variable_measure.get(name) or "",
        "value_labels": [[_code(code), str(label)] for code, label in labels.items() if not _is_nan(code)],
        "missing_ranges": [
            [max(low, -_BEYOND), min(high, _BEYOND)]
            for low, high in ranges
            if isinstance(low, int | float) and isinstance(high, int | float) and low <= high
        ],
    }


def _is_nan(code: object) -> bool:
    return isinstance(code, float) and math.isnan(code)


def _code(code: object) -> float | int | str:
    if isinstance(code, int | float):
        return max(-_BEYOND, min(_BEYOND, code))
    return str(code)


def _parquet(path: str, folder: Path) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Arrow says what is wrong with a damaged file, where Polars panics.
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for number, batch in enumerate(file.iter_batches(_BATCH_ROWS)):
                _write(pl.DataFrame(pl.from_arrow(batch)), folder, number)
    except pa.ArrowException as error:
        raise _UnreadableError(_NO_MEMORY if isinstance(error, MemoryError) else str(error)) from error
    return _bare(names)


def _r(path: str, folder: Path) -> dict[str, Any]:
    # By its path, as this program is run: there is no package to import it from.
    read_frame = runpy.run_path(str(Path(__file__).with_name("r_frame.py")))["read_frame"]
    frame, columns = read_frame(path)
    for number, part in enumerate(frame.iter_slices(_BATCH_ROWS)):
        _write(part, folder, number)
    return {"error": None, "title": "", "columns": columns}


def _xlsx(path: str, folder: Path, sheet: str) -> dict[str, Any]:
    import fastexcel

    _check_archive(path)
    try:
        book = fastexcel.read_excel(path)
        name = _chosen(book.sheet_names, sheet)
        title, header = _header_row(
            book.load_sheet(name, header_row=None, n_rows=_FIRST_ROWS, dtypes="string").to_polars()
        )
        frame = book.load_sheet(name, header_row=header, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise _UnreadableError(str(error).splitlines()[0]) from error
    for number, part in enumerate(frame.iter_slices(_BATCH_ROWS)):
        _write(part, folder, number)
    return _bare(frame.columns) | {"title": title}


def _header_row(first: pl.DataFrame) -> tuple[str, int]:
    """Return what stands above the columns' names, and their row: the first where few cells are blank.

    Where the first row has names over half of the columns it is that one.
    """
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in first.iter_rows()]
    if not filled or 2 * filled[0] > first.width:
        return "", 0
    header = next((row for row, n in enumerate(filled) if n >= _LEAST_NAMED * first.width), 0)
    above = (cell for row in first.head(header).iter_rows() for cell in row if cell)
    return " ".join(" ".join(above).split())[:_LONGEST_TITLE], header


def _chosen(names: list[str], wanted: str) -> str:
    if not wanted and names:
        return names[0]
    only = names[0] if len(names) == 1 else None
    found = next((name for name in names if name.strip().lower() == wanted.lower()), only)
    if found is None:
        raise _UnreadableError(f"expected a sheet {wanted}, found {', '.join(names) or 'none'}")
    return found


def _check_archive(path: str) -> None:
    """Raise where a ZIP archive unpacks to more than there is room for, whatever it says of itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if not any(name.startswith("xl/workbook.") for name in names):
                raise _UnreadableError(f"it is a ZIP archive of {', '.join(names[:5]) or 'nothing'}, not a workbook")
            if len(members) > _MOST_MEMBERS:
                raise _UnreadableError(f"it has {len(members):,} parts")
            if any(member.flag_bits & 1 for member in members):
                raise _UnreadableError("it is encrypted")
            _refuse_size(sum(member.file_size for member in members))
            n_bytes = 0
            for block in _blocks(archive, members):
                n_bytes += len(block)
                _refuse_size(n_bytes)
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, zlib.error) as error:
        raise _UnreadableError(str(error) or "it is cut off") from error


def _refuse_size(n_bytes: int) -> None:
    if n_bytes > _MOST_UNPACKED:
        raise _UnreadableError(f"it unpacks to {n_bytes / 1e9:.1f} GB or more; the most is {_MOST_UNPACKED / 1e9:.1f}")


def _blocks(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Iterator[bytes]:
    for member in members:
        with archive.open(member) as stream:
            while block := stream.read(1 << 20):
                yield block


def _bare(names: list[str]) -> dict[str, Any]:
    columns = [{"name": name, "label": "", "measure": "", "value_labels": [], "missing_ranges": []} for name in names]
    return {"error": None, "title": "", "columns": columns}


def _write(frame: pl.DataFrame, folder: Path, number: int) -> None:
    if frame.height:
        frame.select([_plain(series) for series in frame]).write_parquet(folder / f"{number:06}.parquet")


def _plain(series: pl.Series) -> pl.Series:
    """Return a column as 64-bit numbers or text: Stata's lettered missing values, dates and lists are text."""
    kind = series.dtype
    if kind.is_float() or kind.is_decimal():
        return series.cast(pl.Float64)
    if kind.is_integer():
        fits = series.cast(pl.Int64, strict=False)
        return fits if fits.null_count() == series.null_count() else series.cast(pl.Float64)
    if kind == pl.String:
        return series
    if kind == pl.Boolean or kind.is_temporal() or kind in (pl.Categorical, pl.Enum):
        return series.cast(pl.String)
    texts = [None if cell is None else str(cell) for cell in series.to_list()]
    return pl.Series(series.name, texts, dtype=pl.String)


def _bound_computing(seconds: int) -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


if __name__ == "__main__":
    source, source_kind, target, source_sheet, seconds = sys.argv[1:6]
    _bound_computing(int(seconds))
    content = convert(source, source_kind, Path(target), source_sheet)
    (Path(target) / "content.json").write_text(json.dumps(content), encoding="utf-8")
