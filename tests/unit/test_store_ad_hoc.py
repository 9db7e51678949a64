"""The user's own SQL reads the store and nothing else, within its limits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Limits, ad_hoc, ad_hoc_results, open_store
from surveycli.store.user_sql import memory_bytes
from surveycli.value_text import json_text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed store with one survey."""
    path = tmp_path / "s.duckdb"
    with open_store(path, create=True) as store:
        store.insert("survey", pl.DataFrame({"survey_id": ["a"], "title": ["A"]}))
    return path


def refused(path: Path, query: str, limits: Limits | None = None) -> SurveyError:
    """Return the error of a query that is refused with exit 3."""
    with pytest.raises(SurveyError) as caught:
        ad_hoc(path, query, limits)
    assert caught.value.code == ExitCode.BAD_INPUT
    return caught.value


def test_a_query_gives_a_frame(path: Path) -> None:
    """A SELECT comes back as a Polars frame with its columns' names."""
    assert ad_hoc(path, "SELECT survey_id AS id, 1 + 1 AS two FROM survey").to_dicts() == [{"id": "a", "two": 2}]


@pytest.mark.parametrize(
    "query",
    [
        "EXPLAIN SELECT 1",
        "explain /* how */ (analyze, format json) from survey",
        "DESCRIBE survey",
        "SHOW TABLES",
        "SUMMARIZE survey",
        "FROM survey",
        "VALUES (1)",
        "TABLE survey",
        "WITH x AS (SELECT 1) FROM x -- the end",
        "PRAGMA table_info('survey')",
        "PIVOT survey ON title IN ('A')",
        "SELECT unnest(range(3)), json_extract('[1]', '$[0]')",
        "SELECT 'copy survey to x; read_blob(1)' AS \"read_text\" WHERE 1 IN (1)",
        "FROM duckdb_tables()",
    ],
)
def test_what_reads_is_answered(path: Path, query: str) -> None:
    """Every statement that only reads gives rows, and words within texts and names are not taken for calls."""
    assert ad_hoc(path, query).height


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO survey (survey_id, title) VALUES ('b', 'B')",
        "UPDATE survey SET title = 'other'",
        "DELETE FROM survey",
        "DROP TABLE survey",
        "CREATE TEMP TABLE mine AS SELECT 1 AS x",
        "COPY (SELECT 1) TO '{folder}/s.duckdb' (use_tmp_file false)",
        "COPY (SELECT 1) TO '{folder}/s.duckdb.wal' (use_tmp_file false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/s.duckdb' (use_tmp_file false)",
        "EXPLAIN (ANALYZE, FORMAT JSON) COPY (SELECT 1) TO '{folder}/s.duckdb' (use_tmp_file false)",
        "EXPORT DATABASE '{folder}/s.duckdb.tmp'",
        "IMPORT DATABASE '{folder}/s.duckdb.tmp'",
        "ATTACH '{folder}/other.duckdb'",
        "ATTACH ':memory:' AS other",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET memory_limit",
        "SET VARIABLE x = 1",
        "PRAGMA enable_profiling",
        "PRAGMA enable_profiling = 'json'",
        "CALL enable_logging('QueryLog')",
        "CALL enable_logging(level = 'trace', storage = 'file', storage_path = '{folder}/logs')",
        "FROM enable_logging('QueryLog')",
        "SELECT * FROM \"enable_logging\" ('QueryLog')",
        "FROM query('FROM enable_logging()')",
        "FROM checkpoint()",
        "CHECKPOINT",
        "BEGIN",
        "PREPARE p AS SELECT 1",
        "SELECT write_log('x')",
        "SELECT 'x'.write_log()",
        "SELECT setseed(0.5)",
        "PIVOT survey ON title",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('{folder}/s.duckdb')",
        "SELECT * FROM read_duckdb('{folder}/s.duckdb')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT getenv('HOME')",
        "SELECT * FROM arrow_scan_dumb(1::UBIGINT, 1::UBIGINT, 1::UBIGINT)",
        "SELECT * FROM in_python",
        "SELECT 1; DELETE FROM survey",
        "",
        " ; -- nothing",
    ],
)
def test_a_query_reaches_nothing_but_the_store(path: Path, tmp_path: Path, query: str) -> None:
    """What writes, or reaches files, settings, logs or this process, is refused, and nothing has changed."""
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    in_python = pl.DataFrame({"secret": [1]})
    refused(path, query.format(folder=tmp_path))
    assert in_python.height == 1
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_mistake_is_told_in_duckdbs_words(path: Path) -> None:
    """A query on a column that is not there is refused with the name of the column."""
    assert "titel" in refused(path, "SELECT titel FROM survey").message


