"""What commands print: tables and results to stdout, progress and notes to stderr, no text with control characters."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import typer

from surveycli.cli.layout import table_lines
from surveycli.cli.options import TableFormat
from surveycli.cli.process import output_error
from surveycli.errors import SurveyError
from surveycli.progress import Progress, silent
from surveycli.row_text import Heading, csv_lines, json_lines, latex_lines, markdown_lines, rounded_by_error
from surveycli.untrusted.text import plain
from surveycli.value_text import json_text

if TYPE_CHECKING:
    import polars as pl

TINY_NOTE = "tiny is a stand-in built from nothing: it shows the workflow but does not replace a pretrained model."
_LINES_AT_ONCE = 200
_MOST_NAMED = 4  # columns that there is no room for
_EXACT = (TableFormat.CSV, TableFormat.JSON)
_AT_ONCE_S = 2.0  # what takes less is not told where there is no bar
_FIRST_RATE_S, _LINE_EVERY_S = 0.5, 30.0


@dataclass(slots=True)
class Manner:
    """How a command prints: without notes and progress, tables with all columns, or nothing until it is done."""

    is_quiet: bool = False
    is_wide: bool = False
    collects: bool = False
    has_written: bool = False
    results: list[object] = field(default_factory=list)
    tables: list[list[dict[str, object]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def collected(self) -> object:
        """Return the result, else what would have been printed: the only table's rows, all tables, or the lines."""
        several = self.results or self.tables
        return several[0] if len(several) == 1 else several or self.lines


_manner = Manner()


@contextmanager
def in_manner(manner: Manner) -> Iterator[Manner]:
    """Print in a manner within the block."""
    global _manner  # noqa: PLW0603 - one process prints one command's output
    before, _manner = _manner, manner
    try:
        yield manner
    finally:
        _manner = before


def result(value: object) -> None:
    """Keep a command's result, a frozen value or a mapping, for --json; what is printed says the same to people."""
    _manner.results.append(value)


def say(text: str = "") -> None:
    """Print a line of a command's result to stdout."""
    if _manner.collects:
        _manner.lines.append(plain(text))
    else:
        _write([plain(text)])


def say_json(value: object) -> None:
    """Print a value to stdout as JSON."""
    _write([json_text(value, ascii_only=not _is_unicode())])


def note(text: str) -> None:
    """Tell the user something on stderr, beside the command's output."""
    if _manner.is_quiet:
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print(plain(text), markup=False, soft_wrap=not console.is_terminal)


def print_error(error: SurveyError) -> None:
    """Print what went wrong, and what to do about it, to stderr."""
    told = f"Error: {plain(error.message)}"
    typer.echo(told if os.environ.get("NO_COLOR") else typer.style(told, fg=typer.colors.RED), err=True)
    if error.hint:
        typer.echo(f"Hint: {plain(error.hint)}", err=True)


@contextmanager
def progress_bar(*, passing: bool = False) -> Iterator[Progress]:
    """Show work on stderr: a live bar with rate and time left on a terminal, a line now and then elsewhere.

    `passing`: it is mostly done at once, so that the bar goes with it, and elsewhere only what takes longer is told.
    """
    if _manner.is_quiet:
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=console, disable=not console.is_terminal, transient=passing) as bars:
        tasks: dict[str, Any] = {}
        paces: dict[str, Pace] = {}

        def report(stage: str, done: int, total: int, note: str = "", *, tell: bool = False) -> None:
            shown, pace = plain(note), paces.setdefault(stage, Pace(done, _AT_ONCE_S if passing else 0.0))
            if stage not in tasks:
                tasks[stage] = bars.add_task(plain(stage), total=total or None, note=shown, rate="")
            bars.update(tasks[stage], completed=done, total=total or None, note=shown, rate=pace.rate(done))
            if not console.is_terminal and (line := pace.line(done, total, tell=tell)):
                console.print(f"{plain(stage)}: {line} {shown}".rstrip(), markup=False, soft_wrap=True)

        yield report


@contextmanager
def working(stage: str) -> Iterator[None]:
    """Show on a terminal that something is going on, while it is."""
    with progress_bar(passing=True) as progress:
        progress(stage, 0, 0)
        yield


