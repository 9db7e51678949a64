"""Scoring on a store small enough to work out by hand: what gets a score, what does not and why, and the tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from surveycli.domain import Shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.grouping import By, PopulationKind
from surveycli.score import Unscored, score_run
from surveycli.score.audit import audit_run
from surveycli.score.calibration import calibration_table
from surveycli.score.ceiling import ceiling_table
from surveycli.score.cells import Selection, scored_cells
from surveycli.score.compare import compare_languages, compare_runs
from surveycli.score.diversity import diversity_table
from surveycli.score.equivalent import equivalent_table
from surveycli.score.multiverse import multiverse_table
from surveycli.score.plain import leaderboard, score_table
from surveycli.score.published import PARTS, paper_table, published_figures
from surveycli.score.seeds import seed_groups, seed_table
from surveycli.score.table import TableRequest
from surveycli.score.unscored import undefined_cells
from surveycli.store import RunRecord, Store, finish_run, open_store, record_training, start_run

Cell = tuple[str, str, str, list[float]]  # item, population, language, probabilities

# Human shares of an ordinal item A, a nominal item B, and A's weighted shares in AAA.
HUMAN = {
    ("A", "AAA"): [0.5, 0.3, 0.2],
    ("A", "BBB"): [0.2, 0.6, 0.2],
    ("B", "AAA"): [0.25, 0.75],
    ("B", "BBB"): [1.0, 0.0],
}
PERFECT: list[Cell] = [(item, population, "", shares) for (item, population), shares in HUMAN.items()]
FLAT: list[Cell] = [(i, p, "", [1 / len(shares)] * len(shares)) for (i, p), shares in HUMAN.items()]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """Two items in two countries, 100 respondents each, all in the part `test`; B of BBB also stands in `twice`."""
    with open_store(tmp_path / "small.duckdb", create=True) as store:
        fill(store)
        yield store


def fill(store: Store) -> None:
    items = {"survey_id": "s", "item_id": ["A", "B"], "position": [0, 1], "battery_id": ["a", "b"], "n_options": [3, 2]}
    store.insert("item", pl.DataFrame({**items, "scale": ["ordinal", "nominal"], "dimension": ["values", "trust"]}))
    options = [(item, code) for item, k in (("A", 3), ("B", 2)) for code in range(1, k + 1)]
    option = pl.DataFrame(options, ["item_id", "option_code"], orient="row")
    store.insert("response_option", option.with_columns(survey_id=pl.lit("s"), position=pl.col("option_code") - 1))
    store.insert("country", pl.DataFrame({"iso3": ["AAA", "BBB"], "name": ["A", "B"], "un_region": ["North", "South"]}))
    ids = {"population_id": ["AAA", "BBB"], "kind": "country", "iso3": ["AAA", "BBB"], "definition": "{}"}
    store.insert("population", pl.DataFrame(ids))
    rows = [(*cell, code, round(100 * p), p, p) for cell, shares in HUMAN.items() for code, p in enumerate(shares, 1)]
    names = ["item_id", "population_id", "option_code", "n_respondents", "share", "share_unweighted"]
    store.insert("response_distribution", pl.DataFrame(rows, names, orient="row").with_columns(survey_id=pl.lit("s")))
    made = {
        "split": ["t"],
        "recipe": ["custom"],
        "seed": [1],
        "parameters": ["{}"],
        "created_at": [datetime(2026, 1, 1)],
    }
    store.insert("split", pl.DataFrame(made))
    parts = [("test", *cell) for cell in HUMAN] + [("twice", "B", "BBB")]
    cells = pl.DataFrame(parts, ["part", "item_id", "population_id"], orient="row")
    store.insert("split_cell", cells.with_columns(split=pl.lit("t"), survey_id=pl.lit("s")))


def add_run(
    store: Store,
    run_id: str,
    cells: list[Cell],
    *,
    shares: Shares = Shares.UNWEIGHTED,
    split: str = "t",
    parts: tuple[str, ...] = (),
    survey: str = "s",
) -> str:
    """Write a finished run with these predictions, asked for `parts` if they are named."""
    start_run(store, RunRecord(run_id, "predictor", "by-hand", split, shares, 1))
    keys = pl.DataFrame([cell[:3] for cell in cells], ["item_id", "population_id", "language"], orient="row")
    keys = keys.with_columns(run_id=pl.lit(run_id), survey_id=pl.lit(survey))
    store.insert("prediction_cell", keys.with_columns(basis=pl.lit("by hand"), outside_mass=pl.lit(0.25)))
    options = pl.Series([list(range(1, len(cell[3]) + 1)) for cell in cells])
    both = keys.with_columns(option_code=options, probability=pl.Series([cell[3] for cell in cells]))
    store.insert("prediction", both.explode("option_code", "probability"))
    asked = {"run_id": run_id, "split": split, "status": "finished", "started_at": datetime(2026, 1, 1)}
    for part in parts:
        store.insert("prediction_part", pl.DataFrame([{**asked, "part": part}]))
    finish_run(store, run_id)
    return run_id


def scores(store: Store, run_id: str) -> dict[tuple[str, str], dict[str, float | None]]:
    """Return the rows of `score` by item and population."""
    rows = scored_cells(store, [run_id]).filter(part="test").to_dicts()
    return {(row["item_id"], row["population_id"]): row for row in rows}


def test_perfect_and_uniform_scores(small: Store) -> None:
    """The truth has distance 0 and skill 1, uniform has skill 0; a cell's metrics stand in one row."""
    score_run(small, add_run(small, "perfect", PERFECT))
    score_run(small, add_run(small, "flat", FLAT))
    assert {row["js_distance"] for row in scores(small, "perfect").values()} == {0}
    assert {row["skill_vs_uniform"] for row in scores(small, "perfect").values()} == {1}
    flat = scores(small, "flat")["B", "AAA"]
    assert flat["total_variation"] == pytest.approx(0.25)
    assert flat["skill_vs_uniform"] == pytest.approx(0)
    assert flat["kl_nats"] == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5))


