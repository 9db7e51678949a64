"""The help of a command: what it does, the ways to call it, examples, and its options in groups."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from surveycli.cli.ways import Way

if TYPE_CHECKING:
    from rich.console import Console

_WIDEST = 100
# Labels up to this width have their text beside them, longer ones below: options, and whole calls.
_LABEL, _WIDE_LABEL = 26, 42
_EXAMPLES = "Examples:"
_TYPES = {"<str>": "TEXT", "<list[str]>": "TEXT", "<int>": "N", "<int range>": "N", "<float>": "X"}
_TYPES |= {"<float range>": "X", "<path>": "PATH"}

HelpSection = tuple[str, Sequence[tuple[str, str]]]


def print_help(command: str, arguments: str, text: str, ways: Sequence[Way], sections: Iterable[HelpSection]) -> None:
    """Print a page, at most 100 columns wide: `text` is the docstring, whose examples stand at its end."""
    from rich.console import Console

    console = Console(highlight=False)
    about, examples = split_docstring(text)
    _print(console, " ".join(f"Usage: surveycli {command} {arguments}".split()), "bold")
    for paragraph in about:
        console.print()
        _print(console, paragraph)
    if len(ways) > 1:
        calls = [(f"{command} {way.call}".rstrip(), way.about) for way in ways]
        _print_section(console, "Ways to call it", calls, _WIDE_LABEL)
    if examples:
        console.print("\nExamples", style="bold")
        for line in examples:
            console.print(f"  {line}", style="cyan", markup=False, soft_wrap=True)
    for title, rows in sections:
        _print_section(console, title, rows)


def split_docstring(text: str) -> tuple[list[str], list[str]]:
    """Return the paragraphs of a docstring, and the commands under its `Examples:`."""
    about, _, examples = inspect.cleandoc(text).partition(f"\n{_EXAMPLES}\n")
    paragraphs = [" ".join(paragraph.split()) for paragraph in about.split("\n\n")]
    return [p for p in paragraphs if p], [line.strip() for line in examples.splitlines() if line.strip()]


def option_sections(options: Sequence[Any], context: Any) -> list[HelpSection]:
    """Return arguments and options by group, each as a label and what it says."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for option in options:
        record = option.get_help_record(context)
        if record is None:
            continue
        title = getattr(option, "rich_help_panel", None) or (
            "Arguments" if option.param_type_name == "argument" else "Options"
        )
        groups.setdefault(title, []).append((_label(option, record[0]), _said(record[1])))
    order = sorted(groups, key=lambda title: (title != "Arguments", title != "Options"))
    return [(title, groups[title]) for title in order]


def _label(option: Any, label: str) -> str:
    if option.param_type_name == "argument":
        return str(option.name).upper()
    for kind, shown in _TYPES.items():
        label = label.replace(kind, shown)
    return re.sub(r"<([^>]*\|[^>]*)>", r"\1", label)


def _said(text: str) -> str:
    """Return an option's help with what typer adds to it in fewer brackets."""
    text = re.sub(r"\[env var: (\w+); default: \((.*?)\)\]", r"[default: \2, or $\1]", text)
    text = re.sub(r"default: \((.*?)\)([;\]])", r"default: \1\2", text)
    return re.sub(r"  +", " ", re.sub(r"x>=", "at least ", text))


def _print_section(console: Console, title: str, rows: Sequence[tuple[str, str]], column: int = _LABEL) -> None:
    console.print(f"\n{title}", style="bold", markup=False)
    width = min(console.width, _WIDEST)
    for label, text in rows:
        lines = textwrap.wrap(text, width - column - 4, break_on_hyphens=False) or [""]
        if len(label) > column:
            console.print(f"  {label}", style="cyan", markup=False, soft_wrap=True)
        else:
            console.print(f"  [cyan]{_plain(label):<{column}}[/cyan]  {_plain(lines.pop(0))}", soft_wrap=True)
        for line in lines:
            console.print(" " * (column + 4) + line, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _print(console: Console, text: str, style: str = "") -> None:
    wrapped = textwrap.fill(text, min(console.width, _WIDEST), break_on_hyphens=False)
    console.print(wrapped, style=style or None, markup=False, soft_wrap=True)
