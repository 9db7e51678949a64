"""Open a store: find or make its file, wait for whoever holds it, bring its schema up to date."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import duckdb

from surveycli.clock import utc_now
from surveycli.distribution.metric import METRICS
from surveycli.errors import SurveyError, bad_input, conflict, not_found
from surveycli.store.connection import Store
from surveycli.store.metric_columns import metric_frame
from surveycli.store.sql_files import migrations
from surveycli.store.trouble import explain, explained, is_held

DEFAULT_STORE = Path("survey.duckdb")
PATIENCE_S = 60.0  # how long finished work waits for somebody who queries the store at that moment
_PAUSE_S = 0.2
_STORAGE_VERSION = "v1.5.0"  # files that any DuckDB from 1.5 on can open, also when made by 2.x
_MAGIC, _MAGIC_OFFSET = b"DUCK", 8  # where a DuckDB file says what it is


def default_store_path() -> Path:
    """Return the store named by SURVEYCLI_STORE, else `survey.duckdb` in the current folder."""
    return Path(os.environ.get("SURVEYCLI_STORE") or DEFAULT_STORE)


def open_store(path: Path, *, write: bool = False, create: bool = False, patience_s: float = 0.0) -> Store:
    """Open the store at `path`.

    Reading needs an existing store of this version's schema; `write` brings an older one up to date; `create` also
    makes a new one. A store that another process holds is waited for up to `patience_s` seconds. Raises SurveyError:
    exit 4 where there is none, 5 where it is locked or newer, 3 where the file is something else, damaged or denied.
    """
    made_here = False
    if not path.exists():
        if not create:
            raise not_found(
                f"There is no store at {path}.",
                "`surveycli ingest FILE` or `surveycli demo` makes one; --store names another.",
            )
        made_here = _make(path)
    writable = write or create
    store = Store(_connect(path, read_only=not writable, patience_s=patience_s), path, made_here=made_here)
    try:
        with explained(path, store._connection):
            _bring_up_to_date(store, writable=writable)
    except BaseException:
        store.close()
        raise
    return store


def open_patiently(path: Path, *, write: bool = True, patience_s: float = PATIENCE_S, way_on: str = "") -> Store:
    """Open the store for the result of long work, waiting a while for another process that holds it.

    What cost hours should not be lost because somebody queries the store at that moment. Where the wait is in vain the
    error (exit 5) says who holds it, and in `way_on` how the result is brought in later.
    """
    try:
        return open_store(path, write=write, patience_s=patience_s)
    except SurveyError as error:
        if not isinstance(error.__cause__, duckdb.Error) or not is_held(str(error.__cause__)) or not way_on:
            raise
        raise conflict(f"{error.message} Waited {patience_s:g} seconds for it.", way_on) from error


def _make(path: Path) -> bool:
    """Make an empty store aside and give it its name; return False where another process was faster.

    A process that is killed here leaves no half-made store, and of two that make the same one both go on with the file
    of the first.
    """
    _make_parent(path)
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        raise conflict(
            f"There is no store at {path}, but the log of one, {log}.",
            "Put the store back beside its log, or move the log away.",
        )
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with Store(_connect(aside, read_only=False), path) as store, explained(path, store._connection):
            _bring_up_to_date(store, writable=True)
        return _name_it(aside, path)
    finally:
        aside.unlink(missing_ok=True)
        aside.with_name(f"{aside.name}.wal").unlink(missing_ok=True)


def _name_it(aside: Path, path: Path) -> bool:
    """Give a file its name unless there is one of that name."""
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: who can make the name owns it
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        aside.replace(path)
    return True


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise bad_input(f"Cannot make the folder of the store {path}: {error.strerror}.") from error


def _refuse_other_files(path: Path) -> None:
    """Let pass DuckDB's own format alone; of a CSV or Parquet file DuckDB would make a view."""
    if path.is_dir():
        raise bad_input(f"{path} is a folder, not a store.", "Name the DuckDB file with --store.")
    try:
        with path.open("rb") as file:
            head = file.read(_MAGIC_OFFSET + len(_MAGIC))
    except OSError as error:
        raise bad_input(f"Cannot read the store {path}: {error.strerror}.", "Check the file's permissions.") from error
    if not head:
        raise bad_input(f"{path} is an empty file, not a store.", "Delete it, or name the store with --store.")
    if head[_MAGIC_OFFSET:] != _MAGIC:
        raise bad_input(
            f"{path} is not a DuckDB file.", "Name the store with --store; survey files go to `surveycli ingest`."
        )


def _connect(path: Path, *, read_only: bool, patience_s: float = 0.0) -> duckdb.DuckDBPyConnection:
    if path.exists():
        _refuse_other_files(path)
    config: dict[str, Any] = {} if read_only else {"storage_compatibility_version": _STORAGE_VERSION}
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.Error as error:
            reason = str(error)
            if not is_held(reason) or time.monotonic() >= deadline:
                raise explain(path, reason) or _unknown(path, reason) from error
        time.sleep(_PAUSE_S)


def _unknown(path: Path, reason: str) -> SurveyError:
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
            store.query(migration.text)
            store.run(
                "store/record_migration",
                number=migration.number,
                name=migration.name,
                sha256=migration.sha256,
                applied_at=utc_now(),
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
