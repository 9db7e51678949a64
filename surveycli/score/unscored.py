"""What has no score, or lacks a metric, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.distribution.metric import METRICS
from surveycli.grouping import By
from surveycli.score.cells import groups_of, scored_cells
from surveycli.score.table import Table, TableRequest

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store


def unscored_table(store: Store, request: TableRequest) -> pl.DataFrame:
    """Return the cells that lack a metric, then those without any score, with the reasons of both."""
    import polars as pl

    cells = scored_cells(store, request.runs, request.selection)
    undefined = undefined_cells(cells, request.metrics or tuple(METRICS))
    rows = [(r.run_id, None, "all", why.reason, why.n_cells) for r in request.reports for why in r.unscored]
    return pl.concat([undefined, pl.DataFrame(rows, schema=undefined.schema, orient="row")])


def undefined_cells(cells: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """Return how many cells have no value of a metric, and why: run_id, part, metric, reason, n_cells."""
    import polars as pl

    rows = [
        (labels["run_id"], labels["part"], name, METRICS[name].undefined or "not defined", group[name].null_count())
        for labels, group in groups_of(cells.with_columns(pl.lit("").alias("language")), By.PART)
        for name in metrics
        if group[name].has_nulls()
    ]
    schema = dict.fromkeys(("run_id", "part", "metric", "reason"), pl.String) | {"n_cells": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


TABLES = (
    Table(
        "unscored",
        "What has no score, or lacks a metric, and why.",
        unscored_table,
        columns=("run_id", "part", "metric", "reason", "n_cells"),
        takes=frozenset({"metric", "language", "kind"}),
        by=frozenset({By.PART}),
        several_metrics=True,
    ),
)
