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

    It ingests WVS-7 distributions, trains a small model on them and scores it on countries that it has not seen.

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
    print_frame(report.scores, title="Predicted against real response distributions, by test part")
    say("1-JSD (paper): higher is better; the rest: lower is better. `item-mean` is the honest bar to beat.\n")
    say("Try next:")
    for command in _next_commands(report):
        say(f"  {command}")


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
