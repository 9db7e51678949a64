"""Transactions, locks, frames in and out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store, open_store

_HOLD = """
import sys
from pathlib import Path
from surveycli.store import open_store
with open_store(Path(sys.argv[1]), create=True):
    print("open", flush=True)
    sys.stdin.read()
"""

SURVEYS = pl.DataFrame({"survey_id": ["a", "b"], "title": ["A", "B"]})


@pytest.mark.parametrize("write", [False, True])
def test_a_locked_store_names_the_process_that_holds_it(tmp_path: Path, write: bool) -> None:
    """While another process has the store open for writing, opening it is refused with exit 5 and that process's id."""
    path = tmp_path / "s.duckdb"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None and holder.stdout is not None
    try:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(SurveyError) as caught:
            open_store(path, write=write)
        assert caught.value.code == ExitCode.CONFLICT
        assert f"process {holder.pid} " in caught.value.message
    finally:
        holder.communicate("", timeout=20)
    with open_store(path, write=write) as store:
        assert store.rows("split/list_surveys") == []


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    """What a failed block wrote is not in the store; what a finished one wrote is."""
    with pytest.raises(RuntimeError), store.transaction():
        store.insert("survey", SURVEYS)
        raise RuntimeError
    assert store.rows("split/list_surveys") == []
    with store.transaction():
        store.insert("survey", SURVEYS)
    assert store.rows("split/list_surveys") == [{"survey_id": "a"}, {"survey_id": "b"}]


def test_a_transaction_that_breaks_a_constraint_leaves_nothing(store: Store) -> None:
    """A row that the schema refuses takes with it what the transaction wrote before, and the store stays usable."""
    with pytest.raises(duckdb.ConstraintException), store.transaction():
        store.insert("survey", SURVEYS)
        store.insert("survey", SURVEYS)
    assert store.rows("split/list_surveys") == []


def test_columns_are_matched_by_name(store: Store) -> None:
    """A frame's columns go to the columns of their names, whatever their order, and the others stay NULL."""
    store.insert("survey", SURVEYS.select("title", "survey_id"))
    assert store.rows("split/find_survey", survey_id="a") == [{"codebook": None, "n_cells": 0}]


def test_an_empty_frame_is_inserted_as_nothing(store: Store) -> None:
    """Inserting no rows is not an error."""
    store.insert("survey", SURVEYS.clear())
    assert store.scalar("split/find_survey", survey_id="a") is None


def test_a_created_table_comes_and_goes(store: Store) -> None:
    """A table made from a frame can be described, replaced and dropped, twice too."""
    for frame in (SURVEYS, SURVEYS.rename({"title": 'a "title"'})):
        store.create_table("main", 'answers "x"', frame)
        described = {row["name"]: row["columns"] for row in store.rows("store/describe_schema")}
        assert frame.columns[1] in described['answers "x"']
    for _ in range(2):
        store.drop_table("main", 'answers "x"')
    assert 'answers "x"' not in {row["name"] for row in store.rows("store/describe_schema")}


_INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from surveycli.store import open_store
with open_store(Path(sys.argv[1]), write=True) as store:
    for after_s in (0.01, 0.03, 0.05, 0.08, 0.12, 0.3):
        try:
            with store.transaction():
                store.query("INSERT INTO survey (survey_id, title) VALUES ('a', 'A')")
                threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT)).start()
                store.query("SELECT sum(a.range * b.range) FROM range(10_000_000) a, range(10_000_000) b")
        except KeyboardInterrupt:
            print("interrupted", store.rows("split/list_surveys"), flush=True)
"""


def test_ctrl_c_within_a_statement_is_ctrl_c(store: Store) -> None:
    """A signal while DuckDB works raises KeyboardInterrupt at once, and the transaction is undone."""
    store.close()
    command = [sys.executable, "-c", _INTERRUPTED, str(store.path)]  # a process of its own: the signal is for it alone
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "interrupted []\n" * 6), done.stderr
