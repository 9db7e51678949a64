"""`surveycli sql`: answers in every format, and nothing but answers."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RunCli = Callable[..., Any]
PROGRAM = [sys.executable, "-m", "surveycli"]
FORMATS = ("table", "csv", "json", "markdown", "latex")
QUERY = (
    "select population_id, round(share_unweighted, 3) as share from response_distribution "
    "where item_id = 'Q57' and option_code = 1 order by all limit 3"
)


def test_json_and_csv_hold_the_same_rows(bundled_store_path: Path, run_cli: RunCli) -> None:
    """Both formats give the query's rows, exactly."""
    as_json = json.loads(run_cli("sql", QUERY, "--format", "json", "--store", bundled_store_path).out)
    as_csv = list(
        csv.DictReader(io.StringIO(run_cli("sql", QUERY, "--format", "csv", "--store", bundled_store_path).out))
    )
    assert len(as_json) == 3
    assert [(r["population_id"], float(r["share"])) for r in as_csv] == [
        (r["population_id"], r["share"]) for r in as_json
    ]


def test_lists_are_json_text_in_csv(bundled_store_path: Path, run_cli: RunCli) -> None:
    """A list column becomes one CSV field that reads back as the list."""
    query = "select option_code from cell_share where item_id = 'Q57' and population_id = 'JPN'"
    rows = list(
        csv.DictReader(io.StringIO(run_cli("sql", query, "--format", "csv", "--store", bundled_store_path).out))
    )
    assert json.loads(rows[0]["option_code"]) == [1, 2]


