"""Which statements only read: the gate that a user's own SQL goes through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import duckdb

from surveycli.errors import SurveyError, bad_input

_EXPLAIN = re.compile(r"explain", re.IGNORECASE)
_IDENTIFIER = re.compile(rb'"(?:[^"]|"")*"|[\w\x80-\xff]+')

# Table functions that compute from their arguments or describe the store. Every other one that DuckDB has reads files
# or memory, runs SQL out of a text, or changes how DuckDB works.
_HARMLESS = re.compile(
    r"unnest|range|generate_series|repeat|repeat_row|json_each|json_tree|summary|histogram|histogram_values"
    r"|test_all_types|test_vector_types|icu_calendar_names|pg_timezone_names|duckdb_\w+|pragma_\w+"
)
# Functions of a SELECT that leave something behind.
_WRITING = frozenset({"write_log", "nextval", "setseed"})
_HINT = (
    "SELECT, FROM, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW and SUMMARIZE read; `surveycli sql --schema` lists the tables."
)


def reading_statements(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[str, ...]:
    """Return the statements of `text`, each by itself, if every one of them only reads.

    DuckDB tells them apart: SELECT is what it makes of DESCRIBE, SHOW, SUMMARIZE, VALUES, FROM and WITH, too. Raises
    SurveyError (exit 3) for anything else, also behind EXPLAIN, which with ANALYZE carries it out.
    """
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise refused(error) from error
    if not statements:
        raise bad_input("There is no statement in the query.", 'For instance `surveycli sql "select * from run"`.')
    for statement in statements:
        _demand_reading(connection, statement)
    _refuse_functions(connection, text)
    return tuple(statement.query for statement in statements)


def refused(error: duckdb.Error) -> SurveyError:
    """Return DuckDB's own words for a mistake in the query as an error (exit 3)."""
    return bad_input(f"DuckDB refused the query: {error}", "`surveycli sql --schema` lists the tables and columns.")


def _demand_reading(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    kind = statement.type
    if not statement.query:  # DuckDB made several statements of one
        raise bad_input(
            "This statement is several at once to DuckDB, one of which writes.",
            "PIVOT with its values named, `ON column IN (value, ...)`, is one that only reads.",
        )
    if kind == duckdb.StatementType.EXPLAIN:
        inner = connection.extract_statements(_explained(statement.query))
        if [part.type for part in inner] == [duckdb.StatementType.SELECT]:
            return
        kind = inner[0].type if inner else kind
    if kind != duckdb.StatementType.SELECT:
        raise bad_input(f"A query is read-only: {kind.name} is a statement that does more.", _HINT)


def _explained(text: str) -> str:
    """Return what stands behind EXPLAIN, ANALYZE and the options in brackets."""
    words = list(_words(text))
    place = next(at for at, word in enumerate(words) if _EXPLAIN.fullmatch(word[1])) + 1
    if place < len(words) and words[place][1] == "(":
        place = next(at for at in range(place, len(words)) if words[at][1] == ")") + 1
    if place < len(words) and words[place][1].lower() == "analyze":
        place += 1
    return text.encode()[words[place][0] :].decode() if place < len(words) else ""


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Yield where each word of the SQL begins, in bytes, and the word, comments left out."""
    encoded = text.encode()
    for place, kind in duckdb.tokenize(text):
        if kind != duckdb.token_type.comment:
            identifier = _IDENTIFIER.match(encoded, place)
            yield place, identifier[0].decode() if identifier else chr(encoded[place])


def _refuse_functions(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Refuse calls of functions that do more than compute, by the names that this DuckDB has."""
    rows = connection.execute(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'table'"
    )
    table_functions = {str(row[0]) for row in rows.fetchall()}
    words = [word for _, word in _words(text)]
    for word, following in pairwise(words):
        name = word.strip('"').lower()
        if following != "(" or (name in table_functions and _HARMLESS.fullmatch(name)):
            continue
        if name in table_functions or name in _WRITING:
            raise bad_input(f"A query is read-only: the function {name} is not for queries on the store.", _HINT)