def test_undefined_is_null(small: Store) -> None:
    """KL is NULL where the model excludes an answer given, ordinal EMD for a nominal item; nothing is NaN."""
    run = add_run(small, "sure", [("B", "AAA", "", [1.0, 0.0]), ("A", "BBB", "", [0.2, 0.6, 0.2])])
    score_run(small, run)
    found = scores(small, run)
    assert found["B", "AAA"]["kl_nats"] is None
    assert found["B", "AAA"]["emd_ordinal"] is None
    assert found["A", "BBB"]["emd_ordinal"] == 0
    assert not any(isinstance(value, float) and math.isnan(value) for row in found.values() for value in row.values())


def test_what_is_not_scored_is_counted(small: Store) -> None:
    """No people, other options, and invalid probabilities: each a reason with its number of cells."""
    cells: list[Cell] = [
        ("A", "AAA", "", [0.5, 0.3, 0.2]),
        ("A", "CCC", "", [0.5, 0.3, 0.2]),
        ("B", "CCC", "", [0.5, 0.5]),
        ("B", "AAA", "", [0.2, 0.3, 0.5]),
        ("A", "BBB", "", [0.5, 0.3, 0.3]),
        ("B", "BBB", "", [1.5, -0.5]),
    ]
    report = score_run(small, add_run(small, "odd", cells))
    assert report.n_scored == 1
    assert set(report.unscored) == {
        Unscored("no human distribution", 2),
        Unscored("options differ from the item's", 1),
        Unscored("probabilities are negative or do not sum to 1", 2),
    }


def test_scoring_again_replaces(small: Store) -> None:
    """A second scoring leaves one row per cell, by the human shares of the day."""
    run = add_run(small, "flat", FLAT)
    first = score_run(small, run)
    small.query("UPDATE response_distribution SET share_unweighted = 0.5 WHERE item_id = 'B'")
    assert score_run(small, run) == first
    found = scores(small, run)
    assert len(found) == 4
    assert found["B", "AAA"]["total_variation"] == 0
    assert found["B", "AAA"]["skill_vs_uniform"] is None


def test_weighted_shares_are_used_and_their_lack_counted(small: Store) -> None:
    """A weighted run is scored against weighted shares, or unweighted ones where there are none, and counts these."""
    small.query("UPDATE response_distribution SET share = 1 - share WHERE item_id = 'B' AND population_id = 'AAA'")
    small.query("UPDATE response_distribution SET share = NULL WHERE item_id = 'A'")
    report = score_run(small, add_run(small, "weighted", PERFECT, shares=Shares.WEIGHTED))
    found = scores(small, "weighted")
    assert report.n_unweighted_instead == 2
    assert found["B", "AAA"]["total_variation"] == pytest.approx(0.5)
    assert found["A", "AAA"]["total_variation"] == 0


@pytest.mark.parametrize("run_id", ["nobody", "empty", "failed"])
def test_refusals(small: Store, run_id: str) -> None:
    """No such run and no predictions are not found; a run that failed is bad input, with its reason."""
    start_run(small, RunRecord("empty", "predictor", "x", "t", Shares.WEIGHTED, 1))
    finish_run(small, "empty")
    start_run(small, RunRecord("failed", "predictor", "x", "t", Shares.WEIGHTED, 1))
    finish_run(small, "failed", reason="out of memory")
    with pytest.raises(SurveyError) as error:
        score_run(small, run_id)
    assert error.value.code is (ExitCode.BAD_INPUT if run_id == "failed" else ExitCode.NOT_FOUND)
    assert ("out of memory" in error.value.message) == (run_id == "failed")


def test_a_cell_in_two_parts_counts_in_both(small: Store) -> None:
    """The part `twice` has its one cell, and `test` all four."""
    score_run(small, add_run(small, "flat", FLAT))
    table = score_table(scored_cells(small, ["flat"]))
    assert table.select("part", "n_cells").rows() == [("test", 4), ("twice", 1)]
    means = [row["total_variation"] for row in scores(small, "flat").values()]
    assert table["total_variation"][0] == pytest.approx(sum(means) / 4)


def test_a_run_of_one_part_is_no_run_of_another_that_shares_cells(small: Store) -> None:
    """A run of `test` alone has no row for a larger part of which it has but the shared cell."""
    more = pl.DataFrame(
        {"split": ["t"], "part": ["twice"], "survey_id": ["s"], "item_id": ["C"], "population_id": ["BBB"]}
    )
    small.insert("split_cell", more)
    score_run(small, add_run(small, "flat", FLAT, parts=("test",)))
    assert score_table(scored_cells(small, ["flat"]))["part"].to_list() == ["test"]