def test_statements_are_carried_out_one_after_another(path: Path) -> None:
    """Each statement of several gives its own columns and rows."""
    with ad_hoc_results(path, "SELECT 1 AS a; -- first\nSELECT title, title FROM survey;") as statements:
        found = [(result.columns, list(result.rows)) for result in (carry_out() for carry_out in statements)]
    assert [[(c.name, c.is_number) for c in columns] for columns, _ in found] == [
        [("a", True)],
        [("title", False), ("title", False)],
    ]
    assert [rows for _, rows in found] == [[(1,)], [("A", "A")]]
    assert ad_hoc(path, "SELECT title, title FROM survey").columns == ["title", "title_1"]
    assert "not 2" in refused(path, "SELECT 1; SELECT 2").message


def test_every_type_comes_out(path: Path) -> None:
    """The extremes of every type that DuckDB has are values that JSON, CSV and people can be given."""
    with ad_hoc_results(path, "FROM test_all_types()") as statements:
        result = statements[0]()
        rows = list(result.rows)
    assert len(rows) == 3
    lowest = dict(zip([column.name for column in result.columns], rows[0], strict=True))
    assert lowest["hugeint"] == -(2**127)
    assert lowest["dec38_10"] == Decimal("-9999999999999999999999999999.9999999999")
    assert lowest["date"] == "5877642-06-25 (BC)"
    assert lowest["bit"] == "0010001001011100010101011010111"
    assert lowest["interval"] == "00:00:00"
    assert rows[1][[c.name for c in result.columns].index("union")] == 5
    numbers = {c.name for c in result.columns if c.is_number}
    assert numbers >= {"hugeint", "uhugeint", "bignum", "float", "dec_4_1"}
    for row in rows:
        for column, value in zip(result.columns, row, strict=True):
            parsed = json.loads(json_text(value))
            assert value is None or not column.is_number or isinstance(parsed, int | float)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("INTERVAL 3 MONTH", "3 months"),
        ("'\\xAA'::BLOB", "\\xAA"),
        ("[DATE '2026-01-02']", ["2026-01-02"]),
        ("{'a': TIMESTAMP '2026-01-02 03:04:05', 'b': [1.5]}", {"a": "2026-01-02 03:04:05", "b": [Decimal("1.5")]}),
        ("MAP {DATE '2026-01-02': INTERVAL 1 DAY}", {"2026-01-02": "1 day"}),
        ("row(1, DATE '2026-01-02')", "(1, 2026-01-02)"),
        ("row(1, 'a')", (1, "a")),
        ("union_value(n := 2)", 2),
        ("'infinity'::TIMESTAMP", "infinity"),
        ("uuid '00000000-0000-0000-0000-000000000001'", "00000000-0000-0000-0000-000000000001"),
        ("sum(range) FROM range(5)", 10),
        ("12345678901234567890123456789012345678901234567890::BIGNUM", None),
        ("'{\"a\": 1}'::JSON", '{"a": 1}'),
        ("NULL", None),
    ],
)
def test_values_are_numbers_or_what_duckdb_prints(path: Path, query: str, value: object) -> None:
    """What Python has a type for comes as that, also within lists and structs; the rest as DuckDB's text."""
    with ad_hoc_results(path, f"SELECT {query}") as statements:
        ((found,),) = statements[0]().rows
    assert found == value or (value is None and isinstance(found, Decimal))


