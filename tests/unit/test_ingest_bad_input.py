"""Files that are not what they should be: one message, the right exit code, the store as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from wvs_like import make_wvs_like

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.survey import IngestOptions, ingest_file


@pytest.fixture(scope="module")
def good() -> bytes:
    """A sound file of 132 respondents."""
    return make_wvs_like("v6", 132, 3).write_csv().encode()


def _in_cell(column: str, line: int, value: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        frame = pl.read_csv(content, infer_schema=False)
        here = pl.int_range(pl.len()) == line - 2
        changed = frame.with_columns(pl.when(here).then(pl.lit(value)).otherwise(column).alias(column))
        return changed.write_csv().encode()

    return change


def _without(column: str) -> Callable[[bytes], bytes]:
    return lambda content: pl.read_csv(content, infer_schema=False).drop(column, "B_COUNTRY_ALPHA").write_csv().encode()


CASES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty"),
    "no country column": (_without("B_COUNTRY"), "expected a column with the country"),
    "unknown country": (_in_cell("B_COUNTRY", 5, "9999"), "column B_COUNTRY holds 1 unknown country label: 9999"),
    "text in an item": (_in_cell("Q57", 7, "Trust"), "column Q57 should hold a whole number, found 'Trust' in line 7"),
    "fraction in an item": (_in_cell("Q57", 7, "1.5"), "column Q57 should hold a whole number, found '1.5' in line 7"),
    "another wave": (_in_cell("A_WAVE", 9, "6"), "expected one wave, found waves 6, 7"),
    "cut off": (lambda c: c[: c.rstrip().rfind(b"\n") + 200], "line 133 is cut off: expected 613 fields, found"),
    "short line": (lambda c: c + b"1,2,3\n", "line 134 is not like the header: expected 613 fields, found 3"),
    "long line": (lambda c: c[:-1] + b",1\n", "line 133 is not like the header: expected 613 fields, found 614"),
    "open quote": (lambda c: c + b'"6-0-0,' * 700, "quotation mark|line 134"),
    "open quote in the header": (lambda c: c.replace(b",Q2,", b',"Q2,', 1), "quotation mark in the first line"),
    "header only": (lambda c: c[: c.index(b"\n") + 1], "column B_COUNTRY is blank everywhere, or there are no rows"),
    "NUL bytes": (lambda c: c[:9000] + b"\0\0" + c[9000:], "found binary content"),
    "binary": (lambda _: bytes(range(256)) * 40, "expected text, found binary content|expected UTF-8"),
    "UTF-16": (lambda c: c.decode().encode("utf-16-le"), "expected text, found binary content"),
    "no Latin-1": (
        lambda c: c.decode().encode("latin-1").replace(b"\xd1", b"\xb3"),
        "expected UTF-8, found the byte 0xB3 in line 2",
    ),
    "doubled column": (lambda c: c.replace(b",Q2,", b",q1,", 1), "each column name once .case aside., found twice: q1"),
    "inverted": (
        lambda c: c.replace(b",Q1,Q2,Q3,Q4,", b",Q1P,Q2P,Q3P,Q4P,", 1),
        "found inverted ones .Q1P, Q2P, Q3P, Q4P., whose scales run backwards",
    ),
    "another table": (lambda _: b"name,age\nAnn,3\n", "found 2 columns separated by commas: name, age"),
    "bad Parquet": (lambda _: b"PAR1 and then nothing", "begins like a file of Parquet but cannot be read"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_has_one_message_and_leaves_no_trace(case: str, good: bytes, store: Store, tmp_path: Path) -> None:
    """Every kind of broken file is a SurveyError with exit code 3, a hint, and no row in any table."""
    break_it, message = CASES[case]
    path = tmp_path / "broken.csv"
    path.write_bytes(break_it(good))
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, path)
    assert caught.value.code is ExitCode.BAD_INPUT
    assert caught.value.hint
    for table in ("survey", "source_file", "item", "population", "country", "response_distribution", "cell"):
        assert store.query(f"SELECT count(*) FROM {table}").item() == 0
    assert not store.query("SELECT * FROM duckdb_tables() WHERE schema_name = 'respondent'").height


def test_a_missing_file_and_an_empty_folder_are_named(store: Store, tmp_path: Path) -> None:
    """A path to nothing and a path to a folder without a survey file each say so."""
    with pytest.raises(SurveyError, match="There is no file"):
        ingest_file(store, tmp_path / "nothing.csv")
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(SurveyError, match="expected survey files in it"):
        ingest_file(store, empty)


def test_a_failed_replace_keeps_the_survey_that_was_there(good: bytes, store: Store, tmp_path: Path) -> None:
    """Where the new file turns out broken halfway, the survey it should replace stays whole."""
    first, second = tmp_path / "good.csv", tmp_path / "bad.csv"
    first.write_bytes(good)
    second.write_bytes(_in_cell("Q259", 133, "x")(good))
    ingest_file(store, first)
    tables = ("SELECT * FROM response_distribution ORDER BY ALL", "SELECT * FROM respondent.wvs7 ORDER BY 1")
    before = [store.query(text) for text in tables]
    with pytest.raises(SurveyError, match="column Q259"):
        ingest_file(store, second, IngestOptions(replace=True))
    assert all(store.query(text).equals(old) for text, old in zip(tables, before, strict=True))
