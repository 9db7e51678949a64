"""The program as a whole: help, version, and how errors reach the user."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from surveycli import __version__
from surveycli.cli.help_page import split_docstring
from surveycli.cli.main import Program, app
from surveycli.errors import ExitCode

COMMANDS = (
    "demo",
    "ingest",
    "surveys",
    "items",
    "show",
    "split",
    "finetune",
    "presets",
    "predict",
    "predictors",
    "score",
    "translate",
    "sql",
    "check",
    "doctor",
    "translations",
    "runs",
)
HEAVY = ("torch", "duckdb", "polars", "transformers", "peft", "pyarrow", "numpy", "scipy")


def test_help_loads_nothing_heavy() -> None:
    """The program with all its commands is imported, and shows help, without the libraries that take seconds."""
    code = (
        "import sys, json; from surveycli.cli.main import app\n"
        "try: app(['split', '--help'], standalone_mode=False)\n"
        "finally: print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "surveycli.cli.check" in loaded
    assert not loaded & set(HEAVY)


def test_help_lists_every_command_once_under_a_heading() -> None:
    """The program's page names each of its commands under one heading, each in one line of 80 columns."""
    listed = [name for names in Program.headings.values() for name in names]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(commands)
    about = {name: split_docstring(command.help)[0][0] for name, command in commands.items()}
    room = 80 - 2 - max(map(len, listed)) - 2
    assert {name: text for name, text in about.items() if len(text) > room} == {}


def test_help_lists_the_commands_in_the_order_of_work(run_cli: Callable) -> None:
    """Help names every command, first those of the main job in the order in which a user needs them; and exit codes."""
    result = run_cli("--help")
    assert result.code == 0
    assert all(f" {command} " in result.out for command in COMMANDS)
    main_job = ("demo", "ingest", "split", "finetune", "predict", "score")
    places = [result.out.index(f"\n  {command} ") for command in main_job]
    assert places == sorted(places)
    assert "Exit codes: 0 done" in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run_cli: Callable, command: str) -> None:
    """`--help` of every command ends well and shows an example."""
    result = run_cli(command, "--help")
    assert result.code == 0
    assert f"\nExamples\n  surveycli {command}" in result.out


def test_the_version_is_the_packages(run_cli: Callable) -> None:
    """`--version` prints the version and nothing else."""
    result = run_cli("--version")
    assert (result.code, result.out) == (0, f"surveycli {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("no-such-command",), "no-such-command"),
        (("split", "--no-such-option"), "--no-such-option"),
        (("sql", "--timeout", "soon"), "--timeout"),
    ],
)
def test_usage_errors_end_with_2(run_cli: Callable, arguments: tuple[str, ...], word: str) -> None:
    """Commands, options and values that do not exist end with exit 2 and a word about them, no traceback."""
    result = run_cli(*arguments)
    assert result.code == ExitCode.USAGE
    assert word in result.err
    assert "Traceback" not in result.err


def test_errors_come_with_a_hint_and_no_traceback(run_cli: Callable, tmp_path: Path) -> None:
    """An error of the user's prints its message and what to type next to stderr, and nothing to stdout."""
    result = run_cli("split", "--store", tmp_path / "absent.duckdb")
    assert result.code == ExitCode.NOT_FOUND
    assert result.out == ""
    assert result.err.startswith(f"Error: There is no store at {tmp_path / 'absent.duckdb'}.\nHint: ")
    assert "Traceback" not in result.err


def test_the_store_may_be_named_by_the_environment(
    run_cli: Callable, bundled_store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SURVEYCLI_STORE names the store where --store does not."""
    monkeypatch.setenv("SURVEYCLI_STORE", str(bundled_store_path))
    assert run_cli("check").code == 0
