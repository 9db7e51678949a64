"""What a user is told when DuckDB cannot open, read or write the file: the true cause, what is kept, how to go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from surveycli.errors import SurveyError, bad_input, conflict

# What DuckDB's Python client makes of a KeyboardInterrupt: while a statement runs, and while it asks Python for more.
_STOPPED = re.compile(r"Query interrupted|KeyboardInterrupt")


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Raise KeyboardInterrupt where a signal arrives within DuckDB, as everywhere else in Python.

    The client then leaves the statement, but DuckDB's other threads go on with it, and whatever the connection does
    next, a rollback too, waits for them to the end: they are told to stop.
    """
    try:
        yield
    except (RuntimeError, duckdb.Error) as error:
        if _STOPPED.match(str(error)):
            connection.interrupt()
            raise KeyboardInterrupt from error
        raise


@contextmanager
def explained(path: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Turn what DuckDB says of the store's file into an error that says what to do; let its other errors through.

    A signal raises KeyboardInterrupt.
    """
    try:
        with interruptible(connection):
            yield
    except duckdb.Error as error:
        known = explain(path, str(error))
        if known is None:
            raise
        raise known from error


def is_held(reason: str) -> bool:
    """Return whether DuckDB says that another process has the file."""
    return _HELD.search(reason) is not None


def explain(path: Path, reason: str) -> SurveyError | None:
    """Return the error for what DuckDB says of the file, or None where it speaks of something else."""
    for words, error in _TROUBLES:
        if words.search(reason):
            return error(path, reason)
    return None


def _held(path: Path, reason: str) -> SurveyError:
    holder = _HOLDER.search(reason) or _HOLDER_ON_WINDOWS.search(reason)
    who = "another process" if holder is None else f"process {holder[2]} ({holder[1]})"
    return conflict(
        f"The store {path} is in use: {who} holds its lock.", "Wait for it to end, or stop it, and try again."
    )


def _newer(path: Path, reason: str) -> SurveyError:
    return conflict(
        f"The store {path} was made by a newer DuckDB than the one installed ({_in_short(reason)}).",
        "`pip install --upgrade duckdb`, or make the store anew.",
    )


def _full(path: Path, reason: str) -> SurveyError:
    return bad_input(
        f"The disk is full: {path} could not be written ({_in_short(reason)}).",
        "What was in the store before is kept. Free some space, then type the same command again.",
    )


def _cut_short(path: Path, reason: str) -> SurveyError:
    return bad_input(f"The store {path} is cut short: its end is missing ({_in_short(reason)}).", _RESTORE)


def _damaged(path: Path, reason: str) -> SurveyError:
    return bad_input(f"The store {path} is damaged ({_in_short(reason)}).", _RESTORE)


def _denied(path: Path, reason: str) -> SurveyError:
    return bad_input(
        f"The store {path} may not be read or written here ({_in_short(reason)}).",
        "Check the permissions of the file and of its folder, or name another file with --store.",
    )


def _in_short(reason: str) -> str:
    """Return DuckDB's first line without the kind of error that it begins with."""
    return re.sub(r"^(?:[\w ]*Error: )+", "", reason.splitlines()[0]).rstrip(".")


_RESTORE = (
    "Put a whole copy in its place (was it copied or downloaded to the end?), or move it away and make the store anew "
    "with `surveycli ingest`; run folders beside it are still good."
)
# DuckDB's own words by kind of trouble, in whole phrases: "lock" alone is found in "block", too.
_HELD = re.compile(r"Could not set lock on file|Conflicting lock is held|being used by another process", re.IGNORECASE)
_HOLDER = re.compile(r"held in (.+?) \(PID (\d+)\)")
_HOLDER_ON_WINDOWS = re.compile(r"^(.+?) \(PID (\d+)\)", re.MULTILINE)
_TROUBLES: tuple[tuple[re.Pattern[str], Callable[[Path, str], SurveyError]], ...] = (
    (_HELD, _held),
    (re.compile(r"with version number|newer version of DuckDB", re.IGNORECASE), _newer),
    (re.compile(r"No space left on device|File too large|quota exceeded|not enough space", re.IGNORECASE), _full),
    (re.compile(r"Could not read enough bytes", re.IGNORECASE), _cut_short),
    (re.compile(r"Corrupt|not a valid DuckDB database file|has been invalidated", re.IGNORECASE), _damaged),
    (re.compile(r"Permission denied|Read-only file system|Operation not permitted", re.IGNORECASE), _denied),
)
