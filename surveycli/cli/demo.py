"""`surveycli demo`: every step on the data that comes with the package."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command

if TYPE_CHECKING:
    from surveycli.demo import DemoReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, demo)


def demo(
    directory: Annotated[Path, typer.Argument(help="Folder for the demo's new store and runs.")] = Path(
        "surveycli-demo"
    ),
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of the fine-tuning; fewer is faster and worse.", show_default="the preset's"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split and the model.")] = 42,
) -> None:
    """Try every step on real distributions, in a few minutes.

    It predicts each kind of cell with what does best there, trains a small model, and scores both on WVS-7
    distributions.

    Examples:
      surveycli demo
      surveycli demo my-demo --epochs 2
    """
    from surveycli.cli.render import TINY_NOTE, note, progress_bar
    from surveycli.demo import run_demo

    note(TINY_NOTE)
    with progress_bar() as progress:
        report = run_demo(directory, epochs=epochs, seed=seed, progress=progress)
    _show(report)


def _show(report: DemoReport) -> None:
    from surveycli.cli.render import note, print_frame, result, say

    result(report)
    for line in report.notes:
        note(f"Note: {line}")
    print_frame(report.kinds, title="What answers each kind of cell best (1 - JS distance, higher is better)")
    say("perfect: what a perfect model would score, people's answers being a sample.")
    say("* measured on invented people; a file of your respondents has real groups.")
    say("What was asked anywhere is best answered from those answers. Where nobody was")
    say("asked there is little more than a prior: a model has to beat it first.\n")
    print_frame(report.model, title="The small language model, before and after it was trained here")
    say("C2 and C3 are countries, Q2 questions that its training lacks.\n")
    say("Ask what nobody was asked; the answer says how far to trust it:")
    say(f"  {_simulate(report)}")
    say("Try next:")
    for command in _next_commands(report):
        say(f"  {command}")


def _simulate(report: DemoReport) -> str:
    return (
        'surveycli simulate "Should the state pay for child care?" -o Yes -o No -c KEN -c JPN '
        f"--run {report.run_id} --store {quote(str(report.store_path))}"
    )


def _next_commands(report: DemoReport) -> tuple[str, ...]:
    store = f"--store {quote(str(report.store_path))}"
    query = (
        "select part, dimension, avg(paper_one_minus_jsd) as mean_score from scored_cell "
        f"join item using (survey_id, item_id) where run_id = '{report.run_id}' group by all order by all"
    )
    return (
        f'surveycli sql {store} "{query}"',
        f"surveycli show Q57 --country JPN {store}",
        f"surveycli score --equivalent {store}",
        f"surveycli score {report.run_id} --by country {store}",
        f"surveycli predict --run {report.run_id} --predictor control {store}",
        f"surveycli runs {store}",
    )
