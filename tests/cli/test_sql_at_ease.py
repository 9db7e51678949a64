"""`surveycli sql` for people: examples by name, files in and out, and a console."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from scored_store import make_scored_store

from surveycli.cli.console import SqlCompleter, converse, is_complete
from surveycli.errors import bad_input
from surveycli.exchange.own_table import read_own_table
from surveycli.store import ad_hoc
from surveycli.store.sql_files import example_queries, read_sql

RunCli = Callable[..., Any]
MAY_BE_EMPTY = {"failures", "learning-curve"}  # nothing failed, and nothing was trained, in the store at hand


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with two scored runs, which no test here changes."""
    return make_scored_store(tmp_path_factory.mktemp("scored") / "survey.duckdb")


@pytest.mark.parametrize("name", example_queries())
def test_an_example_says_what_it_answers_and_answers_it(path: Path, name: str) -> None:
    """Every shipped query has a purpose and a grain in its header, runs, and has rows where there is something."""
    example = example_queries()[name]
    assert example.purpose.endswith(".")
    assert re.search(r"^-- Grain: one row per .+", example.text, re.M)
    rows = ad_hoc(path, example.text)
    assert rows.height or name in MAY_BE_EMPTY
    assert rows.width >= 3


def test_examples_are_listed_and_run_by_name(path: Path, run_cli: RunCli) -> None:
    """--examples lists them all, --example runs one, and a name that there is not is exit 4 with those there are."""
    listed = json.loads(run_cli("sql", "--examples", "--json").out)
    assert [row["example"] for row in listed] == list(example_queries())
    rows = json.loads(run_cli("sql", "--example", "runs-by-part", "--json", "--store", path).out)
    assert {row["run_id"] for row in rows} == {"item-mean-1", "uniform-1"}
    absent = run_cli("sql", "--example", "poems", "--store", path)
    assert (absent.code, "runs-by-part" in absent.err) == (4, True)


