"""`surveycli sql`: the user's own queries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from surveycli.errors import SurveyError
    from surveycli.store.user_sql import Result

_IN_A_TERMINAL = 40  # rows of a table; more of them scroll away
_LONGEST, _LONGEST_NAME = 10_000_000, 1_000  # bytes of a query, characters of a file's name
_PLAN = ("explain_key", "explain_value")  # the columns of what EXPLAIN gives
_SCHEMA_WIDTH, _INDENT = 120, "    "


WAYS = (
    Way(
        "--schema",
        "The tables, their grain and their columns.",
        flags("--schema --timeout --memory --limit --format --store"),
        given("--schema"),
    ),
    Way(
        "QUERY",
        "What statements give, read-only.",
        flags("QUERY --timeout --memory --limit --format --store"),
        given("QUERY"),
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, sql, ways=WAYS)


def sql(
    query: Annotated[
        str | None,
        typer.Argument(help="Statements that read, in quotes; a file of them; or - for stdin.", show_default=False),
    ] = None,
    schema: Annotated[  # noqa: ARG001 - tells the way
        bool, typer.Option("--schema", help="List the tables, their grain and their columns.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(help="Seconds after which query and printing are stopped.", min=0.1, max=1e6)
    ] = 60.0,
    memory: Annotated[str, typer.Option(help="Memory that a query may take.")] = "2GB",
    limit: Annotated[int | None, typer.Option(help="Rows of each result, at most.", min=0, show_default="all")] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Query the store, read-only.

    A terminal shows the first rows of a table; files and pipes get all of them.

    Examples:
      surveycli sql "select iso3, name from country limit 5"
      surveycli sql --schema
    """
    from surveycli.store import Limits, ad_hoc, ad_hoc_results
    from surveycli.store.sql_files import read_sql

    limits = Limits(timeout, memory, limit, _give_up)
    if query is None and format is TableFormat.TABLE:
        _print_schema(ad_hoc(store, read_sql("store/describe_schema"), limits))
        return
    text = read_sql("store/describe_schema") if query is None else _text(query)
    with ad_hoc_results(store, text, limits) as statements:
        _print_results(statements, format)


def _text(query: str) -> str:
    """Return the SQL itself, out of stdin or a file where one is named. Raises SurveyError (exit 3) where it cannot."""
    from surveycli.errors import bad_input

    if query != "-" and not _names_a_file(query):
        return query
    name = "stdin" if query == "-" else query
    try:
        if query == "-":
            content = sys.stdin.buffer.read(_LONGEST + 1)
        else:
            with Path(query).open("rb") as file:
                content = file.read(_LONGEST + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise bad_input(f"Cannot read the query {name}: {error.strerror}.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise bad_input(f"The query {name} is not UTF-8: byte {error.start} is not.", "Save it as UTF-8.") from error
    if len(content) > _LONGEST:
        raise bad_input(f"The query {name} is longer than {_LONGEST:,} bytes.")
    return text


def _names_a_file(query: str) -> bool:
    """Return whether this is the name of a file rather than SQL, which has more than one word."""
    if len(query) > _LONGEST_NAME or any(character.isspace() for character in query):
        return False
    return query.endswith(".sql") or Path(query).is_file()


def _print_results(statements: Sequence[Callable[[], Result]], format: TableFormat) -> None:
    """Print what each statement gives, one under the other; in JSON several are an array of theirs."""
    from surveycli.cli.render import say

    is_list = format is TableFormat.JSON and len(statements) > 1
    if is_list:
        say("[")
    for number, carry_out in enumerate(statements):
        if number:
            say("," if is_list else "")
        _print_result(carry_out(), format)
    if is_list:
        say("]")


def _print_result(result: Result, format: TableFormat) -> None:
    from surveycli.cli.layout import Heading
    from surveycli.cli.render import print_rows, say

    if format is TableFormat.TABLE and [column.name for column in result.columns] == list(_PLAN):
        for _, plan in result.rows:  # a drawing, in lines of its own
            say(str(plan))
        return
    headings = [Heading(column.name, column.is_number) for column in result.columns]
    print_rows(headings, result.rows, format, at_most=_IN_A_TERMINAL)


def _print_schema(tables: pl.DataFrame) -> None:
    """Print each table with its grain and columns in lines of words, none of which is broken."""
    from surveycli.cli.layout import wrap
    from surveycli.cli.render import output_width, say

    width = output_width() or _SCHEMA_WIDTH
    for table in tables.iter_rows(named=True):
        say(str(table["name"]))
        for text in (table["grain"] or "", table["columns"]):
            for line in wrap(str(text), max(width - len(_INDENT), 1), whole_words=True):
                say(f"{_INDENT}{line}")
        say()


def _give_up(error: SurveyError) -> None:
    from surveycli.cli.process import give_up

    give_up(f"Error: {error.message}\nHint: {error.hint}", int(error.code))
