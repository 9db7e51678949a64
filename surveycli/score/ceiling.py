"""How good a score can be: human figures are samples themselves, so two rounds of one survey would not agree either.

The ceiling of a cell is the mean score of two independent samples of its n respondents (their effective number where
shares are weighted) against each other, both drawn from the shares observed. The floor is the uniform prediction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import find_metric, find_ranking_metric
from surveycli.distribution.pilot import draw_answers
from surveycli.distribution.pooling import normalise
from surveycli.grouping import By
from surveycli.score.cells import floats, group_columns, groups_of
from surveycli.score.material import run_cells
from surveycli.score.table import DEFAULT_METRIC, Table, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_N_PAIRS = 20


def noise_ceiling(cells: AnsweredCells, metric: str = DEFAULT_METRIC, seed: int = 1, n_pairs: int = _N_PAIRS) -> Floats:
    """Return the mean `metric` between two samples of each cell's respondents: (N,), NaN where their number is unknown.

    A cell whose n is not whole (an effective number) is rounded, to 1 at least.
    """
    function = find_ranking_metric(metric).function
    known = np.isfinite(cells.n_respondents)
    n = np.maximum(np.rint(np.where(known, cells.n_respondents, 1)), 1).astype(np.int64)
    generator = np.random.default_rng(seed)
    total, defined = np.zeros(len(cells)), np.zeros(len(cells))
    for _ in range(n_pairs):
        first, second = (normalise(draw_answers(cells.shares, n, generator)) for _ in range(2))
        value = function(first, second, cells.n_options)
        total += np.nan_to_num(value)
        defined += np.isfinite(value)
    return np.where(known & (defined > 0), total / np.maximum(defined, 1), np.nan)


def ceiling_table(
    store: Store, run_id: str, by: By = By.PART, metric: str = DEFAULT_METRIC, seed: int = 1
) -> pl.DataFrame:
    """Return a run's score between floor and ceiling, by part and `by`.

    `share_of_attainable` = (score - uniform) / (ceiling - uniform): 0 is no better than uniform, 1 as good as asking
    as many people again, negative worse than uniform; NULL where uniform and ceiling coincide. Cells without a known
    number of respondents are left out.
    """
    import polars as pl

    function = find_metric(metric).function
    cells = run_cells(store, run_id)
    human = cells.human
    floor = function(human.shares, uniform(human.n_options, human.shares.shape[1]), human.n_options)
    frame = cells.frame.with_columns(
        pl.Series("uniform", floor), pl.Series("ceiling", noise_ceiling(human, metric, seed))
    )
    rows = [{**labels, **_attainable(group, metric)} for labels, group in groups_of(frame, by)]
    columns = [*group_columns(frame, by), "n_cells", "uniform", metric, "ceiling", "share_of_attainable"]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)


def _attainable(group: pl.DataFrame, metric: str) -> dict[str, float | int | None]:
    columns = np.column_stack([floats(group, name) for name in ("uniform", metric, "ceiling")])
    columns = columns[np.isfinite(columns).all(axis=1)]
    if not len(columns):
        return {"n_cells": 0, "uniform": None, metric: None, "ceiling": None, "share_of_attainable": None}
    floor, score, ceiling = columns.mean(axis=0).tolist()
    share = (score - floor) / (ceiling - floor) if abs(ceiling - floor) > 1e-9 else None
    return {"n_cells": len(columns), "uniform": floor, metric: score, "ceiling": ceiling, "share_of_attainable": share}


TABLES = (
    Table(
        "ceiling",
        "Between uniform and what sampling noise allows.",
        per_run(lambda store, name, request: ceiling_table(store, name, request.by, request.metric, request.seed)),
        columns=("run_id", "part", "n_cells", "uniform", "ceiling", "share_of_attainable"),
        takes=frozenset({"by", "metric", "seed"}),
        how_to_read=(
            "ceiling: what as many people, asked again, would score. share_of_attainable: 0 is uniform, 1 the ceiling. "
            "Cells whose number of respondents is not known are left out."
        ),
    ),
)