def test_the_view_has_no_row_for_a_part_that_was_not_predicted(small: Store) -> None:
    """score_by_part, too, leaves out a part of which a run has but a cell that it owes to another part."""
    more = {"split": ["t"], "part": ["twice"], "survey_id": ["s"], "item_id": ["C"], "population_id": ["BBB"]}
    small.insert("split_cell", pl.DataFrame(more))
    score_run(small, add_run(small, "flat", FLAT, parts=("test",)))
    found = small.query("SELECT run_id, part, n_cells FROM score_by_part").rows()
    assert found == [("flat", "test", 4)]


def test_a_part_that_a_run_has_in_part_is_scored(small: Store) -> None:
    """A part some of whose cells failed keeps its row, since a cell that stands nowhere else was predicted."""
    score_run(small, add_run(small, "two", FLAT[:2]))
    assert small.query("SELECT part, n_cells FROM score_by_part").rows() == [("test", 2)]


def test_a_run_without_a_split_is_one_part(small: Store) -> None:
    """Its cells all stand in the part `all`, and it has seen none."""
    add_run(small, "free", FLAT)
    small.query("UPDATE run SET split = NULL")
    score_run(small, "free")
    cells = scored_cells(small, ["free"])
    assert cells.select("part", "seen").unique().rows() == [("all", "neither")]
    assert cells.height == 4


def test_table_agrees_with_the_view(small: Store) -> None:
    """What the program prints by part is what any client reads from score_by_part."""
    score_run(small, add_run(small, "flat", FLAT))
    view = small.query("SELECT * FROM score_by_part ORDER BY part")
    table = score_table(scored_cells(small, ["flat"]), metrics=["emd_ordinal", "modal_accuracy", "paper_emd"])
    for name in ("n_cells", "emd_ordinal", "modal_accuracy", "paper_emd", "undefined_emd_ordinal"):
        assert table[name].to_list() == pytest.approx(view[name].to_list(), nan_ok=True)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (By.DIMENSION, ["values", "trust"]),
        (By.REGION, ["North", "South"]),
        (By.COUNTRY, ["AAA", "BBB"]),
        (By.POPULATION, ["AAA", "BBB"]),
        (By.ITEM, ["A", "B"]),
        (By.SEEN, ["neither"]),
        (By.LANGUAGE, [""]),
    ],
)
def test_groups(small: Store, by: By, groups: list[str]) -> None:
    """Every grouping has its rows, items and dimensions in the questionnaire's order."""
    score_run(small, add_run(small, "flat", FLAT))
    table = score_table(scored_cells(small, ["flat"]).filter(part="test"), by)
    column = {By.ITEM: "item_id", By.POPULATION: "population_id", By.REGION: "un_region"}.get(by, by.value)
    assert table[column].to_list() == groups
    assert table["n_cells"].sum() == 4


def test_every_cell_can_have_its_row(small: Store) -> None:
    """By cell there is one row per item and population, in the questionnaire's order, also with a ceiling."""
    score_run(small, add_run(small, "flat", FLAT))
    table = score_table(scored_cells(small, ["flat"]).filter(part="test"), By.CELL)
    expected = [("A", "AAA"), ("A", "BBB"), ("B", "AAA"), ("B", "BBB")]
    assert table.select("item_id", "population_id").rows() == expected
    ceiling = ceiling_table(small, "flat", TableRequest(by=By.CELL)).filter(part="test")
    assert ceiling.select("item_id", "population_id").rows() == expected
    assert ceiling["perfect"].null_count() == 0


def test_seen_is_told_by_what_the_run_was_trained_on(small: Store) -> None:
    """With A of AAA to train on, its item, its population, both or neither are seen in the other cells."""
    cell = {"part": "train", "survey_id": "s", "item_id": "A", "population_id": "AAA", "shares": [0.5, 0.3, 0.2]}
    record_training(small, add_run(small, "flat", FLAT), pl.DataFrame([cell]))
    score_run(small, "flat")
    cells = scored_cells(small, ["flat"]).filter(pl.col("part") != "twice")
    seen = {(row["item_id"], row["population_id"]): row["seen"] for row in cells.to_dicts()}
    assert seen == {
        ("A", "AAA"): "item and population",
        ("A", "BBB"): "item",
        ("B", "AAA"): "population",
        ("B", "BBB"): "neither",
    }


def test_what_a_metric_leaves_out_is_counted(small: Store) -> None:
    """Undefined cells are counted beside the mean; the reasons stand in a table of their own."""
    score_run(small, add_run(small, "sure", [("B", "AAA", "", [1.0, 0.0]), ("A", "BBB", "", [0.2, 0.6, 0.2])]))
    cells = scored_cells(small, ["sure"])
    table = score_table(cells, metrics=["kl_nats", "total_variation"])
    assert table["undefined_kl_nats"].to_list() == [1]
    assert "undefined_total_variation" not in table.columns
    assert undefined_cells(cells, ["kl_nats", "emd_ordinal"]).rows() == [
        ("sure", "test", "kl_nats", "the prediction gives 0 to an option that people chose", 1),
        ("sure", "test", "emd_ordinal", "the options have no order", 1),
    ]


