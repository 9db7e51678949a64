"""A prediction from store to store: cells out, prediction in the run folder, distributions back in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.configuration import FIRST_TOKEN, FinetuneConfig, PredictConfig
from surveycli.domain import VALIDATION
from surveycli.engine.launch import demand_at_hand, demand_one_process, demand_shardable
from surveycli.errors import SurveyError, conflict, not_found, usage
from surveycli.plain import Plain, from_plain, nested, to_plain, with_choices
from surveycli.prediction.elicitation import ModelPredictor, predictor_of
from surveycli.presets import chosen_model, default_preset, preset_config, resolve_model
from surveycli.progress import Progress, silent
from surveycli.request.model_run import PredictRequest
from surveycli.run_folder import FolderContents, Manifest, RunFolder, read_manifest, write_contents
from surveycli.run_folder.transfer import CellRequest, bring_in_predictions, export_contents, record_training_cells
from surveycli.store import (
    RunRecord,
    RunStatus,
    Store,
    finish_run,
    mark_parts,
    next_run_id,
    open_store,
    package_versions,
    start_run,
)
from surveycli.store.parts import parts_asked

if TYPE_CHECKING:
    from surveycli.prediction.predict import PredictionOutcome


def config_of_run(store: Store, run_id: str) -> PredictConfig:
    """Return the configuration that predicts with the weights of a fine-tuning, as it was prompted in training.

    Raises SurveyError: exit 4 for an unknown run, 5 for one that has not finished.
    """
    rows = store.rows("run/find", run_id=run_id)
    if not rows or rows[0]["kind"] != "finetune":
        raise not_found(f"There is no fine-tuning named {run_id!r}.", "`surveycli runs` lists the runs.")
    if rows[0]["status"] != "finished":
        raise conflict(
            f"The run {run_id} is {rows[0]['status']}, not finished.",
            f"`surveycli finetune --resume {run_id}` goes on with it.",
        )
    trained = from_plain(FinetuneConfig, json.loads(rows[0]["configuration"]))
    return PredictConfig(
        split=trained.split,
        model=replace(trained.model, seed=trained.seed),  # the stand-in's untrained weights follow from the seed
        prompt=trained.prompt,
        languages=trained.languages,
        weights=str(Path(rows[0]["folder"]) / "weights"),
        batches=trained.batches,
        shares=trained.shares,
        seed=trained.seed,
        trained_by=run_id,
    )


def configure_prediction(store: Store, row: ModelPredictor, request: PredictRequest) -> PredictConfig:
    """Return what a predictor is to do: as the run was trained or its preset says, but for what the request chooses.

    Raises SurveyError: exit 2 without a split, 3 for a wrong name or value, 4 for an unknown run or preset.
    """
    choices = nested(request.choices)
    if request.run is None:
        base = _preset_prediction(request.preset, choices)
    else:
        trained = config_of_run(store, request.run)
        base = replace(trained, model=replace(trained.model, device="auto", compiled=False))
    config = with_choices(base, choices)
    if not config.split:
        raise usage(
            "What should be predicted? Give --run RUN, or --split with --predictor or --model.",
            "`surveycli runs` and `surveycli split` list both.",
        )
    model = replace(config.model, name=resolve_model(config.model.name))
    if request.settings and row.settings is None:
        raise usage(f"{row.name} has no settings of its own, but {', '.join(request.settings)} are given.")
    settings = to_plain(from_plain(row.settings, request.settings)) if row.settings else {}
    return replace(config, model=model, elicitation=row.elicitation, settings=settings)


def _preset_prediction(preset: str, choices: Plain) -> PredictConfig:
    base = preset_config(preset or default_preset(chosen_model(choices)))
    return PredictConfig(model=base.model, prompt=base.prompt, batches=base.batches)


def predict(
    store_path: Path, config: PredictConfig, name: str | None = None, progress: Progress = silent
) -> tuple[str, PredictionOutcome]:
    """Predict every cell of the parts asked for (None: all but train) and write the distributions to the store.

    Returns the run's name and how it went. What `prepare_prediction` says of runs holds here.
    """
    run_id, folder = prepare_prediction(store_path, config, name)
    from surveycli.prediction.predict import predict_folder  # loads torch

    try:
        outcome = predict_folder(folder, progress)
    except SurveyError as error:
        with open_store(store_path, write=True) as store:
            finish_run(store, run_id, reason=error.message)
        raise
    with open_store(store_path, write=True) as store:
        bring_in_predictions(store, run_id, folder)
        asked = from_plain(PredictConfig, read_manifest(folder).configuration)
        mark_parts(store, run_id, asked.split, asked.parts or (), RunStatus.FINISHED)
        finish_run(store, run_id, model_fingerprint=outcome.model_fingerprint)
    return run_id, outcome


def prepare_prediction(
    store_path: Path, config: PredictConfig, name: str | None = None, *, elsewhere: bool = False
) -> tuple[str, RunFolder]:
    """Write the run's folder and its record, and close the store again; return the run's name and its folder.

    If it is not to be predicted `elsewhere`, its model has to be at hand, which is looked at first.
    Predictions of a fine-tuning by its own first token, prompted as in its training, belong to that run; every other
    way of asking is a run of its own. One that was prepared or interrupted goes on when the same is asked again.
    """
    demand_one_process("predict")
    demand_shardable(config.model)
    if not elsewhere:
        demand_at_hand(config.model)
    with open_store(store_path, write=True) as store:
        return _prepare(store, store_path, config, name)


def _prepare(store: Store, store_path: Path, config: PredictConfig, name: str | None) -> tuple[str, RunFolder]:
    config = replace(config, parts=_parts(store, config))
    contents = export_contents(store, CellRequest(config.split, config.languages, config.shares, config.parts or None))
    manifest = Manifest("", "predict", to_plain(config), package_versions())
    if name is None and _belongs_to_training(store, config):
        run_id = str(config.trained_by)
        folder = RunFolder(store_path.with_suffix(".runs") / f"{run_id}.predict")
        write_contents(folder, replace(manifest, run_id=run_id), contents)
        return run_id, folder
    predictor = predictor_of(config).name
    run_id = _interrupted(store, config, name) or name or next_run_id(store, predictor)
    folder = RunFolder(store_path.with_suffix(".runs") / run_id)
    with store.transaction():
        if run_id != _interrupted(store, config, name):
            start_run(store, _record(run_id, predictor, config, folder))
            _record_training(store, run_id, config, contents)
        write_contents(folder, replace(manifest, run_id=run_id), contents)
    return run_id, folder


def _record_training(store: Store, run_id: str, config: PredictConfig, contents: FolderContents) -> None:
    """Keep what the run has seen: the validation cells its temperature is chosen on, and what its training saw."""
    if config.temperature is None:
        record_training_cells(store, run_id, (cell for cell in contents.cells if cell.part == VALIDATION))
    if config.trained_by is not None:
        store.run("run/inherit_training_cells", run_id=run_id, trained_by=config.trained_by)


def _parts(store: Store, config: PredictConfig) -> tuple[str, ...]:
    """Return the parts to predict; the validation part is one of them where the temperature is chosen on it."""
    parts = parts_asked(store, config.split, config.parts or ())
    if config.temperature is not None or VALIDATION in parts:
        return parts
    if VALIDATION not in parts_asked(store, config.split):
        raise not_found(
            f"The split {config.split!r} has no validation part to choose a temperature on.",
            "Name one: --temperature 2.",
        )
    return (*parts, VALIDATION)


def _belongs_to_training(store: Store, config: PredictConfig) -> bool:
    """Return whether a fine-tuning is asked as it was trained; where it computes makes no difference."""
    if config.trained_by is None or config.elicitation != FIRST_TOKEN or config.temperature != 1:
        return False
    trained = config_of_run(store, config.trained_by)
    return (config.prompt, config.languages, config.weights) == (trained.prompt, trained.languages, trained.weights)


def _interrupted(store: Store, config: PredictConfig, name: str | None) -> str | None:
    """Return the run, of this name if one is given, that began with the same configuration and did not finish."""
    configuration = json.dumps(to_plain(config), sort_keys=True)
    found = store.scalar("run/find_interrupted", kind="predictor", configuration=configuration, run_id=name)
    return None if found is None else str(found)


def _record(run_id: str, predictor: str, config: PredictConfig, folder: RunFolder) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        kind="predictor",
        predictor=predictor,
        split=config.split,
        shares=config.shares,
        seed=config.seed,
        model=config.model.name,
        folder=str(folder.path.resolve()),
        configuration=to_plain(config),
    )
