"""Folders of new runs, and of runs whose folder has moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from surveycli.errors import conflict
from surveycli.run_folder.folder import RunFolder
from surveycli.run_folder.manifest import read_manifest, write_manifest
from surveycli.run_folder.place import demand_folder, moved_along, runs_root
from surveycli.store import Store, demand_run_name, next_run_id


def claim_folder(store: Store, name: str | None, stem: str) -> tuple[str, RunFolder]:
    """Return the name of a new run, by `stem` and number where none is given, and its folder.

    Raises SurveyError: exit 5 where the folder holds the work of a run that is not in the store, 2 for what cannot be
    a name.
    """
    run_id = name or next_run_id(store, stem)
    demand_run_name(run_id)
    root = runs_root(store.path)
    if name is None:
        stem, number = run_id.rsplit("-", 1)[0], int(run_id.rsplit("-", 1)[1])
        while has_work(RunFolder(root / f"{stem}-{number}")):
            number += 1
        run_id = f"{stem}-{number}"
    folder = RunFolder(root / run_id)
    if has_work(folder):
        raise conflict(
            f"The folder {folder.path} holds the work of a run that is not in the store.",
            "Choose another --name, or move the folder away.",
        )
    return run_id, folder


def has_work(folder: RunFolder) -> bool:
    """Return whether more lies in a folder than what a run is prepared with: a training or predictions have begun."""
    begun = (folder.checkpoint, folder.weights, folder.predictions, folder.metrics, folder.outcome)
    return any(path.exists() for path in begun)


def find_moved(store_path: Path, run_id: str, recorded: str | None) -> RunFolder:
    """Return the folder of a run; where it was moved, with its manifest mended to where its model lies now.

    Raises SurveyError: exit 4 where the folder is gone, 3 where its manifest is damaged.
    """
    folder = demand_folder(store_path, run_id, recorded)
    if recorded is not None and folder.path.resolve() != Path(recorded):
        mend_paths(folder, Path(recorded))
    return folder


def mend_paths(folder: RunFolder, recorded: Path) -> bool:
    """Let the manifest of a moved folder say where model and weights lie now; return whether it said otherwise.

    `recorded` is where the folder was. Raises SurveyError (exit 3) for a damaged manifest.
    """
    manifest = read_manifest(folder)
    mended = mended_configuration(dict(manifest.configuration), recorded, folder.path)
    if mended == manifest.configuration:
        return False
    write_manifest(folder, replace(manifest, configuration=mended))
    return True


def mended_configuration(configuration: dict[str, Any], recorded: Path, now: Path) -> dict[str, Any]:
    """Return a configuration with the paths of a project that was moved from `recorded` to `now`, both run folders."""
    mended = dict(configuration)
    model = mended.get("model")
    if isinstance(model, dict) and isinstance(model.get("name"), str) and Path(model["name"]).is_absolute():
        mended["model"] = {**model, "name": str(moved_along(Path(model["name"]), recorded, now))}
    if isinstance(mended.get("weights"), str):
        mended["weights"] = str(moved_along(Path(mended["weights"]), recorded, now))
    return mended
