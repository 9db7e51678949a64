"""A fine-tuning from store to store: cells out, training in the run folder, measurements back in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from surveycli.configuration import FinetuneConfig
from surveycli.domain import LEARNT_FROM, VALIDATION, Cell
from surveycli.engine.launch import demand_at_hand, demand_one_process, demand_shardable, demand_tracker
from surveycli.errors import not_found
from surveycli.plain import to_plain
from surveycli.progress import Progress, silent
from surveycli.run_folder import (
    FolderContents,
    Manifest,
    RunFolder,
    TrainingOutcome,
    at_work,
    read_outcome,
    write_contents,
)
from surveycli.run_folder.calibration import read_calibration
from surveycli.run_folder.claim import claim_folder, find_moved
from surveycli.run_folder.standing import mark_patiently, recording, settle_runs
from surveycli.run_folder.training_cells import record_training_cells
from surveycli.run_folder.transfer import CellRequest, export_contents, import_metrics
from surveycli.store import (
    RunRecord,
    RunStatus,
    Store,
    finish_run,
    open_patiently,
    open_store,
    record_choice,
    start_run,
)
from surveycli.training.held_out import held_apart
from surveycli.versions import package_versions


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that is in the store and has its folder, ready to train here or on another machine."""

    run_id: str
    folder: RunFolder

    @property
    def way_on(self) -> str:
        """How to go on with the training, and to bring it into the store."""
        return f"`surveycli finetune --resume {self.run_id}` goes on with it."


def prepare_run(
    store_path: Path, config: FinetuneConfig, name: str | None = None, *, elsewhere: bool = False
) -> PreparedRun:
    """Write the run's folder and its record, and close the store again.

    If it is not to be trained `elsewhere`, its model has to be at hand, which is looked at first. Raises SurveyError:
    exit 4 for an unknown split, a missing language or model, 5 for a name that is taken, 2 for one that cannot be a
    name, and for a training of all weights that are to be sharded.
    """
    demand_one_process("finetune")
    demand_shardable(config.model, trains_all=config.lora is None)
    if not elsewhere:
        demand_at_hand(config.model)
        demand_tracker(config.log_to)
    config = replace(config, model=config.model.with_whole_path())
    with open_store(store_path, write=True) as store:
        settle_runs(store)
        request = CellRequest(config.split, config.languages, config.shares, parts=LEARNT_FROM)
        contents = export_contents(store, request)
        run_id, folder = claim_folder(store, name, "finetune")
        record = RunRecord(
            run_id=run_id,
            kind="finetune",
            predictor="fine-tuned",
            split=config.split,
            shares=config.shares,
            seed=config.seed,
            model=config.model.name,
            folder=str(folder.path.resolve()),
            configuration=to_plain(config),
        )
        with store.transaction():
            start_run(store, record, RunStatus.PREPARED)
            record_training_cells(store, run_id, _learnt_from(contents, config))
            write_contents(folder, Manifest(run_id, "finetune", to_plain(config), package_versions()), contents)
    return PreparedRun(run_id, folder)


def _learnt_from(contents: FolderContents, config: FinetuneConfig) -> Iterator[Cell]:
    """Yield the cells that a training sees, what it is calibrated on as cells that it is chosen on."""
    parted = held_apart(contents.cells, contents.questions, config)
    yield from (*parted.train, *parted.validation)
    yield from (replace(cell, part=VALIDATION) for cell in parted.held_out)


def finetune(store_path: Path, run: PreparedRun, progress: Progress = silent) -> TrainingOutcome:
    """Train a prepared run to its end, from its last checkpoint if it has one, and record how it ended.

    The store is open only before and after the training; one that came to its end elsewhere is brought in as it is.
    Raises SurveyError as training does, and exit 5 where the store is held for long when the training has ended.
    """
    demand_one_process("finetune")
    from surveycli.training.hand_out import hand_out  # loads torch
    from surveycli.training.train import train_folder

    def mark(status: RunStatus, reason: str | None = None) -> None:
        mark_patiently(store_path, run.run_id, status, reason)

    with at_work(run.folder):
        outcome = read_outcome(run.folder)
        if outcome is None:
            mark(RunStatus.RUNNING)
            with recording(mark, f"What was trained is kept; {run.way_on}"):
                outcome = train_folder(run.folder, progress)
        with open_patiently(store_path, way_on=_bring_in(run)) as store:
            import_metrics(store, run.run_id, run.folder)
            if chosen := _chosen(run.folder, outcome):
                record_choice(store, run.run_id, chosen)
            finish_run(store, run.run_id, model_fingerprint=outcome.model_fingerprint)
            licences = _licences(store)
        hand_out(run.folder, outcome, progress, licences=licences)
    return outcome


def _chosen(folder: RunFolder, outcome: TrainingOutcome) -> dict[str, Any]:
    """Return what was chosen on cells that were not learnt from: the weights of each kind of item, and their trust."""
    chosen: dict[str, Any] = {}
    if outcome.best_of_kind:
        chosen["weights"] = {
            k.value: {"epoch": epoch, "loss": round(loss, 4)} for k, epoch, loss in outcome.best_of_kind
        }
    calibration = read_calibration(folder)
    if calibration is not None and calibration.is_known:
        chosen["calibration"] = calibration.record()
    return chosen


def merge(store_path: Path, run_id: str, target: Path) -> Path:
    """Write the model that a run trained as a folder that transformers loads. Raises SurveyError as merge_run does."""
    from surveycli.training.hand_out import merge_run  # loads torch

    run = find_run(store_path, run_id)
    with open_store(store_path) as store:
        licences = _licences(store)
    return merge_run(run.folder, target, licences)


def _licences(store: Store) -> dict[str, str]:
    return {row["survey_id"]: row["licence"] for row in store.rows("run/list_licences")}


def _bring_in(run: PreparedRun) -> str:
    return (
        f"The training has ended, and all of it is kept in {run.folder.path}: "
        f"`surveycli finetune --resume {run.run_id}` brings it in as soon as the store is free."
    )


def find_run(store_path: Path, run_id: str) -> PreparedRun:
    """Return a fine-tuning that was prepared or begun before.

    Raises SurveyError (exit 4) where there is none, or its folder is gone.
    """
    with open_store(store_path) as store:
        rows = store.rows("run/find", run_id=run_id)
    if not rows or rows[0]["kind"] != "finetune":
        raise not_found(f"There is no fine-tuning named {run_id!r}.", "`surveycli runs` lists the runs.")
    return PreparedRun(run_id, find_moved(store_path, run_id, rows[0]["folder"]))
