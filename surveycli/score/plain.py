"""The plain table of scores: means over cells by part, dimension, region, country, item... with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from surveycli.distribution.metric import find_metric
from surveycli.grouping import By, Clusters
from surveycli.score.cells import (
    contributions,
    group_columns,
    groups_of,
    mean_of,
    part_order,
    scored_cells,
    telling_columns,
    units_of,
)
from surveycli.score.compare import compare_languages
from surveycli.score.interval import interval_columns, mean_interval
from surveycli.score.table import DEFAULT_METRIC, PLAIN, Table, TableRequest

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

DEFAULT_METRICS = (
    DEFAULT_METRIC,
    "js_divergence_nats",
    "total_variation",
    "emd_ordinal",
    "modal_accuracy",
    "skill_vs_uniform",
)


def plain_table(store: Store, request: TableRequest) -> pl.DataFrame:
    """Return the means of runs by part and `by`; of all runs by part, one column per part."""
    cells = scored_cells(store, request.runs, request.selection)
    one_metric = len(request.metrics) < 2
    if request.by is By.LANGUAGE and one_metric:
        several = [name for name in request.runs if cells.filter(run_id=name)["language"].n_unique() > 1]
        if several:
            return _languages(store, request, several)
    if request.all_runs and request.by is By.PART and one_metric:
        return leaderboard(cells, request.metric)
    return score_table(cells, request.by, request.metrics or DEFAULT_METRICS, request.clusters)


def _languages(store: Store, request: TableRequest, names: Sequence[str]) -> pl.DataFrame:
    """Return how the languages of each run differ, one run under the other."""
    import polars as pl

    return pl.concat([compare_languages(store, name, request) for name in names])


def score_table(
    cells: pl.DataFrame,
    by: By = By.PART,
    metrics: Sequence[str] = DEFAULT_METRICS,
    clusters: Clusters = Clusters.BOTH,
) -> pl.DataFrame:
    """Return the mean of each metric and its number of cells, by run, part and `by`.

    `low` and `high` are the interval of the first metric, `clusters` what it stands for; where `by` gives several rows,
    `low_all` and `high_all` hold for all of them at once. Where cells have no value of a metric, a column
    `undefined_<metric>` counts them; a mean that would reward leaving them out is NULL.
    """
    for name in metrics:
        find_metric(name)
    first = metrics[0]
    bounds = find_metric(first).low, find_metric(first).high
    groups = list(groups_of(cells, by))
    rows: list[dict[str, object]] = []
    for labels, group in groups:
        found = mean_interval(contributions(group, first), units_of(group), clusters, len(groups), bounds)
        means = {name: mean_of(group, name) for name in metrics}
        lacking = {f"undefined_{name}": group[name].null_count() for name in metrics}
        rows.append({**labels, "n_cells": group.height, **asdict(found), **means, **lacking})
    undefined = [f"undefined_{name}" for name in metrics if cells[name].has_nulls()]
    limits = interval_columns(by is not By.PART)
    return _frame(rows, [*group_columns(cells, by), "n_cells", first, *limits, *metrics[1:], *undefined])


def leaderboard(cells: pl.DataFrame, metric: str = DEFAULT_METRIC) -> pl.DataFrame:
    """Return one row per run (and language), one column per part: the mean of `metric`.

    Parts of different splits have different columns, "split: part", whatever they are called.
    """
    import polars as pl

    find_metric(metric)
    several = cells["split"].n_unique() > 1
    column = pl.format("{}: {}", pl.col("split").fill_null("no split"), "part") if several else pl.col("part")
    cells = cells.with_columns(column.alias("column"))
    columns = cells.select("split", "part", "column").unique().rows()
    order = [column for _, _, column in sorted(columns, key=lambda row: (str(row[0]), part_order(row[1])))]
    index = ["run_id", "predictor", "shares", *(name for name in telling_columns(cells) if name != "split")]
    rows = [
        {**dict(zip(index, key, strict=False)), "column": key[-1], "mean": mean_of(group, metric)}
        for key, group in cells.partition_by([*index, "column"], as_dict=True, maintain_order=True).items()
    ]
    schema = {name: cells.schema[name] for name in index} | {"column": pl.String, "mean": pl.Float64}
    wide = pl.DataFrame(rows, schema=schema).pivot(on="column", index=index, values="mean")
    return wide.select(*index, *dict.fromkeys(order))


def _frame(rows: list[dict[str, object]], columns: list[str]) -> pl.DataFrame:
    import polars as pl

    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)


TABLES = (
    Table(
        PLAIN,
        "Means of metrics by run, part and --by; without RUNS, one column per part.",
        plain_table,
        columns=("run_id",),
        takes=frozenset({"by", "metric", "language", "clusters", "kind", "min_respondents"}),
        several_metrics=True,
    ),
)
