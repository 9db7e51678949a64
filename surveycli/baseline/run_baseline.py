"""Run a baseline: read the training part, answer the other parts, write run, prediction and prediction_cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from surveycli.baseline.answer import Answer
from surveycli.baseline.descriptors import Descriptors, describe
from surveycli.baseline.embeddings import embed
from surveycli.baseline.encoder import load_encoder
from surveycli.baseline.few_respondents import predict_pilot
from surveycli.baseline.knn import Embeddings, predict_knn
from surveycli.baseline.means import (
    predict_item_mean,
    predict_position_marginal,
    predict_region_mean,
    predict_shuffled_group,
    predict_uniform,
)
from surveycli.baseline.options import BaselineOptions, Predictor
from surveycli.baseline.smoother import predict_kernel_smoother, predict_nearest
from surveycli.distribution.arrays import (
    AnsweredCells,
    Catalogue,
    Cells,
    answered_cells_of,
    catalogue_of,
    cells_of,
    within,
)
from surveycli.errors import not_found, usage
from surveycli.progress import Progress, silent
from surveycli.store import RunRecord, Store, finish_run, next_run_id, start_run

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Material:
    """All that predictors may read.

    `answers` are the target's own, which only the pilot is given; `tuning` those of the validation part, on which only
    the nearest cells choose how many they are.
    """

    train: AnsweredCells
    target: Cells
    target_frame: pl.DataFrame
    n_unweighted: int
    descriptors: Callable[[], Descriptors]
    embeddings: Callable[[], Embeddings]
    answers: AnsweredCells | None = None
    tuning: AnsweredCells | None = None


def predict_baseline(store: Store, predictor: str, options: BaselineOptions, progress: Progress = silent) -> str:
    """Predict every cell of the split's parts but `train`, and return the new run's id.

    Reads the training part alone (the pilot also draws its few respondents from the cells it predicts). Raises
    SurveyError: 2 for an unknown predictor, 4 for an unknown split or part, 5 where the run's name is taken.
    """
    kind = _known_predictor(predictor)
    parts = _parts(store, options)
    progress(kind.value, 0, 1)
    material = _read_material(store, kind, options, parts)
    answer = _predict(kind, material, options)
    run_id = options.name or next_run_id(store, _stem(kind, options))
    record = RunRecord(
        run_id=run_id,
        kind="predictor",
        predictor=kind.value,
        split=options.split,
        shares=options.shares,
        seed=options.seed,
        model=options.knn.encoder if kind is Predictor.KNN else None,
        configuration=_configuration(kind, options, parts, material, answer),
    )
    with store.transaction():
        start_run(store, record)
        language = options.knn.language if kind is Predictor.KNN else ""
        _write(store, run_id, material.target_frame, answer, language)
        finish_run(store, run_id)
    progress(kind.value, 1, 1, f"{len(material.target)} cells")
    return run_id


def _read_material(store: Store, kind: Predictor, options: BaselineOptions, parts: list[str]) -> Material:
    """Return the training cells with their shares, and the cells to predict without them."""
    train_frame = _with_shares(store, store.frame("cell/list_train", split=options.split), options)
    if train_frame.is_empty() and kind is not Predictor.UNIFORM:
        raise not_found(
            f"The training part of the split {options.split} has no cell with answers.",
            "`surveycli ingest` reads answers into the store.",
        )
    target_frame = store.frame("baseline/list_target_cells", split=options.split, parts=parts)
    if kind is Predictor.PILOT:  # it asks only where somebody answered
        target_frame = _with_shares(store, target_frame, options)
    tunes = kind is Predictor.KNN and options.knn.k is None
    tuning_frame = _validation_frame(store, options) if tunes else train_frame.clear()
    catalogue = catalogue_of([train_frame, target_frame, tuning_frame])
    width = max(_most_options(frame) for frame in (train_frame, target_frame, tuning_frame))
    return Material(
        answered_cells_of(train_frame, catalogue, width),
        cells_of(target_frame, catalogue),
        target_frame,
        int(train_frame["unweighted_instead"].sum()),
        partial(_describe, store, catalogue),
        lambda: embed(store, catalogue, options.knn, load_encoder(options.knn.encoder)),
        answered_cells_of(target_frame, catalogue, width) if kind is Predictor.PILOT else None,
        answered_cells_of(tuning_frame, catalogue, width) if tuning_frame.height else None,
    )


def _validation_frame(store: Store, options: BaselineOptions) -> pl.DataFrame:
    wanted = store.frame("baseline/list_target_cells", split=options.split, parts=["validation"])
    return _with_shares(store, wanted, options)


def _with_shares(store: Store, wanted: pl.DataFrame, options: BaselineOptions) -> pl.DataFrame:
    return store.frame("cell/list_shares", frames={"wanted": wanted}, shares=options.shares.value)


def _most_options(frame: pl.DataFrame) -> int:
    return max(frame["option_code"].list.len().to_list(), default=1)


def _describe(store: Store, catalogue: Catalogue) -> Descriptors:
    import polars as pl

    wanted = pl.DataFrame({"population_id": catalogue.populations}, schema={"population_id": pl.String})
    return describe(store.frame("baseline/list_descriptors", frames={"wanted": wanted}).to_dicts())


def _known_predictor(name: str) -> Predictor:
    if name not in set(Predictor):
        raise usage(f"There is no predictor {name!r}.", f"Predictors without a model: {', '.join(Predictor)}.")
    return Predictor(name)


def _parts(store: Store, options: BaselineOptions) -> list[str]:
    """Return the parts to predict, in order: those asked for, else all but `train`."""
    there = [row["part"] for row in store.rows("baseline/list_parts", split=options.split)]
    if not there:
        raise not_found(
            f"There is no split {options.split!r} in the store.",
            "`surveycli split --list` shows the splits, `surveycli split` makes one.",
        )
    if "train" in options.parts:
        raise usage("The part `train` is what predictors learn from.", "Leave it out of the parts to predict.")
    unknown = sorted(set(options.parts) - set(there))
    if unknown:
        raise not_found(f"The split {options.split} has no part {', '.join(unknown)}; it has {', '.join(there)}.")
    return list(options.parts) or [part for part in there if part != "train"]


def _predict(kind: Predictor, material: Material, options: BaselineOptions) -> Answer:
    train, target = material.train, material.target
    predictors: dict[Predictor, Callable[[], Answer]] = {
        Predictor.UNIFORM: lambda: predict_uniform(train, target),
        Predictor.POSITION_MARGINAL: lambda: predict_position_marginal(train, target),
        Predictor.ITEM_MEAN: lambda: predict_item_mean(train, target),
        Predictor.REGION_MEAN: lambda: predict_region_mean(train, target, material.descriptors().development_region),
        Predictor.KERNEL_SMOOTHER: lambda: predict_kernel_smoother(train, target, material.descriptors(), options.seed),
        Predictor.NEAREST_POPULATIONS: lambda: predict_nearest(train, target, material.descriptors(), options.seed),
        Predictor.SHUFFLED_GROUP: lambda: predict_shuffled_group(train, target, options.seed),
        Predictor.KNN: lambda: predict_knn(train, target, material.embeddings(), material.tuning, options.knn.k),
    }
    if kind is Predictor.PILOT:
        assert material.answers is not None
        return predict_pilot(train, material.answers, options)
    return predictors[kind]()


def _stem(kind: Predictor, options: BaselineOptions) -> str:
    return f"pilot-n{options.n_respondents}" if kind is Predictor.PILOT else kind.value


def _configuration(
    kind: Predictor, options: BaselineOptions, parts: list[str], material: Material, answer: Answer
) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "parts": parts,
        "n_train_cells": len(material.train),
        "n_cells": len(material.target),
        "n_cells_unweighted_instead": material.n_unweighted,
        "chosen_on_train": dict(answer.settings),
    }
    if kind is Predictor.KNN:
        knn = options.knn
        configuration |= {"encoder": knn.encoder, "language": knn.language, "describe": knn.describe.value}
        configuration |= configuration.pop("chosen_on_train")
    if kind is Predictor.PILOT:
        configuration |= {"n_respondents": options.n_respondents, "prior": options.prior.value}
    return configuration


def _write(store: Store, run_id: str, target_frame: pl.DataFrame, answer: Answer, language: str) -> None:
    import polars as pl

    rules = pl.Series("basis", answer.rules, dtype=pl.String).gather(pl.Series(answer.rule))
    keys = ("survey_id", "item_id", "population_id")
    cells = target_frame.select(
        pl.lit(run_id).alias("run_id"), *keys, pl.lit(language).alias("language"), "option_code"
    )
    store.insert("prediction_cell", cells.drop("option_code").with_columns(rules))
    n_options = target_frame["option_code"].list.len().to_numpy().astype(np.int64)
    probability = pl.Series("probability", answer.shares[within(n_options, answer.shares.shape[1])])
    store.insert("prediction", cells.explode("option_code").with_columns(probability))
