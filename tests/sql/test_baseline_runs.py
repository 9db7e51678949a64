"""Baselines on a store of two items and four populations: what is read, what is written, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.predictors.few_respondents import PilotPrior, PilotSettings
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.baseline.statistical import statistical_predictors
from surveycli.domain import Shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.predictor import Need
from surveycli.store import Store, open_store

# All but the pilot, which asks the cells themselves, and those that read texts, which this store has none of.
BLIND = [
    row.name for row in statistical_predictors() if not row.needs & {Need.OWN_ANSWERS, Need.TEXTS, Need.OTHER_RUNS}
]
COUNTRIES = ("AAA", "BBB", "CCC", "DDD")
# Share of the first of two options, weighted; AAA has no weighted shares of item A.
A = {"AAA": 0.9, "BBB": 0.7, "CCC": 0.5, "DDD": 0.2}
UNWEIGHTED = {"AAA": 0.8, "BBB": 0.6, "CCC": 0.5, "DDD": 0.4}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """Item A (two options) trained on AAA and BBB, tested on CCC and DDD; item B (three options) tested on AAA."""
    with open_store(tmp_path / "small.duckdb", create=True) as store:
        fill(store)
        yield store


def fill(store: Store) -> None:
    items = {"survey_id": "s", "item_id": ["A", "B"], "position": [0, 1], "battery_id": ["a", "b"]}
    store.insert("item", pl.DataFrame({**items, "scale": ["binary", "ordinal"], "n_options": [2, 3]}))
    options = [("A", 1, 0), ("A", 2, 1), ("B", 0, 0), ("B", 1, 1), ("B", 2, 2)]
    names = ["item_id", "option_code", "position"]
    store.insert("response_option", pl.DataFrame(options, names, orient="row").with_columns(survey_id=pl.lit("s")))
    countries = pl.DataFrame({"iso3": COUNTRIES, "name": COUNTRIES, "un_subregion": ["N", "N", "S", "S"]})
    store.insert("country", countries)
    populations = pl.DataFrame({"population_id": COUNTRIES, "kind": "country", "iso3": COUNTRIES, "definition": "{}"})
    store.insert("population", populations)
    store.insert("response_distribution", distributions())
    split = {
        "split": ["t"],
        "recipe": ["custom"],
        "seed": [1],
        "parameters": ["{}"],
        "created_at": [datetime(2026, 1, 1)],
    }
    store.insert("split", pl.DataFrame(split))
    parts = [("train", "A", "AAA"), ("train", "A", "BBB"), ("test", "A", "CCC"), ("test", "A", "DDD")]
    parts += [("other", "A", "DDD"), ("other", "B", "AAA")]
    cells = pl.DataFrame(parts, ["part", "item_id", "population_id"], orient="row")
    store.insert("split_cell", cells.with_columns(split=pl.lit("t"), survey_id=pl.lit("s")))


def distributions() -> pl.DataFrame:
    rows = []
    for country in COUNTRIES:
        weighted, plain = A[country], UNWEIGHTED[country]
        for code, share, unweighted in ((1, weighted, plain), (2, 1 - weighted, 1 - plain)):
            known = None if country == "AAA" else share
            rows.append(("s", "A", country, code, round(1000 * unweighted), known, unweighted))
    names = ["survey_id", "item_id", "population_id", "option_code", "n_respondents", "share", "share_unweighted"]
    return pl.DataFrame(rows, names, orient="row")


def predicted(store: Store, run_id: str) -> dict[tuple[str, str], list[float]]:
    """Return a run's probabilities by item and population."""
    rows = store.frame("score/list_predictions", run_id=run_id, first=None, last=None)
    return {(row["item_id"], row["population_id"]): row["probability"] for row in rows.to_dicts()}


def table(store: Store, name: str) -> pl.DataFrame:
    """Return a whole table."""
    return store.query(f"SELECT * FROM {name}")


def test_item_mean_by_hand(small: Store) -> None:
    """Unweighted, item A averages 0.8 and 0.6; item B, unseen, gets that mean stretched from two options to three.

    Each half of a line is shared out over three thirds: 2/3 of the first, 1/3 of both, 2/3 of the second.
    """
    run = predict_baseline(small, "item-mean", BaselineOptions("t", shares=Shares.UNWEIGHTED))
    found = predicted(small, run)
    assert found["A", "CCC"] == found["A", "DDD"] == pytest.approx([0.7, 0.3])
    assert found["B", "AAA"] == pytest.approx([0.7 * 2 / 3, 1 / 3, 0.3 * 2 / 3])
    basis = table(small, "prediction_cell").select("item_id", "basis").unique().sort("item_id").rows()
    assert basis == [("A", "item mean"), ("B", "fallback: position marginal, stretched")]


def test_weighted_shares_with_one_cell_unweighted(small: Store) -> None:
    """AAA has no weighted shares: its unweighted 0.8 is averaged with BBB's weighted 0.7, and the run says so."""
    run = predict_baseline(small, "item-mean", BaselineOptions("t"))
    assert predicted(small, run)["A", "CCC"] == pytest.approx([0.75, 0.25])
    configuration = json.loads(table(small, "run")["configuration"][0])
    assert configuration["n_cells_unweighted_instead"] == 1
    assert configuration["n_train_cells"] == 2