def test_an_infinite_kl_wins_nothing(small: Store) -> None:
    """A run that is right in one cell and excludes an answer in the other has no mean KL in any table."""
    cells: list[Cell] = [("B", "AAA", "", [1.0, 0.0]), ("A", "BBB", "", [0.2, 0.6, 0.2])]
    score_run(small, add_run(small, "sure", cells))
    score_run(small, add_run(small, "flat", [FLAT[2], FLAT[1]]))
    for run in ("sure", "flat"):
        small.query(f"UPDATE run SET seed = {ord(run[0])} WHERE run_id = '{run}'")
    both, kl = ["sure", "flat"], TableRequest(metrics=("kl_nats",))
    found = scored_cells(small, both)
    assert leaderboard(found, "kl_nats")["test"].is_null().to_list() == [True, False]
    assert score_table(found, metrics=["kl_nats"])["kl_nats"].is_null().to_list() == [True, False]
    compared = compare_runs(small, both, kl).to_dicts()[0]
    assert (compared["difference"], compared["n_first_undefined"], compared["n_second_undefined"]) == (None, 1, 0)
    seeds = seed_table(small, both, kl).to_dicts()[0]
    assert (seeds["kl_nats"], seeds["undefined_kl_nats"]) == (None, 1)
    assert "worst population" not in audit_run(small, "sure", request=kl)["audit"]
    view = small.query("SELECT kl_nats, undefined_kl_nats FROM score_by_part ORDER BY run_id").rows()
    assert (view[0][0] is not None, view[1]) == (True, (None, 1))


def test_skill_over_cells_is_a_ratio_of_means(small: Store) -> None:
    """A cell where people are nearly uniform and the run far off does not drag the mean; the view says the same."""
    small.query(
        "UPDATE response_distribution SET share_unweighted = CASE option_code WHEN 1 THEN 0.501 ELSE 0.499 END "
        "WHERE item_id = 'B' AND population_id = 'AAA'"
    )
    score_run(small, add_run(small, "one", [("B", "AAA", "", [0.6, 0.4]), ("B", "BBB", "", [0.9, 0.1])]))
    cells = scored_cells(small, ["one"]).filter(part="test")
    expected = 1 - (0.099 + 0.1) / (0.001 + 0.5)
    assert cells["skill_vs_uniform"].mean() < -40  # type: ignore[operator]
    table = score_table(cells, metrics=["skill_vs_uniform", "simbench_s"])
    assert table.select("skill_vs_uniform", "simbench_s").row(0) == pytest.approx((expected, 100 * expected))
    view = "SELECT skill_vs_uniform, simbench_s FROM score_by_part WHERE part = 'test'"
    assert small.query(view).row(0) == pytest.approx((expected, 100 * expected))
    assert table["low"][0] < expected < table["high"][0]


def test_parts_of_different_splits_have_columns_of_their_own(small: Store) -> None:
    """Two splits that both call a part `test` have two columns, in which each run has one mean."""
    small.insert("split_cell", small.query("SELECT * REPLACE ('u' AS split) FROM split_cell"))
    score_run(small, add_run(small, "one", FLAT))
    score_run(small, add_run(small, "other", PERFECT, split="u"))
    board = leaderboard(scored_cells(small, ["one", "other"]), "total_variation")
    assert board.columns[-4:] == ["t: test", "t: twice", "u: test", "u: twice"]
    assert board["t: test"].is_null().to_list() == [False, True]
    assert board["u: test"].to_list() == [None, 0.0]


def test_countries_and_their_subgroups_have_rows_of_their_own(small: Store) -> None:
    """No mean is over both: tables, leaderboard and view tell them apart, and a selection keeps one kind."""
    small.query("UPDATE population SET kind = 'subgroup' WHERE population_id = 'BBB'")
    score_run(small, add_run(small, "flat", FLAT))
    cells = scored_cells(small, ["flat"])
    table = score_table(cells)
    assert table.select("part", "kind", "n_cells").rows() == [
        ("test", "country", 2),
        ("test", "subgroup", 2),
        ("twice", "subgroup", 1),
    ]
    assert leaderboard(cells)["kind"].to_list() == ["country", "subgroup"]
    assert small.query("SELECT count(*) FROM score_by_part").item() == 3
    only = scored_cells(small, ["flat"], Selection(kind=PopulationKind.COUNTRY))
    assert score_table(only)["n_cells"].to_list() == [2]
    assert "kind" not in score_table(only).columns


def test_cells_of_few_respondents_can_be_left_out(small: Store) -> None:
    """Cells of fewer effective respondents than asked for count in no table; those of unknown number stay."""
    small.query("INSERT INTO cell SELECT 's', 'A', 'AAA', 100, 12.5, NULL")
    small.query("INSERT INTO cell SELECT 's', 'A', 'BBB', 9, 9, NULL")
    score_run(small, add_run(small, "flat", FLAT))
    enough = scored_cells(small, ["flat"], Selection(min_respondents=10)).filter(part="test")
    assert enough.select("item_id", "population_id").rows() == [("A", "AAA"), ("B", "AAA"), ("B", "BBB")]
    with pytest.raises(SurveyError) as error:
        scored_cells(small, ["flat"], Selection(kind=PopulationKind.SUBGROUP))
    assert error.value.code is ExitCode.NOT_FOUND


