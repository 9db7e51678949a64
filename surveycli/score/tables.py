"""Tables of scores: means over cells by part, dimension, region, country, item or language, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.divergence import METRICS
from surveycli.errors import not_found, usage
from surveycli.grouping import By
from surveycli.score.bootstrap import Resampling, mean_interval
from surveycli.store import Store

if TYPE_CHECKING:
    import polars as pl

DEFAULT_METRICS = (
    "paper_one_minus_jsd",
    "js_divergence_nats",
    "total_variation",
    "emd_ordinal",
    "modal_accuracy",
    "skill_vs_uniform",
)
DEFAULT_METRIC = DEFAULT_METRICS[0]
# Why a metric may have no value for a cell that is scored.
WHY_UNDEFINED = {
    "kl_nats": "the prediction excludes an answer that people gave",
    "emd_ordinal": "the options of the item have no order",
    "skill_vs_uniform": "people answered uniformly",
}
_FIRST_PARTS = ("train", "validation")
_COLUMNS = {
    By.PART: (),
    By.POPULATION: ("population_id",),
    By.ITEM: ("item_id",),
    By.CELL: ("item_id", "population_id"),
}
_IN_QUESTIONNAIRE_ORDER = {By.ITEM, By.DIMENSION, By.CELL}


def scored_cells(store: Store, run_ids: Sequence[str]) -> pl.DataFrame:
    """Return the scores of runs with what tables group by: one row per run, part, cell and language.

    `item` and `population` number the clusters for resampling.
    """
    import polars as pl

    cells = store.frame("score/list_scored_cells", run_ids=list(run_ids))
    item = pl.struct("survey_id", "item_id").rank("dense").cast(pl.Int64).alias("item")
    return cells.with_columns(item, pl.col("population_id").rank("dense").cast(pl.Int64).alias("population"))


def in_languages(cells: pl.DataFrame, languages: Sequence[str]) -> pl.DataFrame:
    """Return the cells predicted in `languages` (none: all), and those of predictors that read no text.

    Raises SurveyError (exit 4) for a language that nothing was predicted in.
    """
    import polars as pl

    known = sorted(set(cells["language"].unique()) - {""})
    unknown = [language for language in languages if language not in known]
    if unknown:
        raise not_found(
            f"Nothing scored here was predicted in {', '.join(unknown)}; there is: {', '.join(known) or 'none'}.",
            f"`surveycli predict --language {unknown[0]}` predicts in it.",
        )
    return cells.filter(pl.col("language").is_in([*languages, ""])) if languages else cells


def score_table(
    cells: pl.DataFrame, by: By = By.PART, metrics: Sequence[str] = DEFAULT_METRICS, how: Resampling | None = None
) -> pl.DataFrame:
    """Return the mean of each metric and its number of cells, by run, part and `by`.

    `low` and `high` are the interval of the first metric. A mean leaves out cells where the metric is not defined; a
    column `undefined_<metric>` counts them where there are any.
    """
    how = how or Resampling()
    check_metrics(metrics)
    first = metrics[0]
    rows: list[dict[str, object]] = []
    for labels, group in groups_of(cells, by):
        low, high = mean_interval(floats(group, first), *clusters_of(group), how)
        means = {name: group[name].mean() for name in metrics}
        lacking = {f"undefined_{name}": group[name].null_count() for name in metrics}
        rows.append({**labels, "n_cells": group.height, "low": low, "high": high, **means, **lacking})
    undefined = [f"undefined_{name}" for name in metrics if cells[name].has_nulls()]
    return _frame(rows, [*group_columns(cells, by), "n_cells", first, "low", "high", *metrics[1:], *undefined])


def undefined_cells(cells: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """Return how many cells have no value of a metric, and why: run_id, part, metric, reason, n_cells."""
    import polars as pl

    rows = [
        (labels["run_id"], labels["part"], name, WHY_UNDEFINED.get(name, "not defined"), group[name].null_count())
        for labels, group in groups_of(cells.with_columns(pl.lit("").alias("language")), By.PART)
        for name in metrics
        if group[name].has_nulls()
    ]
    schema = dict.fromkeys(("run_id", "part", "metric", "reason"), pl.String) | {"n_cells": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def leaderboard(cells: pl.DataFrame, metric: str = DEFAULT_METRIC) -> pl.DataFrame:
    """Return one row per run (and language), one column per part: the mean of `metric`."""
    import polars as pl

    check_metrics([metric])
    parts = sorted(cells["part"].unique().to_list(), key=part_order)
    index = ["run_id", "predictor", "shares", *_language_column(cells)]
    means = cells.group_by([*index, "part"], maintain_order=True).agg(pl.col(metric).mean())
    wide = means.pivot(on="part", index=index, values=metric)
    return wide.select(*index, *parts)


def check_metrics(metrics: Sequence[str]) -> None:
    """Raise SurveyError (exit 2) for a metric that does not exist."""
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise usage(f"There is no metric {', '.join(unknown)}.", f"Metrics: {', '.join(METRICS)}.")


def group_columns(cells: pl.DataFrame, by: By) -> list[str]:
    """Return the columns that tell the rows of a table apart; language and survey only where there is one to tell."""
    extra = list(_COLUMNS.get(by, (by.value,)))
    if "item_id" in extra and cells["survey_id"].n_unique() > 1:
        extra = ["survey_id", *extra]
    return ["run_id", "part", *dict.fromkeys([*_language_column(cells), *extra])]


def groups_of(cells: pl.DataFrame, by: By) -> Iterator[tuple[dict[str, str], pl.DataFrame]]:
    """Yield the labels and the cells of each group: parts in their order, items in the questionnaire's."""
    columns = group_columns(cells, by)
    runs = list(dict.fromkeys(cells["run_id"].to_list()))
    parted = cells.partition_by(columns, as_dict=True, maintain_order=True)

    def order(entry: tuple[tuple[object, ...], pl.DataFrame]) -> tuple[object, ...]:
        key, group = entry
        position = group["position"].min() if by in _IN_QUESTIONNAIRE_ORDER else None
        return (runs.index(str(key[0])), part_order(str(key[1])), position or 0, key[2:])

    for key, group in sorted(parted.items(), key=order):
        yield dict(zip(columns, map(str, key), strict=True)), group


def part_order(part: str) -> tuple[int, str]:
    """Return the sort key of a part: train, validation, then the others by name."""
    return (_FIRST_PARTS.index(part) if part in _FIRST_PARTS else len(_FIRST_PARTS), part)


def floats(frame: pl.DataFrame, column: str) -> Floats:
    """Return a column as float64, NaN for NULL."""
    return frame[column].cast(float).fill_null(np.nan).to_numpy()


def clusters_of(frame: pl.DataFrame) -> tuple[Ints, Ints]:
    """Return the item and the population of each row, as numbers."""
    return frame["item"].to_numpy(), frame["population"].to_numpy()


def _language_column(cells: pl.DataFrame) -> list[str]:
    return ["language"] if len(set(cells["language"].unique()) - {""}) > 1 else []


def _frame(rows: list[dict[str, object]], columns: list[str]) -> pl.DataFrame:
    import polars as pl

    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)
