"""Run a baseline: read the training part, answer the other parts, write run, prediction and prediction_cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from surveycli.baseline.answer import Answer
from surveycli.baseline.descriptors import Descriptors, describe
from surveycli.baseline.members import batteries, member_shares
from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.statistical import Evidence, StatisticalPredictor, statistical_predictors
from surveycli.baseline.texts import read_texts
from surveycli.distribution.arrays import Catalogue, Cells, Floats, answered_cells_of, catalogue_of, cells_of, within
from surveycli.domain import TRAIN, VALIDATION
from surveycli.errors import not_found
from surveycli.plain import to_plain
from surveycli.predictor import Need, find_row
from surveycli.progress import Progress, silent
from surveycli.store import (
    RunRecord,
    RunStatus,
    Store,
    finish_run,
    inherit_training,
    mark_parts,
    next_run_id,
    record_training,
    start_run,
)
from surveycli.store.parts import parts_asked

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class _Reading:
    """The evidence, and what of it the run's record tells: `learnt_from` has its cells with their part.

    `members` names the runs whose predictions were read: what they have seen the predictor has seen.
    """

    evidence: Evidence
    target_frame: pl.DataFrame
    learnt_from: pl.DataFrame
    n_unweighted: int
    members: dict[str, None]


def predict_baseline(store: Store, predictor: str, options: BaselineOptions, progress: Progress = silent) -> str:
    """Predict every cell of the split's parts but `train`, and return the new run's id.

    Reads the training part alone (the pilot also draws its few respondents from the cells it predicts). Raises
    SurveyError: 2 for an unknown predictor, 4 for an unknown split or part, 5 where the run's name is taken.
    """
    row = find_row(statistical_predictors(), predictor)
    settings = options.settings or (row.settings() if row.settings else None)
    parts = list(parts_asked(store, options.split, options.parts))
    progress(row.name, 0, 1)
    reading = _read(store, row, options, parts)
    answer = row.predict(reading.evidence, settings)
    run_name = row.run_name or row.name
    run_id = options.name or next_run_id(store, run_name.format(**to_plain(settings)) if settings else run_name)
    record = RunRecord(
        run_id=run_id,
        kind="predictor",
        predictor=row.name,
        split=options.split,
        shares=options.shares,
        seed=options.seed,
        model=answer.model,
        configuration={
            "parts": parts,
            "n_train_cells": reading.learnt_from.filter(part=TRAIN).height,
            "n_cells": len(reading.evidence.target),
            "n_cells_unweighted_instead": reading.n_unweighted,
            "chosen_on_train": dict(answer.chosen),
            "settings": to_plain(settings) if settings else {},
        },
    )
    with store.transaction():
        start_run(store, record)
        record_training(store, run_id, reading.learnt_from)
        for member in reading.members:
            inherit_training(store, run_id, member)
        _write(store, run_id, reading.target_frame, answer)
        mark_parts(store, run_id, options.split, parts, RunStatus.FINISHED)
        finish_run(store, run_id)
    progress(row.name, 1, 1, f"{len(reading.evidence.target)} cells")
    return run_id


def _read(store: Store, row: StatisticalPredictor, options: BaselineOptions, parts: list[str]) -> _Reading:
    """Return the training cells with their shares, and the cells to predict without them."""
    train_frame = _with_shares(store, store.frame("cell/list_train", split=options.split), options)
    if train_frame.is_empty() and Need.TRAINING_ANSWERS in row.needs:
        raise not_found(
            f"The training part of the split {options.split} has no cell with answers.",
            "`surveycli ingest` reads answers into the store.",
        )
    target_frame = store.frame("baseline/list_target_cells", split=options.split, parts=parts)
    validates = Need.VALIDATION_ANSWERS in row.needs
    validation_frame = _validation_frame(store, options) if validates else train_frame.clear()
    reads_own = Need.OWN_ANSWERS in row.needs
    if reads_own:  # then only cells that somebody answered can be predicted
        target_frame = _with_shares(store, target_frame, options)
    catalogue = catalogue_of([train_frame, target_frame, validation_frame])
    width = max(_most_options(frame) for frame in (train_frame, target_frame, validation_frame))
    members: dict[str, None] = {}

    def read_member(member: str, cells: Cells) -> Floats:
        members[member] = None
        return member_shares(store, options.split, member, cells, width)

    evidence = Evidence(
        answered_cells_of(train_frame, catalogue, width),
        cells_of(target_frame, catalogue),
        options.seed,
        partial(_describe, store, catalogue),
        partial(read_texts, store, catalogue),
        partial(batteries, store, catalogue),
        read_member,
        answered_cells_of(target_frame, catalogue, width) if reads_own else None,
        answered_cells_of(validation_frame, catalogue, width) if validation_frame.height else None,
    )
    learnt_from = _learnt_from(row, train_frame, validation_frame)
    return _Reading(evidence, target_frame, learnt_from, int(train_frame["unweighted_instead"].sum()), members)


def _learnt_from(row: StatisticalPredictor, train_frame: pl.DataFrame, validation_frame: pl.DataFrame) -> pl.DataFrame:
    """Return the cells, with their part, that the predictor's answers follow from."""
    import polars as pl

    train = train_frame if Need.TRAINING_ANSWERS in row.needs else train_frame.clear()
    frames = {TRAIN: train, VALIDATION: validation_frame}
    return pl.concat([frame.with_columns(part=pl.lit(part)) for part, frame in frames.items()])


def _validation_frame(store: Store, options: BaselineOptions) -> pl.DataFrame:
    wanted = store.frame("baseline/list_target_cells", split=options.split, parts=[VALIDATION])
    return _with_shares(store, wanted, options)


def _with_shares(store: Store, wanted: pl.DataFrame, options: BaselineOptions) -> pl.DataFrame:
    return store.frame("cell/list_shares", frames={"wanted": wanted}, shares=options.shares.value)


def _most_options(frame: pl.DataFrame) -> int:
    return max(frame["option_code"].list.len().to_list(), default=1)


def _describe(store: Store, catalogue: Catalogue) -> Descriptors:
    import polars as pl

    wanted = pl.DataFrame({"population_id": catalogue.populations}, schema={"population_id": pl.String})
    return describe(store.frame("baseline/list_descriptors", frames={"wanted": wanted}).to_dicts())


def _write(store: Store, run_id: str, target_frame: pl.DataFrame, answer: Answer) -> None:
    import polars as pl

    bases = pl.Series("basis", answer.bases, dtype=pl.String).gather(pl.Series(answer.basis))
    keys = ("survey_id", "item_id", "population_id")
    cells = target_frame.select(
        pl.lit(run_id).alias("run_id"), *keys, pl.lit(answer.language).alias("language"), "option_code"
    )
    store.insert("prediction_cell", cells.drop("option_code").with_columns(bases))
    n_options = target_frame["option_code"].list.len().to_numpy().astype(np.int64)
    probability = pl.Series("probability", answer.shares[within(n_options, answer.shares.shape[1])])
    store.insert("prediction", cells.explode("option_code").with_columns(probability))
