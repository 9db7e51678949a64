"""The human distributions behind a run's scores, as arrays in the order of its scored cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.distribution.arrays import AnsweredCells, answered_cells_of, catalogue_of, pad_lists
from surveycli.distribution.pooling import normalise
from surveycli.score.cells import EVERYTHING, Selection, scored_cells
from surveycli.score.score_run import find_scored_run, with_humans

if TYPE_CHECKING:
    import polars as pl

    from surveycli.distribution.arrays import Floats
    from surveycli.store import Store

_KEYS = ["survey_id", "item_id", "population_id"]


@dataclass(frozen=True, slots=True)
class RunCells:
    """A run's scored cells: the frame of `scored_cells` (R rows) and, aligned with it, people and prediction.

    human: answered cells (R). predicted (R, K). nominal (R,) is a column of the frame, `scale`.
    """

    frame: pl.DataFrame
    human: AnsweredCells
    predicted: Floats


def run_cells(store: Store, run_id: str, selection: Selection = EVERYTHING) -> RunCells:
    """Return a scored run's cells with human shares and predictions, one row per part, cell and language."""
    import polars as pl

    wanted = [*_KEYS, "language", "scale", "option_code", "probability", "shares", "n_effective"]
    known = with_humans(store, find_scored_run(store, run_id)).filter(pl.col("reason").is_null()).select(wanted)
    frame = (
        scored_cells(store, [run_id], selection)
        .drop("shares", "n_effective")
        .join(known, on=[*_KEYS, "language"], how="inner", maintain_order="left")
    )
    width = max(frame["option_code"].list.len().to_list(), default=1)
    human = answered_cells_of(frame, catalogue_of([frame]), width)
    return RunCells(frame, human, normalise(pad_lists(frame["probability"], width)))


def train_cells(store: Store, split: str, shares: str, width: int) -> AnsweredCells | None:
    """Return the training part of a split with its human shares, or None where it has none."""
    wanted = store.frame("cell/list_train", split=split)
    frame = store.frame("cell/list_shares", frames={"wanted": wanted}, shares=shares)
    if frame.is_empty():
        return None
    width = max(width, *frame["option_code"].list.len().to_list())
    return answered_cells_of(frame, catalogue_of([frame]), width)
