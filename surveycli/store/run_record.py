"""One row per run: what was asked for, with which versions, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from surveycli import __version__
from surveycli.clock import utc_now
from surveycli.domain import Shares
from surveycli.errors import conflict
from surveycli.store.connection import Store

if TYPE_CHECKING:
    import polars as pl

_RECORDED_PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "duckdb",
    "polars",
    "numpy",
    "scipy",
    "sentence-transformers",
)


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


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that can change a result."""
    versions = {"surveycli": __version__}
    for name in _RECORDED_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def next_run_id(store: Store, stem: str) -> str:
    """Return `stem-1`, `stem-2`... : the first such name that no run has."""
    return f"{stem}-{int(store.scalar('run/last_number', stem=stem) or 0) + 1}"


def start_run(store: Store, record: RunRecord) -> None:
    """Write a run with status `running`. Raises SurveyError (exit 5) where the name is taken."""
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
        started_at=utc_now(),
    )


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


def record_training(store: Store, run_id: str, cells: pl.DataFrame) -> None:
    """Keep which cells a run is trained on or chosen on, so that none of them ever counts as a test of it.

    `cells` has part (`train`, or `validation` for what is chosen on), survey_id, item_id, population_id and shares: a
    list in option-code order.
    """
    columns = ["part", "survey_id", "item_id", "population_id", "shares"]
    store.run("run/record_training_cells", frames={"incoming": cells.select(columns)}, run_id=run_id)
