"""Options that every command has, and tables in a terminal that is too narrow for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from scored_store import RUNS, make_scored_store

from surveycli.cli.command import SurveyCommand
from surveycli.cli.everywhere import FLAGS
from surveycli.cli.main import app
from surveycli.cli.render import Pace

RunCli = Callable[..., Any]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with two scored runs."""
    return make_scored_store(tmp_path_factory.mktemp("scored") / "survey.duckdb")


def in_terminal(width: int, *arguments: str | Path) -> tuple[str, str]:
    """Return what a command prints in a terminal of so many columns, and what it notes."""
    pty = pytest.importorskip("pty")
    termios, fcntl, struct = (pytest.importorskip(name) for name in ("termios", "fcntl", "struct"))
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "surveycli", *map(str, arguments)]
    with subprocess.Popen(command, stdout=child, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        noted = process.stderr.read()
    os.close(child)
    shown = os.read(parent, 65536).decode()
    os.close(parent)
    assert process.returncode == 0, noted
    return shown, noted


def test_every_command_has_them() -> None:
    """--quiet, --json and --wide are options of every command, and of a group that does something by itself."""

    def walk(group: Any) -> list[Any]:
        found = []
        for command in group.commands.values():
            if isinstance(command, SurveyCommand) or command.invoke_without_command:
                found.append(command)
            if hasattr(command, "commands"):
                found += walk(command)
        return found

    commands = walk(typer.main.get_command(app))
    assert len(commands) > 25
    for command in commands:
        names = {name for param in command.get_params(typer.Context(command)) for name in param.opts}
        assert names >= FLAGS, command.name


def test_a_quiet_command_prints_its_result_alone(path: Path, run_cli: RunCli) -> None:
    """Notes and progress go, the table stays; an error is told all the same."""
    loud, quiet = (run_cli("score", *RUNS, "--compare", *more, "--store", path) for more in ((), ("--quiet",)))
    assert loud.out == quiet.out != ""
    assert (bool(loud.err), quiet.err) == (True, "")
    failed = run_cli("score", "nosuch", "--quiet", "--store", path)
    assert (failed.code, "nosuch" in failed.err) == (4, True)


def test_json_is_the_result(path: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """A table's rows, a frozen result's fields, a figure's numbers; together with another --format it is exit 2."""
    assert {row["run_id"] for row in json.loads(run_cli("score", "--json", "--store", path).out)} == set(RUNS)
    figure = json.loads(run_cli("plot", "distribution", *RUNS, "--item", "Q57", "--json", "--store", path).out)
    assert {row["source"] for row in figure} == {"people", *RUNS}
    assert all(0 <= row["share"] <= 1 for row in figure)
    file = tmp_path / "scores.csv"
    made = json.loads(run_cli("export", "scores", "--output", file, "--json", "--store", path).out)
    assert made == {"file": str(file), "rows": 2 * 1450}
    both = run_cli("score", "--json", "--format", "csv", "--store", path)
    assert (both.code, "do not go together" in both.err) == (2, True)


def test_a_narrow_terminal_shows_the_first_columns(path: Path) -> None:
    """What has no room is named in a note, an interval is not cut in half, and --wide prints everything."""
    call = ("score", RUNS[0], "--by", "dimension", "--store", path)
    shown, noted = in_terminal(80, *call)
    assert "more columns (" in noted
    assert max(len(line) for line in shown.splitlines()) <= 80
    heading = shown[: shown.index("─")]
    assert heading.count("low") == heading.count("high") > 0
    wide, noted = in_terminal(80, *call, "--wide")
    assert "more columns" not in noted
    assert len(wide.splitlines()) > len(shown.splitlines())


def test_no_color_leaves_no_colour(path: Path, tmp_path: Path) -> None:
    """With NO_COLOR an error has no escape sequence, though it goes to a terminal."""
    pty = pytest.importorskip("pty")
    for wanted, extra in ((True, {}), (False, {"NO_COLOR": "1"})):
        parent, child = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | extra
        command = [sys.executable, "-m", "surveycli", "surveys", "--store", str(tmp_path / "none.duckdb")]
        subprocess.run(command, stderr=child, env=environment, check=False)
        os.close(child)
        assert (b"\x1b[" in os.read(parent, 4096)) is wanted
        os.close(parent)


def test_work_tells_its_rate() -> None:
    """At its end a stage has one line; before, nothing more often than every half minute."""
    pace = Pace(0)
    assert pace.line(5, 10) == ""
    assert pace.line(10, 10) == "10/10"
    pace._told -= 60
    pace._began -= 60
    assert pace.line(5, 10) == "5/10 (12.0 s each, 60 s left)"


def test_what_cannot_be_parsed_is_told_like_any_other_error(run_cli: RunCli) -> None:
    """Unknown commands, options and choices, values of a wrong kind and missing ones: exit 2, message, hint."""
    for call, message, page in (
        (("nosuch",), "No such command 'nosuch'.", "surveycli"),
        (("score", "--nosuch"), "No such option: --nosuch.", "surveycli score"),
        (("score", "--by", "x"), "Invalid value for '--by': 'x' is not one of 'part'", "surveycli score"),
        (("finetune", "--epochs", "x"), "Invalid value for '--epochs'", "surveycli finetune"),
        (("runs", "show"), "Missing argument 'run'.", "surveycli runs show"),
        (("score", "--by"), "Option '--by' requires an argument.", "surveycli COMMAND"),
    ):
        told = run_cli(*call)
        assert (told.code, told.out) == (2, ""), call
        assert told.err.startswith(f"Error: {message}"), told.err
        assert f"Hint: `{page} --help` explains it." in told.err, told.err
