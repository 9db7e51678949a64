"""`surveycli run`: a whole study from one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command, typed
from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.request.workflow import PlannedStep, WorkflowReport

if TYPE_CHECKING:
    from collections.abc import Iterable


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, run)


def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="YAML file of a workflow: docs/workflows.md explains it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the steps and the state of each, and stop.")] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace what is in the way, even surveys, splits, and runs with their weights."
        ),
    ] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Do a whole study from one workflow file.

    It makes the surveys, splits, runs, tables, figures and reports that the file names, one after the other. A step is
    skipped where nothing that it depends on has changed. After an interruption the same command goes on.

    Examples:
      surveycli run workflow.yaml --dry-run
      surveycli run workflow.yaml
    """
    from surveycli.cli.render import note, progress_bar, result, say
    from surveycli.workflow.plan import plan_workflow
    from surveycli.workflow.read import read_workflow
    from surveycli.workflow.run import run_workflow

    workflow = read_workflow(file)
    path = store if workflow.store is None or "--store" in typed(context) else workflow.store
    if dry_run:
        report = WorkflowReport(path, plan_workflow(workflow, path))
        _print_steps(report.steps)
        result(report)
        return

    def tell(number: int, total: int, planned: PlannedStep) -> None:
        note(f"{number}/{total} {planned.step.title}" + (f": {planned.why}" if planned.why else ""))

    with progress_bar() as progress:
        report = run_workflow(workflow, path, replaces=replace, progress=progress, tell=tell)
    n_unchanged = len(report.steps) - report.n_done
    say(f"{path}: {report.n_done} of {len(report.steps)} steps done, {n_unchanged} unchanged.")
    result(report)


def _print_steps(steps: Iterable[PlannedStep]) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame

    rows = [(planned.step.line, planned.step.title, planned.state.value, planned.why) for planned in steps]
    print_frame(pl.DataFrame(rows, schema=["line", "step", "state", "why"], orient="row"))
