"""`surveycli ingest`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from wvs_like import write_wvs_like

from surveycli.errors import ExitCode


def test_ingest_reports_what_came_in_and_what_was_left_out(run_cli: Callable, tmp_path: Path) -> None:
    """The report names survey, release, layout, respondents, populations, cells and the columns left out."""
    path, store = write_wvs_like(tmp_path / "wvs.csv"), tmp_path / "s.duckdb"
    outcome = run_cli("ingest", path, "--store", store)
    assert outcome.code == ExitCode.OK
    for part in ("survey wvs7", "6-0-0", "wvs", "660", "66", "17,021", "--keep-private keeps it"):
        assert part in outcome.out
    listed = run_cli("surveys", "--store", store, "--format", "csv")
    assert "wvs7,World Values Survey wave 7 (2017-2022),6-0-0,660,258,66,17021,wvs.csv" in listed.out


def test_subgroups_come_with_their_own_age_bands(run_cli: Callable, tmp_path: Path) -> None:
    """Two groupings in one ingest give countries and their subgroups by the bands asked for."""
    path, store = write_wvs_like(tmp_path / "wvs.csv", n_respondents=1320), tmp_path / "s.duckdb"
    arguments = ("--by", "country", "--by", "country,sex,age", "--bands", "age=18-44,45+", "--min-cell", "2")
    assert run_cli("ingest", path, "--store", store, *arguments).code == ExitCode.OK
    query = "select distinct definition->>'age' as age, kind from population order by 1"
    shown = run_cli("sql", query, "--store", store, "--format", "csv")
    assert shown.out.splitlines() == ["age,kind", "18-44,subgroup", "45+,subgroup", ",country"]


def test_several_groupings_count_a_strange_code_once(run_cli: Callable, tmp_path: Path) -> None:
    """Answers that the codebook does not know are counted as often as they stand in the file, for any groupings."""
    path, store = write_wvs_like(tmp_path / "wvs.csv"), tmp_path / "s.duckdb"
    book = tmp_path / "book.csv"
    book.write_text("item_id,wording,option_code,option_label\nQ1,How much?,1,much\nQ1,How much?,2,little\n")
    query = "select n_skipped from ingest_skip where reason = 'code not in the codebook'"
    layout = ("--codebook", book, "--layout", "wvs", "--replace", "--store", store)
    found = []
    for by in (("--by", "country"), ("--by", "country", "--by", "country,sex")):
        assert run_cli("ingest", path, *layout, *by).code == ExitCode.OK
        found.append(run_cli("sql", query, "--store", store, "--format", "csv").out.splitlines()[-1])
    assert found[0] == found[1]
    assert int(found[0]) > 0


def test_a_store_that_cannot_be_made_is_one_message(run_cli: Callable, tmp_path: Path) -> None:
    """Where the store's folder is a file, the error is told as any other."""
    path = write_wvs_like(tmp_path / "wvs.csv")
    outcome = run_cli("ingest", path, "--store", path / "s.duckdb")
    assert outcome.code in (ExitCode.BAD_INPUT, ExitCode.CONFLICT)
    assert "Traceback" not in outcome.err


def test_show_means_countries_where_there_are_subgroups_too(run_cli: Callable, tmp_path: Path) -> None:
    """The mean over all is that of the countries; a store of subgroups alone has theirs."""
    path, store = write_wvs_like(tmp_path / "wvs.csv"), tmp_path / "s.duckdb"
    assert run_cli("ingest", path, "--by", "country", "--by", "country,sex", "--store", store).code == ExitCode.OK
    assert "Mean of 66 countries" in run_cli("show", "Q57", "--store", store).out
    assert run_cli("ingest", path, "--by", "country,sex", "--replace", "--store", store).code == ExitCode.OK
    assert "subgroups, each counting the same" in run_cli("show", "Q57", "--store", store).out