def test_a_query_is_stopped_in_time(path: Path) -> None:
    """A query that would take minutes is stopped at its time limit, and the store is free again."""
    began = time.monotonic()
    slow = "SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b"
    assert "stopped after 0.3 seconds" in refused(path, slow, Limits(seconds=0.3)).message
    assert time.monotonic() - began < 20
    with open_store(path, write=True):
        pass


def test_the_time_limit_covers_what_is_done_with_the_rows(path: Path) -> None:
    """Rows that are taken in slowly stop coming when the time is up."""
    with (
        pytest.raises(SurveyError, match=r"stopped after 0\.5 seconds"),
        ad_hoc_results(path, "FROM range(10_000_000)", Limits(seconds=0.5)) as statements,
    ):
        for _ in statements[0]().rows:
            time.sleep(0.001)


def test_only_so_many_rows_are_made(path: Path) -> None:
    """A limit on rows ends each result, however many more there would be."""
    with ad_hoc_results(path, "FROM range(100_000_000_000); FROM range(2)", Limits(rows=3)) as statements:
        assert [len(list(carry_out().rows)) for carry_out in statements] == [3, 2]


OUTGROWN = """
import sys
from pathlib import Path
from surveycli.errors import SurveyError
from surveycli.store import Limits, ad_hoc
path = Path(sys.argv[1])
for query in sys.argv[2:]:
    try:
        ad_hoc(path, query, Limits(memory="300MB"))
        print("went through:", query)
    except SurveyError as error:
        print(int(error.code), error.message)
    assert ad_hoc(path, "SELECT 1 AS x").item() == 1
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is bounded with what Linux tells of it")
def test_a_query_has_its_memory_and_no_more(path: Path) -> None:
    """What outgrows the memory limit, in DuckDB's tables, in texts or on the way out, is refused, and all goes on.

    In a process of its own: the limit is the whole process's, and those who run the tests have other threads in theirs.
    """
    queries = (
        "SELECT repeat('x', 2_000_000_000)",
        "SELECT repeat('x', 20_000_000) FROM range(1000)",
        "SELECT list(range) FROM range(1_000_000_000)",
        "SELECT range FROM range(100_000_000) ORDER BY hash(range)",
    )
    command = [sys.executable, "-c", OUTGROWN, str(path), *queries]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["3 The query needs more memory than 300MB."] * 4


GIVE_UP = """
import os, sys
from pathlib import Path
from surveycli.store import Limits, ad_hoc
text = "SELECT levenshtein(repeat('a', 60000), repeat('b', 60000) || range) FROM range(3)"
def given_up(error):
    print(error.message, flush=True)
    os._exit(7)
ad_hoc(Path(sys.argv[1]), text, Limits(seconds=0.2, given_up=given_up))
"""


def test_what_cannot_be_interrupted_is_given_up(path: Path) -> None:
    """Where one function goes on beyond the limit, the caller's way out is called."""
    began = time.monotonic()
    command = [sys.executable, "-c", GIVE_UP, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (7, "The query was stopped after 0.2 seconds.\n"), done.stderr
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(("text", "n_bytes"), [("2GB", 2 * 10**9), (" 512 mib ", 2**29), ("1.5gb", 1_500_000_000)])
def test_sizes_are_read(text: str, n_bytes: int) -> None:
    """A number and a unit, in any case."""
    assert memory_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "2", "lots", "1KB", "-1GB", "9e9GB", "2 GB; SET x", "99999999999999GB"])
def test_what_is_no_size_is_a_usage_error(path: Path, text: str) -> None:
    """Anything else ends with exit 2 before the query is looked at."""
    with pytest.raises(SurveyError) as caught:
        ad_hoc(path, "SELECT 1", Limits(memory=text))
    assert caught.value.code == ExitCode.USAGE


def test_a_query_leaves_the_store_free(path: Path) -> None:
    """After a query, whether it worked or not, the store can be opened for writing, and no file lies beside it."""
    ad_hoc(path, "SELECT 1 AS x")
    refused(path, "SELECT")
    with open_store(path, write=True):
        pass
    assert list(path.parent.iterdir()) == [path]
