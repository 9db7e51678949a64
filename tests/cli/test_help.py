"""Help: readable on a narrow terminal, and complete."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from surveycli.cli.main import app
from surveycli.distribution.metric import METRICS
from surveycli.predictors import all_predictors
from surveycli.presets import PRESETS
from surveycli.request.split import Recipe
from surveycli.score.table import all_tables

WIDTH = 80
LEAST = 32  # columns of running text: four words or more


def commands() -> list[tuple[str, ...]]:
    """Return every command, and every command of a group, as one would type it."""

    def walk(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            yield (*path, name)
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))

    return list(walk(typer.main.get_command(app), ()))


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_fits_a_narrow_terminal(run_cli: Callable, command: tuple[str, ...]) -> None:
    """At 80 columns no line is wider, examples included, and no text is squeezed into a narrow column."""
    lines = run_cli(*command, "--help", columns=WIDTH).out.splitlines()
    assert [line for line in lines if len(line) > WIDTH] == []
    starts = {len(match[0]) for line in lines if (match := re.match(r"  (\S.*?)?  +(?=\S)", line))}
    assert all(WIDTH - start >= LEAST for start in starts), sorted(starts)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("predict", [row.name for row in all_predictors()]),
        ("score", [*METRICS, *(table.flag for table in all_tables().values())]),
        ("finetune", list(PRESETS)),
        ("split", [recipe.value for recipe in Recipe]),
    ],
)
def test_help_lists_what_there_is_by_name(run_cli: Callable, command: str, names: list[str]) -> None:
    """Each predictor, metric, table, preset and recipe stands in the help of its command."""
    shown = run_cli(command, "--help").out
    assert [name for name in names if name not in shown] == []


def test_every_option_says_what_it_does() -> None:
    """No option, of a command or of a group, is without its sentence."""
    silent = []
    for path in commands():
        command: Any = typer.main.get_command(app)
        for name in path:
            command = command.commands[name]
        context = typer.Context(command)
        options = [param for param in command.get_params(context) if param.param_type_name == "option"]
        silent += [f"{' '.join(path)} {option.opts[0]}" for option in options if not option.help]
    assert silent == []
