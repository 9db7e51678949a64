"""A console for queries: history, completion of tables and columns, colours, one statement after the other."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import ColorDepth
from pygments.lexers.sql import SqlLexer

from surveycli.cli import process
from surveycli.cli.render import note, print_error, say
from surveycli.errors import SurveyError
from surveycli.store.sql_files import example_queries

if TYPE_CHECKING:
    import polars as pl
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

_KEYWORDS = (
    "select from where group by order limit join left on using with as and or not in like ilike between is null "
    "distinct case when then else end having union all qualify over partition desc asc describe summarize explain show "
    "count avg sum min max median round"
)
_COMMANDS = {
    ".help": "This list.",
    ".tables": "The tables, and what a row of each is.",
    ".columns TABLE": "The columns of a table.",
    ".examples": "Queries that come with surveycli.",
    ".example NAME": "The text of one of them, and what it gives.",
    ".quit": "The end; Ctrl-D is, too.",
}
_WORD = re.compile(r"[\w.]+$")
_ALIAS = re.compile(r"\b(?:from|join)\s+([\w.]+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)
_AFTER_TABLE_WORD = re.compile(r"\b(?:from|join|describe|summarize)\s+[\w.]*$", re.IGNORECASE)

Columns = Mapping[str, tuple[str, ...]]


class SqlCompleter(Completer):
    """Completes tables, their columns (after a table's name or alias and a dot, those of it), and words of SQL."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """Yield what could stand where the cursor is."""
        before = document.text_before_cursor
        found = _WORD.search(before)
        word = found[0] if found else ""
        if before.lstrip().startswith("."):
            yield from _matching(before.lstrip(), (name.split()[0] for name in _COMMANDS))
            return
        table, dot, rest = word.rpartition(".")
        if dot:
            yield from _matching(rest, self.columns.get(self._table_of(document.text, table), ()))
        elif _AFTER_TABLE_WORD.search(before):
            yield from _matching(word, self.columns)
        elif word:
            used = [name for name, _ in self._aliases(document.text)] or list(self.columns)
            names = dict.fromkeys(column for name in used for column in self.columns.get(name, ()))
            yield from _matching(word, (*names, *self.columns, *_KEYWORDS.split()))

    def _aliases(self, text: str) -> list[tuple[str, str]]:
        """Return the tables that a query reads, each with its alias."""
        pairs = [(found[1].lower(), (found[2] or found[1]).lower()) for found in _ALIAS.finditer(text)]
        return [(table, alias) for table, alias in pairs if table in self.columns]

    def _table_of(self, text: str, alias: str) -> str:
        return next((table for table, name in self._aliases(text) if name == alias.lower()), alias.lower())


def _matching(word: str, names: Iterable[str]) -> Iterator[Completion]:
    for name in dict.fromkeys(names):
        if name.lower().startswith(word.lower()) and name.lower() != word.lower():
            yield Completion(name, start_position=-len(word))


def is_complete(text: str) -> bool:
    """Return whether Enter carries it out: a statement that ends with a semicolon, or a command of the console."""
    stripped = text.strip()
    return not stripped or stripped.endswith(";") or stripped.startswith(".") or stripped in ("exit", "quit", "help")


def converse(
    store: Path,
    described: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    answer: Callable[[str], None],
    *,
    streams: tuple[Input, Output] | None = None,
) -> None:
    """Answer statements until the user ends it; a mistake is reported, and the console goes on.

    `described` has name, grain and columns of the store's tables, `tables` are the user's own. The store is open only
    while a statement is carried out. `streams` are for tests.
    """
    columns = _columns_of(described) | {name: tuple(frame.columns) for name, frame in tables.items()}
    grains = dict(zip(described["name"], described["grain"], strict=True))
    session = _session(columns, streams)
    note(f"{store}: statements end with ; and only read. Tab completes, .help lists commands, Ctrl-D ends it.")
    while True:
        try:
            text = session.prompt("surveycli> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text in (".quit", "exit", "quit"):
            return
        try:
            _obey(text, columns, grains, answer)
        except SurveyError as error:
            print_error(error)
        except KeyboardInterrupt:
            process.go_on()
            note("Stopped.")


def _session(columns: Columns, streams: tuple[Input, Output] | None) -> PromptSession[str]:
    session: PromptSession[str] = PromptSession(
        completer=SqlCompleter(columns),
        complete_while_typing=False,
        lexer=PygmentsLexer(SqlLexer),
        color_depth=ColorDepth.MONOCHROME if os.environ.get("NO_COLOR") else None,
        prompt_continuation="      ...> ",
        input=streams[0] if streams else None,
        output=streams[1] if streams else None,
        history=InMemoryHistory() if streams else _history(),
    )
    session.multiline = Condition(lambda: not is_complete(session.default_buffer.text))
    return session


def _history() -> History:
    """Return what was typed before, kept in the folder where programs keep their state; in memory where none can be."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    file = Path(state) / "surveycli" / "sql_history"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))


def _columns_of(described: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the columns of each table, whose types stand behind them: `run_id varchar, part varchar`."""
    listed = zip(described["name"], described["columns"], strict=True)
    return {name: tuple(part.split()[0] for part in re.split(r", (?=\w+ )", text)) for name, text in listed}


def _obey(text: str, columns: Columns, grains: Mapping[str, str], answer: Callable[[str], None]) -> None:
    """Carry out a command of the console, or have a statement answered."""
    command, _, rest = text.partition(" ")
    name = rest.strip().rstrip(";")
    if not text:
        return
    if command in (".help", "help"):
        for call, about in _COMMANDS.items():
            say(f"  {call:<16}  {about}")
    elif command == ".tables":
        for table in columns:
            say(f"  {table}: {grains.get(table) or 'your own'}")
    elif command == ".columns" and name in columns:
        say("  " + ", ".join(columns[name]))
    elif command == ".examples":
        for example in example_queries().values():
            say(f"  {example.name:<28}  {example.purpose}")
    elif command == ".example" and name in example_queries():
        say(example_queries()[name].text)
        answer(example_queries()[name].text)
    elif command.startswith("."):
        note(f"There is no {text[:60]} here; .help lists the commands.")
    else:
        answer(text)
