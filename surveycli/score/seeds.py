"""Runs that differ in their seed alone, as one predictor: the mean over seeds, and how far a single seed strays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from surveycli.distribution.arrays import Floats
from surveycli.distribution.metric import find_metric
from surveycli.errors import not_found
from surveycli.grouping import By
from surveycli.score.cells import group_columns, groups_of, scored_cells
from surveycli.score.table import DEFAULT_METRIC, Table

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

# What may differ: the seed, what follows from it, and where weights lie.
_FOLLOWS_FROM_SEED = frozenset({"seed", "chosen_on_train", "weights", "trained_by", "temperature_chosen"})
_CELL = ["part", "language", "survey_id", "item_id", "population_id"]


def seed_groups(store: Store, run_ids: Sequence[str]) -> list[list[str]]:
    """Return the runs in groups of two and more with all settings alike but the seed, in the order given."""
    groups: dict[str, dict[int, str]] = {}
    for row in store.rows("score/list_run_settings", run_ids=list(run_ids)):
        settings = {**row, "configuration": json.loads(row["configuration"])}
        key = json.dumps(_without_seed({k: v for k, v in settings.items() if k != "run_id"}), sort_keys=True)
        groups.setdefault(key, {}).setdefault(row["seed"], row["run_id"])
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def seed_table(store: Store, run_ids: Sequence[str], by: By = By.PART, metric: str = DEFAULT_METRIC) -> pl.DataFrame:
    """Return, for each group of runs that differ in their seed alone, the mean of `metric` over seeds.

    By part and `by`, on the cells that all seeds have. `sd` is the standard deviation between seeds (S - 1 in the
    denominator); `low` and `high` the 95% interval of the mean over seeds, Student's t: it is about seeds, not about
    other items or populations. Raises SurveyError (4) where no two runs differ in their seed alone.
    """
    import polars as pl

    find_metric(metric)
    groups = seed_groups(store, run_ids)
    if not groups:
        raise not_found(
            "No two of these runs differ in their seed alone.",
            "Make more with --seed: `surveycli finetune --seed 1`, `surveycli predict -p shuffled-group --seed 1`.",
        )
    return pl.concat([_table_of(store, group, by, metric) for group in groups], how="diagonal_relaxed")


def interval_over_seeds(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return mean -/+ t sd / sqrt(S) of the values (S,) of two seeds and more."""
    half = -stdtrit(len(values) - 1, (1 - level) / 2) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _table_of(store: Store, group: Sequence[str], by: By, metric: str) -> pl.DataFrame:
    import polars as pl

    cells = scored_cells(store, group).filter(pl.col(metric).is_not_null())
    everywhere = cells.group_by(_CELL).len().filter(pl.col("len") == len(group))
    shared = cells.join(everywhere, on=_CELL, how="semi", maintain_order="left")
    # The runs become one, whose rows still say which seed they are of.
    as_one = shared.with_columns(pl.col("run_id").alias("of_run"), pl.lit(group[0]).alias("run_id"))
    rows = [{**labels, **_summary(found, metric)} for labels, found in groups_of(as_one, by)]
    columns = [*group_columns(cells, by)[1:], "n_seeds", "n_cells", metric, "sd", "low", "high"]
    table = pl.DataFrame(rows, infer_schema_length=None)
    return table.select(pl.lit(", ".join(group)).alias("runs"), *columns)


def _summary(found: pl.DataFrame, metric: str) -> dict[str, float | int]:
    import polars as pl

    values = found.group_by("of_run", maintain_order=True).agg(pl.col(metric).mean())[metric].to_numpy()
    low, high = interval_over_seeds(values)
    return {
        "n_seeds": len(values),
        "n_cells": found.height // len(values),
        metric: float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "low": low,
        "high": high,
    }


def _without_seed(settings: Any) -> Any:
    if isinstance(settings, Mapping):
        return {key: _without_seed(value) for key, value in settings.items() if key not in _FOLLOWS_FROM_SEED}
    return settings


TABLES = (
    Table(
        "seeds",
        "Runs that differ in their seed alone, as one: mean, sd, interval.",
        lambda store, request: seed_table(store, request.runs, request.by, request.metric),
        columns=("runs", "part", "n_seeds", "n_cells", "sd", "low", "high"),
        takes=frozenset({"by", "metric"}),
        how_to_read="low and high: 95% interval of the mean over seeds; it says nothing of other items or populations.",
    ),
)