def test_a_result_goes_to_a_file_of_every_format(path: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """CSV, JSON, JSON lines, Parquet, XLSX, SPSS and Stata read back as the rows; Markdown and LaTeX are text."""
    query = (
        "select item_id, n_options, battery_id, n_options / 3 as third from item where battery_id is not null limit 9"
    )
    for ending in ("csv", "json", "jsonl", "parquet", "xlsx", "sav", "dta", "md", "tex"):
        result = run_cli("sql", query, "-o", tmp_path / f"t.{ending}", "--store", path)
        assert result.code == 0, result.err
    wanted = ad_hoc(path, query)
    assert pl.read_parquet(tmp_path / "t.parquet").equals(wanted)
    assert pl.read_csv(tmp_path / "t.csv").equals(wanted)
    assert pl.DataFrame(json.loads((tmp_path / "t.json").read_text())).equals(wanted)
    assert pl.read_ndjson(tmp_path / "t.jsonl").equals(wanted)
    for ending in ("xlsx", "sav", "dta"):
        back = read_own_table(tmp_path / f"t.{ending}")
        assert back["item_id"].to_list() == wanted["item_id"].to_list(), ending
        assert back["third"].to_list() == pytest.approx(wanted["third"].to_list()), ending
    assert (tmp_path / "t.md").read_text().startswith("| item_id | n_options |")
    assert (tmp_path / "t.tex").read_text().startswith(r"\begin{tabular}{lrlr}")


def test_a_file_is_neither_written_over_nor_left_half_made(path: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """One that is there is exit 5 but for --replace; a query that fails on its way leaves what was there."""
    file = tmp_path / "t.csv"
    file.write_text("mine\n")
    query = "select 10 / (3 - range)::int as x, error(case when range = 3 then 'stop' end) from range(5)"
    assert run_cli("sql", "select 1", "-o", file, "--store", path).code == 5
    assert run_cli("sql", query, "-o", file, "--replace", "--store", path).code == 3
    assert file.read_text() == "mine\n"
    assert run_cli("sql", "select 1 as one", "-o", file, "--replace", "--store", path).code == 0
    assert file.read_text() == "one\n1\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]
    for arguments, code in (
        (("select 1; select 2", "-o", tmp_path / "u.csv"), 3),
        (("select 1", "-o", tmp_path / "u.poem"), 2),
        (("select 1", "-o", tmp_path / "none" / "u.csv"), 3),
        (("select 1", "-o", tmp_path / "u.csv", "--format", "json"), 2),
    ):
        assert run_cli("sql", *arguments, "--store", path).code == code, arguments


def test_own_files_are_joined_by_name(path: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """A CSV, an XLSX and a Parquet file stand beside the store's tables; numbers are numbers, codes like 007 text."""
    own = pl.DataFrame({"iso3": ["KEN", "JPN"], "income": [2.1, 33.9], "code": ["007", "008"], "rank": [2, 1]})
    own.write_csv(tmp_path / "own.csv")
    own.write_excel(tmp_path / "own.xlsx", worksheet="Data")
    own.write_parquet(tmp_path / "own.parquet")
    query = "select name, income, code, rank from country join mine using (iso3) order by rank"
    for ending in ("csv", "xlsx", "parquet"):
        result = run_cli("sql", query, "--with", f"mine={tmp_path / 'own'}.{ending}", "--json", "--store", path)
        assert json.loads(result.out) == [
            {"name": "Japan", "income": 33.9, "code": "008", "rank": 1},
            {"name": "Kenya", "income": 2.1, "code": "007", "rank": 2},
        ], ending


def test_own_files_open_no_door(path: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """Beside a table of one's own a query still only reads: no other file, no writing, none of the store's names."""
    (tmp_path / "own.csv").write_text("x\n1\n")
    mine = f"mine={tmp_path / 'own.csv'}"
    before = path.read_bytes()
    for query, given, code, words in (
        ("insert into mine values (2)", mine, 3, "read-only"),
        ("drop table mine", mine, 3, "read-only"),
        (f"from '{tmp_path / 'own.csv'}'", mine, 3, "refused"),
        ("select 1", f"country={tmp_path / 'own.csv'}", 2, "table country of its own"),
        ("select 1", f"a b={tmp_path / 'own.csv'}", 2, "cannot be a table's name"),
        ("select 1", "mine", 2, "a name and a file"),
        ("select 1", f"mine={tmp_path / 'absent.csv'}", 3, "absent.csv"),
        ("from mine a, mine b", f"mine={_many(tmp_path)}", 3, "more memory"),
    ):
        more = ("--memory", "128MiB") if words == "more memory" else ()
        result = run_cli("sql", query, "--with", given, *more, "--store", path)
        assert (result.code, words in result.err) == (code, True), (query, result.err)
    assert path.read_bytes() == before


def _many(folder: Path) -> Path:
    """Write a table that is too large for little memory."""
    file = folder / "many.parquet"
    pl.DataFrame(
        {"x": pl.int_range(0, 6_000_000, eager=True), "y": pl.int_range(0, 6_000_000, eager=True).reverse()}
    ).write_parquet(file)
    return file


def completions(text: str, columns: dict[str, tuple[str, ...]]) -> list[str]:
    document = Document(text, len(text))
    return [found.text for found in SqlCompleter(columns).get_completions(document, CompleteEvent())]


def test_tables_and_columns_are_completed() -> None:
    """After FROM tables, after a dot the columns of that table or alias, elsewhere those of the tables in use."""
    columns = {"run": ("run_id", "status"), "score": ("run_id", "total_variation"), "response_option": ("position",)}
    assert completions("select * from r", columns) == ["run", "response_option"]
    assert completions("select s. from score s where s.", columns) == ["run_id", "total_variation"]
    assert completions("from run join score as s on run.st", columns) == ["status"]
    assert completions("from score where tot", columns) == ["total_variation"]
    assert completions("sel", columns) == ["select"]
    assert completions(".ex", columns) == [".examples", ".example"]


@pytest.mark.parametrize(
    ("text", "ends"), [("select 1", False), ("select 1;", True), ("select 1;  \n", True), (".tables", True), ("", True)]
)
def test_a_statement_ends_with_a_semicolon(text: str, ends: bool) -> None:
    """Enter makes a new line until then."""
    assert is_complete(text) is ends


def test_the_console_answers_and_survives_mistakes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Statements over several lines, commands, a mistake and Ctrl-C: each is answered, and the console goes on."""
    asked: list[str] = []

    def answer(text: str) -> None:
        asked.append(text)
        if "mistake" in text:
            raise bad_input("No such thing.", "Try another.")
        if "endless" in text:
            raise KeyboardInterrupt

    described = ad_hoc(path, read_sql("store/describe_schema"))
    typed = "select\n1;\nmistake;\nendless;\n.tables\n.columns run\n.example runs-by-part\n.poem\n.help\n\n"
    with create_pipe_input() as keys:
        keys.send_text(typed + "select 2;\n.quit\n")
        converse(path, described, {"mine": pl.DataFrame({"x": [1]})}, answer, streams=(keys, DummyOutput()))
    out, err = capsys.readouterr()
    example = example_queries()["runs-by-part"].text
    assert asked == ["select\n1;", "mistake;", "endless;", example, "select 2;"]
    assert "Error: No such thing." in err
    assert "Stopped." in err
    assert "There is no .poem here" in err
    assert "run: One row per run" in out
    assert "run_id, kind, predictor" in out
    assert "mine: your own" in out


def test_without_a_terminal_there_is_no_console(path: Path, run_cli: RunCli) -> None:
    """A script that forgets its query is told so (exit 2)."""
    result = run_cli("sql", "--store", path)
    assert (result.code, "--schema" in result.err) == (2, True)
