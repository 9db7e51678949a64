"""Several trainings, one after the other, that differ in a few settings; what is finished is not done again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surveycli.configuration import CHOSEN, FinetuneConfig
from surveycli.domain import Familiarity
from surveycli.errors import ExitCode, SurveyError, bad_input, usage
from surveycli.plain import from_plain, nested
from surveycli.progress import Progress, silent
from surveycli.request.model_run import FinetuneRequest
from surveycli.request.sweep import read_sweep
from surveycli.run_folder import TrainingOutcome, read_outcome
from surveycli.store import RunStatus, open_store
from surveycli.training.configure import configure_finetuning
from surveycli.training.run_finetuning import PreparedRun, find_run, finetune, prepare_run

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One training of a sweep: what it has of its own by dotted name, and all of its settings."""

    chosen: Mapping[str, Any]
    config: FinetuneConfig


@dataclass(frozen=True, slots=True)
class SweptRun:
    """How one training of a sweep ended: its outcome, or the `reason` why it has none."""

    run_id: str
    chosen: Mapping[str, Any]
    outcome: TrainingOutcome | None
    reason: str = ""

    @property
    def status(self) -> RunStatus:
        """Whether it has finished."""
        return RunStatus.FAILED if self.outcome is None else RunStatus.FINISHED


def plan_sweep(file: Path, typed: Mapping[str, Any]) -> list[PlannedRun]:
    """Return the trainings of a sweep's file, with what was `typed` beside it, by dotted name (and `preset`).

    Raises SurveyError: exit 2 where something is typed and varied, 3 for a file in another form.
    """
    sweep = read_sweep(file)
    planned = []
    for own in sweep.runs:
        both = sorted(typed.keys() & own.keys())
        if both:
            raise usage(f"{', '.join(both)} is typed, and varied by {file}.", "Leave out one of the two.")
        choices = nested({**nested({**sweep.common, **typed}), **own})
        name = str(choices.pop("preset", ""))
        planned.append(PlannedRun(own, configure_finetuning(FinetuneRequest(name, choices))))
    return planned


def sweep_table(ended: Sequence[SweptRun]) -> pl.DataFrame:
    """Return a row for each training: what it has of its own, and how it ended, the best validation loss first.

    The losses are those of the best epochs: by the validation part, and of known and of new items where they were told
    apart.
    """
    import polars as pl

    rows = []
    for run in ended:
        losses = {} if run.outcome is None else {kind: loss for kind, _, loss in run.outcome.best_of_kind}
        rows.append(
            {
                "run": run.run_id,
                **{name: str(value) for name, value in run.chosen.items()},
                "status": run.status.value,
                "best epoch": None if run.outcome is None else run.outcome.best_epoch,
                "validation loss": None if run.outcome is None else run.outcome.best_validation_loss,
                **{kind.words: losses.get(kind) for kind in Familiarity},
            }
        )
    frame = pl.DataFrame(rows, infer_schema_length=None)
    empty = [kind.words for kind in Familiarity if frame[kind.words].null_count() == frame.height]
    return frame.drop(empty).sort("validation loss", nulls_last=True, maintain_order=True)


def refuse_failed(ended: Sequence[SweptRun]) -> None:
    """Raise SurveyError (exit 3) where a training of a sweep failed."""
    failed = [run for run in ended if run.reason]
    if failed:
        raise bad_input(f"{len(failed)} of {len(ended)} runs failed; {failed[0].run_id}: {failed[0].reason}")


def run_sweep(
    store_path: Path, stem: str, planned: Sequence[PlannedRun], progress: Progress = silent
) -> list[SweptRun]:
    """Train every run that is not finished yet, each from its last checkpoint, and return how all ended.

    A planned run is the one named by `stem` and a number that has its settings, or else a new one. One that
    fails for its own settings (exit 3) does not keep the others from being trained. Raises SurveyError as training does
    otherwise.
    """
    known = _known(store_path, stem)
    numbers = count(1 + max((int(run_id.rpartition("-")[2]) for run_id in known), default=0))
    ended = []
    for place, one in enumerate(planned, start=1):
        same = (run_id for run_id, config in known.items() if config == _of_results(one.config))
        run_id = next(same, None)
        run = None if run_id is None else find_run(store_path, run_id)
        run_id = run_id or f"{stem}-{next(numbers)}"
        progress("sweep", place, len(planned), run_id, tell=True)
        ended.append(_train(store_path, one, run, run_id, progress))
    return ended


def _known(store_path: Path, stem: str) -> dict[str, FinetuneConfig]:
    """Return the settings of the fine-tunings that are named by `stem` and a number."""
    with open_store(store_path) as store:
        rows = store.rows("run/list_finetunings")
    named = re.compile(rf"{re.escape(stem)}-\d+")
    return {row["run_id"]: _of_results(_stored(row["configuration"])) for row in rows if named.fullmatch(row["run_id"])}


def _stored(configuration: str) -> FinetuneConfig:
    found = {name: value for name, value in json.loads(configuration).items() if name != CHOSEN}
    return from_plain(FinetuneConfig, found)


def _of_results(config: FinetuneConfig) -> FinetuneConfig:
    """Return the configuration without what changes no result."""
    plain = FinetuneConfig()
    model = config.model.with_whole_path()
    return replace(config, model=model, log_every=plain.log_every, log_to=plain.log_to)


def _train(store_path: Path, planned: PlannedRun, run: PreparedRun | None, run_id: str, progress: Progress) -> SweptRun:
    try:
        run = run or prepare_run(store_path, planned.config, run_id)
        with open_store(store_path) as store:
            is_finished = store.rows("run/find", run_id=run_id)[0]["status"] == RunStatus.FINISHED
        outcome = read_outcome(run.folder) if is_finished else None
        outcome = outcome or finetune(store_path, run, progress)
    except SurveyError as error:
        if error.code is not ExitCode.BAD_INPUT:
            raise
        return SweptRun(run_id, planned.chosen, None, error.message)
    return SweptRun(run_id, planned.chosen, outcome)
