"""`surveycli codebook`, and the options of `surveycli ingest` for files of other surveys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from other_surveys import PEW_COUNTRIES, pew_frame, write_goqa, write_pew

from surveycli.errors import ExitCode


def test_a_codebook_is_written_edited_and_used(run_cli: Callable, tmp_path: Path) -> None:
    """The codebook of a file's labels, its wording edited, gives the same numbers under the new wording."""
    path, book, store = write_pew(tmp_path / "pew 2014.sav", pew_frame()), tmp_path / "book.yaml", tmp_path / "s.duckdb"
    written = run_cli("codebook", path, "--output", book)
    assert written.code == ExitCode.OK
    assert "4 items" in written.out and "more than 11 response options" in written.out
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


def test_a_codebook_does_not_overwrite_and_needs_labels(run_cli: Callable, tmp_path: Path) -> None:
    """An existing file is a conflict without --replace; a file without labels is bad input and writes nothing."""
    path, book = write_pew(tmp_path / "p.sav", pew_frame()), tmp_path / "book.yaml"
    book.write_text("mine")
    assert run_cli("codebook", path, "--output", book).code == ExitCode.CONFLICT
    assert book.read_text() == "mine"
    assert run_cli("codebook", path, "--output", book, "--replace").code == ExitCode.OK
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    bare = run_cli("codebook", tmp_path / "t.csv", "--output", tmp_path / "other.yaml")
    assert bare.code == ExitCode.BAD_INPUT and "expected columns with value labels" in bare.err
    assert not (tmp_path / "other.yaml").exists()


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
