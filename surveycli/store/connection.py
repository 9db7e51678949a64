"""Open, migrate, query. SQL comes from files, values as named parameters, tables in and out as Polars frames."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb

from surveycli.distribution.metric import METRICS
from surveycli.errors import SurveyError, bad_input, conflict, not_found
from surveycli.store.metric_columns import metric_frame
from surveycli.store.sql_files import migrations, read_sql

if TYPE_CHECKING:
    import polars as pl

DEFAULT_STORE = Path("survey.duckdb")
_STORAGE_VERSION = "v1.5.0"  # files that any DuckDB from 1.5 on can open, also when made by 2.x
_MAGIC, _MAGIC_OFFSET = b"DUCK", 8  # where a DuckDB file says what it is
_AD_HOC_SETTINGS = (
    "SET enable_external_access = false",
    "SET autoload_known_extensions = false",
    "SET autoinstall_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET lock_configuration = true",
)


def default_store_path() -> Path:
    """Return the store named by SURVEYCLI_STORE, else `survey.duckdb` in the current folder."""
    return Path(os.environ.get("SURVEYCLI_STORE") or DEFAULT_STORE)


class Store:
    """An open store. Use it as a context manager; it is closed at the end of the block."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that other processes may write it."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block did, or nothing of it if the block raises."""
        self._connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(duckdb.TransactionException):  # DuckDB itself already rolled back a fatal error
                self._connection.execute("ROLLBACK")
            raise
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
            for statement in self._connection.extract_statements(text):
                needed = {k: v for k, v in parameters.items() if k in statement.named_parameters}
                result = self._connection.execute(statement, needed or None)
            if not fetch or result is None:
                return pl.DataFrame()
            return result.pl()
        finally:
            for name in frames:
                self._connection.unregister(name)


def quote(identifier: str) -> str:
    """Return an identifier in SQL's double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def open_store(path: Path, *, write: bool = False, create: bool = False) -> Store:
    """Open the store at `path`.

    Reading needs an existing store of this version's schema; `write` brings an older one up to date; `create` also
    makes a new one. Raises SurveyError: exit 4 where there is none, 5 where it is locked or newer, 3 where the file is
    something else.
    """
    if not path.exists() and not create:
        raise not_found(
            f"There is no store at {path}.",
            "`surveycli ingest FILE` or `surveycli demo` makes one; --store names another.",
        )
    if create:
        _make_parent(path)
    is_new = not path.exists()
    connection = _connect(path, read_only=not (write or create))
    store = Store(connection, path)
    try:
        _bring_up_to_date(store, writable=write or create)
    except BaseException:
        store.close()
        if is_new:
            path.unlink(missing_ok=True)
        raise
    return store


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise bad_input(f"Cannot make the folder of the store {path}: {error.strerror}.") from error


def _refuse_other_files(path: Path) -> None:
    """Let pass DuckDB's own format and an empty file; of a CSV or Parquet file DuckDB would make a view."""
    if path.is_dir():
        raise bad_input(f"{path} is a folder, not a store.", "Name the DuckDB file with --store.")
    with path.open("rb") as file:
        head = file.read(_MAGIC_OFFSET + len(_MAGIC))
    if head and head[_MAGIC_OFFSET:] != _MAGIC:
        raise bad_input(
            f"{path} is not a DuckDB file.", "Name the store with --store; survey files go to `surveycli ingest`."
        )


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if path.exists():
        _refuse_other_files(path)
    config: dict[str, Any] = {} if read_only else {"storage_compatibility_version": _STORAGE_VERSION}
    try:
        return duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.Error as error:
        raise _explain_open_error(path, str(error)) from error


def _explain_open_error(path: Path, reason: str) -> SurveyError:
    if "lock" in reason.lower():
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", reason)
        who = f"process {holder[2]} ({holder[1]})" if holder else "another process"
        return conflict(
            f"The store {path} is in use: {who} holds its lock.", "Wait for it to end, or stop it, and try again."
        )
    if "version number" in reason or "newer" in reason:
        return conflict(
            f"The store {path} was made by a newer DuckDB than the one installed.",
            "`pip install --upgrade duckdb`, or make the store anew.",
        )
    return bad_input(
        f"Cannot open the store {path}: {reason.splitlines()[0]}", "Is it a DuckDB file that you may read and write?"
    )


def _bring_up_to_date(store: Store, *, writable: bool) -> None:
    applied = _applied_migrations(store)
    known = migrations()
    if any(number > len(known) for number in applied):
        raise conflict(
            f"The store {store.path} has schema {max(applied)}; this surveycli knows schemas up to {len(known)}.",
            "`pip install --upgrade surveycli`, or name another store with --store.",
        )
    for migration in known:
        if migration.number in applied and applied[migration.number] != migration.sha256:
            raise conflict(
                f"Schema step {migration.number} ({migration.name}) of {store.path} differs from this surveycli's.",
                "The store was made by an unreleased version: make it anew with `surveycli ingest`.",
            )
    missing = [m for m in known if m.number not in applied]
    if missing and not writable:
        raise conflict(
            f"The store {store.path} has schema {max(applied, default=0)}, this surveycli needs {len(known)}.",
            "Any command that writes brings it up to date, for instance `surveycli check --migrate`.",
        )
    for migration in missing:
        with store.transaction():
            store._execute(migration.text, {}, {})
            store.run(
                "store/record_migration",
                number=migration.number,
                name=migration.name,
                sha256=migration.sha256,
                applied_at=datetime.now(UTC).replace(tzinfo=None),
            )
    if writable:
        _align_metrics(store)


def _align_metrics(store: Store) -> None:
    """Give `score` a column for each metric, so that a new one needs no schema step, and list them all in `metric`."""
    wanted = metric_frame()
    if store.frame("store/list_metrics").equals(wanted):
        return
    with store.transaction():
        for metric in METRICS.values():
            store.add_column("score", metric.name, "DOUBLE", metric.comment)
        store.run("store/replace_metrics", frames={"incoming": wanted})


def _applied_migrations(store: Store) -> dict[int, str]:
    if not store.scalar("store/has_migrations"):
        if store.scalar("store/count_tables"):
            raise bad_input(
                f"{store.path} is a DuckDB file but not a surveycli store.", "Name another file with --store."
            )
        return {}
    return {row["number"]: row["sha256"] for row in store.rows("store/list_migrations")}


def ad_hoc(path: Path, text: str, *, timeout_s: float = 60.0, memory_limit: str = "2GB") -> pl.DataFrame:
    """Run the user's own SQL on a read-only connection that can reach nothing but the store.

    Raises SurveyError (exit 3) with DuckDB's own words for a mistake in the query, and where it outlasts `timeout_s`.
    """
    store = open_store(path)
    connection = store._connection
    for setting in (f"SET memory_limit = '{memory_limit}'", *_AD_HOC_SETTINGS):
        connection.execute(setting)
    timer = threading.Timer(timeout_s, connection.interrupt)
    timer.start()
    try:
        return connection.execute(text).pl()
    except duckdb.InterruptException as error:
        raise bad_input(f"The query was stopped after {timeout_s:g} seconds.", "--timeout gives it longer.") from error
    except duckdb.Error as error:
        raise bad_input(
            f"DuckDB refused the query: {error}", "`surveycli sql --schema` lists the tables and columns."
        ) from error
    finally:
        timer.cancel()
        store.close()
