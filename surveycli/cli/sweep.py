"""`surveycli finetune --sweep`: the runs of a file, and one table of how they ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from surveycli.cli.command import chosen
from surveycli.configuration import FinetuneConfig

if TYPE_CHECKING:
    from surveycli.training.sweep import PlannedRun


def train_sweep(context: typer.Context, store: Path, file: Path, preset: str, stem: str) -> None:
    """Train the runs of a sweep, print a row for each, the best first, and raise SurveyError where one failed."""
    import polars as pl

    from surveycli.cli.render import print_frame, progress_bar
    from surveycli.errors import bad_input
    from surveycli.training.sweep import run_sweep

    with progress_bar() as progress:
        ended = run_sweep(store, stem, _planned(context, file, preset), progress)
    rows = [
        {
            "run": run.run_id,
            **{name: str(value) for name, value in run.chosen.items()},
            "status": run.status.value,
            "best epoch": run.best_epoch,
            "validation loss": run.best_validation_loss,
        }
        for run in ended
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    print_frame(frame.sort("validation loss", nulls_last=True, maintain_order=True))
    failed = [run for run in ended if run.reason]
    if failed:
        raise bad_input(f"{len(failed)} of {len(ended)} runs failed; {failed[0].run_id}: {failed[0].reason}")


def _planned(context: typer.Context, file: Path, preset: str) -> list[PlannedRun]:
    """Return the trainings of a sweep's file. Raises SurveyError (exit 2) where an option is typed and varied."""
    from surveycli.errors import usage
    from surveycli.plain import nested
    from surveycli.request.model_run import FinetuneRequest
    from surveycli.request.sweep import read_sweep
    from surveycli.training.configure import configure_finetuning
    from surveycli.training.sweep import PlannedRun

    sweep, typed = read_sweep(file), chosen(FinetuneConfig, context)
    if preset:
        typed["preset"] = preset
    planned = []
    for own in sweep.runs:
        both = sorted(typed.keys() & own.keys())
        if both:
            raise usage(f"{', '.join(both)} is typed, and varied by {file}.", "Leave out one of the two.")
        choices = nested({**sweep.common, **typed})
        choices = nested({**choices, **own})
        name = str(choices.pop("preset", ""))
        planned.append(PlannedRun(own, configure_finetuning(FinetuneRequest(name, choices))))
    return planned