def test_json_has_numbers_as_numbers(bundled_store_path: Path, run_cli: RunCli) -> None:
    """Sums, decimals and huge integers are numbers, NaN and Infinity null, times and intervals text."""
    query = (
        "select sum(range) as s, 1.50::decimal(9, 2) as d, 2::hugeint ** 70 as h, 'nan'::double as n, "
        "['inf'::float] as i, interval 1 day as t, '\\x00'::blob as b from range(3)"
    )
    result = run_cli("sql", query, "--format", "json", "--store", bundled_store_path)
    assert "1.50," in result.out
    assert json.loads(result.out) == [
        {"s": 3, "d": 1.5, "h": 2.0**70, "n": None, "i": [None], "t": "1 day", "b": "\\x00"}
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_every_type_prints_in_every_format(bundled_store_path: Path, run_cli: RunCli, form: str) -> None:
    """The extremes of every type that DuckDB has are printed, and JSON and CSV read back."""
    result = run_cli("sql", "from test_all_types()", "--format", form, "--store", bundled_store_path)
    assert (result.code, result.err) == (0, "")
    assert "170141183460469231731687303715884105727" in result.out
    if form == "json":
        assert json.loads(result.out)[1]["hugeint"] == 2**127 - 1
    if form == "csv":
        assert len(list(csv.DictReader(io.StringIO(result.out)))) == 3


@pytest.mark.parametrize(
    ("form", "words"),
    [("table", "population_id"), ("markdown", "| population_id | share |"), ("latex", r"population\_id & share \\")],
)
def test_tables_for_people_have_the_column_names(
    bundled_store_path: Path, run_cli: RunCli, form: str, words: str
) -> None:
    """Terminal, Markdown and LaTeX tables are headed by the query's columns."""
    assert words in run_cli("sql", QUERY, "--format", form, "--store", bundled_store_path).out


def test_each_of_several_statements_is_shown(bundled_store_path: Path, run_cli: RunCli) -> None:
    """Statements are answered one under the other; in JSON the whole is one array of theirs."""
    text = "select 1 as one; select 2 as two; -- the end"
    table = run_cli("sql", text, "--store", bundled_store_path)
    assert table.out.split() == ["one", "───", "1", "two", "───", "2"]
    as_json = run_cli("sql", text, "--format", "json", "--store", bundled_store_path)
    assert json.loads(as_json.out) == [[{"one": 1}], [{"two": 2}]]


def test_a_plan_is_drawn_as_it_is(bundled_store_path: Path, run_cli: RunCli) -> None:
    """EXPLAIN prints DuckDB's drawing, line by line."""
    assert "│         PROJECTION        │" in run_cli("sql", "explain select 1", "--store", bundled_store_path).out


def test_schema_lists_every_table_with_its_grain(bundled_store_path: Path, run_cli: RunCli) -> None:
    """--schema names the tables of the contract, each with what a row is."""
    rows = json.loads(run_cli("sql", "--schema", "--format", "json", "--store", bundled_store_path).out)
    grains = {row["name"]: row["grain"] for row in rows}
    contract = (
        "survey item item_text response_option option_text population response_distribution split split_cell run "
        "training_metric prediction score"
    )
    assert set(contract.split()) <= set(grains)
    assert all(grain.startswith("One row per") for grain in grains.values())


def test_schema_breaks_no_name(bundled_store_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow the terminal, each table's and column's name stands whole on a line."""
    rows = json.loads(run_cli("sql", "--schema", "--format", "json", "--store", bundled_store_path).out)
    names = {row["name"] for row in rows} | {c.split()[0] for row in rows for c in row["columns"].split(", ")}
    for width in ("20", "80"):
        shown = subprocess.run(
            [*PROGRAM, "sql", "--schema", "--store", str(bundled_store_path)],
            env={**os.environ, "COLUMNS": width},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert names <= set(shown.replace(",", " ").split())


def test_a_query_comes_from_a_file_or_stdin(bundled_store_path: Path, tmp_path: Path) -> None:
    """`sql FILE` and `sql -` read the statements; a file that is not there or no text is exit 3."""
    file = tmp_path / "q.sql"
    file.write_text("\ufeffselect 1 as one", encoding="utf-8")

    def sql(query: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        command = [*PROGRAM, "sql", query, "--format", "csv", "--store", str(bundled_store_path)]
        return subprocess.run(command, capture_output=True, check=False, **options)

    assert sql(str(file)).stdout == b"one\n1\n"
    assert sql("-", input=b"select 2 as two").stdout == b"two\n2\n"
    absent, binary = sql(str(tmp_path / "absent.sql")), sql("-", input=b"select '\xff'")
    assert (absent.returncode, b"No such file" in absent.stderr) == (3, True)
    assert (binary.returncode, b"UTF-8" in binary.stderr) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "--schema"),
        (("select 1", "--schema"), 2, "--schema"),
        (("select 1", "--memory", "much"), 2, "2GB"),
        (("selec 1",), 3, "DuckDB refused"),
        (("",), 3, "no statement"),
        (("select * from nothing",), 3, "nothing"),
        (("delete from survey",), 3, "read-only"),
        (("call enable_logging('x')",), 3, "read-only"),
        (("select * from read_csv('/etc/passwd')",), 3, "read_csv"),
        (("select * from '/etc/passwd'",), 3, "/etc/passwd"),
        (("select repeat('x', 2000000000)", "--memory", "200MB"), 3, "more memory than 200MB"),
        (("select count(*) from range(1000000000000)", "--timeout", "0.2"), 3, "stopped after 0.2 seconds"),
    ],
)
def test_what_is_no_query_is_refused(
    bundled_store_path: Path, run_cli: RunCli, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Mistakes, writes, reads outside the store and what outgrows its limits give an exit code and no traceback."""
    result = run_cli("sql", *arguments, "--store", bundled_store_path)
    assert (result.code, words in result.err) == (code, True), result.err
    assert "Traceback" not in result.err


def test_split_custom_goes_through_the_same_gate(bundled_store_path: Path, run_cli: RunCli) -> None:
    """A split's query that writes is refused with exit 3, and the store is what it was."""
    before = bundled_store_path.read_bytes()
    text = f"copy (select 1) to '{bundled_store_path}' (use_tmp_file false)"
    result = run_cli("split", "custom", "--query", text, "--store", bundled_store_path)
    assert (result.code, "read-only" in result.err) == (3, True)
    assert bundled_store_path.read_bytes() == before


def test_a_pipe_gets_all_rows_and_a_limit_ends_them(bundled_store_path: Path, run_cli: RunCli) -> None:
    """Into a file or a pipe a table has all its rows; --limit leaves so many."""
    query = "from range(20000)"
    assert len(run_cli("sql", query, "--store", bundled_store_path).out.splitlines()) == 20_002
    assert len(run_cli("sql", query, "--limit", "7", "--store", bundled_store_path).out.splitlines()) == 9


def test_a_terminal_gets_the_first_rows_and_their_number(bundled_store_path: Path) -> None:
    """A long table in a terminal shows its beginning, and says how many rows there are."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    command = [*PROGRAM, "sql", "from range(200000) t(n)", "--store", str(bundled_store_path)]
    with subprocess.Popen(command, stdout=child, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.read()
    os.close(child)
    shown = os.read(parent, 65536).decode().splitlines()
    os.close(parent)
    assert process.returncode == 0
    assert [int(line) for line in shown[2:]] == list(range(40))
    assert "The first 40 of 200,000 rows" in told


def test_the_time_limit_covers_output_that_is_not_read(bundled_store_path: Path) -> None:
    """Where the reader of a pipe takes nothing, the time limit ends the program (exit 3), and the store is free."""
    command = [*PROGRAM, "sql", "from range(10000000)", "--format", "csv", "--timeout", "1"]
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "--store", str(bundled_store_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "stopped after 1 seconds" in process.stderr.read()
        assert process.wait(timeout=60) == 3
        assert process.stdout is not None
        process.stdout.close()
    assert time.monotonic() - began < 60
