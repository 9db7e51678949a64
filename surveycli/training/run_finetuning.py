"""A fine-tuning from store to store: cells out, training in the run folder, measurements back in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.configuration import FinetuneConfig
from surveycli.domain import LEARNT_FROM
from surveycli.engine.launch import demand_at_hand, demand_one_process, demand_shardable
from surveycli.errors import SurveyError, not_found
from surveycli.plain import to_plain
from surveycli.progress import Progress, silent
from surveycli.run_folder import Manifest, RunFolder, write_contents
from surveycli.run_folder.transfer import (
    CellRequest,
    export_contents,
    import_metrics,
    record_training_cells,
)
from surveycli.store import RunRecord, finish_run, next_run_id, open_store, package_versions, start_run

if TYPE_CHECKING:
    from surveycli.training.train import TrainingOutcome


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that is in the store and has its folder, ready to train here or on another machine."""

    run_id: str
    folder: RunFolder


def runs_root(store_path: Path) -> Path:
    """Return the folder beside a store that its run folders lie in: `survey.duckdb` has `survey.runs/`."""
    return store_path.with_suffix(".runs")


def prepare_run(
    store_path: Path, config: FinetuneConfig, name: str | None = None, *, elsewhere: bool = False
) -> PreparedRun:
    """Write the run's folder and its record, and close the store again.

    If it is not to be trained `elsewhere`, its model has to be at hand, which is looked at first. Raises SurveyError:
    exit 4 for an unknown split, a missing language or model, 5 for a name that is taken, 2 for a training of all
    weights that are to be sharded.
    """
    demand_one_process("finetune")
    demand_shardable(config.model, trains_all=config.lora is None)
    if not elsewhere:
        demand_at_hand(config.model)
    with open_store(store_path, write=True) as store:
        request = CellRequest(config.split, config.languages, config.shares, parts=LEARNT_FROM)
        contents = export_contents(store, request)
        run_id = name or next_run_id(store, "finetune")
        folder = RunFolder(runs_root(store_path) / run_id)
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
            start_run(store, record)
            record_training_cells(store, run_id, contents.cells)
            write_contents(folder, Manifest(run_id, "finetune", to_plain(config), package_versions()), contents)
    return PreparedRun(run_id, folder)


def finetune(store_path: Path, run: PreparedRun, progress: Progress = silent) -> TrainingOutcome:
    """Train a prepared run to its end, from its last checkpoint if it has one, and record how it ended.

    The store is open only before and after the training.
    """
    demand_one_process("finetune")
    from surveycli.training.train import train_folder  # loads torch

    try:
        outcome = train_folder(run.folder, progress)
    except SurveyError as error:
        with open_store(store_path, write=True) as store:
            finish_run(store, run.run_id, reason=error.message)
        raise
    with open_store(store_path, write=True) as store:
        import_metrics(store, run.run_id, run.folder)
        finish_run(store, run.run_id, model_fingerprint=outcome.model_fingerprint)
    return outcome


def find_run(store_path: Path, run_id: str) -> PreparedRun:
    """Return a fine-tuning that was prepared or begun before. Raises SurveyError (exit 4) where there is none."""
    with open_store(store_path) as store:
        rows = store.rows("run/find", run_id=run_id)
    if not rows or rows[0]["kind"] != "finetune":
        raise not_found(f"There is no fine-tuning named {run_id!r}.", "`surveycli runs` lists the runs.")
    return PreparedRun(run_id, RunFolder(Path(rows[0]["folder"])))
