"""How runs stand: what the store recorded, seen beside who is at work on their folders and what lies there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from surveycli.errors import SurveyError
from surveycli.run_folder.at_work import worker_of
from surveycli.run_folder.claim import has_work, mend_paths, mended_configuration
from surveycli.run_folder.folder import RunFolder
from surveycli.run_folder.place import find_folder
from surveycli.run_folder.training_cells import recover_training_cells
from surveycli.store import RunStatus, Store, mark_parts, mark_run, open_patiently

if TYPE_CHECKING:
    import polars as pl

NOT_BROUGHT_IN = "not brought in"
MARK_PATIENCE_S = 5.0  # what is recorded here is seen from the folder, too
_OPEN = {RunStatus.PREPARED, RunStatus.RUNNING, RunStatus.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands, in a word or two, and the command that goes on with it ("" where nothing is to be done)."""

    status: str
    next: str = ""


def standing_of_run(store_path: Path, row: Mapping[str, Any]) -> Standing:
    """Return how a run stands. `row` has its run_id, kind, status and folder.

    A run that the store has as prepared, running or interrupted is running while a process is at work on its folder. It
    is "not brought in" where the folder has an outcome that the store lacks, as the store was held when the work ended.
    """
    run_id, status = str(row["run_id"]), RunStatus(row["status"])
    if status is RunStatus.FINISHED:
        return Standing(status.value)
    on = f"surveycli finetune --resume {quote(run_id)}" if row["kind"] == "finetune" else resume_prediction(run_id)
    return _standing(find_folder(store_path, run_id, row["folder"]), status, on)


def standing_of_part(store_path: Path, row: Mapping[str, Any]) -> Standing:
    """Return how the prediction of a part stands. `row` has run_id, kind, folder, split, part and status."""
    run_id, status = str(row["run_id"]), RunStatus(row["status"])
    if status is RunStatus.FINISHED:
        return Standing(status.value)
    folder = find_folder(store_path, run_id, row["folder"])
    if folder is not None and row["kind"] == "finetune":
        folder = folder.own_predictions
    return _standing(folder, status, resume_prediction(run_id, str(row["split"]), str(row["part"])))


def list_runs(store: Store, split: str | None = None) -> pl.DataFrame:
    """Return the runs as they stand now (those on `split` alone), with the command that goes on with each.

    A finished run that was asked for more has "predictions open" beside its status, and the command for these.
    """
    import polars as pl

    runs = store.frame("run/list", split=split)
    parts = ways_on(store)
    standings = [standing_of_run(store.path, row) for row in runs.iter_rows(named=True)]
    told = list(zip(runs["run_id"], standings, strict=True))
    open_too = f"{RunStatus.FINISHED}, predictions open"
    status = [open_too if run in parts and s.status == RunStatus.FINISHED else s.status for run, s in told]
    return runs.drop("kind", "folder").with_columns(
        status=pl.Series(status, dtype=pl.String),
        next=pl.Series([s.next or parts.get(run) for run, s in told], dtype=pl.String),
    )


def ways_on(store: Store, run_id: str | None = None) -> dict[str, str]:
    """Return the command that goes on with the predictions of each run that has open ones, of one split."""
    found: dict[str, tuple[str, list[str]]] = {}
    for row in store.rows("run/list_unfinished_parts", run_id=run_id):
        split, parts = found.setdefault(row["run_id"], (row["split"], []))
        if row["split"] == split:
            parts.append(row["part"])
    return {run: resume_prediction(run, split, *parts) for run, (split, parts) in found.items()}


def resume_prediction(run_id: str, split: str = "", *parts: str) -> str:
    """Return the command that goes on with a prediction."""
    options = [("--run", run_id), ("--split", split), *(("--part", part) for part in parts)]
    return " ".join(["surveycli predict", *(f"{name} {quote(value)}" for name, value in options if value)])


def _standing(folder: RunFolder | None, status: RunStatus, on: str) -> Standing:
    if folder is None:
        return Standing(RunStatus.INTERRUPTED.value if status in _OPEN else status.value)
    worker = worker_of(folder)
    if worker is not None:
        return Standing(RunStatus.RUNNING.value if worker.is_here else f"running on {worker.host}")
    if folder.outcome.is_file():
        return Standing(NOT_BROUGHT_IN, on)
    if status is RunStatus.PREPARED and not has_work(folder):
        return Standing(status.value, on)
    return Standing((RunStatus.INTERRUPTED if status in _OPEN else status).value, on)


@contextmanager
def recording(mark: Callable[[RunStatus, str | None], None], way_on: str) -> Iterator[None]:
    """Have `mark` record why the work in the block did not come to its end; a signal is told `way_on`, how to go on.

    Where the store is held at that moment nothing is recorded: `standing_of_run` sees how the run stands all the same.
    """
    try:
        yield
    except SurveyError as error:
        mark(RunStatus.FAILED, error.message)
        raise
    except (KeyboardInterrupt, SystemExit) as error:
        mark(RunStatus.INTERRUPTED, None)
        error.add_note(way_on)
        raise
    except Exception as error:
        mark(RunStatus.FAILED, f"{type(error).__name__}: {error}".splitlines()[0])
        raise


def mark_patiently(store_path: Path, run_id: str, status: RunStatus, reason: str | None = None) -> None:
    """Record how a run stands. Nothing is recorded where another process holds the store for long."""
    with suppress(SurveyError), open_patiently(store_path, patience_s=MARK_PATIENCE_S) as store:
        mark_run(store, run_id, status, reason)


def settle_runs(store: Store) -> None:
    """Record what became of runs: which were killed, where their folders lie now, what those of 0.1.0 learnt from."""
    for row in store.rows("run/list", split=None):
        _settle_place(store, row)
    for row in store.rows("run/list_open"):
        of_part = row["part"] is not None
        standing = standing_of_part(store.path, row) if of_part else standing_of_run(store.path, row)
        if standing.status != RunStatus.INTERRUPTED:
            continue
        if of_part:
            mark_parts(store, row["run_id"], row["split"], [row["part"]], RunStatus.INTERRUPTED)
        else:
            mark_run(store, row["run_id"], RunStatus.INTERRUPTED)
    recover_training_cells(store)


def _settle_place(store: Store, row: Mapping[str, Any]) -> None:
    """Record where a folder that has moved lies, and mend the paths in it."""
    folder = find_folder(store.path, row["run_id"], row["folder"])
    if folder is None or folder.path.resolve() == Path(row["folder"]):
        return
    for moved in (folder, folder.own_predictions):
        with suppress(SurveyError):  # a damaged one is told of when it is used
            if moved.manifest.is_file():
                mend_paths(moved, Path(row["folder"]))
    stored = json.loads(store.rows("run/find", run_id=row["run_id"])[0]["configuration"])
    configuration = json.dumps(mended_configuration(stored, Path(row["folder"]), folder.path), sort_keys=True)
    place = str(folder.path.resolve())
    store.run("run/place", run_id=row["run_id"], folder=place, configuration=configuration)
