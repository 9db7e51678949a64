"""`surveycli surveys`, `surveycli items`, `surveycli show`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scored_store import make_scored_store

from surveycli.errors import ExitCode


def test_items_are_found_by_a_word(run_cli: Callable, bundled_store_path: Path) -> None:
    """A search finds wordings without regard to case, every hit contains the word, and all items are listed without."""
    found = run_cli("items", "--search", "CONFIDENCE", "--store", bundled_store_path, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert "Q69" in {row["item"] for row in rows}
    assert all("confidence" in row["wording"].lower() for row in rows)
    everything = run_cli("items", "--store", bundled_store_path, "--format", "json")
    assert len(json.loads(everything.out)) == 258


def test_show_draws_one_bar_per_option(run_cli: Callable, bundled_store_path: Path) -> None:
    """A country's shares stand beside bars whose lengths are in their proportion."""
    outcome = run_cli("show", "q57", "--country", "JPN", "--store", bundled_store_path)
    lines = [line for line in outcome.out.splitlines() if "%" in line]
    assert "People in Japan; weighted shares; 1,281 valid answers" in outcome.out
    assert [line.split("%")[0].split()[-1] for line in lines] == ["35.6", "64.4"]
    assert [line.count("█") for line in lines] == [14, 25]


def test_show_says_where_shares_are_unweighted(run_cli: Callable, bundled_store_path: Path) -> None:
    """A country whose weighted shares are unknown is shown by its name, with the others, and told so."""
    outcome = run_cli("show", "Q57", "--country", "united states", "--store", bundled_store_path)
    assert "People in the United States; unweighted shares" in outcome.out
    assert "39.7%" in outcome.out


def test_show_without_a_country_gives_the_range(run_cli: Callable, bundled_store_path: Path) -> None:
    """The mean over populations comes with the lowest and the highest and where they are."""
    outcome = run_cli("show", "Q57", "--store", bundled_store_path)
    assert "Mean of 63 countries" in outcome.out
    assert "2% ZWE to 65% CHN" in outcome.out


def test_show_names_other_surveys_with_the_item(run_cli: Callable, bundled_store_path: Path, tmp_path: Path) -> None:
    """Where several surveys have an item of this id, the one shown is named, and so are the others."""
    table = tmp_path / "t.csv"
    table.write_text("survey,item,population,code,n\nmine,Q57,KEN,1,30\nmine,Q57,KEN,2,10\n")
    assert run_cli("ingest", table, "--store", bundled_store_path).code == ExitCode.OK
    both = run_cli("show", "Q57", "--country", "KEN", "--store", bundled_store_path).out
    assert both.startswith("Q57 (wvs7)") and "Other surveys have a Q57, too (--survey): mine." in both
    one = run_cli("show", "Q57", "--country", "KEN", "--survey", "mine", "--store", bundled_store_path).out
    assert one.startswith("Q57 (mine)") and "Other surveys" not in one


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "Q999"), "There is no item Q999 in the store."),
        (("show", "Q57", "--country", "Atlantis"), "There is no population 'Atlantis'"),
        (("show", "Q57", "--survey", "other"), "There is no item Q57 in survey other."),
        (("show", "Q240", "--country", "JPN"), "but no answers to it"),
        (("show", "Q36", "--country", "EGY"), "not asked there"),
        (("items", "--search", "xyzzy"), "No item contains 'xyzzy'"),
        (("items", "--language", "tlh"), "No item has a wording in 'tlh'"),
        (("items", "--survey", "other"), "There is no survey other"),
    ],
)
def test_what_is_not_there_is_said(
    arguments: tuple[str, ...], message: str, run_cli: Callable, bundled_store_path: Path
) -> None:
    """Unknown items, populations, surveys and languages exit 4 with a hint."""
    outcome = run_cli(*arguments, "--store", bundled_store_path)
    assert outcome.code == ExitCode.NOT_FOUND
    assert message in outcome.err and "Hint:" in outcome.err


def test_a_prediction_stands_beside_what_people_answered(run_cli: Callable, tmp_path: Path) -> None:
    """Each option has people's bar and that of each run; a run without the cell is exit 4, without a country exit 2."""
    path = make_scored_store(tmp_path / "survey.duckdb")
    shown = run_cli("show", "Q57", "--country", "Kenya", "--run", "uniform-1", "--run", "item-mean-1", "--store", path)
    lines = [line.split() for line in shown.out.splitlines() if "%" in line]
    assert [line[0] for line in lines] == ["1", "uniform-1", "item-mean-1", "2", "uniform-1", "item-mean-1"]
    assert lines[1][1] == lines[4][1] == "50.0%"
    rows = json.loads(run_cli("show", "Q57", "--country", "KEN", "--run", "uniform-1", "--json", "--store", path).out)
    assert [row["predicted uniform-1"] for row in rows] == [0.5, 0.5]
    assert run_cli("show", "Q57", "--country", "USA", "--run", "uniform-1", "--store", path).code == 4
    assert run_cli("show", "Q57", "--run", "uniform-1", "--store", path).code == 2