def test_populations_by_any_column_go_all_the_way(run_cli: Callable, tmp_path: Path) -> None:
    """Populations made of an item's answers can be shown, split, predicted for and checked like any other."""
    path, store = write_wvs_like(tmp_path / "wvs.csv", n_respondents=1320), tmp_path / "s.duckdb"
    by = ("--by", "country", "--by", "country,sex,Q240", "--bands", "Q240=1-5,6-10")
    report = run_cli("ingest", path, "--store", store, *by)
    assert report.code == ExitCode.OK
    assert "cell of the item that populations by country, sex, q240 are made of" in " ".join(report.out.split())
    shown = run_cli("show", "Q57", "--population", "KEN|sex=female|q240=6-10", "--store", store)
    assert "is from 6 to 10 (Right)" in " ".join(shown.out.split())
    given = run_cli("show", "Q240", "--population", "KEN|sex=female|q240=6-10", "--store", store)
    assert given.code == ExitCode.NOT_FOUND
    assert run_cli("split", "unseen-questions", "--store", store).code == ExitCode.OK
    arguments = ("--predictor", "item-mean", "--split", "unseen-questions", "--part", "test", "--store", store)
    assert run_cli("predict", *arguments).code == ExitCode.OK
    assert run_cli("check", "--store", store).code == ExitCode.OK


def test_what_cannot_be_grouped_by_exits_2(run_cli: Callable, tmp_path: Path) -> None:
    """It says what can be, and leaves no new store."""
    path, store = write_wvs_like(tmp_path / "wvs.csv", n_respondents=3300), tmp_path / "s.duckdb"
    for arguments, message in (
        (("--by", "country,Q2601"), "Columns with a name like it: Q261, Q260"),
        (("--by", "country,O1_LONGITUDE"), "--keep-private"),
        (("--by", "country,D_INTERVIEW"), "--bands d_interview=LOW-HIGH"),
        (("--by", "country,sex,Q260"), "names one column twice"),
        (("--by", "country,sex", "--bands", "sex=1-2"), "its values are male, female, not numbers"),
        (("--by", "country,sex", "--bands", "Q240=1-5"), "no --by names it"),
    ):
        outcome = run_cli("ingest", path, "--store", store, *arguments)
        assert outcome.code == ExitCode.USAGE, arguments
        assert message in " ".join(outcome.err.split())
        assert not store.exists()


def test_one_id_for_two_populations_exits_5(run_cli: Callable, tmp_path: Path) -> None:
    """A second survey whose column of that name asks something else is a conflict."""
    store, path = tmp_path / "s.duckdb", tmp_path / "p.csv"
    path.write_text("nation,Q1,Q57\nKEN,1,1\nKEN,2,2\nKEN,1,2\n")
    wvs = write_wvs_like(tmp_path / "wvs.csv")
    assert run_cli("ingest", wvs, "--store", store, "--by", "country,Q57").code == ExitCode.OK
    arguments = ("--country-column", "nation", "--items", "Q1,Q57", "--layout", "generic", "--by", "country,Q57")
    outcome = run_cli("ingest", path, "--store", store, *arguments)
    assert outcome.code == ExitCode.CONFLICT
    assert "one population_id would stand for two populations" in " ".join(outcome.err.split())


def test_the_bundled_survey_needs_no_file(run_cli: Callable, tmp_path: Path) -> None:
    """--bundled makes a store; a second time is a conflict with a hint."""
    store = tmp_path / "s.duckdb"
    assert "11,537" in run_cli("ingest", "--bundled", "--store", store).out
    again = run_cli("ingest", "--bundled", "--store", store)
    assert again.code == ExitCode.CONFLICT
    assert "--replace" in again.err
    assert run_cli("ingest", "--bundled", "--replace", "--store", store).code == ExitCode.OK


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x.csv", "--bundled"),
        ("--bundled", "--survey", "mine"),
        ("--bundled", "--bands", "age=18+"),
        ("x.csv", "--by", "sex"),
        ("x.csv", "--bands", "age=9"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(
    arguments: tuple[str, ...], run_cli: Callable, tmp_path: Path
) -> None:
    """They exit 2 before a store is made."""
    store = tmp_path / "s.duckdb"
    assert run_cli("ingest", *arguments, "--store", store).code == ExitCode.USAGE
    assert not store.exists()


def test_a_bad_file_leaves_no_new_store(run_cli: Callable, tmp_path: Path) -> None:
    """A first ingest that fails exits 3 with a hint, and no empty store stays behind."""
    outcome = run_cli("ingest", tmp_path / "nothing.csv", "--store", tmp_path / "s.duckdb")
    assert outcome.code == ExitCode.BAD_INPUT
    assert "There is no file" in outcome.err and "Hint:" in outcome.err
    assert list(tmp_path.iterdir()) == []
