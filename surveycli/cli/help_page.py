"""The help of a command: what it does, the ways to call it, examples, and its options in groups."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from surveycli.cli.ways import Way

if TYPE_CHECKING:
    from rich.console import Console

_WIDEST = 100
# Labels up to this width have their text beside them, longer ones below: options, and (a share of the page) calls.
_LABEL, _CALL_SHARE = 26, 0.42
_EXAMPLES = "Examples:"
_BEFORE_OPTION = re.compile(r"""\s(?=-(?:[^"']|"[^"]*"|'[^']*')*$)""")  # and not within quotes
_TYPES = {"<str>": "TEXT", "<list[str]>": "TEXT", "<int>": "N", "<int range>": "N", "<float>": "X"}
_TYPES |= {"<float range>": "X", "<path>": "PATH", "<date>": "DATE"}


class HelpSection(NamedTuple):
    """A heading and what stands under it: labels, of up to `column` characters, with what each says."""

    title: str
    rows: Sequence[tuple[str, str]]
    column: int = _LABEL


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
        column = round(_CALL_SHARE * _width(console))
        _print_section(console, HelpSection("Ways to call it", _calls(command, ways), column))
    if examples:
        console.print("\nExamples", style="bold")
        for line in (part for example in examples for part in _continued(example, _width(console))):
            console.print(f"  {line}", style="cyan", markup=False, soft_wrap=True)
    for section in sections:
        _print_section(console, section)


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
    return [HelpSection(title, groups[title]) for title in order]


def _calls(command: str, ways: Sequence[Way]) -> list[tuple[str, str]]:
    """Return each call with what it does; what several calls in a row do is said once, beside the last of them."""
    said = [way.about for way in ways]
    return [
        (f"{command} {way.call}".rstrip(), "" if about == after else about)
        for way, about, after in zip(ways, said, [*said[1:], ""], strict=True)
    ]


def _continued(example: str, width: int) -> list[str]:
    """Return a command as lines of the page, each but the last with a backslash; an option stays with its value."""
    first, *options = _BEFORE_OPTION.split(example)
    lines = [first]
    for option in options:
        if len(lines[-1]) + len(option) > width - 5:
            lines.append(" ")
        lines[-1] += f" {option}"
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


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
    text = re.sub(r"([\d.]+)<=x<=([\d.]+)", r"from \1 to \2", text)
    return re.sub(r"  +", " ", re.sub(r"x>=", "at least ", text))


def _width(console: Console) -> int:
    return min(console.width, _WIDEST)


def _print_section(console: Console, section: HelpSection) -> None:
    console.print(f"\n{section.title}", style="bold", markup=False)
    column = section.column
    for label, text in section.rows:
        lines = textwrap.wrap(text, _width(console) - column - 4, break_on_hyphens=False)
        if len(label) > column or not lines:
            console.print(f"  {label}", style="cyan", markup=False, soft_wrap=True)
        else:
            console.print(f"  [cyan]{_plain(label):<{column}}[/cyan]  {_plain(lines.pop(0))}", soft_wrap=True)
        for line in lines:
            console.print(" " * (column + 4) + line, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _print(console: Console, text: str, style: str = "") -> None:
    wrapped = textwrap.fill(text, _width(console), break_on_hyphens=False)
    console.print(wrapped, style=style or None, markup=False, soft_wrap=True)
