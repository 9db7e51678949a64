"""The baselines on the bundled survey against figures computed independently from the same aggregate shares.

The figures are mean 1-JSD (one minus the Jensen-Shannon distance) of unweighted shares on the published parts, to four
decimals: uniform, position marginal, item mean or position marginal. Those of the training part are of its own cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.predictors.few_respondents import PilotSettings
from surveycli.baseline.predictors.means import predict_item_mean, predict_position_marginal, predict_uniform
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.distribution.arrays import answered_cells_of, catalogue_of
from surveycli.distribution.divergence import paper_one_minus_jsd
from surveycli.domain import Shares
from surveycli.score import score_run
from surveycli.score.cells import scored_cells
from surveycli.score.plain import leaderboard
from surveycli.split import make_split
from surveycli.store import Store, open_store

FIGURES = {
    "validation": (1586, 0.6643, 0.6617, 0.6617),
    "C2-Q1": (1179, 0.7619, 0.7779, 0.8496),
    "C2-Q2": (271, 0.6005, 0.5838, 0.5838),
    "C3-Q1": (1644, 0.7669, 0.7860, 0.8644),
    "C3-Q2": (385, 0.6748, 0.6687, 0.6687),
}
TRAIN = (6841, 0.7528, 0.7723, 0.8570)
THREE = ("uniform", "position-marginal", "item-mean")
PAPER = BaselineOptions("paper", shares=Shares.UNWEIGHTED)


@pytest.fixture(scope="module")
def paper_store(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The bundled survey with the published split."""
    path = tmp_path_factory.mktemp("golden") / "survey.duckdb"
    path.write_bytes(_bundled_file.read_bytes())
    with open_store(path, write=True) as store:
        make_split(store, "paper")
        yield store


def test_three_baselines_to_four_decimals(paper_store: Store) -> None:
    """Every cell count and every mean of the parts outside training is reproduced exactly.

    The figures take uniform where no training item has as many options; the predictors stretch the nearest marginals
    and say so, by which these cells are given uniform's score here.
    """
    runs = [predict_baseline(paper_store, predictor, PAPER) for predictor in THREE]
    reports = [score_run(paper_store, run) for run in runs]
    assert [(r.n_scored, r.unscored, r.n_unweighted_instead) for r in reports] == [(4696, (), 0)] * 3
    cells = _uniform_where_stretched(paper_store, runs)
    for part, (n_cells, *means) in FIGURES.items():
        of_part = cells.filter(part=part)
        assert of_part.height == 3 * n_cells
        found = [of_part.filter(run_id=run)["paper_one_minus_jsd"].mean() for run in runs]
        assert np.round(found, 4).tolist() == means


def _uniform_where_stretched(store: Store, runs: list[str]) -> pl.DataFrame:
    """Return run_id, part and paper_one_minus_jsd of all cells, uniform's where the marginal was stretched."""
    return store.query(
        """
        select s.run_id, s.part,
            case when c.basis like '%stretched%' then u.paper_one_minus_jsd else s.paper_one_minus_jsd end
                as paper_one_minus_jsd
        from scored_cell s
        join prediction_cell c using (run_id, survey_id, item_id, population_id)
        join scored_cell u using (part, survey_id, item_id, population_id)
        where u.run_id = $uniform and list_contains($runs, s.run_id)
        """,
        uniform=runs[0],
        runs=runs,
    )


def test_training_part_through_the_pure_functions(paper_store: Store) -> None:
    """The same predictors, shown the training part's own cells, give its published means too."""
    wanted = paper_store.frame("cell/list_train", split="paper")
    frame = paper_store.frame("cell/list_shares", frames={"wanted": wanted}, shares="unweighted")
    train = answered_cells_of(frame, catalogue_of([frame]), 10)
    answers = [predict(train, train) for predict in (predict_uniform, predict_position_marginal, predict_item_mean)]
    means = [float(paper_one_minus_jsd(train.shares, answer.shares).mean()) for answer in answers]
    assert (len(train), *np.round(means, 4)) == TRAIN


def test_kernel_smoother_reaches_a_fine_tuned_model(paper_store: Store) -> None:
    """On seen items of unseen countries it scores at least .870 and .885, knowing only the countries' descriptors."""
    run = predict_baseline(paper_store, "kernel-smoother", PAPER)
    score_run(paper_store, run)
    board = leaderboard(scored_cells(paper_store, [run]))
    assert board["C2-Q1"][0] >= 0.870
    assert board["C3-Q1"][0] >= 0.885


def test_a_mixed_up_population_scores_less_than_the_item_mean(paper_store: Store) -> None:
    """The null that gives another country's answers loses against the mean of all countries by a wide margin."""
    runs = [predict_baseline(paper_store, p, PAPER) for p in ("shuffled-group", "item-mean")]
    for run in runs:
        score_run(paper_store, run)
    null, mean = leaderboard(scored_cells(paper_store, runs))["C3-Q1"].to_list()
    assert null < mean - 0.03


@pytest.mark.parametrize(("n", "expected"), [(2, 0.805), (5, 0.835)])
def test_pilot_scores_what_a_few_respondents_are_worth(paper_store: Store, n: int, expected: float) -> None:
    """Two and five respondents per cell, shrunk to the marginal, give about .805 and .835 on C2-Q1."""
    options = BaselineOptions("paper", parts=("C2-Q1",), shares=Shares.UNWEIGHTED, settings=PilotSettings(n))
    run = predict_baseline(paper_store, "pilot", options)
    score_run(paper_store, run)
    assert leaderboard(scored_cells(paper_store, [run]))["C2-Q1"][0] == pytest.approx(expected, abs=0.006)


def test_weighted_runs_count_the_countries_without_weights(paper_store: Store) -> None:
    """Training cells of the eight countries that have unweighted shares only are used, and counted."""
    run = predict_baseline(paper_store, "item-mean", BaselineOptions("paper"))
    found = paper_store.rows("score/find_run", run_id=run)[0]
    assert found["shares"] == "weighted"
    assert score_run(paper_store, run).n_unweighted_instead == 275
