"""Runs, or a run's languages, on the same cells: the differences, paired, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.metric import find_metric
from surveycli.errors import bad_input, usage
from surveycli.grouping import By
from surveycli.score.bootstrap import Resampling, mean_interval
from surveycli.score.cells import clusters_of, floats, group_columns, groups_of, scored_cells
from surveycli.score.score_run import find_run
from surveycli.score.table import DEFAULT_METRIC, Request, Table

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_CELL = ["part", "survey_id", "item_id", "population_id"]
_LABELS = ("dimension", "position", "region", "country", "seen", "item", "population")
_FIGURES = (
    "n_cells",
    "first_mean",
    "second_mean",
    "difference",
    "low",
    "high",
    "n_first_only",
    "n_second_only",
)


def compare_runs(
    store: Store, runs: Sequence[str], by: By = By.PART, metric: str = DEFAULT_METRIC, how: Resampling | None = None
) -> pl.DataFrame:
    """Return, for the first run and each other one, the means of `metric` on the cells that both have.

    `difference` = `first_mean` - `second_mean`; `low` and `high` are its interval. Where a run answered in several
    languages, a cell's score is their mean. `n_first_only` and `n_second_only` count a part's cells that are left out.
    Raises SurveyError: 2 where the runs' scores cannot be compared, 3 where no cell is in both.
    """
    import polars as pl

    find_metric(metric)
    first, *others = runs
    for other in others:
        _refuse_different(store, first, other)
    if by is By.LANGUAGE:
        raise usage(
            "Runs are compared on cells, over all their languages.",
            "Name one run to compare its languages, or choose another --by.",
        )
    cells = scored_cells(store, runs)
    of_run = {run_id: _by_cell(cells.filter(pl.col("run_id") == run_id), metric) for run_id in runs}
    pairs = [_compare((first, of_run[first]), (other, of_run[other]), by, metric, how) for other in others]
    return pl.concat(pairs, how="diagonal_relaxed")


def compare_languages(
    store: Store, run_id: str, metric: str = DEFAULT_METRIC, how: Resampling | None = None
) -> pl.DataFrame:
    """Return the same table for each pair of a run's languages, on the cells of both.

    `prediction_distance` is the mean total variation between the predictions in the two languages, 0 to 1: how much
    the language changes them, for better or worse. Raises SurveyError (2) where the run answered in fewer than two.
    """
    import polars as pl

    find_metric(metric)
    cells = scored_cells(store, [run_id])
    languages = sorted(cells["language"].unique().to_list())
    if len(languages) < 2:
        raise usage(
            f"{run_id} answered in one language.",
            "`surveycli predict --language en --language zh` asks in two.",
        )
    scores = [(language, _by_cell(cells.filter(pl.col("language") == language), metric)) for language in languages]
    pairs = [_compare(one, two, By.PART, metric, how) for one, two in combinations(scores, 2)]
    table = pl.concat(pairs, how="diagonal_relaxed")
    distances = _prediction_distances(store, run_id, cells)
    table = table.join(distances, on=["part", "first", "second"], how="left", maintain_order="left")
    return table.select(pl.lit(run_id).alias("run_id"), pl.all())


def _prediction_distances(store: Store, run_id: str, cells: pl.DataFrame) -> pl.DataFrame:
    """Return part, first, second, prediction_distance: the mean over the cells that are scored in both languages."""
    import polars as pl

    distances = store.frame("score/list_language_distances", run_id=run_id)
    places = cells.select(_CELL).unique()
    by_pair = places.join(distances, on=_CELL[1:]).group_by("part", "first", "second")
    return by_pair.agg(pl.col("total_variation").mean().alias("prediction_distance"))


def _compare(
    first: tuple[str, pl.DataFrame],
    second: tuple[str, pl.DataFrame],
    by: By,
    metric: str,
    how: Resampling | None,
) -> pl.DataFrame:
    """Return the table of one pair, each a name and its scores by cell."""
    import polars as pl

    (first_name, one), (second_name, two) = first, second
    paired = one.join(two.select(*_CELL, pl.col(metric).alias("other")), on=_CELL, how="inner", maintain_order="left")
    if paired.is_empty():
        raise bad_input(f"{first_name} and {second_name} have no scored cell in common.")
    names = {"first": first_name, "second": second_name}
    rows = [
        {**labels, **names, **_difference(group, metric, how or Resampling()), **_alone(one, two, labels["part"])}
        for labels, group in groups_of(paired, by)
    ]
    return pl.DataFrame(rows, infer_schema_length=None).select(
        "first", "second", *group_columns(paired, by)[1:], *_FIGURES
    )


def _refuse_different(store: Store, first: str, second: str) -> None:
    """Raise SurveyError (exit 2) where a difference would mean nothing."""
    if first == second:
        raise usage(f"{first} is one run; a comparison needs two.")
    one, two = find_run(store, first), find_run(store, second)
    if one["shares"] != two["shares"]:
        raise usage(
            f"{first} is scored against {one['shares']} shares, {second} against {two['shares']} ones.",
            "Make one of them anew with the other's --shares.",
        )
    if one["split"] != two["split"]:
        raise usage(
            f"{first} learned from the split {one['split']}, {second} from {two['split']}.",
            "Compare runs of one split: the other one may have learned from what this one is tested on.",
        )


def _by_cell(cells: pl.DataFrame, metric: str) -> pl.DataFrame:
    import polars as pl

    first = [pl.col(name).first() for name in _LABELS]
    by_cell = cells.group_by(["run_id", *_CELL], maintain_order=True).agg(*first, pl.col(metric).mean())
    return by_cell.with_columns(pl.lit("").alias("language"))


def _difference(group: pl.DataFrame, metric: str, how: Resampling) -> dict[str, float | int | None]:
    one, two = floats(group, metric), floats(group, "other")
    both = np.isfinite(one) & np.isfinite(two)
    if not both.any():
        return {"n_cells": 0, **dict.fromkeys(_FIGURES[1:6])}
    item, population = clusters_of(group)
    gap = (one - two)[both]
    low, high = mean_interval(gap, item[both], population[both], how)
    means = {"first_mean": float(one[both].mean()), "second_mean": float(two[both].mean())}
    return {"n_cells": int(both.sum()), **means, "difference": float(gap.mean()), "low": low, "high": high}


def _alone(one: pl.DataFrame, two: pl.DataFrame, part: str) -> dict[str, int]:
    """Return how many cells of a part only one of the runs has."""
    import polars as pl

    first, second = (frame.filter(pl.col("part") == part) for frame in (one, two))
    return {
        "n_first_only": first.join(second, on=_CELL, how="anti").height,
        "n_second_only": second.join(first, on=_CELL, how="anti").height,
    }


def comparison(store: Store, request: Request) -> pl.DataFrame:
    """Return the table of runs, or of one run's languages."""
    how = Resampling(request.clusters or Resampling().clusters, seed=request.seed)
    if request.by is By.LANGUAGE:
        return compare_languages(store, request.runs[0], request.metric, how)
    return compare_runs(store, request.runs, request.by, request.metric, how)


def _check(request: Request, named_runs: int) -> None:
    if request.by is By.LANGUAGE and named_runs != 1:
        raise usage("--compare --by language compares the languages of one run.", "Name one run.")
    if request.by is not By.LANGUAGE and named_runs < 2:
        raise usage(f"--compare takes two runs or more, not {named_runs}.", "`surveycli score --compare RUN RUN`.")


TABLES = (
    Table(
        "compare",
        "How the first run differs from each other one, cell by cell; --by language: one run's languages.",
        comparison,
        columns=("first", "second", "part", *_FIGURES),
        takes=frozenset({"by", "metric", "clusters", "seed"}),
        check=_check,
        how_to_read="difference = first - second on the same cells, with its 95% interval.",
    ),
)
