"""What commands print: tables and results to stdout, progress and notes to stderr, no text with control characters."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from surveycli.cli.formats import csv_lines, json_lines, latex_lines, markdown_lines, table_lines
from surveycli.cli.layout import Heading
from surveycli.cli.options import TableFormat
from surveycli.cli.process import output_error
from surveycli.cli.text import json_text
from surveycli.progress import Progress
from surveycli.untrusted.text import plain

if TYPE_CHECKING:
    import polars as pl

TINY_NOTE = "tiny is a stand-in built from nothing: it shows the workflow but does not replace a pretrained model."
_LINES_AT_ONCE = 200


def say(text: str = "") -> None:
    """Print a line of a command's result to stdout."""
    _write([plain(text)])


def say_json(value: object) -> None:
    """Print a value to stdout as JSON."""
    _write([json_text(value, ascii_only=not _is_unicode())])


def note(text: str) -> None:
    """Tell the user something on stderr, beside the command's output."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print(plain(text), markup=False, soft_wrap=not console.is_terminal)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show work on stderr: a live bar on a terminal, a line per finished stage elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int, note: str = "") -> None:
            shown = plain(note)
            if stage not in tasks:
                tasks[stage] = bars.add_task(plain(stage), total=total or None, note=shown)
            bars.update(tasks[stage], completed=done, total=total or None, note=shown)
            if not console.is_terminal and total and done >= total:
                console.print(f"{plain(stage)}: {done}/{total} {shown}".rstrip(), markup=False, soft_wrap=True)

        yield report


def print_frame(frame: pl.DataFrame, format: TableFormat = TableFormat.TABLE, *, title: str = "") -> None:
    """Print a frame to stdout. Numbers are rounded for people, exact in CSV and JSON."""
    headings = [Heading(name, kind.is_numeric()) for name, kind in frame.schema.items()]
    if title and format is TableFormat.TABLE:
        say(title)
    print_rows(headings, frame.iter_rows(), format)


def print_rows(
    headings: Sequence[Heading], rows: Iterable[Sequence[object]], format: TableFormat, *, at_most: int | None = None
) -> None:
    """Print rows to stdout as they come.

    `at_most`: so many rows of a table are enough in a terminal; all are counted, and how many there are is said.
    """
    if format is TableFormat.TABLE and at_most is not None and sys.stdout.isatty():
        _print_first(headings, iter(rows), at_most)
    else:
        _write(_lines(headings, rows, format))


def _print_first(headings: Sequence[Heading], rows: Iterator[Sequence[object]], at_most: int) -> None:
    first = list(islice(rows, at_most))
    _write(_lines(headings, first, TableFormat.TABLE))
    n_more = sum(1 for _ in rows)
    if n_more:
        note(f"The first {len(first):,} of {len(first) + n_more:,} rows; --format csv, or a pipe, gives all.")


def _lines(headings: Sequence[Heading], rows: Iterable[Sequence[object]], format: TableFormat) -> Iterator[str]:
    if format is TableFormat.CSV:
        return csv_lines(headings, rows, shown=sys.stdout.isatty())
    if format is TableFormat.JSON:
        return json_lines(headings, rows, ascii_only=not _is_unicode())
    if format is TableFormat.MARKDOWN:
        return markdown_lines(headings, rows)
    if format is TableFormat.LATEX:
        return latex_lines(headings, rows)
    return table_lines(headings, rows, width=output_width(), rule="─" if _is_unicode() else "-")


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
    while (several := list(islice(lines, _LINES_AT_ONCE))) and output_error() is None:
        sys.stdout.write("\n".join(several) + "\n")
