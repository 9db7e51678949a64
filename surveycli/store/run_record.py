"""One row per run: what was asked for, with which versions, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from surveycli.clock import utc_now
from surveycli.configuration import CHOSEN
from surveycli.domain import Shares
from surveycli.errors import conflict, usage
from surveycli.store.connection import Store
from surveycli.untrusted.text import shown
from surveycli.versions import package_versions

if TYPE_CHECKING:
    import polars as pl

MOST_NAME = 100


class RunStatus(StrEnum):
    """How a training, or the prediction of a part, stands."""

    PREPARED = "prepared"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    FAILED = "failed"


_ENDED = {RunStatus.INTERRUPTED, RunStatus.FINISHED, RunStatus.FAILED}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is known of a run when it starts."""

    run_id: str
    kind: str
    predictor: str
    split: str | None
    shares: Shares
    seed: int
    model: str | None = None
    model_fingerprint: str | None = None
    folder: str | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)


def next_run_id(store: Store, stem: str) -> str:
    """Return `stem-1`, `stem-2`... : the first such name that no run has."""
    return f"{stem}-{int(store.scalar('run/last_number', stem=stem) or 0) + 1}"


def start_run(store: Store, record: RunRecord, status: RunStatus = RunStatus.RUNNING) -> None:
    """Write a new run. Raises SurveyError: exit 5 where the name is taken, 2 where it cannot be one."""
    demand_run_name(record.run_id)
    if store.scalar("run/exists", run_id=record.run_id):
        raise conflict(f"There is already a run named {record.run_id}.", "Choose another --name, or leave it out.")
    store.run(
        "run/start",
        run_id=record.run_id,
        kind=record.kind,
        predictor=record.predictor,
        split=record.split,
        model=record.model,
        model_fingerprint=record.model_fingerprint,
        shares=record.shares.value,
        seed=record.seed,
        configuration=json.dumps(record.configuration, sort_keys=True),
        versions=json.dumps(package_versions()),
        folder=record.folder,
        status=status.value,
        started_at=utc_now(),
    )


def demand_run_name(run_id: str) -> None:
    """Raise SurveyError (exit 2) for what cannot be the name of a run, which is that of a folder, too."""
    plain = run_id.isprintable() and not set(run_id) & set('/\\:*?"<>|') and run_id == run_id.strip()
    if not plain or not 0 < len(run_id) <= MOST_NAME or run_id.startswith((".", "-")) or run_id.endswith(".predict"):
        raise usage(
            f"{shown(run_id)} cannot be the name of a run.",
            f"A name has up to {MOST_NAME} letters, digits, spaces, - _ + . and begins with neither . nor -; "
            "it does not end in .predict, as folders of predictions do.",
        )


def mark_run(store: Store, run_id: str, status: RunStatus, reason: str | None = None) -> None:
    """Record how a run stands; one that has finished stays so."""
    store.run("run/mark", run_id=run_id, status=status.value, reason=reason, now=utc_now(), ended=status in _ENDED)


def record_choice(store: Store, run_id: str, chosen: Mapping[str, Any]) -> None:
    """Keep with a run's configuration what was chosen on cells that it did not learn from, under `CHOSEN`."""
    store.run("run/record_choice", run_id=run_id, chosen=json.dumps({CHOSEN: chosen}, sort_keys=True))


def finish_run(store: Store, run_id: str, *, reason: str | None = None, model_fingerprint: str | None = None) -> None:
    """Mark a run finished, or failed where a `reason` is given."""
    store.run(
        "run/finish",
        run_id=run_id,
        status="failed" if reason else "finished",
        reason=reason,
        model_fingerprint=model_fingerprint,
        finished_at=utc_now(),
    )


def mark_parts(
    store: Store, run_id: str, split: str, parts: Sequence[str], status: RunStatus, *, reason: str | None = None
) -> None:
    """Record how a run's prediction of parts of a split stands; what it predicted before is not touched."""
    store.run(
        "run/mark_parts",
        run_id=run_id,
        split=split,
        parts=list(parts),
        status=status.value,
        reason=reason,
        now=utc_now(),
        ended=status in _ENDED,
    )


def inherit_training(store: Store, run_id: str, learnt_by: str) -> None:
    """Keep of a run that it has seen, beside its own training cells, all that the run `learnt_by` has."""
    store.run("run/inherit_training_cells", run_id=run_id, learnt_by=learnt_by)


def record_training(store: Store, run_id: str, cells: pl.DataFrame) -> None:
    """Keep which cells a run is trained on or chosen on, so that none of them ever counts as a test of it.

    `cells` has part (`train`, or `validation` for what is chosen on), survey_id, item_id, population_id and shares: a
    list in option-code order.
    """
    columns = ["part", "survey_id", "item_id", "population_id", "shares"]
    store.run("run/record_training_cells", frames={"incoming": cells.select(columns)}, run_id=run_id)
