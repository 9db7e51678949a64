"""Binary files: opened in a process of its own, within bounds of memory, time and size."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from other_surveys import write_xlsx

from surveycli.binary_file import open as opening
from surveycli.binary_file.open import BinaryKind, open_binary
from surveycli.errors import SurveyError
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import open_source
from surveycli.untrusted.text import UnreadableError

FRAME = pl.DataFrame({"a": [1, 2, None], "b": ["x", None, "z"]})
XLSX = BinaryKind.XLSX


def changed(path: Path, member: str, change: Callable[[bytes], bytes], name: str = "changed.xlsx") -> Path:
    """Write a workbook in which one part is another."""
    target = path.with_name(name)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            content = before.read(part)
            after.writestr(part, change(content) if part.endswith(member) else content)
    return target


def refused(path: Path, kind: BinaryKind) -> str:
    with pytest.raises(UnreadableError) as stop:
        open_binary(path, kind)
    return str(stop.value)


def test_every_type_of_column_becomes_numbers_or_text(tmp_path: Path) -> None:
    """Integers and decimals are 64-bit numbers; dates, lists, truth values and categories are text."""
    frame = pl.DataFrame(
        {
            "whole": pl.Series([1, None], dtype=pl.UInt8),
            "huge": pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
            "decimal": [Decimal("1.50"), None],
            "single": pl.Series([0.5, float("nan")], dtype=pl.Float32),
            "truth": [True, None],
            "day": [date(2020, 1, 2), None],
            "list": [[1, 2], None],
            "struct": [{"a": 1}, {"a": None}],
            "bytes": [b"\xff", None],
            "category": pl.Series(["x", "y"], dtype=pl.Categorical),
            "nothing": [None, None],
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    file = open_binary(tmp_path / "t.parquet", BinaryKind.PARQUET)
    (read,) = file.read(frame.columns)
    assert [column.name for column in file.columns] == frame.columns
    assert set(read.dtypes) == {pl.Int64, pl.Float64, pl.String}
    assert read.row(0)[:7] == (1, float(2**64 - 1), 1.5, 0.5, "true", "2020-01-02", "[1, 2]")


def test_a_portable_file_of_spss_is_read(tmp_path: Path) -> None:
    """An SPSS portable file has labels and codes like any other."""
    frame = pl.DataFrame({"country": [1.0, 2.0], "Q1": [1.0, 8.0]})
    pyreadstat.write_por(frame, str(tmp_path / "t.por"), column_labels=["Country", "Tea?"])
    table = open_table(open_source(tmp_path / "t.por"))
    assert table.kind == "SPSS" and [column.label for column in table.columns] == ["Country", "Tea?"]
    assert table.frame().rows() == [(1.0, 1.0), (2.0, 8.0)]


@pytest.mark.parametrize(("declared", "reason"), [(3_000_000_000, "unpacks to 3.0 GB or more"), (10, "CRC")])
def test_a_workbook_that_unpacks_to_gigabytes_is_refused(declared: int, reason: str, tmp_path: Path) -> None:
    """A bomb is refused by the size that it declares, and one that declares too little by what comes out."""
    path = write_xlsx(tmp_path / "w.xlsx", FRAME)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/b.xml", bytes(1 << 20))
    size = struct.pack("<L", 1 << 20)
    content = path.read_bytes()
    assert content.count(size) == 2  # before the content, and in the directory at the end
    path.write_bytes(content.replace(size, struct.pack("<L", declared)))
    assert reason in refused(path, XLSX)


def test_a_cell_at_the_far_corner_takes_no_memory(tmp_path: Path) -> None:
    """Two cells, the second in the last row and column that there may be, are refused and not spread out."""
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = changed(write_xlsx(tmp_path / "w.xlsx", FRAME), "sheet1.xml", lambda c: c.replace(b"</sheetData>", far))
    assert "memory" in refused(path, XLSX)


def test_a_column_of_one_long_text_takes_no_memory(tmp_path: Path) -> None:
    """Millions of rows that point to one text of a megabyte are a small Parquet file, and terabytes of text."""
    places = pa.array([0] * 1_000_000, pa.int32())
    table = pa.table({"a": pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_000_000]))})
    pq.write_table(table, tmp_path / "t.parquet")
    assert "memory" in refused(tmp_path / "t.parquet", BinaryKind.PARQUET)


def test_computing_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that keeps its reader busy beyond its time is refused."""
    cell = b"<c><v>1</v></c>"
    rows = (b"<row>" + cell * 100 + b"</row>") * 20_000 + b"</sheetData>"
    path = changed(write_xlsx(tmp_path / "w.xlsx", FRAME), "sheet1.xml", lambda c: c.replace(b"</sheetData>", rows))
    monkeypatch.setattr(opening, "_LEAST_S", 1.0)
    assert "more than 1 seconds" in refused(path, XLSX)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bz2.compress(b"RDX3\nX\n"), r"a file of R but cannot be read.*`haven::write_sav\(readRDS\(\"f.rds\"\), "),
        (lzma.compress(b"RDX2\nX\n"), "like a file of R but cannot be read"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "found a compressed one. Unpack it first: `7z x f.rds`"),
        (b'{\n  "a": 1}', "found JSON"),
        (b"<!DOCTYPE html><html>", "found a web page"),
    ],
)
def test_what_is_no_survey_file_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    """R files, compressed files, JSON and web pages are named, with what to do."""
    path = tmp_path / "f.rds"
    path.write_bytes(content)
    with pytest.raises(SurveyError, match=message) as stop:
        open_table(open_source(path))
    assert stop.value.hint


def test_a_zip_of_files_says_what_is_in_it(tmp_path: Path) -> None:
    """An archive that is not a workbook names what it holds."""
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("survey.csv", "a,b")
    with pytest.raises(SurveyError, match=r"a ZIP archive of survey\.csv"):
        open_table(open_source(tmp_path / "z.zip"))


def test_a_column_is_read_whose_name_has_a_control_character(tmp_path: Path) -> None:
    """Its name is shown without it, and its cells are found by that name."""
    pl.DataFrame({"Q\x1b1": [1, 2], "Q2": [3, 4]}).write_parquet(tmp_path / "t.parquet")
    file = open_binary(tmp_path / "t.parquet", BinaryKind.PARQUET)
    assert [column.name for column in file.columns] == ["Q1", "Q2"]
    assert [frame.to_dicts() for frame in file.read(["Q1"])] == [[{"Q1": 1}, {"Q1": 2}]]