def test_a_cell_in_two_parts_is_predicted_once(small: Store) -> None:
    """Three distinct cells stand outside training, though four rows name them; the run is finished."""
    run = predict_baseline(small, "uniform", BaselineOptions("t"))
    assert table(small, "prediction_cell").height == 3
    assert table(small, "prediction").height == 2 + 2 + 3
    row = table(small, "run").to_dicts()[0]
    assert (run, row["status"], row["kind"], row["shares"]) == ("uniform-1", "finished", "predictor", "weighted")
    assert set(table(small, "prediction_cell")["language"]) == {""}
    assert table(small, "prediction_cell")["outside_mass"].null_count() == 3


def test_parts_can_be_chosen(small: Store) -> None:
    """Only the parts asked for are predicted."""
    run = predict_baseline(small, "uniform", BaselineOptions("t", parts=("other",)))
    assert set(predicted(small, run)) == {("A", "DDD"), ("B", "AAA")}


@pytest.mark.parametrize("predictor", BLIND)
def test_test_answers_are_never_read(small: Store, predictor: str) -> None:
    """Without any answers to the cells it predicts, a predictor predicts exactly the same."""
    before = predicted(small, predict_baseline(small, predictor, BaselineOptions("t")))
    small.query("DELETE FROM response_distribution WHERE population_id IN ('CCC', 'DDD')")
    after = predicted(small, predict_baseline(small, predictor, BaselineOptions("t")))
    assert before == after


@pytest.mark.parametrize("predictor", [*BLIND, "pilot"])
def test_predictions_are_distributions(small: Store, predictor: str) -> None:
    """Every predictor gives non-negative probabilities that sum to 1, one per option."""
    found = predicted(small, predict_baseline(small, predictor, BaselineOptions("t")))
    assert all(sum(shares) == pytest.approx(1) and min(shares) >= 0 for shares in found.values())
    assert {key: len(shares) for key, shares in found.items() if key[0] == "A"} == {("A", "CCC"): 2, ("A", "DDD"): 2}


@pytest.mark.parametrize("prior", PilotPrior)
def test_a_large_pilot_knows_the_answer(small: Store, prior: PilotPrior) -> None:
    """Of very many respondents the shares are those of the population; a cell that nobody answered is left out."""
    options = BaselineOptions("t", settings=PilotSettings(200_000, prior))
    found = predicted(small, predict_baseline(small, "pilot", options))
    assert set(found) == {("A", "CCC"), ("A", "DDD")}
    assert found["A", "DDD"] == pytest.approx([A["DDD"], 1 - A["DDD"]], abs=0.01)


def test_runs_are_reproducible(small: Store) -> None:
    """The same seed gives the same predictions, whatever the order of the store's rows."""
    options = BaselineOptions("t", seed=3)
    first = predicted(small, predict_baseline(small, "pilot", options))
    rows = table(small, "response_distribution").sample(fraction=1, shuffle=True, seed=1)
    small.query("DELETE FROM response_distribution")
    small.insert("response_distribution", rows)
    assert predicted(small, predict_baseline(small, "pilot", options)) == first


def test_the_training_part_can_be_predicted_by_name(small: Store) -> None:
    """Without parts it is left out; asked for, its cells get what the predictor learnt from all of it."""
    run = predict_baseline(small, "item-mean", BaselineOptions("t", parts=("train",), shares=Shares.UNWEIGHTED))
    assert predicted(small, run) == {("A", "AAA"): pytest.approx([0.7, 0.3]), ("A", "BBB"): pytest.approx([0.7, 0.3])}


@pytest.mark.parametrize(
    ("predictor", "options", "code"),
    [
        ("crystal-ball", BaselineOptions("t"), ExitCode.USAGE),
        ("uniform", BaselineOptions("nowhere"), ExitCode.NOT_FOUND),
        ("uniform", BaselineOptions("t", parts=("final",)), ExitCode.NOT_FOUND),
        ("uniform", BaselineOptions("t", parts=("test", "final")), ExitCode.NOT_FOUND),
        ("pilot", BaselineOptions("t", settings=PilotSettings(0)), ExitCode.USAGE),
    ],
)
def test_refusals(small: Store, predictor: str, options: BaselineOptions, code: ExitCode) -> None:
    """What cannot be done is refused with its exit code, and leaves no run behind."""
    with pytest.raises(SurveyError) as error:
        predict_baseline(small, predictor, options)
    assert error.value.code is code
    assert table(small, "run").is_empty()


def test_a_taken_name_changes_nothing(small: Store) -> None:
    """A second run of the same name is a conflict; the first keeps its predictions."""
    predict_baseline(small, "uniform", BaselineOptions("t", name="mine"))
    with pytest.raises(SurveyError) as error:
        predict_baseline(small, "item-mean", BaselineOptions("t", name="mine"))
    assert error.value.code is ExitCode.CONFLICT
    assert predicted(small, "mine")["A", "CCC"] == [0.5, 0.5]


def test_training_part_without_answers(small: Store) -> None:
    """Only uniform needs no training cell."""
    small.query("DELETE FROM response_distribution WHERE population_id IN ('AAA', 'BBB')")
    assert len(predicted(small, predict_baseline(small, "uniform", BaselineOptions("t")))) == 3
    with pytest.raises(SurveyError) as error:
        predict_baseline(small, "item-mean", BaselineOptions("t"))
    assert error.value.code is ExitCode.NOT_FOUND
