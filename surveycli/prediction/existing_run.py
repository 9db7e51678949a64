"""Runs that are in the store already: how they ask their model, and which of them a prediction adds to."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from surveycli.configuration import CHOSEN, FinetuneConfig, PredictConfig
from surveycli.engine.launch import as_held
from surveycli.errors import SurveyError, conflict, not_found, usage
from surveycli.plain import from_plain
from surveycli.prediction.asked import way_of_asking
from surveycli.run_folder import RunFolder
from surveycli.run_folder.claim import find_moved, mended_configuration
from surveycli.run_folder.place import demand_folder, find_folder
from surveycli.store import RunStatus, Store


@dataclass(frozen=True, slots=True)
class ExistingRun:
    """A run that predictions are added to, and the folder that they are computed in.

    `is_training`: the predictions are a fine-tuning's own, and the run's status is the training's.
    """

    run_id: str
    folder: RunFolder
    is_training: bool


def config_of_run(store: Store, run_id: str) -> PredictConfig:
    """Return the configuration that adds predictions to a run: a fine-tuning, as it was trained, or a model's run.

    Raises SurveyError: exit 4 for an unknown run or one whose folder is gone, 5 for a training that has not finished, 2
    for a run that asks no model.
    """
    row = _row(store, run_id)
    stored = {name: value for name, value in json.loads(row["configuration"]).items() if name != CHOSEN}
    if row["kind"] == "finetune":
        return _config_of_training(store, row, stored)
    if "elicitation" not in stored:
        raise usage(
            f"The run {run_id} asks no language model: there are no weights to predict more with.",
            f"`surveycli predict --predictor {row['predictor']} --split SPLIT` makes another run.",
        )
    folder = demand_folder(store.path, run_id, row["folder"])
    config = from_plain(PredictConfig, mended_configuration(stored, Path(row["folder"]), folder.path))
    config = replace(config, model=as_held(config.model))
    if config.trained_by is None:
        return config
    return replace(config, weights=_weights(store, _row(store, config.trained_by)))


def find_addition(store: Store, config: PredictConfig, name: str | None, into: str | None) -> ExistingRun | None:
    """Return the run that the prediction adds to, or None where it is a run of its own.

    That is the run `name`, or `into` (by default the fine-tuning that the weights are of), if it asks alike; else one
    that began to predict the same and did not finish. Raises SurveyError (exit 5) where `name` is another run's.
    """
    candidate = name or into or config.trained_by
    if candidate is not None and store.scalar("run/exists", run_id=candidate):
        known = _row(store, candidate)
        if _asks_alike(store, candidate, config):
            return _existing(store, known)
        if name is not None:
            raise conflict(
                f"There is already a run named {name}, which asks in another way.",
                "Choose another --name, or leave it out.",
            )
    if name is not None:
        return None
    unfinished = store.rows("run/list_unfinished")
    return next((_existing(store, row) for row in unfinished if _is_same(store, row, config)), None)


def _asks_alike(store: Store, run_id: str, config: PredictConfig) -> bool:
    try:
        return way_of_asking(config_of_run(store, run_id)) == way_of_asking(config)
    except SurveyError:  # a run that nothing can be added to
        return False


def _is_same(store: Store, row: dict[str, Any], config: PredictConfig) -> bool:
    """Return whether a run was begun to predict the same cells by asking alike, and can go on."""
    if find_folder(store.path, row["run_id"], row["folder"]) is None or not _asks_alike(store, row["run_id"], config):
        return False
    began = config_of_run(store, row["run_id"])
    return (began.split, began.parts, began.shares) == (config.split, config.parts, config.shares)


def _existing(store: Store, row: dict[str, Any]) -> ExistingRun:
    folder = find_moved(store.path, row["run_id"], row["folder"])
    is_training = row["kind"] == "finetune"
    return ExistingRun(row["run_id"], folder.own_predictions if is_training else folder, is_training)


def _row(store: Store, run_id: str) -> dict[str, Any]:
    rows = store.rows("run/find", run_id=run_id)
    if not rows:
        raise not_found(f"There is no run named {run_id!r}.", "`surveycli runs` lists the runs.")
    return rows[0]


def _config_of_training(store: Store, row: dict[str, Any], stored: dict[str, Any]) -> PredictConfig:
    run_id = row["run_id"]
    if row["status"] != RunStatus.FINISHED:
        raise conflict(
            f"The run {run_id} is {row['status']}, not finished.",
            f"`surveycli finetune --resume {run_id}` goes on with it.",
        )
    folder = demand_folder(store.path, run_id, row["folder"])
    trained = from_plain(FinetuneConfig, mended_configuration(stored, Path(row["folder"]), folder.path))
    return PredictConfig(
        split=trained.split,
        # the stand-in's untrained weights follow from the seed
        model=as_held(replace(trained.model, seed=trained.seed)),
        prompt=trained.prompt,
        languages=trained.languages,
        weights=str(folder.weights.resolve()),
        batches=trained.batches,
        shares=trained.shares,
        seed=trained.seed,
        calibrate=trained.calibrate,
        trained_by=run_id,
    )


def _weights(store: Store, training: dict[str, Any]) -> str:
    return str(demand_folder(store.path, training["run_id"], training["folder"]).weights.resolve())
