"""Calibration: what people chose of the options that a run gave this much probability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats, within
from surveycli.grouping import By
from surveycli.score.cells import groups_of
from surveycli.score.material import run_cells
from surveycli.score.table import DEFAULTS, Table, TableRequest, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

N_BINS = 10


def calibration_table(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return, by part and bin of predicted probability, the mean prediction and the mean human share of its options.

    `gap` = human - predicted: people chose these options more often than the run says where it is positive.
    """
    import polars as pl

    cells = run_cells(store, run_id, request.selection)
    frame = cells.frame.with_columns(pl.Series("row", np.arange(cells.frame.height)))
    rows = []
    for labels, group in groups_of(frame, By.PART):
        chosen = group["row"].to_numpy()
        for name, predicted, human, n in calibration_bins(cells.human.take(chosen), cells.predicted[chosen]):
            figures = {"n_options": n, "predicted": predicted, "human": human, "gap": human - predicted}
            rows.append({**labels, "bin": name, **figures})
    return pl.DataFrame(rows, infer_schema_length=None)


def calibration_bins(human: AnsweredCells, predicted: Floats) -> Iterator[tuple[str, float, float, int]]:
    """Yield per bin of predicted probability that has options: name, mean predicted, mean human share, how many."""
    options = within(human.n_options, predicted.shape[1])
    model, people = predicted[options], human.shares[options]
    place = np.minimum((model * N_BINS).astype(np.int64), N_BINS - 1)
    count = np.bincount(place, minlength=N_BINS)
    sums = [np.bincount(place, weights=values, minlength=N_BINS) for values in (model, people)]
    for index in np.flatnonzero(count):
        n = int(count[index])
        yield (
            f"{index / N_BINS:.1f}-{(index + 1) / N_BINS:.1f}",
            float(sums[0][index] / n),
            float(sums[1][index] / n),
            n,
        )


TABLES = (
    Table(
        "calibration",
        "Human shares within bins of predicted probability.",
        per_run(calibration_table),
        columns=("run_id", "part", "bin", "n_options", "predicted", "human", "gap"),
        takes=frozenset({"kind", "min_respondents"}),
        by=frozenset({By.PART}),
        how_to_read="gap = human - predicted.",
    ),
)
