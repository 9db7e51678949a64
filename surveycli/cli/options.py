"""Options that several commands share, so that they are named and explained once."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

StorePath = Annotated[
    Path,
    typer.Option(
        "--store",
        envvar="SURVEYCLI_STORE",
        help="The DuckDB file that everything is kept in.",
        show_default="survey.duckdb",
    ),
]
DEFAULT_STORE = Path("survey.duckdb")


class TableFormat(StrEnum):
    """How a command prints a table."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    LATEX = "latex"


Format = Annotated[TableFormat, typer.Option("--format", "-f", help="How to print the table.")]

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="YAML file of settings by name, as `surveycli runs show RUN --config` prints; what is typed wins.",
    ),
]
PresetOption = Annotated[
    str,
    typer.Option("--preset", help="Named settings to start from.", show_default="tiny for tiny, else recommended"),
]
NameOption = Annotated[
    str | None, typer.Option("--name", help="Name of the run.", show_default="by kind, such as finetune-1")
]


def make_options(kinds: Mapping[str, tuple[Any, Any]]) -> list[Any]:
    """Return an option for each name, given its annotated type and its default, as typer would make it of a function.

    None of them is passed to the command's function: a callback has to keep what is typed.
    """

    def command(**_: Any) -> None: ...

    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in kinds.items()
        ]
    )
    app = typer.Typer(add_completion=False)
    app.command()(command)
    made = [param for param in typer.main.get_command(app).params if param.name in kinds]
    for option in made:
        option.expose_value = False
    return made
