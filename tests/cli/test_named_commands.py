"""Every `surveycli ...` that the program, the README, the docs and the examples name is there to be typed."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from surveycli.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*")]
MODULES = sorted((ROOT / "surveycli").rglob("*.py"))
# A call in backquotes, in an example of a docstring or at the beginning of a line of shell.
QUOTED = re.compile(r"`surveycli ([^`]*)`")
LINE = re.compile(r"^\s*(?:Example: \[bold\]|\$ |torchrun .*? -m )?surveycli (.*?)(?:\[/bold\])?$", re.MULTILINE)
PROGRAM = typer.main.get_command(app)


def strings(path: Path) -> Iterator[str]:
    """Yield the texts of a module; what stands in curly brackets of an f-string is a word."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def calls(text: str) -> Iterator[list[str]]:
    """Yield the words behind `surveycli` of each call that a text names."""
    joined = text.replace("\\\n", " ")
    for call in [*QUOTED.findall(joined), *LINE.findall(joined)]:
        command = re.split(r"\s[|#>]\s?|\s&&|; ", call.replace("\n", " "))[0]
        try:
            yield shlex.split(command)
        except ValueError:  # a text that goes on with somebody's apostrophe
            yield command.split()


def mistakes(words: list[str]) -> Iterator[str]:
    """Yield what of a call is not there: its command, or options of it."""
    command: Any = PROGRAM
    context = typer.Context(command, info_name="surveycli")
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        if name in {"COMMAND", "X"}:  # any of them
            return
        if name not in command.commands:
            if command is PROGRAM or not command.invoke_without_command:
                yield f"no command {name}"
            return
        command = command.commands[name]
        context = typer.Context(command, info_name=name, parent=context)
    options = {name for param in command.get_params(context) for name in (*param.opts, *param.secondary_opts)}
    for word in words:
        flag = re.match(r"--?[A-Za-z][\w-]*", word)
        if flag and flag[0] not in options:
            yield f"no option {flag[0]} of {command.name}"


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("`surveycli browse` shows", ["no command browse"]),
        ("`surveycli split --list`", ["no option --list of split"]),
        ("`surveycli runs show RUN --nothing`", ["no option --nothing of show"]),
        ("`surveycli sql --schema` and `surveycli COMMAND --help`", []),
    ],
)
def test_what_is_not_there_is_found(call: str, found: list[str]) -> None:
    """The test sees commands and options that do not exist."""
    assert [mistake for words in calls(call) for mistake in mistakes(words)] == found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_name_commands_that_exist(path: Path) -> None:
    """Hints, help and docstrings name commands and options of the program."""
    found = [(words, mistake) for text in strings(path) for words in calls(text) for mistake in mistakes(words)]
    assert not found


@pytest.mark.parametrize(
    "path", [path for path in TEXTS if path.is_file()], ids=lambda path: str(path.relative_to(ROOT))
)
def test_texts_name_commands_that_exist(path: Path) -> None:
    """README, docs and examples name commands and options of the program, several at least."""
    named = list(calls(path.read_text(encoding="utf-8")))
    assert not [(words, mistake) for words in named for mistake in mistakes(words)]
    assert named or path.name != "README.md"
