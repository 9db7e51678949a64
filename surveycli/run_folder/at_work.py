"""Who is at work on a run folder: one process at a time, which the operating system itself vouches for.

A lock of the operating system ends with the process that holds it, however it ends: a run that was killed is told from
one that is at work.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from surveycli.errors import SurveyError, conflict
from surveycli.run_folder.folder import RunFolder, replacing, unwritable
from surveycli.run_folder.reading import field, read_json


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that is at work on a run folder, or was when its machine was last heard of."""

    host: str
    pid: int
    since: str

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine, which can tell whether it still does."""
        return self.host == socket.gethostname()

    def __str__(self) -> str:
        return f"process {self.pid}" if self.is_here else f"process {self.pid} on {self.host}"


@contextmanager
def at_work(folder: RunFolder) -> Iterator[None]:
    """Be the one process at work on the folder during the block, which may use `at_work` again itself.

    Raises SurveyError: exit 5 where another process is, 3 where the folder may not be written to.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
        lock.acquire(timeout=0)
    except Timeout as error:
        worker = _noted_worker(folder) or "another process"
        raise conflict(
            f"{worker} is at work on the run in {folder.path}.", "Wait for it to end, or stop it, and try again."
        ) from error
    except OSError as error:
        raise unwritable(folder.path, error) from error
    try:
        if lock.lock_counter == 1:
            _note_worker(folder)
        yield
    finally:
        if lock.lock_counter == 1:
            _note_path(folder).unlink(missing_ok=True)
        lock.release()


def worker_of(folder: RunFolder) -> Worker | None:
    """Return the process that is at work on the folder; None where none is.

    Of a process on another machine it is only known that it began.
    """
    noted = _noted_worker(folder)
    if noted is None or not noted.is_here:
        return noted
    if noted.pid == os.getpid() and _lock(folder).is_locked:
        return noted
    try:
        with FileLock(_lock_path(folder), timeout=0):
            return None
    except Timeout:
        return noted
    except OSError:  # a folder that may only be read: no process can be at work on it
        return None


def _lock(folder: RunFolder) -> FileLock:
    """Return this process's lock of the folder, always the same one, so that whoever holds it may take it again."""
    return FileLock(_lock_path(folder), timeout=0, is_singleton=True, thread_local=False)


def _lock_path(folder: RunFolder) -> Path:
    return folder.path.resolve() / "worker.lock"


def _note_path(folder: RunFolder) -> Path:
    return folder.path / "worker.json"


def _note_worker(folder: RunFolder) -> None:
    note = {"host": socket.gethostname(), "pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    with replacing(_note_path(folder)) as aside:
        aside.write_text(json.dumps(note), encoding="utf-8")


def _noted_worker(folder: RunFolder) -> Worker | None:
    path = _note_path(folder)
    if not path.is_file():
        return None
    try:
        note = read_json(path)
        return Worker(field(path, note, "host", str), field(path, note, "pid", int), field(path, note, "since", str))
    except SurveyError:  # it only says whom to wait for; the lock itself decides
        return None
