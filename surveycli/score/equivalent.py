"""What a prediction is worth in real answers: how many respondents per cell would score as well.

A pilot of n respondents per cell, shrunk towards the position marginal of the training items, is simulated for a grid
of n; the run's mean score is found on that curve, in log n. The strength of shrinkage is chosen on the training part,
for each n. Pilot and run are held against the same human distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats, Ints
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import Better, find_metric, find_ranking_metric
from surveycli.distribution.pilot import choose_strength, draw_answers, shrink
from surveycli.distribution.pooling import marginal_prior, own_marginal_prior
from surveycli.grouping import By, Clusters
from surveycli.score.bootstrap import Resampling, interval, resample_means
from surveycli.score.cells import clusters_of, floats, group_columns, groups_of
from surveycli.score.material import RunCells, run_cells, train_cells
from surveycli.score.score_run import find_run
from surveycli.score.table import DEFAULT_METRIC, Table, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

GRID = (1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 125, 200, 320, 500, 1000)
_MAX_REPEATS = 10
_MAX_DRAWS = 60_000  # cells x repeats for each n: enough for three digits of a part's mean
_MAX_TUNING_CELLS = 4_000


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Respondents per cell: below 1 is 0 (and "<1"), above the grid is infinite (and ">1000")."""

    n: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None or self.n == self.low == self.high:
            return _write(self.n)
        return f"{_write(self.n)} ({_write(self.low)} to {_write(self.high)})"


def equivalent_table(
    store: Store, run_id: str, by: By = By.PART, metric: str = DEFAULT_METRIC, how: Resampling | None = None
) -> pl.DataFrame:
    """Return how many respondents per cell a run is worth, by part and `by`, with an interval clustered by item.

    `n_equivalent`, `low` and `high` are NULL outside 1 to 1000; the text `equivalent` says on which side.
    """
    import polars as pl

    find_ranking_metric(metric)
    how = how or Resampling(Clusters.ITEM)
    cells = run_cells(store, run_id)
    curves = _pilot_curves(store, run_id, cells, metric, how.seed)
    frame = cells.frame.with_columns(pl.Series("row", np.arange(cells.frame.height)))
    rows = []
    for labels, group in groups_of(frame, by):
        values = np.column_stack([floats(group, metric), curves[group["row"].to_numpy()]])
        values, (item, population) = _defined(values, *clusters_of(group))
        if len(values):
            found = _equivalent(values, item, population, metric, how)
            rows.append({**labels, "n_cells": len(values), metric: float(values[:, 0].mean()), **_columns(found)})
    columns = [*group_columns(frame, by), "n_cells", metric, "n_equivalent", "low", "high", "equivalent"]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)


