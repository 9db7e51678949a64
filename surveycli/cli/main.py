"""The `surveycli` program: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from surveycli import __version__
from surveycli.errors import ExitCode, SurveyError

app = typer.Typer(
    name="surveycli",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Simulate how populations answer survey questions, and query everything in one DuckDB file.",
    epilog="Exit codes: 0 ok, 1 a bug in surveycli, 2 usage, 3 bad input, 4 not in the store, "
    "5 conflict (exists, locked, other schema), 6 a missing extra or device. Start with `surveycli demo`.",
)

# One module per command, in the order in which help lists them. Each has a function `register(app)`.
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
    "report",
    "translate",
    "exchange",
    "runs",
    "sql",
    "check",
)


# What DuckDB's Python client makes of Ctrl-C while a statement runs, and the exit code that Ctrl-C has everywhere.
_STOPPED_QUERY, _STOPPED = "Query interrupted", 130


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"surveycli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=_print_version),
) -> None: ...


for _name in _COMMANDS:
    import_module(f"surveycli.cli.{_name}").register(app)


def main() -> None:
    """Run the program; a SurveyError becomes its message, its hint and its exit code."""
    try:
        app()
    except SurveyError as error:
        typer.secho(f"Error: {error.message}", fg=typer.colors.RED, err=True)
        if error.hint:
            typer.echo(f"Hint: {error.hint}", err=True)
        sys.exit(error.code)
    except BrokenPipeError:  # the reader of our output (`| head`) went away
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except RuntimeError as error:
        if str(error) != _STOPPED_QUERY:
            raise
        sys.exit(_STOPPED)