class Pace:
    """How fast work goes: its rate and the time left, told now and then."""

    def __init__(self, done: int, at_once_s: float = 0.0) -> None:
        self._began_with = done
        self._at_once_s = at_once_s
        self._began = self._told = time.monotonic()

    def rate(self, done: int) -> str:
        """Return `12.5/s`, or `3.1 s each`; nothing where there is none yet."""
        seconds, units = time.monotonic() - self._began, done - self._began_with
        if units <= 0 or seconds < _FIRST_RATE_S:
            return ""
        return f"{units / seconds:,.1f}/s" if units >= seconds else f"{seconds / units:,.1f} s each"

    def line(self, done: int, total: int, *, tell: bool = False) -> str:
        """Return what to print where no bar can be; else nothing.

        That is at a stage's end, every half minute before, and where it has to be told.
        """
        now = time.monotonic()
        if total and done >= total:
            return f"{done}/{total}" if now - self._began >= self._at_once_s else ""
        if not tell and now - self._told < _LINE_EVERY_S:
            return ""
        self._told = now
        units, rate = done - self._began_with, self.rate(done)
        left = f"{_duration((now - self._began) * (total - done) / units)} left" if rate and total and units else ""
        pace = ", ".join(part for part in (rate, left) if part)
        return f"{done}/{total or '?'}" + (f" ({pace})" if pace else "")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:,.0f} min"


def print_frame(frame: pl.DataFrame, format: TableFormat = TableFormat.TABLE, *, title: str = "") -> None:
    """Print a frame to stdout. Numbers are rounded for people by their error, exact in CSV and JSON."""
    if _manner.collects:
        _manner.tables.append(frame.to_dicts())
        return
    headings = [Heading(name, kind.is_numeric()) for name, kind in frame.schema.items()]
    if title and format is TableFormat.TABLE:
        say(title)
    print_rows(headings, (rounded_by_error(frame) if format not in _EXACT else frame).iter_rows(), format)


def print_frames(frames: Mapping[str, pl.DataFrame], format: TableFormat) -> None:
    """Print frames under their titles; as JSON they are one object."""
    if format is TableFormat.JSON:
        say_json({title: frame.to_dicts() for title, frame in frames.items()})
        return
    for title, frame in frames.items():
        print_frame(frame, format, title=title)


def print_rows(
    headings: Sequence[Heading], rows: Iterable[Sequence[object]], format: TableFormat, *, at_most: int | None = None
) -> None:
    """Print rows to stdout as they come.

    `at_most`: so many rows of a table are enough in a terminal; all are counted, and how many there are is said.
    """
    if format is TableFormat.TABLE and at_most is not None and sys.stdout.isatty():
        _print_first(headings, iter(rows), at_most)
    else:
        _print_all(headings, rows, format)


def _print_all(headings: Sequence[Heading], rows: Iterable[Sequence[object]], format: TableFormat) -> None:
    """Print rows; in a terminal a table has the columns that fit side by side, and how many more there are is said."""
    left_out: list[str] = []
    _write(_lines(headings, rows, format, left_out if sys.stdout.isatty() and not _manner.is_wide else None))
    if left_out:
        named = ", ".join(left_out[:_MOST_NAMED]) + (", ..." if len(left_out) > _MOST_NAMED else "")
        more = "1 more column" if len(left_out) == 1 else f"{len(left_out)} more columns"
        note(f"{more} ({named}): --wide prints all.")


def _print_first(headings: Sequence[Heading], rows: Iterator[Sequence[object]], at_most: int) -> None:
    first = list(islice(rows, at_most))
    _print_all(headings, first, TableFormat.TABLE)
    n_more = sum(1 for _ in rows)
    if n_more:
        note(f"The first {len(first):,} of {len(first) + n_more:,} rows; --format csv, or a pipe, gives all.")


def _lines(
    headings: Sequence[Heading],
    rows: Iterable[Sequence[object]],
    format: TableFormat,
    left_out: list[str] | None = None,
) -> Iterator[str]:
    if format is TableFormat.CSV:
        return csv_lines(headings, rows, shown=sys.stdout.isatty())
    if format is TableFormat.JSON:
        return json_lines(headings, rows, ascii_only=not _is_unicode())
    if format is TableFormat.MARKDOWN:
        return markdown_lines(headings, rows)
    if format is TableFormat.LATEX:
        return latex_lines(headings, rows)
    rule = "─" if _is_unicode() else "-"
    return table_lines(headings, rows, width=output_width(), rule=rule, left_out=left_out)


def output_width() -> int | None:
    """Return the columns that output may take: the terminal's, or COLUMNS; None for a file or a pipe without it."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return os.get_terminal_size(sys.stdout.fileno()).columns or None if sys.stdout.isatty() else None


def _is_unicode() -> bool:
    """Return whether stdout has bytes for every letter."""
    return codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf")


def _write(lines: Iterable[str]) -> None:
    """Write lines to stdout, several at once, until the reader stops taking them."""
    lines = iter(lines)
    _manner.has_written = True
    while (several := list(islice(lines, _LINES_AT_ONCE))) and output_error() is None:
        sys.stdout.write("\n".join(several) + "\n")
