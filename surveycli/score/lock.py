"""Locks of predictions: a hash and a time, kept before people's answers are there, checked whenever they are scored.

What a lock shows rests on when it was made: beside the hash stands of how many cells the store had answers by then. The
hash can be published, so that the store need not be trusted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from surveycli.clock import utc_now
from surveycli.errors import conflict, not_found
from surveycli.score.score_run import find_scored_run

if TYPE_CHECKING:
    from surveycli.store import Store

_LINES = 100_000  # hashed at a time


@dataclass(frozen=True, slots=True)
class Lock:
    """When a run's predictions were locked, their hash then, and whether it is the same today."""

    run_id: str
    sha256: str
    n_cells: int
    n_answered: int
    locked_at: datetime
    unchanged: bool

    def __str__(self) -> str:
        when = f"{self.locked_at:%Y-%m-%d %H:%M} UTC"
        if not self.unchanged:
            return f"locked {when}; the predictions have changed since"
        before = f"when the store had answers to {self.n_answered} of its {self.n_cells} cells"
        if not self.n_answered:
            before = f"before any of its {self.n_cells} cells had answers in the store"
        return f"locked {when}, {before}; unchanged since"


def lock_run(store: Store, run_id: str) -> Lock:
    """Keep the hash of a run's predictions and the time, and return them; a run that is locked stays as it is.

    Raises SurveyError: 4 where there is no such run or it has no predictions, 3 where it did not finish, 5 where it was
    locked and its predictions have changed since.
    """
    find_scored_run(store, run_id)
    found = find_lock(store, run_id)
    if found is not None:
        if not found.unchanged:
            raise conflict(f"{run_id} was {found}.", "Predict under another --name, and lock that run.")
        return found
    counts = store.rows("score/count_answered", run_id=run_id)[0]
    if not counts["n_cells"]:
        raise not_found(f"The run {run_id} has no predictions to lock.", "`surveycli predict` makes them.")
    now = utc_now()
    lock = Lock(run_id, prediction_hash(store, run_id), counts["n_cells"], counts["n_answered"], now, True)
    store.run(
        "score/write_lock",
        run_id=run_id,
        sha256=lock.sha256,
        n_cells=lock.n_cells,
        n_answered=lock.n_answered,
        locked_at=now,
    )
    return lock


def find_lock(store: Store, run_id: str) -> Lock | None:
    """Return the lock of a run, held against its predictions of today; None where it has none."""
    rows = store.rows("score/find_lock", run_id=run_id)
    return Lock(**rows[0], unchanged=rows[0]["sha256"] == prediction_hash(store, run_id)) if rows else None


def prediction_hash(store: Store, run_id: str) -> str:
    """Return the SHA-256 of a run's predictions, a line each (see the column sha256 of prediction_lock)."""
    lines = store.frame("score/list_locked_lines", run_id=run_id)["line"]
    digest = hashlib.sha256()
    for start in range(0, len(lines), _LINES):
        digest.update("".join(f"{line}\n" for line in lines[start : start + _LINES]).encode())
    return digest.hexdigest()