def test_languages_are_kept_apart(small: Store) -> None:
    """A run that answers in two languages has a row for each."""
    run = add_run(small, "both", [("B", "AAA", "en", [0.25, 0.75]), ("B", "AAA", "zh", [0.75, 0.25])])
    score_run(small, run)
    cells = scored_cells(small, [run])
    table = score_table(cells, metrics=["total_variation"])
    assert table.select("language", "total_variation").rows() == [("en", 0.0), ("zh", 0.5)]
    assert leaderboard(cells, "total_variation")["test"].to_list() == [0.0, 0.5]


def test_comparison_is_paired(small: Store) -> None:
    """The difference is over the cells both runs have; those of one alone are counted."""
    score_run(small, add_run(small, "perfect", PERFECT))
    score_run(small, add_run(small, "flat", FLAT[:3]))
    table = compare_runs(small, ("perfect", "flat"), TableRequest(metrics=("total_variation",)))
    row = table.filter(part="test").to_dicts()[0]
    flat = [scores(small, "flat")[cell[:2]]["total_variation"] for cell in FLAT[:3]]  # type: ignore[index]
    assert (row["n_cells"], row["n_first_only"], row["n_second_only"]) == (3, 1, 0)
    assert row["difference"] == pytest.approx(-sum(flat) / 3)  # type: ignore[arg-type]
    assert row["low"] <= row["difference"] <= row["high"]


def test_several_runs_are_compared_with_the_first(small: Store) -> None:
    """Each further run has its rows, the same as if it were the only one."""
    score_run(small, add_run(small, "perfect", PERFECT))
    score_run(small, add_run(small, "flat", FLAT))
    score_run(small, add_run(small, "also", FLAT))
    table = compare_runs(small, ("perfect", "flat", "also"))
    assert table["second"].to_list() == ["flat", "flat", "also", "also"]
    assert "low_all" in table.columns
    pair = compare_runs(small, ("perfect", "flat"))
    assert table.head(2).select(pair.columns).equals(pair)


def test_languages_are_compared_on_the_cells_of_both(small: Store) -> None:
    """Of a cell asked in both languages and one asked in English alone, the first is compared, the second counted."""
    in_english: list[Cell] = [("B", "AAA", "en", [0.25, 0.75]), ("A", "AAA", "en", [0.5, 0.3, 0.2])]
    run = add_run(small, "both", [*in_english, ("B", "AAA", "zh", [0.75, 0.25])])
    score_run(small, run)
    row = compare_languages(small, run, TableRequest(metrics=("total_variation",))).to_dicts()[0]
    assert (row["first"], row["second"], row["n_cells"], row["n_first_only"]) == ("en", "zh", 1, 1)
    assert row["difference"] == pytest.approx(-0.5)


def test_seeds_are_one_predictor(small: Store) -> None:
    """Runs that differ in seed alone have one row: mean, standard deviation and Student's interval over seeds."""
    predictions = [FLAT, PERFECT, [*PERFECT[:2], *FLAT[2:]]]
    for seed, cells in enumerate(predictions):
        score_run(small, add_run(small, f"seed-{seed}", cells))
        small.query(f"UPDATE run SET seed = {seed} WHERE run_id = 'seed-{seed}'")
    score_run(small, add_run(small, "other", FLAT))
    small.query("UPDATE run SET predictor = 'another', seed = 9 WHERE run_id = 'other'")
    runs = ["seed-0", "seed-1", "seed-2", "other"]
    assert seed_groups(small, runs) == [runs[:3]]
    row = seed_table(small, runs, TableRequest(metrics=("total_variation",))).filter(part="test").to_dicts()[0]
    cells = scored_cells(small, runs[:3]).filter(part="test")
    means = [cells.filter(run_id=run)["total_variation"].mean() for run in runs[:3]]
    assert (row["n_seeds"], row["n_cells"]) == (3, 4)
    assert row["total_variation"] == pytest.approx(np.mean(means))
    assert row["sd"] == pytest.approx(np.std(means, ddof=1))
    expected = stats.t.interval(0.95, 2, np.mean(means), stats.sem(means))
    assert (row["low"], row["high"]) == pytest.approx(expected)


def test_seeds_are_trained_alike(small: Store) -> None:
    """Runs that asked models of the same training but for its seed are one; of another training they are not."""
    for run, seed, epochs in (("T1", 1, 5), ("T2", 2, 5), ("T3", 3, 9)):
        add_run(small, run, FLAT)
        configuration = json.dumps({"optimiser": {"epochs": epochs}, "model": {"seed": seed}})
        small.query(f"UPDATE run SET seed = {seed}, configuration = '{configuration}' WHERE run_id = '{run}'")
        add_run(small, f"asked-{run}", FLAT)
        asked = json.dumps({"trained_by": run, "weights": f"/{run}", "temperature": 1})
        small.query(f"UPDATE run SET configuration = '{asked}' WHERE run_id = 'asked-{run}'")
    assert seed_groups(small, ["asked-T1", "asked-T2", "asked-T3"]) == [["asked-T1", "asked-T2"]]
    assert seed_groups(small, ["T1", "T2", "T3"]) == [["T1", "T2"]]


