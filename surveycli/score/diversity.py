"""How different a run makes populations, item by item, beside how different they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surveycli.errors import usage
from surveycli.grouping import By
from surveycli.score.cells import group_columns, groups_of
from surveycli.score.material import run_cells
from surveycli.score.spread import mean_pairwise_distance
from surveycli.score.table import DEFAULTS, Table, TableRequest, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_WITHIN_ITEMS = frozenset({By.PART, By.DIMENSION, By.ITEM, By.REGION, By.SEEN, By.LANGUAGE})


def diversity_table(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return the mean Jensen-Shannon distance between two populations' answers to an item, predicted and human.

    By part and `by`, averaged over the items that two populations answered (`n_items`). `ratio` = predicted / human:
    below 1 the run makes populations alike, above 1 it sets them apart. Sampling noise is part of the human figure.
    Raises SurveyError (2) for a `by` that leaves no two populations to compare.
    """
    import polars as pl

    by = request.by
    if by not in _WITHIN_ITEMS:
        raise usage(f"One {by.value} has no two populations to compare.", "--by part, dimension, item, region or seen.")
    cells = run_cells(store, run_id, request.selection)
    frame = cells.frame.with_columns(pl.Series("row", np.arange(cells.frame.height)))
    rows = []
    for labels, group in groups_of(frame, by):
        chosen = group["row"].to_numpy()
        spread = mean_pairwise_distance(cells.human.take(chosen), cells.predicted[chosen], request.seed)
        if spread is not None:
            figures = {"predicted": spread.predicted, "human": spread.human, "ratio": spread.ratio}
            rows.append({**labels, "n_items": spread.n_items, "n_cells": group.height, **figures})
    columns = [*group_columns(frame, by), "n_items", "n_cells", "predicted", "human", "ratio"]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns) if rows else pl.DataFrame(schema=columns)


TABLES = (
    Table(
        "diversity",
        "How much populations differ, predicted and human; try --by item.",
        per_run(diversity_table),
        columns=("run_id", "part", "n_items", "n_cells", "predicted", "human", "ratio"),
        takes=frozenset({"by", "seed", "kind", "min_respondents"}),
        by=_WITHIN_ITEMS,
        how_to_read="ratio: below 1 the run makes populations alike, above 1 it sets them apart.",
    ),
)
