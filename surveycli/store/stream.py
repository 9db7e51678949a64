"""Fills a table from frames that are made while it is filled, so that they are never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb

from surveycli.errors import SurveyError
from surveycli.store.connection import Store, quote
from surveycli.store.trouble import explained, interruptible

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def create_table_from_stream(
    store: Store, schema: str, table: str, frames: Iterator[pl.DataFrame], comment: str
) -> None:
    """Create `schema.table`, replacing it, with the rows of all `frames`, which have the same columns and types.

    DuckDB asks for a frame when it has taken in the one before: it is handed the bare stream, since of a reader it
    would fetch a dozen frames ahead. An error raised while making a frame is raised here. There must be at least one
    frame.
    """
    import pyarrow as pa

    first = next(frames).to_arrow()
    failures: list[BaseException] = []
    reader = pa.RecordBatchReader.from_batches(first.schema, _record_batches(first, frames, failures))
    target = f"{quote(schema)}.{quote(table)}"
    with _frugal(store, first.num_columns):
        store._connection.register("incoming", reader.__arrow_c_stream__())
        try:
            with explained(store.path, store._connection):
                store._connection.execute(f"CREATE OR REPLACE TABLE {target} AS SELECT * FROM incoming")
        except (duckdb.Error, SurveyError):
            if failures:  # DuckDB wraps what the iterator raised into an error of its own
                raise failures[0] from None
            raise
        finally:
            with suppress(duckdb.Error), interruptible(store._connection):
                store._connection.unregister("incoming")
    text = comment.replace("'", "''")
    store._connection.execute(f"COMMENT ON TABLE {target} IS '{text}'")


def _record_batches(
    first: pa.Table, frames: Iterator[pl.DataFrame], failures: list[BaseException]
) -> Iterator[pa.RecordBatch]:
    yield from first.to_batches()
    try:
        for frame in frames:
            yield from frame.to_arrow().to_batches()
    except BaseException as error:
        failures.append(error)
        raise


@contextmanager
def _frugal(store: Store, n_columns: int) -> Iterator[None]:
    """Let DuckDB write with one thread and bounded memory, and give back what it no longer uses.

    For hundreds of columns one thread takes a third less time and memory than two. The bound is what the columns of
    one unfinished row group need (two blocks of 256 kB each, and one more for wide types) and some room; without it
    DuckDB keeps finished ones too. What it frees goes back to the system only with the allocator's own threads.
    """
    # The settings are the whole instance's; a cursor of its own can reset them though the transaction has failed.
    cursor = store._connection.cursor()
    before = cursor.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    cursor.execute("SET threads = 1")
    cursor.execute(f"SET memory_limit = '{40 + 2 * n_columns // 3} MiB'")
    cursor.execute("SET allocator_background_threads = true")
    try:
        yield
    finally:
        with suppress(duckdb.Error), interruptible(cursor):  # after a fatal error nothing more can be set
            cursor.execute("RESET threads")
            cursor.execute(f"SET memory_limit = '{before}'")  # RESET alone changes what the setting says, not the limit
            cursor.execute("RESET memory_limit")
            cursor.execute("RESET allocator_background_threads")
        cursor.close()
