"""An open store: SQL comes from files, values as named parameters, tables in and out as Polars frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb

from surveycli.errors import SurveyError
from surveycli.store.sql_files import read_sql
from surveycli.store.trouble import explained, interruptible

if TYPE_CHECKING:
    import polars as pl


class Store:
    """An open store. Use it as a context manager; it is closed at the end of the block.

    Where the block raises and the store was made for it (`made_here`), the file goes if nothing was put in. Every
    method raises SurveyError (exit 3) where the file turns out to be damaged or its disk to be full.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, *, made_here: bool = False) -> None:
        self._connection = connection
        self._made_here = made_here
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._made_here:
            self._remove_if_empty()
        self.close()

    def _remove_if_empty(self) -> None:
        """Delete the file that was made for work that failed, while its lock keeps others from writing to it."""
        with suppress(duckdb.Error, SurveyError, OSError), interruptible(self._connection):
            if self.scalar("store/is_empty"):
                self._connection.execute("CHECKPOINT")  # no log is left, which closing would look for under this name
                self.path.unlink()

    def close(self) -> None:
        """Close the file, so that other processes may write it."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or nothing of it if the block raises."""
        try:
            with explained(self.path, self._connection):
                self._connection.execute("BEGIN TRANSACTION")
            yield
        except BaseException:
            # After a fatal error DuckDB itself has rolled back.
            with suppress(duckdb.Error), interruptible(self._connection):
                self._connection.execute("ROLLBACK")
            raise
        with explained(self.path, self._connection):
            self._connection.execute("COMMIT")

    def run(self, name: str, /, frames: Mapping[str, pl.DataFrame] | None = None, **parameters: object) -> None:
        """Execute every statement of `sql/<name>.sql`, which may read `frames` as tables of their names."""
        self._execute(read_sql(name), frames or {}, parameters)

    def frame(
        self, name: str, /, frames: Mapping[str, pl.DataFrame] | None = None, **parameters: object
    ) -> pl.DataFrame:
        """Execute `sql/<name>.sql` and return the rows of its last statement."""
        return self._execute(read_sql(name), frames or {}, parameters, fetch=True)

    def rows(self, name: str, /, **parameters: object) -> list[dict[str, Any]]:
        """Return the rows of `sql/<name>.sql` as dictionaries, for small results."""
        return self.frame(name, None, **parameters).to_dicts()

    def scalar(self, name: str, /, **parameters: object) -> Any:
        """Return the first column of the first row of `sql/<name>.sql`, or None where there is no row."""
        frame = self.frame(name, None, **parameters)
        return frame.item(0, 0) if frame.height else None

    def query(
        self, text: str, /, frames: Mapping[str, pl.DataFrame] | None = None, **parameters: object
    ) -> pl.DataFrame:
        """Execute SQL from outside the package's files, with everything that the connection may do; return its rows.

        For scripts and notebooks. `ad_hoc` is the gate for text that comes from somebody else.
        """
        return self._execute(text, frames or {}, parameters, fetch=True)

    def read_every_block(self) -> None:
        """Read every row of every table once. Raises SurveyError (exit 3) where a block of the file is damaged."""
        for row in self.rows("store/list_tables"):
            table = f"{quote(row['schema_name'])}.{quote(row['table_name'])}"
            self.query(f"SELECT bit_xor(hash(t)) FROM {table} AS t")

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        """Append `frame` to `table`, columns matched by name; columns that the frame lacks stay NULL."""
        if frame.height:
            self._execute(f"INSERT INTO {quote(table)} BY NAME SELECT * FROM incoming", {"incoming": frame}, {})

    def create_table(self, schema: str, table: str, frame: pl.DataFrame) -> None:
        """Create or replace `schema.table` with the columns, types and rows of `frame`."""
        target = f"{quote(schema)}.{quote(table)}"
        self._execute(f"CREATE OR REPLACE TABLE {target} AS SELECT * FROM incoming", {"incoming": frame}, {})

    def drop_table(self, schema: str, table: str) -> None:
        """Drop `schema.table` if it is there."""
        self._execute(f"DROP TABLE IF EXISTS {quote(schema)}.{quote(table)}", {}, {})

    def add_column(self, table: str, column: str, type: str, comment: str) -> None:
        """Add a column that `table` lacks, and let it say what it holds."""
        place = f"{quote(table)}.{quote(column)}"
        said = comment.replace("'", "''")
        self._execute(f"ALTER TABLE {quote(table)} ADD COLUMN IF NOT EXISTS {quote(column)} {type}", {}, {})
        self._execute(f"COMMENT ON COLUMN {place} IS '{said}'", {}, {})

    def _execute(
        self, text: str, frames: Mapping[str, pl.DataFrame], parameters: Mapping[str, object], *, fetch: bool = False
    ) -> pl.DataFrame:
        import polars as pl

        for name, frame in frames.items():
            self._connection.register(name, frame.to_arrow())
        try:
            result = None
            with explained(self.path, self._connection):
                for statement in self._connection.extract_statements(text):
                    needed = {k: v for k, v in parameters.items() if k in statement.named_parameters}
                    result = self._connection.execute(statement, needed or None)
                if not fetch or result is None:
                    return pl.DataFrame()
                return result.pl()
        finally:
            # After a fatal error nothing more can be done.
            with suppress(duckdb.Error), interruptible(self._connection):
                for name in frames:
                    self._connection.unregister(name)


def quote(identifier: str) -> str:
    """Return an identifier in SQL's double quotes."""
    return '"' + identifier.replace('"', '""') + '"'
