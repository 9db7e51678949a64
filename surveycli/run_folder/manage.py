"""Rename and delete runs: in the store in one step, and their folders after it."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from surveycli.errors import SurveyError, conflict, not_found
from surveycli.run_folder.at_work import at_work
from surveycli.run_folder.claim import has_work
from surveycli.run_folder.folder import RunFolder, unwritable
from surveycli.run_folder.manifest import read_manifest, write_manifest
from surveycli.run_folder.place import find_folder, runs_root
from surveycli.store import Store, demand_run_name


@dataclass(frozen=True, slots=True)
class Stake:
    """What goes with a run: its predictions, scores, epochs measured, folders and the bytes in these.

    `built_on` are runs that ask its model: what they have predicted stays, but they can predict no more.
    """

    run_id: str
    n_predicted: int
    n_scored: int
    n_measured: int
    folders: tuple[Path, ...]
    n_bytes: int
    built_on: tuple[str, ...]


def find_stake(store: Store, run_id: str) -> Stake:
    """Return what would go with a run. Raises SurveyError (exit 4) where there is no such run."""
    row = _find(store, run_id)
    counts = store.rows("run/count_what_goes", run_id=run_id)[0]
    folders = tuple(folder.path for folder in _folders(store, row))
    n_bytes = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    built_on = tuple(counts.pop("built_on") or ())
    return Stake(run_id, **counts, folders=folders, n_bytes=n_bytes, built_on=built_on)


def delete_run(store: Store, run_id: str) -> None:
    """Delete a run from the store, then its folders.

    A process that is killed in between leaves folders of no run behind, which nothing reads. Raises SurveyError: exit 4
    where there is no such run, 5 where a process is at work on it, 3 where a folder may not be written to.
    """
    row = _find(store, run_id)
    folders = _folders(store, row)
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(at_work(folder))
        with store.transaction():
            store.run("run/delete", run_id=run_id)
    for folder in folders:
        aside = folder.path.with_name(f".{folder.path.name}.deleted")
        try:
            shutil.rmtree(aside, ignore_errors=True)
            folder.path.rename(aside)
            shutil.rmtree(aside)
        except OSError as error:
            raise unwritable(folder.path, error) from error


def rename_run(store: Store, run_id: str, name: str) -> None:
    """Give a run another name, and its folders with it.

    The store follows in one step; folders that keep their old name, as the process was killed, are found all the same.
    Raises SurveyError: exit 4 where there is no such run, 5 where the name is taken or a process is at work on the run,
    2 for what cannot be a name.
    """
    row = _find(store, run_id)
    demand_run_name(name)
    target = RunFolder(runs_root(store.path) / name)
    if store.scalar("run/exists", run_id=name) or has_work(target) or has_work(target.own_predictions):
        raise conflict(f"There is already a run named {name}, or a folder of one.", "Choose another name.")
    folders = _folders(store, row)
    places = [target, target.own_predictions][: len(folders)]
    for folder in folders:
        with at_work(folder):
            pass
    with store.transaction():
        store.run("run/rename", run_id=run_id, name=name, folder=str(folders[0].path.resolve()) if folders else None)
    for folder, place in zip(folders, places, strict=True):
        try:
            shutil.rmtree(place.path, ignore_errors=True)  # prepared for a run that never was
            folder.path.rename(place.path)
        except OSError as error:
            raise unwritable(place.path, error) from error
    if folders:
        with store.transaction():
            store.run("run/place", run_id=name, folder=str(target.path.resolve()), configuration=None)
        _mend_names(store, name, folders[0].path, target)


def _find(store: Store, run_id: str) -> dict[str, Any]:
    rows = store.rows("run/find", run_id=run_id)
    if not rows:
        raise not_found(f"There is no run {run_id} in the store.", "`surveycli runs` lists them.")
    return rows[0]


def _folders(store: Store, row: dict[str, Any]) -> list[RunFolder]:
    """Return the folders of a run that are there: its own, then that of its own predictions."""
    folder = find_folder(store.path, row["run_id"], row["folder"])
    return [] if folder is None else [f for f in (folder, folder.own_predictions) if f.manifest.is_file()]


def _mend_names(store: Store, name: str, before: Path, target: RunFolder) -> None:
    """Let manifests say the run's new name, and where its weights lie; those of runs that are built on it, too."""
    counts = store.rows("run/count_what_goes", run_id=name)[0]
    others = [_folders(store, _find(store, run_id)) for run_id in counts["built_on"] or ()]
    for folder in [target, target.own_predictions, *(folder for found in others for folder in found)]:
        try:
            manifest = read_manifest(folder)
        except SurveyError:  # none, or a damaged one: then nothing in it is to be trusted
            continue
        configuration = dict(manifest.configuration)
        if configuration.get("weights") == str(before / "weights"):
            configuration |= {"weights": str(target.weights.resolve()), "trained_by": name}
        own = folder in (target, target.own_predictions)
        write_manifest(folder, replace(manifest, run_id=name if own else manifest.run_id, configuration=configuration))
