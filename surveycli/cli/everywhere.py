"""Options that every command has: --quiet, --json and --wide, heeded in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Annotated, Any

import typer

from surveycli.cli.options import TableFormat, make_options
from surveycli.errors import SurveyError, usage
from surveycli.predictor import Predictor

QUIET, JSON, WIDE = "--quiet", "--json", "--wide"
FLAGS = frozenset({QUIET, JSON, WIDE})
_CHOSEN = "surveycli.everywhere"
_SAYS = {
    QUIET: "Print results alone: no notes, no progress.",
    JSON: "Print the result as JSON.",
    WIDE: "Print all columns of a table, also those that the terminal has no room for.",
}


def options() -> list[Any]:
    """Return the options, new for each command; what is typed of them is kept in the context."""
    made = make_options(
        {
            flag.strip("-"): (Annotated[bool, typer.Option(flag, help=text, rich_help_panel="Everywhere")], False)
            for flag, text in _SAYS.items()
        }
    )
    for option in made:
        option.callback = _keep
    return made


def _keep(context: typer.Context, option: Any, value: bool) -> bool:
    if value:
        context.meta.setdefault(_CHOSEN, set()).add(option.opts[0])
    return value


@contextmanager
def heeded(context: typer.Context) -> Iterator[None]:
    """Print in the block as was chosen.

    With --json a command that has --format prints its table so; of another the result is printed, or else the tables
    or lines that it would have printed. Raises SurveyError (exit 2) where --format asks for something else.
    """
    from surveycli.cli.render import Manner, in_manner, say_json

    chosen = context.meta.get(_CHOSEN, set())
    has_format = isinstance(context.params.get("format"), TableFormat)
    if JSON in chosen and has_format:
        source = context.get_parameter_source("format")
        if source is not None and source.name == "COMMANDLINE" and context.params["format"] is not TableFormat.JSON:
            raise usage(f"{JSON} and --format {context.params['format']} do not go together.", "Leave one out.")
        context.params["format"] = TableFormat.JSON
    collects = JSON in chosen and not has_format
    with in_manner(Manner(is_quiet=QUIET in chosen, is_wide=WIDE in chosen, collects=collects)) as manner:
        try:
            yield
        except SurveyError:
            if collects and manner.collected():
                say_json(as_plain(manner.collected()))
            raise
    if collects or (JSON in chosen and not manner.has_written):
        say_json(as_plain(manner.collected()))


def as_plain(value: Any) -> Any:
    """Return a result as what JSON has: frozen values by field, frames as rows."""
    if isinstance(value, Predictor):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_plain(inner) for inner in value]
    return value.to_dicts() if hasattr(value, "to_dicts") else value
