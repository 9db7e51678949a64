"""Every command, way to call it and option: an option is heeded, or refused with exit 2 and the way that takes it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import typer
from typer.core import TyperCommand

from surveycli.cli.command import SurveyCommand
from surveycli.cli.everywhere import FLAGS as EVERYWHERE
from surveycli.cli.main import app
from surveycli.cli.ways import Way
from surveycli.errors import ExitCode, SurveyError

# What stands for a word in capitals of a way's call; any other such word stands for itself in small letters.
FILLED_IN = {"N": "2"}
TELLING = {"--config": (os.devnull,), "--predictor": ("item-mean",)}  # values that are read to tell the way
FLAGS = {"-p": "--predictor"}
VALUES = {"int": "3", "int range": "3", "float": "1", "float range": "1", "date": "2026-05-17", "openai": "openai"}


class AcceptedError(Exception):
    """The command would begin its work."""


@pytest.fixture(autouse=True)
def _no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command ends where it would call its function."""

    def accept(self: TyperCommand, context: typer.Context) -> None:
        raise AcceptedError

    monkeypatch.setattr(TyperCommand, "invoke", accept)


@cache
def program() -> Any:
    """Return the program, put together once."""
    return typer.main.get_command(app)


@cache
def commands() -> dict[str, SurveyCommand]:
    """Return every command that declares its ways, by name, with its group's name before it."""

    def walk(group: Any, path: str) -> Iterator[tuple[str, SurveyCommand]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, f"{path}{name} ")
            elif isinstance(command, SurveyCommand) and command.ways():
                yield f"{path}{name}", command

    return dict(walk(program(), ""))


@cache
def options_of(command: str) -> dict[str, tuple[str, ...]]:
    """Return the command's options by flag, and its arguments by name in capitals, each as one would type it."""
    context = typer.Context(commands()[command])  # type: ignore[arg-type]
    found = {}
    for param in commands()[command].get_params(context):
        if param.param_type_name == "argument":
            found[str(param.name).upper()] = _value(param.get_help_record(context)[0])
        elif param.name != "help" and param.opts[0] not in EVERYWHERE:
            value = () if param.is_flag else _value(param.get_help_record(context)[0]) or ("text",)
            found[param.opts[0]] = (param.opts[0], *TELLING.get(param.opts[0], value))
    return found


def _value(label: str) -> tuple[str, ...]:
    """Return a value that an option takes, by how help shows it (`--order <a|b>`); none for a switch."""
    kind = re.search(r"<(.*)>", label)
    return () if kind is None else (kind[1].split("|")[0] if "|" in kind[1] else VALUES.get(kind[1], "text"),)


@dataclass(frozen=True)
class Call:
    """A way to call a command, and one option more."""

    command: str
    way: Way
    option: str

    @property
    def words(self) -> list[str]:
        """The way's call as one would type it, words in capitals filled in."""
        words = [FLAGS.get(word, word) for word in self.way.call.split()]
        return [FILLED_IN.get(word, word.lower()) if word.isupper() else word for word in words]

    @property
    def typed(self) -> dict[str, object]:
        """What the parser should find of the call and the option."""
        options, found, words = options_of(self.command), dict[str, object](), self.words
        arguments = [name for name in options if name.isupper()]
        while words:
            word = words.pop(0)
            if not word.startswith("--"):
                found[arguments[0]] = word
            else:
                found[word] = words.pop(0) if len(options[word]) > 1 else True
        return found

    def __str__(self) -> str:
        return f"{self.command} {self.way.call} + {self.option}"


def run(words: list[str]) -> SurveyError | None:
    """Return how the program refuses arguments, None where it would begin its work."""
    try:
        program().main(words, prog_name="surveycli", standalone_mode=False)
    except AcceptedError:
        return None
    except SurveyError as error:
        return error
    raise AssertionError(f"{words} neither began nor was refused")


@pytest.mark.parametrize("name", commands())
def test_every_option_belongs_to_a_way(name: str) -> None:
    """The ways of a command name its options, all of them and no others, and each way can be called."""
    assert frozenset().union(*(way.takes for way in commands()[name].ways())) == set(options_of(name))
    for way in commands()[name].ways():
        assert set(way.needs) <= way.takes
        assert run([*name.split(), *Call(name, way, "").words]) is None, way


@pytest.mark.parametrize("name", commands())
def test_an_option_is_taken_or_refused(name: str) -> None:
    """An option that a way does not take is exit 2: the message names it, the hint a way that takes it."""
    for way in commands()[name].ways():
        for option in options_of(name):
            try_out(Call(name, way, option))


def try_out(call: Call) -> None:
    """Assert that a call with one option more is accepted or refused as its way says."""
    more = options_of(call.command)[call.option]
    typed = call.typed
    if call.option in typed:
        return  # the way's own, as tried above
    error = run([*call.command.split(), *call.words, *more])
    typed[call.option] = more[-1]
    at_hand = next((way for way in commands()[call.command].ways() if way.when(typed)), call.way)
    refused = sorted(set(typed) - at_hand.takes)
    partner = at_hand.together.get(call.option)
    if not refused and partner is None:
        assert error is None or not set(at_hand.needs) <= set(typed), call
        return
    assert error is not None, call
    assert error.code is ExitCode.USAGE
    if partner is not None:
        assert partner in error.message
        assert run([*call.command.split(), *call.words, *more, *options_of(call.command)[partner]]) is None
        return
    assert error.message.split()[0] in refused, call
    assert error.hint.startswith("It belongs to `surveycli ")
