"""Runs and run folders held against each other: what has moved, what is gone, what belongs to no run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from surveycli.errors import SurveyError
from surveycli.run_folder.contents import read_contents
from surveycli.run_folder.folder import RunFolder
from surveycli.run_folder.place import find_folder, runs_root
from surveycli.store import Store

_FOUND = "nothing: it is found where it lies, and the next training or prediction records that"


@dataclass(frozen=True, slots=True)
class FolderFinding:
    """What is wrong with a run's folder (`is_fault`), or good to know of one, and what mends it.

    `run_id` is None for a folder of no run.
    """

    run_id: str | None
    path: Path
    what: str
    remedy: str
    is_fault: bool = True


def find_folder_faults(store: Store) -> tuple[FolderFinding, ...]:
    """Return what does not fit between the store's runs and the folders beside it; nothing is written."""
    findings, known = [], set()
    for row in store.rows("run/list", split=None):
        if row["folder"] is None:
            continue
        folder = find_folder(store.path, row["run_id"], row["folder"])
        if folder is None:
            remedy = f"put it back there or to {runs_root(store.path) / row['run_id']}; without it the run cannot go on"
            what = f"its folder {row['folder']} is not there"
            findings.append(FolderFinding(row["run_id"], Path(row["folder"]), what, remedy))
            continue
        known |= {folder.path.resolve(), folder.own_predictions.path.resolve()}
        if folder.path.resolve() != Path(row["folder"]):
            moved = f"its folder has moved from {row['folder']} to {folder.path}"
            findings.append(FolderFinding(row["run_id"], folder.path, moved, _FOUND, is_fault=False))
        findings += _damage(row["run_id"], folder)
        if folder.own_predictions.manifest.is_file():
            findings += _damage(row["run_id"], folder.own_predictions)
    return (*findings, *_strays(store, known))


def _damage(run_id: str, folder: RunFolder) -> list[FolderFinding]:
    try:
        read_contents(folder)
    except SurveyError as error:
        return [FolderFinding(run_id, folder.path, error.message.rstrip("."), error.hint)]
    return []


def _strays(store: Store, known: set[Path]) -> list[FolderFinding]:
    root = runs_root(store.path)
    there = [path for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []
    return [
        FolderFinding(None, path, f"{path} is of no run in the store", f"rm -r {quote(str(path))}", is_fault=False)
        for path in there
        if path.resolve() not in known and not path.name.startswith(".")
    ]
