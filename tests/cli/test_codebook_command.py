"""`surveycli codebook`, and the options of `surveycli ingest` for files of other surveys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml
from other_surveys import PEW_COUNTRIES, pew_frame, write_goqa, write_pew

from surveycli.errors import ExitCode

ITEMS = {"Q1", "Q2a", "Q3", "Q4"}


def test_a_codebook_is_written_edited_and_used(run_cli: Callable, tmp_path: Path) -> None:
    """The codebook of a file's labels, its wording edited, gives the same numbers under the new wording."""
    path, book, store = write_pew(tmp_path / "pew 2014.sav", pew_frame()), tmp_path / "book.yaml", tmp_path / "s.duckdb"
    written = run_cli("codebook", path, "--output", book)
    assert written.code == ExitCode.OK
    assert "4 items" in written.out and "more than 11 response options" in written.out
    assert set(yaml.safe_load(book.read_text(encoding="utf-8"))["left_out"]) == set(pew_frame().columns) - ITEMS
    book.write_text(book.read_text(encoding="utf-8").replace("How are things – café?", "Edited?"), encoding="utf-8")
    assert run_cli("ingest", path, "--store", store).code == ExitCode.OK
    assert run_cli("ingest", path, "--store", store, "--codebook", book, "--survey", "edited").code == ExitCode.OK
    query = (
        "select count(*) as n, count(distinct survey_id) as surveys from (select survey_id, item_id, population_id,"
        " option_code, share, count(*) over (partition by item_id, population_id, option_code, share) as same"
        " from response_distribution) where same = 2"
    )
    n_options = 3 * 4 + 4 * (3 + 11 + 2)
    assert run_cli("sql", query, "--store", store, "--format", "csv").out.splitlines()[1] == f"{2 * n_options},2"
    assert "Edited?" in run_cli("items", "--survey", "edited", "--store", store, "--format", "csv").out


@pytest.mark.parametrize("kind", ["yaml", "csv", "xlsx"])
def test_every_column_is_written_and_may_be_used(kind: str, run_cli: Callable, tmp_path: Path) -> None:
    """A codebook in each format lists every column; one that was left out becomes an item by a word, and no other."""
    path, book, store = write_pew(tmp_path / "p.sav", pew_frame()), tmp_path / f"book.{kind}", tmp_path / "s.duckdb"
    assert run_cli("codebook", path, "--output", book).code == ExitCode.OK
    if kind == "yaml":
        content = yaml.safe_load(book.read_text(encoding="utf-8"))
        content["left_out"]["SEX"]["use"] = True
        book.write_text(yaml.safe_dump(content), encoding="utf-8")
        columns = {
            *content["left_out"],
            *(item for battery in content["batteries"].values() for item in battery["items"]),
        }
    else:
        table = pl.read_csv(book, infer_schema=False) if kind == "csv" else pl.read_excel(book, infer_schema_length=0)
        columns = set(table["item_id"])
        table = table.with_columns(use=pl.when(pl.col("item_id") == "SEX").then(pl.lit("yes")).otherwise(pl.col("use")))
        table.write_csv(book) if kind == "csv" else table.write_excel(book, worksheet="Data")
    assert columns == set(pew_frame().columns)
    assert run_cli("ingest", path, "--store", store, "--codebook", book).code == ExitCode.OK
    items = run_cli("sql", "select item_id from item order by 1", "--store", store, "--format", "csv")
    assert set(items.out.split()[1:]) == {*ITEMS, "SEX"}


def test_a_codebook_does_not_overwrite_and_needs_no_labels(run_cli: Callable, tmp_path: Path) -> None:
    """An existing file is a conflict without --replace; of a file without labels the codes in its cells are written."""
    path, book = write_pew(tmp_path / "p.sav", pew_frame()), tmp_path / "book.yaml"
    book.write_text("mine")
    assert run_cli("codebook", path, "--output", book).code == ExitCode.CONFLICT
    assert book.read_text() == "mine"
    assert run_cli("codebook", path, "--output", book, "--replace").code == ExitCode.OK
    assert run_cli("codebook", path, "--output", tmp_path / "book.txt").code == ExitCode.BAD_INPUT
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,x\n1,x\n")
    bare = run_cli("codebook", tmp_path / "t.csv", "--output", tmp_path / "other.yaml")
    assert bare.code == ExitCode.OK
    content = yaml.safe_load((tmp_path / "other.yaml").read_text(encoding="utf-8"))
    assert content["batteries"]["a"]["items"] == {"a": "a"} and list(content["left_out"]) == ["b"]


def test_unknown_countries_are_solved_by_a_map(run_cli: Callable, tmp_path: Path) -> None:
    """The error lists all unknown labels and names the option that solves it, which then does."""
    path = write_pew(tmp_path / "p.sav", pew_frame(), PEW_COUNTRIES | {1.0: "Atlantis", 2.0: "Lemuria"})
    store, given = tmp_path / "s.duckdb", tmp_path / "map.csv"
    refused = run_cli("ingest", path, "--store", store)
    assert refused.code == ExitCode.BAD_INPUT
    assert "Atlantis; Lemuria" in refused.err and "--country-map" in refused.err
    assert not store.exists()
    given.write_text("label,iso3\nAtlantis,GRC\nLemuria,\n")
    assert run_cli("ingest", path, "--store", store, "--country-map", given).code == ExitCode.OK
    shown = run_cli("sql", "select population_id from population order by 1", "--store", store, "--format", "csv")
    assert shown.out.split() == ["population_id", "CZE", "GRC", "PSE"]


def test_both_parts_of_globalopinionqa_are_reported(run_cli: Callable, tmp_path: Path) -> None:
    """The report shows layout and survey of each part, and `show` the share of those who did not answer."""
    rows = [("Tea?", {"Kenya": [0.6, 0.2, 0.2]}, ["Yes", "No", "DK"], part) for part in ("GAS", "WVS")]
    path, store = write_goqa(tmp_path / "g.csv", rows), tmp_path / "s.duckdb"
    outcome = run_cli("ingest", path, "--store", store)
    assert outcome.code == ExitCode.OK
    for part in ("globalopinionqa", "survey goqa-gas", "survey goqa-wvs"):
        assert part in outcome.out
    (item,) = run_cli(
        "sql", "select item_id from item where survey_id = 'goqa-gas'", "--store", store, "--format", "csv"
    ).out.splitlines()[1:]
    assert "20.0 % don't know" in run_cli("show", item, "--country", "KEN", "--store", store).out


@pytest.mark.parametrize(
    "arguments", [("--layout", "gallup"), ("--bundled", "--items", "Q1"), ("--bundled", "--country-column", "x")]
)
def test_options_that_make_no_sense_are_usage_errors(
    arguments: tuple[str, ...], run_cli: Callable, tmp_path: Path
) -> None:
    """A layout that is not there, and reading options beside --bundled, exit 2."""
    files = () if "--bundled" in arguments else (write_goqa(tmp_path / "g.csv", []),)
    outcome = run_cli("ingest", *files, *arguments, "--store", tmp_path / "s.duckdb")
    assert outcome.code == ExitCode.USAGE
    assert not (tmp_path / "s.duckdb").exists()
