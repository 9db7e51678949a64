"""How good a score can be: human figures are samples themselves, so that not even the truth would score perfectly.

For each cell a truth that its answers allow is drawn, and the answers of as many new respondents. Against these answers
the truth scores as a perfect model would (`perfect`), other new answers as a repetition of the survey would (`retest`);
two samples err where a model of the truth and one sample err, so that a good model may beat a retest. The floor is the
uniform prediction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import find_metric, find_ranking_metric
from surveycli.distribution.pilot import draw_survey, draw_truth
from surveycli.score.cells import floats, group_columns, groups_of
from surveycli.score.material import run_cells
from surveycli.score.table import DEFAULT_METRIC, DEFAULTS, Table, TableRequest, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_N_DRAWS = 20
_LEAST_SHARE = 0.05  # of the way from uniform to a flawless score that must be left to a perfect model
_FIGURES = ("uniform", "retest", "perfect", "flawless", "noise")


def attainable_scores(
    cells: AnsweredCells, metric: str = DEFAULT_METRIC, seed: int = 1, n_draws: int = _N_DRAWS
) -> dict[str, Floats]:
    """Return (N,) each, NaN where a cell's number of respondents is unknown or the metric is not defined.

    uniform, retest, perfect: what these would score. flawless: the score of the human shares themselves. noise: the
    variance of a perfect model's score by sampling alone.
    """
    find_ranking_metric(metric)
    function, k = find_metric(metric).function, cells.n_options
    flawless = function(cells.shares, cells.shares, k)
    known = np.isfinite(cells.n_respondents)
    generator = np.random.default_rng(seed)
    lost = np.zeros((n_draws, 2, len(cells)))
    for draw in range(n_draws):
        truth = draw_truth(cells, generator)
        answers, others = (draw_survey(truth, cells, generator) for _ in range(2))
        best = function(answers, answers, k)
        lost[draw] = function(answers, others, k) - best, function(answers, truth, k) - best
    retest, perfect = flawless + lost.mean(axis=0)
    floor = function(cells.shares, uniform(k, cells.shares.shape[1]), k)
    figures = dict(zip(_FIGURES, (floor, retest, perfect, flawless, lost[:, 1].var(axis=0, ddof=1)), strict=True))
    return {name: np.where(known, values, np.nan) for name, values in figures.items()}


def ceiling_table(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return a run's score between floor and ceiling, by part and `by`.

    `share_of_attainable` = (score - uniform) / (perfect - uniform): 0 is no better than uniform, 1 as good as a perfect
    model, negative worse than uniform. NULL where uniform and perfect nearly meet: within twice the standard deviation
    that sampling gives the perfect score, or within 5% of the way from uniform to a flawless score. Cells without a
    known number of respondents are left out. A metric that is a ratio of means is taken through its distance.
    """
    import polars as pl

    cells = run_cells(store, run_id, request.selection)
    name = distance_of(request.metric)
    figures = attainable_scores(cells.human, name, request.seed)
    frame = cells.frame.with_columns(pl.Series(column, values) for column, values in figures.items())
    rows = [{**labels, **_attainable(group, name)} for labels, group in groups_of(frame, request.by)]
    columns = [
        *group_columns(frame, request.by),
        "n_cells",
        "uniform",
        name,
        "retest",
        "perfect",
        "share_of_attainable",
    ]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)


def distance_of(metric: str) -> str:
    """Return the metric that a ratio of means is made of, or the metric itself."""
    ratio = find_ranking_metric(metric).ratio
    return metric if ratio is None else ratio[0]


def _attainable(group: pl.DataFrame, metric: str) -> dict[str, float | int | None]:
    values = np.column_stack([floats(group, name) for name in (metric, *_FIGURES)])
    values = values[np.isfinite(values).all(axis=1)]
    names = (metric, "uniform", "retest", "perfect", "share_of_attainable")
    if not len(values):
        return {"n_cells": 0, **dict.fromkeys(names)}
    score, floor, retest, perfect, flawless, noise = values.mean(axis=0).tolist()
    apart = abs(perfect - floor)
    meet = apart < max(2 * np.sqrt(noise / len(values)), _LEAST_SHARE * abs(flawless - floor))
    share = None if meet or not apart else (score - floor) / (perfect - floor)
    return {"n_cells": len(values), **dict(zip(names, (score, floor, retest, perfect, share), strict=True))}


TABLES = (
    Table(
        "ceiling",
        "Where the score lies between the uniform prediction's and a perfect model's.",
        per_run(ceiling_table),
        columns=("run_id", "part", "n_cells", "uniform", "retest", "perfect", "share_of_attainable"),
        takes=frozenset({"by", "metric", "seed", "kind", "min_respondents"}),
        how_to_read=(
            "perfect: what a perfect model would score, people's answers being a sample; retest: what as many people, "
            "asked again, would. share_of_attainable: 0 is uniform, 1 perfect; empty where the two nearly meet. Cells "
            "whose number of respondents is not known are left out."
        ),
    ),
)