def test_sensitivity_is_within_a_language(small: Store) -> None:
    """A run of two languages is at no distance from a run with the same predictions, language by language."""
    cells: list[Cell] = [("B", "AAA", "en", [0.25, 0.75]), ("B", "AAA", "zh", [0.75, 0.25])]
    for run in ("one", "same"):
        score_run(small, add_run(small, run, cells))
    found = audit_run(small, "one", ["same"]).filter(audit="sensitivity")
    assert (found["value"].to_list(), found["n"].to_list()) == ([0.0], [2])
    score_run(small, add_run(small, "textless", [("B", "AAA", "", [0.25, 0.75])]))
    assert audit_run(small, "one", ["textless"]).filter(audit="sensitivity")["n"].to_list() == [2]


def test_runs_with_other_settings_are_no_seeds(small: Store) -> None:
    """Another setting, or the same seed twice, makes no group; settings that follow from the seed may differ."""
    for run in ("a", "b", "c", "d"):
        add_run(small, run, FLAT)
    small.query("UPDATE run SET seed = 2 WHERE run_id IN ('b', 'c')")
    small.query("""UPDATE run SET configuration = '{"temperature": 2}' WHERE run_id = 'b'""")
    small.query("""UPDATE run SET configuration = '{"model": {"seed": 2}}' WHERE run_id = 'c'""")
    small.query("""UPDATE run SET configuration = '{"model": {"seed": 1}}' WHERE run_id IN ('a', 'd')""")
    assert seed_groups(small, ["a", "b", "c", "d"]) == [["a", "c"]]
    with pytest.raises(SurveyError) as error:
        seed_table(small, ["a", "b"])
    assert error.value.code is ExitCode.NOT_FOUND


def test_diversity_by_item_is_the_distance_between_countries(small: Store) -> None:
    """With two countries it is their Jensen-Shannon distance, human as by scipy; predicted 0 where all are alike."""
    score_run(small, add_run(small, "flat", FLAT))
    score_run(small, add_run(small, "perfect", PERFECT))
    flat, perfect = (
        diversity_table(small, run, TableRequest(by=By.ITEM)).filter(part="test") for run in ("flat", "perfect")
    )
    expected = [jensenshannon(HUMAN[item, "AAA"], HUMAN[item, "BBB"]) for item in ("A", "B")]
    assert flat["human"].to_list() == pytest.approx(expected)
    assert flat["predicted"].to_list() == pytest.approx([0, 0])
    assert perfect["ratio"].to_list() == pytest.approx([1, 1])
    assert diversity_table(small, "flat").filter(part="test")["human"][0] == pytest.approx(np.mean(expected))


def test_comparison_refuses_different_truths(small: Store) -> None:
    """Runs scored against other shares, of another split, or the same run twice are not compared."""
    score_run(small, add_run(small, "one", PERFECT))
    score_run(small, add_run(small, "weighted", PERFECT, shares=Shares.WEIGHTED))
    score_run(small, add_run(small, "elsewhere", PERFECT, split="u"))
    for other in ("one", "weighted", "elsewhere"):
        with pytest.raises(SurveyError) as error:
            compare_runs(small, ("one", other))
        assert error.value.code is ExitCode.USAGE


def test_ceiling_lies_between_uniform_and_perfect(small: Store) -> None:
    """Uniform attains 0 of what can be attained, people's own figures more than all of it."""
    score_run(small, add_run(small, "flat", FLAT))
    score_run(small, add_run(small, "perfect", PERFECT))
    flat, perfect = (ceiling_table(small, run).filter(part="test").to_dicts()[0] for run in ("flat", "perfect"))
    assert flat["uniform"] < flat["retest"] < flat["perfect"] < 1
    assert flat["share_of_attainable"] == pytest.approx(0)
    assert perfect["share_of_attainable"] > 1


def test_nothing_is_attainable_where_people_are_nearly_uniform(small: Store) -> None:
    """Where uniform scores within what sampling does to a perfect model's score, no share of attainable stands."""
    small.query("UPDATE response_distribution SET share_unweighted = 0.5 WHERE item_id = 'B'")
    score_run(small, add_run(small, "flat", FLAT))
    table = ceiling_table(small, "flat", TableRequest(by=By.ITEM)).filter(part="test")
    assert table["share_of_attainable"].is_null().to_list() == [False, True]
    assert table["perfect"].null_count() == 0


def test_respondents_worth_of_the_truth_and_of_uniform(small: Store) -> None:
    """People's own figures are worth more than the grid, uniform less than three respondents, with both priors."""
    score_run(small, add_run(small, "perfect", PERFECT))
    score_run(small, add_run(small, "flat", FLAT))
    perfect, flat = (equivalent_table(small, run).filter(part="test").to_dicts()[0] for run in ("perfect", "flat"))
    assert perfect["equivalent"].startswith(">1000")
    assert perfect["equivalent"].endswith("as good as this survey)")
    assert perfect["n_equivalent"] is None
    assert flat["equivalent"] == flat["equivalent_best"]
    assert (flat["n_equivalent"] or 0) < 3
    assert flat["clusters"] == "2 countries (few) x 2 batteries (few)"


