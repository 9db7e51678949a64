"""The store, the folders of its runs, and each held against the other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from surveycli.doctor.finding import Diagnosis, State
from surveycli.errors import ExitCode, SurveyError
from surveycli.run_folder import RunFolder, read_manifest
from surveycli.store import Store, open_store
from surveycli.store.invariant import find_violations, invariant_names

_GOES_ON = {"finetune": "`surveycli finetune --resume {}`", "predictor": "the command that began it, typed again,"}


def examine_store(path: Path) -> Iterator[Diagnosis]:
    """Yield how the store at `path` stands, what lies beside it, and how its runs and their folders go together."""
    yield from _left_over(path)
    try:
        with open_store(path) as store:
            yield Diagnosis(State.OK, "store", f"{path}, {path.stat().st_size / 1e6:,.1f} MB, opens and is up to date")
            yield from _content(store)
    except SurveyError as error:
        harmless = error.code == ExitCode.NOT_FOUND or "in use" in error.message
        yield Diagnosis(State.NOTE if harmless else State.FAULT, "store", error.message, error.hint)


def _content(store: Store) -> Iterator[Diagnosis]:
    store.read_every_block()
    yield Diagnosis(State.OK, "rows", "every one of them can be read")
    broken = list(find_violations(store))
    for violation in broken:
        says = f"{violation.name} does not hold in {violation.rows.height} rows: {violation.purpose}"
        yield Diagnosis(
            State.FAULT, "invariant", says, "`surveycli check` shows the rows; make anew what they are about"
        )
    if not broken:
        yield Diagnosis(State.OK, "invariants", f"all {len(invariant_names())} hold")
    yield from _runs(store)


def _runs(store: Store) -> Iterator[Diagnosis]:
    """Hold the runs against their folders, both ways."""
    beside = store.path.with_suffix(".runs")
    rows = store.rows("run/list_folders")
    sound = 0
    for row in rows:
        findings = list(_run(row["run_id"], row["kind"], row["status"], row["folder"], row["n_predicted"], beside))
        yield from findings
        sound += not findings
    yield Diagnosis(State.OK, "runs", f"{sound} of {len(rows)} have all that they need")
    known = {row["run_id"] for row in rows}
    for folder in sorted(beside.iterdir()) if beside.is_dir() else ():
        if folder.is_dir() and folder.name.removesuffix(".predict") not in known:
            repair = f"delete it, or move it away: rm -r {folder}"
            yield Diagnosis(State.NOTE, "folder", f"{folder} is of no run in the store", repair)


def _run(
    run_id: str, kind: str, status: str, folder: str | None, n_predicted: int, beside: Path
) -> Iterator[Diagnosis]:
    """Yield what a run lacks; nothing where it has all it needs."""
    if folder is not None:
        places = (Path(folder), beside / Path(folder).name)
        found = next((place for place in places if place.is_dir()), None)
        if found is None:
            kept = f"its {n_predicted:,} predicted cells are in the store" if n_predicted else "it predicted nothing"
            repair = f"put it back there or to {places[1]}; without it the run cannot go on or predict more"
            yield Diagnosis(State.FAULT, f"run {run_id}", f"its folder {folder} is not there; {kept}", repair)
            return
        try:
            read_manifest(RunFolder(found))
        except SurveyError as error:
            yield Diagnosis(State.FAULT, f"run {run_id}", error.message, error.hint)
            return
    if status not in {"finished", "failed"}:
        on = _GOES_ON.get(kind, _GOES_ON["predictor"]).format(run_id)
        yield Diagnosis(State.NOTE, f"run {run_id}", f"it is {status}", f"unless it is at work just now: {on} goes on")


def _left_over(path: Path) -> Iterator[Diagnosis]:
    """Yield files that killed processes left beside the store: made aside, and never named."""
    for file in sorted(path.parent.glob(f".{path.name}.*.part*")) if path.parent.is_dir() else ():
        number = re.search(r"\.(\d+)\.part", file.name)
        if number is not None and not _is_alive(int(number[1])):
            yield Diagnosis(State.NOTE, "file", f"{file} was left by a process that was killed", f"rm {file}")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
