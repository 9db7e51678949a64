"""Runs, or a run's languages, on the same cells: the differences, paired, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.metric import find_metric
from surveycli.errors import bad_input, usage
from surveycli.grouping import By, Clusters
from surveycli.score.cells import (
    UNIT_COLUMNS,
    contributions,
    group_columns,
    groups_of,
    scored_cells,
    units_of,
)
from surveycli.score.interval import interval_columns, mean_interval
from surveycli.score.score_run import find_scored_run
from surveycli.score.table import DEFAULTS, Table, TableRequest

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

    _Named = tuple[str, pl.DataFrame]

_CELL = ["part", "survey_id", "item_id", "population_id"]
_LABELS = ("kind", "dimension", "position", "un_region", "country", "seen", *UNIT_COLUMNS)
_FIGURES = ("n_cells", "first_mean", "second_mean", "difference", "low", "high")
_ALONE = ("n_first_only", "n_second_only")
_UNDEFINED = ("n_first_undefined", "n_second_undefined")


def compare_runs(store: Store, runs: Sequence[str], request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return, for the first run and each other one, the means of `metric` on the cells that both have.

    `difference` = `first_mean` - `second_mean`; `low` and `high` are its interval, `low_all` and `high_all` that of
    all rows at once. Where a run answered in several languages, a cell's score is their mean. `n_first_only` and
    `n_second_only` count a part's cells that are left out. Raises SurveyError: 2 where the runs' scores cannot be
    compared, 3 where no cell is in both.
    """
    import polars as pl

    metric = find_metric(request.metric).name
    first, *others = runs
    for other in others:
        _refuse_different(store, first, other)
    cells = scored_cells(store, runs, request.selection)
    of_run = {run_id: _by_cell(cells.filter(pl.col("run_id") == run_id), metric) for run_id in runs}
    pairs = [((first, of_run[first]), (other, of_run[other])) for other in others]
    return _compare(pairs, request.by, metric, request.clusters)


def compare_languages(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return the same table for each pair of a run's languages, on the cells of both.

    `prediction_distance` is the mean total variation between the predictions in the two languages, 0 to 1: how much
    the language changes them, for better or worse. Raises SurveyError (2) where the run answered in fewer than two.
    """
    import polars as pl

    metric = find_metric(request.metric).name
    cells = scored_cells(store, [run_id], request.selection)
    languages = sorted(cells["language"].unique().to_list())
    if len(languages) < 2:
        raise usage(
            f"{run_id} answered in one language.",
            "`surveycli predict --language en --language zh` asks in two.",
        )
    scores = [(language, _by_cell(cells.filter(pl.col("language") == language), metric)) for language in languages]
    table = _compare(list(combinations(scores, 2)), By.PART, metric, request.clusters)
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


def _compare(pairs: Sequence[tuple[_Named, _Named]], by: By, metric: str, clusters: Clusters) -> pl.DataFrame:
    """Return the table of pairs, each two names and their scores by cell."""
    import polars as pl

    groups: list[tuple[dict[str, str | int], pl.DataFrame]] = []
    columns: list[str] = []
    for (first, one), (second, two) in pairs:
        paired = one.join(two.select(*_CELL, *_others(metric)), on=_CELL, how="inner", maintain_order="left")
        if paired.is_empty():
            raise bad_input(f"{first} and {second} have no scored cell in common.")
        columns = [*columns, *(name for name in group_columns(paired, by)[1:] if name not in columns)]
        for labels, group in groups_of(paired, by):
            alone = _alone(one, two, labels["part"])
            groups.append(({**labels, "first": first, "second": second, **alone}, group))
    rows = [{**labels, **_difference(group, metric, clusters, len(groups))} for labels, group in groups]
    table = pl.DataFrame(rows, infer_schema_length=None)
    undefined = _UNDEFINED if table.select(_UNDEFINED).sum_horizontal().sum() else ()
    bounds = interval_columns(by is not By.PART or len(pairs) > 1)
    return table.select("first", "second", *columns, *_FIGURES[:-2], *bounds, *undefined, *_ALONE)


def _refuse_different(store: Store, first: str, second: str) -> None:
    """Raise SurveyError (exit 2) where a difference would mean nothing."""
    if first == second:
        raise usage(f"{first} is one run; a comparison needs two.")
    one, two = find_scored_run(store, first), find_scored_run(store, second)
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
    """Return a run's cells, the mean over its languages in each; undefined where it is in one of them."""
    import polars as pl

    first = [pl.col(name).first() for name in _LABELS]
    means = [pl.when(pl.col(name).null_count() == 0).then(pl.col(name).mean()).alias(name) for name in _columns(metric)]
    by_cell = cells.group_by(["run_id", *_CELL], maintain_order=True).agg(*first, *means)
    return by_cell.with_columns(pl.lit("").alias("language"))


def _columns(metric: str) -> tuple[str, ...]:
    """Return the columns of `score` that a metric's mean is made of."""
    return tuple(dict.fromkeys((metric, *(find_metric(metric).ratio or ()))))


def _others(metric: str) -> list[pl.Expr]:
    import polars as pl

    return [pl.col(name).alias(f"other_{name}") for name in _columns(metric)]


def _difference(group: pl.DataFrame, metric: str, clusters: Clusters, n_rows: int) -> dict[str, object]:
    other = group.select(*(f"other_{name}" for name in _columns(metric)))
    other = other.rename({name: name.removeprefix("other_") for name in other.columns})
    one, two = contributions(group, metric), contributions(other, metric)
    both = np.isfinite(one) & np.isfinite(two)
    lacking = dict(zip(_UNDEFINED, (group[metric].null_count(), other[metric].null_count()), strict=True))
    found = asdict(mean_interval((one - two)[both], units_of(group).take(both), clusters, n_rows))
    if not both.any():
        return {"n_cells": 0, **dict.fromkeys(_FIGURES[1:4]), **found, **lacking}
    means = {"first_mean": float(one[both].mean()), "second_mean": float(two[both].mean())}
    difference = float((one - two)[both].mean())
    return {"n_cells": int(both.sum()), **means, "difference": difference, **found, **lacking}


def _alone(one: pl.DataFrame, two: pl.DataFrame, part: str) -> dict[str, int]:
    """Return how many cells of a part only one of the runs has."""
    import polars as pl

    first, second = (frame.filter(pl.col("part") == part) for frame in (one, two))
    return {
        "n_first_only": first.join(second, on=_CELL, how="anti").height,
        "n_second_only": second.join(first, on=_CELL, how="anti").height,
    }


def comparison(store: Store, request: TableRequest) -> pl.DataFrame:
    """Return the table of runs, or of one run's languages."""
    if request.by is By.LANGUAGE:
        return compare_languages(store, request.runs[0], request)
    return compare_runs(store, request.runs, request)


def _check(request: TableRequest, named_runs: int) -> None:
    if request.by is By.LANGUAGE and named_runs != 1:
        raise usage("--compare --by language compares the languages of one run.", "Name one run.")
    if request.by is not By.LANGUAGE and named_runs < 2:
        raise usage(f"--compare takes two runs or more, not {named_runs}.", "`surveycli score --compare RUN RUN`.")


TABLES = (
    Table(
        "compare",
        "How the first run differs from each of the others, cell by cell; with --by language, one run's languages.",
        comparison,
        columns=("first", "second", "part", *_FIGURES, "clusters", *_ALONE),
        takes=frozenset({"by", "metric", "clusters", "kind", "min_respondents"}),
        check=_check,
        how_to_read="difference = first - second on the same cells.",
    ),
)