def test_the_second_prior_is_what_best_says_without_a_model(small: Store) -> None:
    """A run of `best` on the split that no model serves is shrunk to, whole cells of it; the table names who served."""
    score_run(small, add_run(small, "flat", FLAT))
    add_run(small, "best-1", PERFECT[:1])
    add_run(small, "best-2", PERFECT)
    small.query("UPDATE run SET predictor = 'best' WHERE run_id LIKE 'best-%'")
    small.query('UPDATE run SET configuration = \'{"settings": {"of": ["a-model"]}}\' WHERE run_id = \'best-2\'')
    before, after = "a-model: one-shot", "two-way: its own groups"
    small.query(f"UPDATE prediction_cell SET basis = '{before}' WHERE run_id = 'best-2'")
    small.query(f"UPDATE prediction_cell SET basis = '{after}' WHERE run_id = 'best-1'")
    table = equivalent_table(small, "flat", TableRequest(by=By.CELL)).filter(part="test")
    named = dict(zip(zip(table["item_id"], table["population_id"], strict=True), table["best"], strict=True))
    assert {cell: name for cell, name in named.items() if name == "two-way"} == {PERFECT[0][:2]: "two-way"}
    assert "a-model" not in set(table["best"])


def test_audit_finds_homogenisation_and_outside_mass(small: Store) -> None:
    """Uniform predicts both countries alike; a quarter of the mass fell outside the letters; BBB fares worst."""
    score_run(small, add_run(small, "flat", FLAT))
    score_run(small, add_run(small, "perfect", PERFECT))
    table = audit_run(small, "flat", ["perfect"]).filter(part="test")
    value = dict(table.filter(pl.col("audit") != "calibration").select("audit", "value").unique("audit").rows())
    assert value["diversity ratio"] == value["variance ratio"] == value["group gap ratio"] == 0
    assert value["outside mass"] == 0.25
    assert table.filter(audit="worst population")["what"][0].startswith("BBB")
    distances = [row["js_distance"] for row in scores(small, "flat").values()]
    assert value["sensitivity"] == pytest.approx(sum(distances) / 4)


def test_calibration_table_is_what_the_audit_sums_up(small: Store) -> None:
    """The audit's calibration is the mean absolute gap of the table's bins, weighted by their options."""
    score_run(small, add_run(small, "flat", FLAT))
    bins = calibration_table(small, "flat").filter(part="test")
    audit = audit_run(small, "flat").filter(part="test", audit="calibration")
    assert bins["n_options"].sum() == 10
    assert audit["value"][0] == pytest.approx((bins["gap"].abs() * bins["n_options"]).sum() / 10)


def test_skill_as_simbench_has_it(small: Store) -> None:
    """Uniform has S 0, the truth 100."""
    for run, cells, expected in (("flat", FLAT, 0), ("perfect", PERFECT, 100)):
        score_run(small, add_run(small, run, cells))
        skill = audit_run(small, run).filter(part="test", audit="simbench S")
        assert skill["value"].to_list() == pytest.approx([expected], abs=1e-9)


def test_near_duplicates_of_training_items_are_found(small: Store) -> None:
    """An unseen item that differs from a training item in one word counts as a near-duplicate."""
    wording = ["How important is your family to you in your life?", "How important is your work to you in your life?"]
    texts = {"survey_id": "s", "item_id": ["A", "B"], "language": "en", "wording": wording, "origin": "codebook"}
    small.insert("item_text", pl.DataFrame(texts))
    small.query("UPDATE split_cell SET part = 'train' WHERE item_id = 'A'")
    score_run(small, add_run(small, "flat", FLAT))
    found = audit_run(small, "flat").filter(part="test", audit="near-duplicates")
    assert found["value"][0] == 1
    assert found["what"][1] == "B is like A"


def test_known_rows_are_chosen_by_name(small: Store) -> None:
    """--published keeps rows by a part of their name, in either case; `none` keeps ours alone."""
    score_run(small, add_run(small, "flat", FLAT))
    cells = scored_cells(small, ["flat"])
    assert paper_table(cells, ["knn"])["predictor"].to_list() == ["flat", "KNN (k=1, BERT embeddings)"]
    assert paper_table(cells, ["none"])["predictor"].to_list() == ["flat"]
    with pytest.raises(SurveyError) as error:
        paper_table(cells, ["nobody"])
    assert error.value.code is ExitCode.NOT_FOUND


def test_the_right_means_stand_beside_the_published_ones(small: Store) -> None:
    """A run over all five parts has the mean ordinal EMD and divergence beside the paper's figures."""
    parts = [(part, item, "BBB") for part in PARTS for item in ("A", "B")]
    cells = pl.DataFrame(parts, ["part", "item_id", "population_id"], orient="row")
    small.insert("split_cell", cells.with_columns(split=pl.lit("paper"), survey_id=pl.lit("s")))
    score_run(small, add_run(small, "mirror", [("A", "BBB", "", [0.6, 0.2, 0.2]), FLAT[3]], split="paper"))
    row = paper_table(scored_cells(small, ["mirror"]), ["none"]).to_dicts()[0]
    assert row["emd_ordinal_mean"] == pytest.approx(0.2)  # 0.4 moved by one of two steps; B has no order
    divergences = [jensenshannon(HUMAN["A", "BBB"], [0.6, 0.2, 0.2]) ** 2, jensenshannon([1, 0], [0.5, 0.5]) ** 2]
    assert row["js_divergence_mean"] == pytest.approx(np.mean(divergences))
    assert row["legacy_emd_mean"] == pytest.approx(0.25)  # the mirror of A has none, B half of 0.5 + 0.5


