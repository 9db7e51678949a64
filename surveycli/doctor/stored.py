"""The store, the folders of its runs, and each held against the other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from surveycli.doctor.finding import Diagnosis, State
from surveycli.errors import ExitCode, SurveyError
from surveycli.run_folder.checkup import find_folder_faults
from surveycli.run_folder.standing import list_runs
from surveycli.store import Store, open_store
from surveycli.store.invariant import find_violations, invariant_names


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
    yield Diagnosis(State.OK, "rows", "all of them can be read")
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
    """Hold the runs against their folders, both ways, and say how those stand that did not come to their end."""
    faults = find_folder_faults(store)
    for fault in faults:
        subject = "folder" if fault.run_id is None else f"run {fault.run_id}"
        state = State.FAULT if fault.is_fault else State.NOTE
        yield Diagnosis(state, subject, fault.what, fault.remedy)
    runs = list_runs(store)
    unsound = {fault.run_id for fault in faults if fault.is_fault}
    yield Diagnosis(State.OK, "runs", f"{runs.height - len(unsound)} of {runs.height} have all that they need")
    for run_id, status, on in runs.select("run_id", "status", "next").iter_rows():
        if on is not None and run_id not in unsound:
            yield Diagnosis(State.NOTE, f"run {run_id}", f"it is {status}", on)


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
