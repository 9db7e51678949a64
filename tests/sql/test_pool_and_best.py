"""Predictors made of others: a pool fitted on validation, and the best of all for each kind of cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.predictors.best import BestSettings
from surveycli.baseline.predictors.pool import PoolSettings
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.score.score_run import score_run
from surveycli.split import SplitOptions, make_split
from surveycli.store import Store, ad_hoc, record_training

OPTIONS = BaselineOptions("few", shares=Shares.UNWEIGHTED)


def few_items(store: Store) -> None:
    """Make a split of new items with a handful of batteries, so that predicting takes no time."""
    make_split(store, "new-items", SplitOptions(donors=15))
    cells = store.query(
        "SELECT part, survey_id, item_id, population_id FROM split_cell JOIN item USING (survey_id, item_id) "
        "WHERE split = 'new-items' AND length(battery_id) % 2 = 0"
    )
    make_split(store, "custom", SplitOptions(name="few", cells=cells))


def unseen_items(store: Store) -> None:
    """Make a split of four countries whose validation and test parts have three items each that training lacks.

    The part `country` has items of training in a country that it lacks.
    """
    cells = store.query("""
        SELECT 'wvs7' AS survey_id, item_id, population_id, CASE
            WHEN item_id IN ('Q46', 'Q47', 'Q48') THEN 'validation'
            WHEN item_id IN ('Q57', 'Q58', 'Q59') THEN 'test'
            WHEN population_id = 'BRA' THEN 'country' ELSE 'train' END AS part
        FROM cell
        WHERE population_id IN ('KEN', 'JPN', 'MEX', 'DEU', 'BRA')
            AND (population_id <> 'BRA' OR item_id IN ('Q1', 'Q2', 'Q7', 'Q8', 'Q106'))
            AND item_id IN ('Q1', 'Q2', 'Q7', 'Q8', 'Q106', 'Q46', 'Q47', 'Q48', 'Q57', 'Q58', 'Q59')
    """)
    make_split(store, "custom", SplitOptions(name="nowhere", cells=cells))


def scores(store: Store, run_id: str) -> float:
    score_run(store, run_id)
    return float(store.query(
        f"SELECT avg(paper_one_minus_jsd) FROM scored_cell WHERE run_id = '{run_id}' AND part = 'test'"
    ).item())  # fmt: skip


def chosen(store: Store, run_id: str) -> dict:
    return json.loads(store.rows("run/find", run_id=run_id)[0]["configuration"])["chosen_on_train"]


def test_pool_and_best_on_new_items(bundled_store: Store) -> None:
    """Both are as good as their best member within noise; uniform and the item mean get no weight beside kriging.

    `best` finds out by held-out training populations alone what the test scores confirm.
    """
    few_items(bundled_store)
    members = [predict_baseline(bundled_store, name, OPTIONS) for name in ("uniform", "item-mean", "answers-gp")]
    of = PoolSettings(tuple(members))
    pool = predict_baseline(bundled_store, "pool", BaselineOptions("few", shares=Shares.UNWEIGHTED, settings=of))
    best = predict_baseline(bundled_store, "best", OPTIONS)
    by_run = {run: scores(bundled_store, run) for run in (*members, pool, best)}
    assert max(by_run, key=lambda run: by_run[run]) in {pool, best, members[2]}
    assert by_run[pool] > by_run[members[2]] - 0.003
    (weights,) = chosen(bundled_store, pool)["weights"].values()
    assert weights["members"][members[2]]["weight"] > 0.7
    assert weights["members"][members[2]]["low"] > 0.4
    (served,) = chosen(bundled_store, best)["served"]
    assert served["served_by"] == "answers-gp"
    assert by_run[best] == pytest.approx(by_run[members[2]])
    basis = bundled_store.rows("baseline/count_rules", run_id=best)[0]["basis"]
    assert basis.startswith("answers-gp: asked in ")


def test_a_pool_needs_validation_like_the_targets(bundled_store: Store) -> None:
    """Weights from items that were never asked are refused for countries that training lacks, and said why."""
    unseen_items(bundled_store)
    options = BaselineOptions("nowhere", parts=("country", "validation"))
    members = tuple(predict_baseline(bundled_store, name, options) for name in ("uniform", "item-mean"))
    with pytest.raises(SurveyError, match="nothing known of the population but descriptors") as refused:
        predict_baseline(
            bundled_store, "pool", BaselineOptions("nowhere", ("country",), settings=PoolSettings(members))
        )
    assert refused.value.code is ExitCode.BAD_INPUT
    run = predict_baseline(
        bundled_store, "pool", BaselineOptions("nowhere", ("validation",), settings=PoolSettings(members))
    )
    assert list(chosen(bundled_store, run)["weights"]) == ["asked nowhere"]


def test_a_model_serves_only_where_it_is_better(bundled_store: Store) -> None:
    """For items that were never asked, a run that knows nothing does not serve; one that knows the answers does.

    The second is made by hand out of human answers, to stand in for a very good model.
    """
    unseen_items(bundled_store)
    parts = ("validation", "test")
    uniform = predict_baseline(bundled_store, "uniform", BaselineOptions("nowhere", parts))
    best = predict_baseline(bundled_store, "best", BaselineOptions("nowhere", parts, settings=BestSettings((uniform,))))
    assert chosen(bundled_store, best)["served"][0]["served_by"] in {"uniform", "position-marginal"}
    oracle = predict_baseline(bundled_store, "uniform", BaselineOptions("nowhere", parts, name="oracle"))
    bundled_store.query(
        "UPDATE prediction AS p SET probability = d.share_unweighted FROM response_distribution AS d "
        "WHERE p.run_id = 'oracle' AND d.item_id = p.item_id AND d.population_id = p.population_id "
        "AND d.option_code = p.option_code"
    )
    best = predict_baseline(bundled_store, "best", BaselineOptions("nowhere", parts, settings=BestSettings((oracle,))))
    served = chosen(bundled_store, best)["served"][0]
    assert served["served_by"] == oracle
    assert served["scores"]["oracle, validation"] > 0.9
    assert bundled_store.rows("baseline/count_rules", run_id=best)[0]["basis"] == (
        "oracle: a language model; nobody was asked"
    )


def test_what_members_have_seen_is_no_test_of_them(bundled_store: Store) -> None:
    """A pool and a `best` keep what their members were trained and chosen on: it counts as seen, not as test.

    One member here has learnt from a cell of today's test part and from one of validation, as after a split was made
    anew; a member of which nobody knows what it learnt from is refused.
    """
    unseen_items(bundled_store)
    options = BaselineOptions("nowhere", ("validation", "test"))
    members = [predict_baseline(bundled_store, name, options) for name in ("uniform", "item-mean")]
    leaked = bundled_store.query(
        "SELECT 'train' AS part, survey_id, item_id, population_id, [0.5, 0.5] AS shares FROM split_cell "
        "WHERE split = 'nowhere' AND part IN ('validation', 'test') "
        "QUALIFY row_number() OVER (PARTITION BY part ORDER BY item_id, population_id) = 1"
    )
    record_training(bundled_store, members[0], leaked)
    pool = predict_baseline(bundled_store, "pool", replace(options, settings=PoolSettings(tuple(members))))
    best = predict_baseline(bundled_store, "best", replace(options, settings=BestSettings((members[0],))))
    for made in (pool, best):
        score_run(bundled_store, made)
        counts = bundled_store.query(f"SELECT part, n_cells FROM score_by_part WHERE run_id = '{made}'")
        assert dict(counts.rows()) == {"validation": 11, "test": 11, "seen in training": 2}
    bundled_store.query(f"DELETE FROM training_cell WHERE run_id = '{members[1]}'")
    with pytest.raises(SurveyError, match="no longer known which cells") as refused:
        predict_baseline(bundled_store, "pool", replace(options, settings=PoolSettings(tuple(members))))
    assert refused.value.code is ExitCode.CONFLICT


def test_what_a_pool_refuses(bundled_store_path: Path, run_cli: Callable) -> None:
    """One run, an unknown run, a run of another split, one without validation: each has its exit code and a hint."""
    place = ("--store", bundled_store_path)
    assert run_cli("split", "unseen-questions", *place).code == 0
    assert run_cli("split", "unseen-countries", *place).code == 0
    predict = ("predict", *place, "-p")
    assert run_cli(*predict, "uniform", "--split", "unseen-questions", "--part", "test").code == 0
    assert run_cli(*predict, "uniform", "--split", "unseen-countries", "--part", "validation").code == 0
    pool = (*predict, "pool", "--split", "unseen-questions", "--of", "uniform-1")
    one = run_cli(*pool)
    assert (one.code, "two runs or more" in one.err) == (ExitCode.USAGE, True)
    assert run_cli(*pool, "--of", "nobody").code == ExitCode.NOT_FOUND
    assert run_cli(*pool, "--of", "uniform-2").code == ExitCode.CONFLICT
    assert run_cli(*predict, "item-mean", "--split", "unseen-questions", "--part", "test").code == 0
    gap = run_cli(*pool, "--of", "item-mean-1")
    assert (gap.code, "--part validation" in gap.err) == (ExitCode.NOT_FOUND, True)
    best = run_cli(*predict, "best", "--split", "unseen-countries", "--of", "uniform-2")
    assert (best.code, "is not needed" in best.err) == (ExitCode.BAD_INPUT, True)


def test_the_table_says_who_served(bundled_store_path: Path, run_cli: Callable) -> None:
    """`predict -p best` prints each kind of cell with what was measured for it, and marks what served."""
    place = ("--store", bundled_store_path)
    assert run_cli("split", "unseen-questions", *place).code == 0
    shown = run_cli("predict", "-p", "best", "--split", "unseen-questions", *place)
    assert shown.code == 0
    assert "asked nowhere" in shown.out and "served" in shown.out and "position-marginal" in shown.out
    assert ad_hoc(bundled_store_path, "select count(*) n from prediction_cell where basis like '%: %'")["n"][0] > 0