def test_published_means_are_means(small: Store) -> None:
    """Each published row with all five parts has their mean, to the rounding of its figures."""
    figures = published_figures().filter(metric="paper_one_minus_jsd")
    wide = figures.filter(pl.col("part").is_in([*PARTS, "mean"])).pivot(on="part", index="predictor", values="value")
    complete = wide.drop_nulls()
    assert complete.height == 8 + 6  # and honest baselines
    assert complete.select(pl.mean_horizontal(*PARTS)).to_series().to_list() == pytest.approx(
        complete["mean"].to_list(), abs=0.0011
    )


def test_paper_table_has_a_mean_only_of_all_parts(small: Store) -> None:
    """A run that covers all five published parts has a mean beside the published ones, another has none."""
    cells = pl.DataFrame([(part, "A", "AAA") for part in PARTS], ["part", "item_id", "population_id"], orient="row")
    small.insert("split_cell", cells.with_columns(split=pl.lit("paper"), survey_id=pl.lit("s")))
    score_run(small, add_run(small, "whole", PERFECT[:1], split="paper"))
    score_run(small, add_run(small, "partial", PERFECT))
    table = paper_table(scored_cells(small, ["whole", "partial"]))
    rows = {row["predictor"]: row for row in table.to_dicts()}
    assert (rows["whole"]["mean"], rows["whole"]["legacy_emd_mean"]) == (1.0, 0.0)
    assert rows["partial"]["mean"] is None
    assert rows["Llama3-8B-Instruct, fine-tuned"]["C3-Q1"] == 0.89


def test_a_multiverse_has_every_setting_that_could_be_chosen(small: Store) -> None:
    """Two runs of the same weights, each in a language and against both kinds of shares, on the cells of all."""
    small.query("UPDATE response_distribution SET share = 1 - share WHERE item_id = 'B' AND population_id = 'AAA'")
    cells: list[Cell] = [
        ("B", "AAA", "en", [0.25, 0.75]),
        ("B", "BBB", "en", [0.9, 0.1]),
        ("A", "AAA", "en", FLAT[0][3]),
    ]
    add_run(small, "asked", cells)
    add_run(small, "again", [("B", "AAA", "zh", [0.5, 0.5]), ("B", "BBB", "zh", [0.9, 0.1])])
    add_run(small, "else", [("B", "AAA", "en", [0.0, 1.0])])
    for run, weights, elicitation in (("asked", "w", "first"), ("again", "w", "permuted"), ("else", "w", "control")):
        settings = json.dumps({"trained_by": weights, "elicitation": elicitation})
        small.query(f"UPDATE run SET model = 'm', configuration = '{settings}' WHERE run_id = '{run}'")
    reports = (score_run(small, "asked"),)
    request = TableRequest(reports=reports, metrics=("total_variation",))
    row = multiverse_table(small, "asked", request).filter(part="test").to_dicts()[0]
    # Against unweighted shares 0 and .1, or .25 and .1; against weighted ones .5 and .1, or .25 and .1.
    assert (row["n_settings"], row["n_cells"]) == (4, 2)
    assert (row["headline"], row["lowest"], row["highest"]) == pytest.approx((0.05, 0.05, 0.3))
    assert row["lowest_in"] == "asked, en, unweighted shares"
    assert row["highest_in"] == "asked, en, weighted shares"


def test_how_often_a_part_was_scored_is_counted_once_per_prediction(small: Store) -> None:
    """Scoring again adds nothing; another run does, and so does the same run predicted anew."""
    score_run(small, add_run(small, "flat", FLAT))
    score_run(small, "flat")
    score_run(small, add_run(small, "perfect", PERFECT))
    used = audit_run(small, "flat").filter(audit="test use", part="test")
    assert used.select("value", "n").rows() == [(2, 2)]
    small.query("UPDATE run SET finished_at = finished_at + INTERVAL 1 DAY WHERE run_id = 'flat'")
    score_run(small, "flat")
    used = audit_run(small, "flat").filter(audit="test use", part="test")
    assert used.select("value", "n").rows() == [(3, 2)]


def test_gaps_of_a_run_that_predicts_everyone_alike_are_erased(small: Store) -> None:
    """Uniform has slope 0 and erases every gap; people's own figures have all aligned."""
    for run, cells in (("flat", FLAT), ("perfect", PERFECT)):
        score_run(small, add_run(small, run, cells))
        gaps = audit_run(small, run).filter(part="test", audit="group gaps")
        shares = dict(gaps.select(pl.col("what").str.split(",").list.first(), "value").rows())
        assert shares.get("erased") == (1.0 if run == "flat" else 0.0)
        assert shares.get("aligned") == (0.0 if run == "flat" else 1.0)
