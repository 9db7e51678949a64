"""Runs that differ in their seed alone, as one predictor: the mean over seeds, and how far a single seed strays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from surveycli.configuration import CHOSEN
from surveycli.distribution.arrays import Floats
from surveycli.distribution.metric import find_metric
from surveycli.errors import not_found
from surveycli.score.cells import group_columns, groups_of, mean_of, scored_cells
from surveycli.score.table import DEFAULTS, Table, TableRequest

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

# What may differ: the seed, what follows from it, and where weights lie. How they were trained may not.
_FOLLOWS_FROM_SEED = frozenset({"run_id", "seed", "chosen_on_train", CHOSEN, "weights", "trained_by"})
_CELL = ["part", "kind", "language", "survey_id", "item_id", "population_id"]


def seed_groups(store: Store, run_ids: Sequence[str]) -> list[list[str]]:
    """Return the runs in groups of two and more with all settings alike but the seed, in the order given.

    A run that asked a trained model has the settings of its training, too, and that one's seed.
    """
    groups: dict[str, dict[tuple[int, ...], str]] = {}
    for run_id in run_ids:
        stages = _stages(store, run_id)
        key = json.dumps([_without_seed(stage) for stage in stages], sort_keys=True)
        groups.setdefault(key, {}).setdefault(tuple(stage["seed"] for stage in stages), run_id)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _stages(store: Store, run_id: str) -> list[dict[str, Any]]:
    """Return the settings of a run and of the training behind it."""
    rows = store.rows("score/list_run_settings", run_ids=[run_id])
    stages = [{**row, "configuration": json.loads(row["configuration"])} for row in rows]
    trained_by = stages[0]["configuration"].get("trained_by") if stages else None
    return stages + (_stages(store, trained_by) if trained_by and trained_by != run_id else [])


def seed_table(store: Store, run_ids: Sequence[str], request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return, for each group of runs that differ in their seed alone, the mean of `metric` over seeds.

    By part and `by`, on the cells that all seeds have. `sd` is the standard deviation between seeds (S - 1 in the
    denominator); `low` and `high` the 95% interval of the mean over seeds, Student's t: it is about seeds, not about
    other items or populations. Raises SurveyError (4) where no two runs differ in their seed alone.
    """
    import polars as pl

    find_metric(request.metric)
    groups = seed_groups(store, run_ids)
    if not groups:
        raise not_found(
            "No two of these runs differ only in their seed.",
            "Make more with --seed: `surveycli finetune --seed 1`, `surveycli predict -p shuffled-group --seed 1`.",
        )
    return pl.concat([_table_of(store, group, request) for group in groups], how="diagonal_relaxed")


def interval_over_seeds(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return mean -/+ t sd / sqrt(S) of the values (S,) of two seeds and more."""
    half = -stdtrit(len(values) - 1, (1 - level) / 2) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _table_of(store: Store, group: Sequence[str], request: TableRequest) -> pl.DataFrame:
    import polars as pl

    metric = request.metric
    cells = scored_cells(store, group, request.selection)
    everywhere = cells.group_by(_CELL).len().filter(pl.col("len") == len(group))
    shared = cells.join(everywhere, on=_CELL, how="semi", maintain_order="left")
    # The runs become one, whose rows still say which seed they are of.
    as_one = shared.with_columns(pl.col("run_id").alias("of_run"), pl.lit(group[0]).alias("run_id"))
    rows = [{**labels, **_summary(found, metric)} for labels, found in groups_of(as_one, request.by)]
    table = pl.DataFrame(rows, infer_schema_length=None)
    undefined = [f"undefined_{metric}"] if table[f"undefined_{metric}"].sum() else []
    columns = [*group_columns(cells, request.by)[1:], "n_seeds", "n_cells", metric, "sd", "low", "high", *undefined]
    return table.select(pl.lit(", ".join(group)).alias("runs"), *columns)


def _summary(found: pl.DataFrame, metric: str) -> dict[str, float | int | None]:
    """Return the figures of one row; no mean where a seed has none."""
    means = [mean_of(cells, metric) for cells in found.partition_by("of_run", maintain_order=True)]
    counts = {
        "n_seeds": len(means),
        "n_cells": found.height // len(means),
        f"undefined_{metric}": found[metric].null_count(),
    }
    values = np.array([mean for mean in means if mean is not None])
    if len(values) < len(means) or len(values) < 2:
        return {**counts, **dict.fromkeys((metric, "sd", "low", "high"))}
    low, high = interval_over_seeds(values)
    return {**counts, metric: float(values.mean()), "sd": float(values.std(ddof=1)), "low": low, "high": high}


def _without_seed(settings: Any) -> Any:
    if isinstance(settings, Mapping):
        return {key: _without_seed(value) for key, value in settings.items() if key not in _FOLLOWS_FROM_SEED}
    return settings


TABLES = (
    Table(
        "seeds",
        "Runs that differ only in their seed, as one: mean, sd, interval.",
        lambda store, request: seed_table(store, request.runs, request),
        columns=("runs", "part", "n_seeds", "n_cells", "sd", "low", "high"),
        takes=frozenset({"by", "metric", "kind", "min_respondents"}),
        how_to_read="low and high: 95% interval of the mean over seeds, not over other items or populations.",
    ),
)
