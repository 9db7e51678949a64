"""Score a run: hold its predictions against the human distributions, cell by cell, and write `score`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surveycli.clock import utc_now
from surveycli.distribution.arrays import pad_lists
from surveycli.distribution.metric import score_cells
from surveycli.distribution.pooling import normalise
from surveycli.errors import SurveyError, bad_input, not_found

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_BLOCK_ROWS = 1_000_000  # rows of `prediction` that are scored at a time
_SUM_TOLERANCE = 1e-6  # float32 softmaxes sum to 1 within this
NO_HUMAN = "no human distribution"
OTHER_OPTIONS = "options differ from the item's"
NOT_NORMALISED = "probabilities are negative or do not sum to 1"
NO_PREDICTION = "no prediction"
_KEYS = ("survey_id", "item_id", "population_id")


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why cells have no score, and how many."""

    reason: str
    n_cells: int


@dataclass(frozen=True, slots=True)
class SeenCells:
    """How many cells that a split has in a part do not count there, as the run was trained or chosen on them."""

    split: str
    part: str
    n_cells: int


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What came of scoring a run; cells count once per language, but in `seen`.

    `n_unweighted_instead` cells were scored against unweighted shares, though the run asks for weighted ones.
    `is_training_unknown`: the run has learnt from cells that the store can no longer name.
    `lock` says when its predictions were locked, "" where they were not.
    """

    run_id: str
    n_scored: int
    unscored: tuple[Unscored, ...]
    n_unweighted_instead: int
    seen: tuple[SeenCells, ...] = ()
    is_training_unknown: bool = False
    lock: str = ""


def score_run(store: Store, run_id: str) -> ScoreReport:
    """Write the scores of a run in place of those it had, in one transaction.

    The run's items are gone through in blocks, which bounds the memory whatever the run's size.

    Raises SurveyError: 4 where there is no such run or it predicted nothing, 3 where it did not finish.
    """
    import polars as pl

    run = find_scored_run(store, run_id)
    blocks = _blocks(store, run_id)
    n_scored, n_unweighted_instead, reasons = 0, 0, Counter[str]()
    with store.transaction():
        store.run("score/delete_scores", run_id=run_id)
        for items in blocks:
            predicted = with_humans(store, run, items)
            scored = predicted.filter(predicted["reason"].is_null())
            store.insert("score", score_frame(scored).insert_column(0, pl.lit(run_id).alias("run_id")))
            n_scored += scored.height
            n_unweighted_instead += int(scored["unweighted_instead"].sum())
            reasons.update(predicted["reason"].drop_nulls().to_list())
        store.run("score/record_scoring", run_id=run_id, scored_at=utc_now())
    return ScoreReport(
        run_id,
        n_scored,
        (*(Unscored(reason, count) for reason, count in reasons.most_common()), *_failed(store, run_id)),
        n_unweighted_instead,
        tuple(SeenCells(**row) for row in store.rows("score/count_seen", run_id=run_id)),
        bool(store.scalar("score/is_training_unknown", run_id=run_id)),
    )


def find_scored_run(store: Store, run_id: str) -> dict[str, Any]:
    """Return a finished run's row. Raises SurveyError: 4 where there is none, 3 where it did not finish."""
    rows = store.rows("score/find_run", run_id=run_id)
    if not rows:
        raise not_found(f"There is no run {run_id!r} in the store.", "`surveycli runs` lists the runs.")
    if rows[0]["status"] != "finished":
        why = f" ({rows[0]['reason']})" if rows[0]["reason"] else ""
        raise bad_input(f"The run {run_id} is {rows[0]['status']}{why}.", "Only finished runs have scores.")
    return rows[0]


def _blocks(store: Store, run_id: str) -> list[tuple[str, str]]:
    """Return the first and last item ids of the blocks that a run is scored in, of about `_BLOCK_ROWS` each.

    Raises SurveyError (exit 4) where nothing was predicted.
    """
    import polars as pl

    items = store.frame("score/list_predicted_items", run_id=run_id)
    if items.is_empty():
        raise _nothing_predicted(store, run_id)
    block = (items["n_rows"].cum_sum() - items["n_rows"]) // _BLOCK_ROWS  # by where each item's first row would stand
    bounds = items.with_columns(block=block).group_by("block", maintain_order=True)
    return list(bounds.agg(first=pl.first("item_id"), last=pl.last("item_id")).drop("block").iter_rows())


def with_humans(store: Store, run: dict[str, Any], items: tuple[str | None, str | None] = (None, None)) -> pl.DataFrame:
    """Return a run's predictions beside the human shares, one row per cell and language.

    `items` bounds the item ids, both ends included. `reason` says why a cell cannot be scored, NULL where it can.
    Raises SurveyError (exit 4) where nothing was predicted.
    """
    import polars as pl

    first, last = items
    predicted = store.frame("score/list_predictions", run_id=run["run_id"], first=first, last=last)
    if predicted.is_empty():
        raise _nothing_predicted(store, run["run_id"])
    human = store.frame("cell/list_shares", frames={"wanted": predicted.select(_KEYS)}, shares=run["shares"])
    both = predicted.join(
        human.rename({"option_code": "human_code"}), on=list(_KEYS), how="left", maintain_order="left"
    )
    total = pl.col("probability").list.sum()
    improper = ((total - 1).abs() > _SUM_TOLERANCE) | total.is_nan() | (pl.col("probability").list.min() < 0)
    return both.with_columns(
        pl.when(pl.col("shares").is_null())
        .then(pl.lit(NO_HUMAN))
        .when(pl.col("option_code") != pl.col("human_code"))
        .then(pl.lit(OTHER_OPTIONS))
        .when(improper)
        .then(pl.lit(NOT_NORMALISED))
        .alias("reason")
    )


def _failed(store: Store, run_id: str) -> list[Unscored]:
    """Return the cells that were asked and gave no prediction, counted by reason."""
    rows = store.rows("score/count_failures", run_id=run_id)
    return [Unscored(f"{NO_PREDICTION} ({row['reason']})", row["n_cells"]) for row in rows]


def _nothing_predicted(store: Store, run_id: str) -> SurveyError:
    failed = store.rows("score/count_failures", run_id=run_id)
    if not failed:
        return not_found(f"The run {run_id} has no predictions.", "`surveycli predict` makes them.")
    why = ", ".join(f"{row['n_cells']} {row['reason']}" for row in failed)
    return not_found(
        f"No reply of the run {run_id} could be read: {why}.", "The table prediction_failure has their beginnings."
    )


def score_frame(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `score` of predictions beside human shares, undefined values NULL."""
    import polars as pl

    n_options = scored["option_code"].list.len().to_numpy().astype(np.int64)
    width = int(n_options.max(initial=1))
    human, model = (normalise(pad_lists(scored[name], width)) for name in ("shares", "probability"))
    scores = score_cells(human, model, n_options, scored["scale"].to_numpy() != "nominal")
    columns = [pl.Series(name, values, dtype=pl.Float64).fill_nan(None) for name, values in scores.items()]
    return scored.select(*_KEYS, "language").with_columns(columns)
