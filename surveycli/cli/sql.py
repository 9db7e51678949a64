"""`surveycli sql`: the user's own queries, once or in a console."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command, fill
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given
from surveycli.request.query import Limits
from surveycli.setting import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from surveycli.errors import SurveyError
    from surveycli.store.user_sql import Result

_IN_A_TERMINAL = 40  # rows of a table; more of them scroll away
_LONGEST, _LONGEST_NAME = 10_000_000, 1_000  # bytes of a query, characters of a file's name
_PLAN = ("explain_key", "explain_value")  # the columns of what EXPLAIN gives
_SCHEMA_WIDTH, _INDENT = 120, "    "

_BOUNDS = "--timeout --memory --limit --store"
_ASKS = f"{_BOUNDS} --with"
WAYS = (
    Way("--schema", "The tables, their grain and columns.", flags("--schema --format", _BOUNDS), given("--schema")),
    Way("--examples", "Queries that come with surveycli, by name.", flags("--examples --format"), given("--examples")),
    Way(
        "--example NAME --output FILE",
        "What one of them gives, as a file.",
        flags("--example --output --replace", _BOUNDS),
        given("--example", "--output"),
    ),
    Way("--example NAME", "What one of them gives.", flags("--example --format", _BOUNDS), given("--example")),
    Way(
        "QUERY --output FILE",
        "What a statement gives, as a file.",
        flags("QUERY --output --replace", _ASKS),
        given("QUERY", "--output"),
    ),
    Way("QUERY", "What statements give, read-only.", flags("QUERY --format", _ASKS), given("QUERY")),
    Way("", "A console, in a terminal: Tab completes, Ctrl-D ends it.", flags(_ASKS, "--format")),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, sql, ways=WAYS, settings=settings_of(Limits))


def sql(
    context: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(help="Statements that read, in quotes; a file of them; or - for stdin.", show_default=False),
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="List the tables, their grain and their columns.")] = False,
    examples: Annotated[bool, typer.Option("--examples", help="List the queries that come with surveycli.")] = False,
    example: Annotated[
        str | None, typer.Option("--example", help="Run one of these queries.", metavar="NAME", show_default=False)
    ] = None,
    own: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="A file to join with the store's tables: CSV, TSV, Parquet, XLSX, JSON lines, SPSS or Stata. Repeat "
            "for several.",
            metavar="NAME=FILE",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write to a .csv, .json, .jsonl, .parquet, .xlsx, .md, .tex, .sav or .dta file.",
            show_default="the terminal",
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over an existing file.")] = False,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Query the store, read-only.

    A terminal shows the first rows of a table; files and pipes get all of them.

    Examples:
      surveycli sql "select iso3, name from country limit 5"
      surveycli sql --example worst-cells --output worst.xlsx
      surveycli sql --schema
    """
    from surveycli.table_file import check_target

    limits = fill(Limits, context, given_up=_give_up)
    if examples:
        _list_examples(format)
    elif schema:
        _show_schema(store, limits, format)
    elif query is None and example is None:
        _open_console(store, limits, _own_tables(own or []), format)
    else:
        text = _example(example) if example is not None else _text(str(query))
        tables = _own_tables(own or [])
        if output is None:
            answer(store, text, limits, tables, format)
        else:
            check_target(output, replace=replace)
            _write(store, text, limits, tables, output, format)


def answer(store: Path, text: str, limits: Limits, tables: Mapping[str, pl.DataFrame], format: TableFormat) -> None:
    """Print what statements give, one under the other; in JSON several are an array of theirs."""
    from surveycli.cli.render import say
    from surveycli.store import ad_hoc_results

    with ad_hoc_results(store, text, limits, tables) as statements:
        is_list = format is TableFormat.JSON and len(statements) > 1
        if is_list:
            say("[")
        for number, carry_out in enumerate(statements):
            if number:
                say("," if is_list else "")
            _print_result(carry_out(), format)
        if is_list:
            say("]")


def _write(
    store: Path, text: str, limits: Limits, tables: Mapping[str, pl.DataFrame], target: Path, format: TableFormat
) -> None:
    """Write what one statement gives to a file; formats of text take the rows as they come."""
    from surveycli.cli.render import say, say_json
    from surveycli.row_text import Heading
    from surveycli.store import ad_hoc_results, frame_of, only_one
    from surveycli.table_file import lines_of, write_lines, write_table

    with ad_hoc_results(store, text, limits, tables) as statements:
        result = only_one(statements)()
        lines = lines_of(target, [Heading(column.name, column.is_number) for column in result.columns], result.rows)
        if lines is not None:
            write_lines(lines, target)
        else:
            write_table(frame_of(result), target)
    if format is TableFormat.JSON:
        say_json({"file": str(target), "bytes": target.stat().st_size})
    else:
        say(f"{target}: {target.stat().st_size:,} bytes.")


def _own_tables(named: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Return the files of --with by the names that queries call them."""
    from surveycli.errors import usage
    from surveycli.exchange.own_table import read_own_table

    tables: dict[str, pl.DataFrame] = {}
    for text in named:
        name, equals, file = text.partition("=")
        if not equals or not name or not file:
            raise usage(f"--with takes a name and a file, not {text!r}.", "For instance --with mine=file.csv.")
        if name.lower() in (known.lower() for known in tables):
            raise usage(f"--with names {name} twice.", "Give each file a name of its own.")
        tables[name] = read_own_table(Path(file))
    return tables


def _example(name: str) -> str:
    from surveycli.errors import not_found
    from surveycli.store.sql_files import example_queries

    known = example_queries()
    if name not in known:
        raise not_found(f"There is no example {name!r}.", f"There are {', '.join(known)}.")
    return known[name].text


def _list_examples(format: TableFormat) -> None:
    import polars as pl

    from surveycli.cli.render import note, print_frame
    from surveycli.store.sql_files import example_queries

    rows = [(example.name, example.purpose) for example in example_queries().values()]
    print_frame(pl.DataFrame(rows, schema=["example", "what it answers"], orient="row"), format)
    if format is TableFormat.TABLE:
        note("`surveycli sql --example NAME` runs one; in the console `.example NAME` shows its text, too.")


def _open_console(store: Path, limits: Limits, tables: Mapping[str, pl.DataFrame], format: TableFormat) -> None:
    from surveycli.errors import usage

    if not sys.stdin.isatty():
        raise usage(
            "What should be queried? There is neither a query nor a terminal to type one in.",
            '`surveycli sql "select ..."`, a file, - for stdin, or --schema, which lists the tables.',
        )
    from surveycli.cli.console import converse
    from surveycli.store import ad_hoc
    from surveycli.store.sql_files import read_sql

    described = ad_hoc(store, read_sql("store/describe_schema"), limits)
    converse(store, described, tables, lambda text: answer(store, text, limits, tables, format))


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


def _print_result(result: Result, format: TableFormat) -> None:
    from surveycli.cli.render import print_rows, say
    from surveycli.row_text import Heading

    if format is TableFormat.TABLE and [column.name for column in result.columns] == list(_PLAN):
        for _, plan in result.rows:  # a drawing, in lines of its own
            say(str(plan))
        return
    headings = [Heading(column.name, column.is_number) for column in result.columns]
    print_rows(headings, result.rows, format, at_most=_IN_A_TERMINAL)


def _show_schema(store: Path, limits: Limits, format: TableFormat) -> None:
    from surveycli.store import ad_hoc
    from surveycli.store.sql_files import read_sql

    text = read_sql("store/describe_schema")
    if format is TableFormat.TABLE:
        _print_schema(ad_hoc(store, text, limits))
    else:
        answer(store, text, limits, {}, format)


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