def pilot_curves(
    human: AnsweredCells, prior: Floats, strengths: tuple[float, ...], metric: str, seed: int = 1
) -> Floats:
    """Return each cell's mean score for each n of the grid: (N, G)."""
    repeats = int(np.clip(_MAX_DRAWS // max(len(human), 1), 1, _MAX_REPEATS))
    curves, function = np.zeros((len(human), len(GRID))), find_metric(metric).function
    for place, (n, strength) in enumerate(zip(GRID, strengths, strict=True)):
        generator = np.random.default_rng([seed, n])
        for _ in range(repeats):
            pilot = shrink(draw_answers(human.shares, n, generator), prior, strength)
            curves[:, place] += function(human.shares, pilot, human.n_options) / repeats
    return curves


def respondents_worth(score: Floats, curve: Floats, *, higher_is_better: bool) -> Floats:
    """Return the n at which curves (..., G) over the grid reach the scores (...): 0 below it, infinite above.

    Interpolates in log n; a curve that dips by chance is first made to rise.

    >>> respondents_worth(np.array([0.5]), np.linspace(0, 1, len(GRID))[None], higher_is_better=True).round().tolist()
    [32.0]
    """
    sign = 1.0 if higher_is_better else -1.0
    score, curve = sign * score, np.maximum.accumulate(sign * curve, axis=-1)
    logs = np.log(GRID)
    above = (curve < score[..., None]).sum(axis=-1)  # grid points that the score beats
    right = np.clip(above, 1, len(GRID) - 1)
    y0, y1 = (np.take_along_axis(curve, (right - back)[..., None], axis=-1)[..., 0] for back in (1, 0))
    part = np.divide(score - y0, y1 - y0, out=np.zeros_like(score), where=y1 > y0)
    n = np.exp(logs[right - 1] + np.clip(part, 0, 1) * (logs[right] - logs[right - 1]))
    return np.where(score < curve[..., 0], 0.0, np.where(score > curve[..., -1], np.inf, n))


def _pilot_curves(store: Store, run_id: str, cells: RunCells, metric: str, seed: int) -> Floats:
    """Return the pilots' scores of a run's rows (R, G): computed once per cell, though it may stand in several rows."""
    run = find_run(store, run_id)
    train = train_cells(store, run["split"], run["shares"], cells.human.shares.shape[1]) if run["split"] else None
    key = cells.human.item * len(cells.human.catalogue.populations) + cells.human.population
    _, first, row = np.unique(key, return_index=True, return_inverse=True)
    human = cells.human.take(first)
    if train is None:
        prior, strengths = uniform(human.n_options, human.shares.shape[1]), (1.0,) * len(GRID)
    else:
        prior = marginal_prior(train, human)[:, : human.shares.shape[1]]
        strengths = _strengths(train, seed)
    return pilot_curves(human, prior, strengths, metric, seed)[row]


def _strengths(train: AnsweredCells, seed: int) -> tuple[float, ...]:
    prior = own_marginal_prior(train)
    chosen = np.arange(len(train))
    if len(train) > _MAX_TUNING_CELLS:
        chosen = np.random.default_rng(seed).choice(len(train), _MAX_TUNING_CELLS, replace=False)
    return tuple(choose_strength(train.shares[chosen], prior[chosen], n, seed) for n in GRID)


def _equivalent(values: Floats, item: Ints, population: Ints, metric: str, how: Resampling) -> Equivalent:
    better = find_metric(metric).better is Better.HIGHER
    mean = values.mean(axis=0)
    n = float(respondents_worth(mean[:1], mean[None, 1:], higher_is_better=better)[0])
    draws = resample_means(values, item, population, how)
    if draws is None:
        return Equivalent(n)
    worth = respondents_worth(draws.means[:, 0], draws.means[:, 1:], higher_is_better=better)
    return Equivalent(n, *interval(worth, draws.freedom, how.level))


def _defined(values: Floats, *clusters: Ints) -> tuple[Floats, list[Ints]]:
    rows = np.isfinite(values).all(axis=1)
    return values[rows], [cluster[rows] for cluster in clusters]


def _columns(found: Equivalent) -> dict[str, float | str | None]:
    figures = {"n_equivalent": _on_grid(found.n), "low": _on_grid(found.low), "high": _on_grid(found.high)}
    return {**figures, "equivalent": str(found)}


def _on_grid(n: float | None) -> float | None:
    return n if n is not None and 0 < n < np.inf else None


def _write(n: float) -> str:
    if n == 0:
        return "<1"
    return f">{GRID[-1]}" if n == np.inf else f"{n:.1f}" if n < 100 else f"{n:.0f}"


TABLES = (
    Table(
        "equivalent",
        "How many respondents per cell it is worth.",
        per_run(
            lambda store, name, request: equivalent_table(
                store,
                name,
                request.by,
                request.metric,
                Resampling(request.clusters or Clusters.ITEM, seed=request.seed),
            )
        ),
        columns=("run_id", "part", "n_cells", "n_equivalent", "low", "high", "equivalent"),
        takes=frozenset({"by", "metric", "clusters", "seed"}),
        how_to_read=(
            "equivalent: so many real respondents per cell, their shares shrunk to what training items with as many "
            "options got, score as well."
        ),
    ),
)
