"""The `surveycli` program: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import ClassVar

import typer

from surveycli.cli import process
from surveycli.cli.command import SurveyGroup
from surveycli.errors import ExitCode, SurveyError


class Program(SurveyGroup):
    """The program, whose help lists its commands by what they are for."""

    headings: ClassVar = {
        "Start here": ("demo", "run", "doctor"),
        "Survey data": ("ingest", "codebook", "surveys", "items", "show", "translate", "translations"),
        "Predict": ("split", "finetune", "presets", "predict", "predictors", "import-predictions"),
        "Score and show": ("score", "lock", "report", "plot"),
        "New questions and small samples": ("simulate", "correct"),
        "The store": ("runs", "sql", "export", "check"),
    }


app = typer.Typer(
    name="surveycli",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Simulate how populations answer survey questions. Everything is kept in one DuckDB file.",
    epilog="`surveycli COMMAND --help` explains a command.\n\n"
    "Exit codes: 0 done, 1 a bug in surveycli, 2 usage, 3 bad input, 4 not in the store, 5 conflict "
    "(exists, locked, other schema), 6 missing extra or device.",
)

# One module per command or group of them. Each has a function `register(app)`.
_COMMANDS = (
    "demo",
    "ingest",
    "codebook",
    "browse",
    "split",
    "finetune",
    "predict",
    "predictors",
    "score",
    "lock",
    "correct",
    "simulate",
    "report",
    "translate",
    "exchange",
    "runs",
    "run",
    "sql",
    "check",
    "doctor",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from surveycli.versions import own_version

        typer.echo(f"surveycli {own_version()}")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    process.begin_work()


for _name in _COMMANDS:
    import_module(f"surveycli.cli.{_name}").register(app)


def main() -> None:
    """Run the program; a SurveyError becomes message, hint and exit code, a signal one line and 130 or 143."""
    code = 0
    error: BaseException | None = None
    try:
        app()
    except SystemExit as ended:
        code, error = int(ended.code or 0), ended
    except SurveyError as told:
        code, error = int(told.code), told
    except BaseException as failure:
        error = failure
        if process.stopped_by(error) is None:
            raise
    code = _finish(code, error)
    process.end()
    sys.exit(code)


def _finish(code: int, error: BaseException | None) -> int:
    """Say how it ended, and return the exit code."""
    process.end_work()
    stopped = process.stopped_by(error)
    if stopped is not None:
        typer.echo(process.stopped_line(error), err=True)
        return 128 + stopped
    if isinstance(error, SurveyError):
        from surveycli.cli.render import print_error

        print_error(error)
    unwritten = process.flush_output()
    if unwritten is None:
        return code
    typer.echo(f"Error: The output could not be written: {unwritten}. What the command did is kept.", err=True)
    return code or int(ExitCode.BAD_INPUT)
