"""The plain table of scores: means over cells by part, dimension, region, country, item... with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.distribution.metric import find_metric
from surveycli.grouping import By
from surveycli.score.bootstrap import Resampling, mean_interval
from surveycli.score.cells import (
    clusters_of,
    contributions,
    group_columns,
    groups_of,
    in_languages,
    language_column,
    mean_of,
    part_order,
    scored_cells,
)
from surveycli.score.compare import compare_languages
from surveycli.score.table import DEFAULT_METRIC, PLAIN, Request, Table

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


def plain_table(store: Store, request: Request) -> pl.DataFrame:
    """Return the means of runs by part and `by`; of all runs by part, one column per part."""
    cells = in_languages(scored_cells(store, request.runs), request.languages)
    how = Resampling(request.clusters or Resampling().clusters, seed=request.seed)
    one_metric = len(request.metrics) < 2
    if request.by is By.LANGUAGE and one_metric:
        several = [name for name in request.runs if cells.filter(run_id=name)["language"].n_unique() > 1]
        if several:
            return _languages(store, request, several, how)
    if request.all_runs and request.by is By.PART and one_metric:
        return leaderboard(cells, request.metric)
    return score_table(cells, request.by, request.metrics or DEFAULT_METRICS, how)


def _languages(store: Store, request: Request, names: Sequence[str], how: Resampling) -> pl.DataFrame:
    """Return how the languages of each run differ, one run under the other, of the languages asked for."""
    import polars as pl

    pairs = pl.concat([compare_languages(store, name, request.metric, how) for name in names])
    asked = request.languages
    return pairs.filter(pl.col("first").is_in(asked), pl.col("second").is_in(asked)) if asked else pairs


def score_table(
    cells: pl.DataFrame, by: By = By.PART, metrics: Sequence[str] = DEFAULT_METRICS, how: Resampling | None = None
) -> pl.DataFrame:
    """Return the mean of each metric and its number of cells, by run, part and `by`.

    `low` and `high` are the interval of the first metric. Where cells have no value of a metric, a column
    `undefined_<metric>` counts them; a mean that would reward leaving them out is NULL.
    """
    how = how or Resampling()
    for name in metrics:
        find_metric(name)
    first = metrics[0]
    rows: list[dict[str, object]] = []
    for labels, group in groups_of(cells, by):
        low, high = mean_interval(contributions(group, first), *clusters_of(group), how)
        means = {name: mean_of(group, name) for name in metrics}
        lacking = {f"undefined_{name}": group[name].null_count() for name in metrics}
        rows.append({**labels, "n_cells": group.height, "low": low, "high": high, **means, **lacking})
    undefined = [f"undefined_{name}" for name in metrics if cells[name].has_nulls()]
    return _frame(rows, [*group_columns(cells, by), "n_cells", first, "low", "high", *metrics[1:], *undefined])


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
    index = ["run_id", "predictor", "shares", *language_column(cells)]
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
        "Means of metrics by run, part and --by; of all runs, one column per part.",
        plain_table,
        columns=("run_id",),
        takes=frozenset({"by", "metric", "language", "clusters", "seed"}),
        several_metrics=True,
    ),
)
