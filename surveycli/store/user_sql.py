"""The user's own SQL: it reads the store and nothing else, within a time, a memory and a number of rows."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from duckdb.sqltypes import DuckDBPyType

from surveycli.errors import bad_input, usage
from surveycli.request.query import Limits
from surveycli.row_text import distinct_names
from surveycli.store.connection import Store, quote
from surveycli.store.memory import bounded_memory
from surveycli.store.opening import open_store
from surveycli.store.plain_values import is_long_number, is_number, select_plain, to_python
from surveycli.store.reading import reading_statements, refused
from surveycli.store.trouble import explained

if TYPE_CHECKING:
    import polars as pl

# Nothing but the open file is in reach: no other file, no extension, no setting, no variable of this process. The last
# but one closes what DuckDB leaves open otherwise: the store's own path, its log and its folder for temporary files.
_SETTINGS = (
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET autoload_known_extensions = false",
    "SET autoinstall_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET lock_configuration = true",
)
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_INCOMING = "surveycli_incoming"
_LEAST_MEMORY = 128 * 2**20
_GRACE_S = 2.0  # from the time limit until what cannot be interrupted is given up
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result."""

    name: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What one statement gives. `rows` can be gone through once; a column's values are numbers, texts, lists, dicts."""

    columns: tuple[ResultColumn, ...]
    rows: Iterator[tuple[object, ...]]


@contextmanager
def ad_hoc_results(
    path: Path, text: str, limits: Limits | None = None, tables: Mapping[str, pl.DataFrame] | None = None
) -> Iterator[Sequence[Callable[[], Result]]]:
    """Open the store for the user's own SQL; yield a call for each statement, which carries it out.

    `tables` are there beside the store's own, by name, while the store is open. Raises SurveyError (exit 3), here and
    while rows are read, with DuckDB's own words for a mistake in the query, for a statement that does not only read,
    and where it outgrows `limits`; exit 2 for a table that has no name of its own.
    """
    limits = limits or Limits()
    n_bytes = memory_bytes(limits.memory)
    with open_store(path) as store, bounded_memory(n_bytes):
        connection = store._connection
        connection.execute(f"SET memory_limit = '{n_bytes * 3 // 4} B'")
        for setting in _SETTINGS:
            connection.execute(setting)
        with _watched(connection, limits) as watch, _explained(store, watch, limits):
            for name, frame in (tables or {}).items():
                _add_table(connection, name, frame)
            statements = reading_statements(connection, text)
            yield [partial(_carry_out, store, statement, watch) for statement in statements]


def _add_table(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Put a user's own table beside the store's, in memory and for this connection alone."""
    if not _NAME.fullmatch(name):
        raise usage(f"{name!r} cannot be a table's name.", "It is made of letters, digits and underscores: mine=FILE.")
    taken = connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE lower(table_name) = lower(?)", [name]
    )
    if taken.fetchall() != [(0,)]:
        raise usage(f"The store has a table {name} of its own.", f"Give yours another name, such as my_{name}.")
    connection.register(_INCOMING, frame.to_arrow())
    connection.execute(f"CREATE TEMP TABLE {quote(name)} AS SELECT * FROM {_INCOMING}")
    connection.unregister(_INCOMING)


def ad_hoc(
    path: Path, text: str, limits: Limits | None = None, tables: Mapping[str, pl.DataFrame] | None = None
) -> pl.DataFrame:
    """Return the rows of one statement of the user's own. Raises SurveyError as `ad_hoc_results` does."""
    with ad_hoc_results(path, text, limits, tables) as statements:
        return frame_of(only_one(statements)())


def only_one(statements: Sequence[Callable[[], Result]]) -> Callable[[], Result]:
    """Return the only statement. Raises SurveyError (exit 3) where there are several."""
    if len(statements) > 1:
        raise bad_input(f"One query is expected here, not {len(statements)}.", "Leave out what follows the first.")
    return statements[0]


def frame_of(result: Result) -> pl.DataFrame:
    """Return a result's rows as a frame, whose columns have names of their own."""
    import polars as pl

    names = distinct_names([column.name for column in result.columns])
    return pl.DataFrame(list(result.rows), schema=names, orient="row", infer_schema_length=None)


def memory_bytes(text: str) -> int:
    """Return a size such as `2GB` or `512 MiB` in bytes. Raises SurveyError (exit 2) for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?B|)\s*", text, flags=re.IGNORECASE)
    n_bytes = float(match[1]) * _UNITS.get(match[2].upper(), 0) if match else 0
    if not _LEAST_MEMORY <= n_bytes < 2**50:
        raise usage(f"A memory limit is a size such as 2GB, from 128MiB on; not {text!r}.")
    return int(n_bytes)


class _Watch:
    """Interrupts the connection when the time is up, and remembers that it was."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
        self.error = bad_input(f"The query was stopped after {limits.seconds:g} seconds.", "--timeout gives it longer.")
        self.is_over = False
        self.max_rows = limits.rows
        self._connection = connection
        self._limits = limits
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _wait(self) -> None:
        if self._done.wait(min(self._limits.seconds, threading.TIMEOUT_MAX)):
            return
        self.is_over = True
        given_up_at = time.monotonic() + _GRACE_S
        while not self._done.wait(0.05):  # more than once: between two statements there is nothing to interrupt
            self._connection.interrupt()
            if self._limits.given_up is not None and time.monotonic() >= given_up_at:
                self._limits.given_up(self.error)
                return

    def check(self) -> None:
        if self.is_over:
            raise self.error


@contextmanager
def _watched(connection: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[_Watch]:
    watch = _Watch(connection, limits)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


@contextmanager
def _explained(store: Store, watch: _Watch, limits: Limits) -> Iterator[None]:
    """Turn what can go wrong with a query into an error that says so."""
    try:
        with explained(store.path, store._connection):
            yield
    except duckdb.InterruptException as error:
        raise watch.error from error
    except (MemoryError, duckdb.OutOfMemoryException) as error:
        raise bad_input(
            f"The query needs more memory than {limits.memory}.",
            "--memory gives it more; a LIMIT or fewer columns help.",
        ) from error
    except duckdb.Error as error:
        watch.check()  # what was interrupted may say so in other words
        raise refused(error) from error


def _carry_out(store: Store, statement: str, watch: _Watch) -> Result:
    """Carry out one statement, its columns cast to what Python has."""
    watch.check()
    relation = store._connection.sql(statement)
    names, kinds = relation.columns, relation.types
    selected = (
        f"{select_plain(place, kind)} AS {quote(name)}"
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True), start=1)
    )
    plain = relation.project(", ".join(selected))
    if watch.max_rows is not None:
        plain = plain.limit(watch.max_rows)
    columns = tuple(ResultColumn(name, is_number(kind)) for name, kind in zip(names, kinds, strict=True))
    return Result(columns, _rows(plain, kinds, watch))


def _rows(
    relation: duckdb.DuckDBPyRelation, kinds: Sequence[DuckDBPyType], watch: _Watch
) -> Iterator[tuple[object, ...]]:
    """Yield the rows as DuckDB makes them, a batch at a time."""
    has_long_numbers = any(is_long_number(kind) for kind in kinds)
    while batch := relation.fetchmany(_BATCH):
        watch.check()
        if has_long_numbers:
            batch = [tuple(map(to_python, row, kinds)) for row in batch]
        yield from batch
    watch.check()
