"""A project that surveycli 0.1.0 left: its store opens, keeps everything, and its runs predict more."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from old_store import make_old_store
from test_predict_adds import PARTS, add_split, predicted

from surveycli.run_folder import RunFolder
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
LAST_OF_0_1_0 = 3  # schema steps


def as_0_1_0_had_it(folder: RunFolder) -> None:
    """Take out of a run folder what 0.1.0 did not write, and write its shards and notes as it did."""
    for name in ("outcome.json", "worker.json", "worker.lock"):
        (folder.path / name).unlink(missing_ok=True)
    if folder.predictions.is_dir():
        for shard in folder.predictions.glob("*.parquet"):
            pq.write_table(pq.read_table(shard).drop_columns("asked"), shard, compression="zstd")
        (folder.predictions / "basis.json").write_text(json.dumps({"basis": "0123456789abcdef"}))


def store_of_0_1_0(source: Path, target: Path) -> None:
    """Write a store with the schema of 0.1.0 that holds what the one at `source` holds, so far as it could."""
    make_old_store(target, up_to=LAST_OF_0_1_0)
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"ATTACH '{source}' AS newer (READ_ONLY)")
        tables = connection.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns() "
            "WHERE database_name = 'old' AND schema_name = 'main' AND NOT internal "
            "AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE database_name = 'old') GROUP BY ALL"
        ).fetchall()
        for table, columns in tables:
            if table != "schema_migration":
                names = ", ".join(f'"{column}"' for column in columns)
                connection.execute(f"INSERT INTO main.{table} BY NAME SELECT {names} FROM newer.main.{table}")


@pytest.fixture
def project(bundled_store_path: Path, run_cli: RunCli, tmp_path: Path) -> Path:
    """The store of a project of 0.1.0: a training with a scored part, another way of asking, and a baseline."""
    add_split(bundled_store_path, "small", PARTS)
    store = ("--store", bundled_store_path)
    for command in (
        ("finetune", "--split", "small", "--epochs", "1", "--name", "mine"),
        ("predict", "--run", "mine", "--part", "test"),
        ("predict", "--run", "mine", "-p", "shuffled", "--part", "test"),
        ("predict", "-p", "item-mean", "--split", "small"),
        ("score",),
    ):
        assert run_cli(*command, *store).code == 0
    old = tmp_path / "old.duckdb"
    store_of_0_1_0(bundled_store_path, old)
    for folder in bundled_store_path.with_suffix(".runs").iterdir():
        as_0_1_0_had_it(RunFolder(folder))
    return old


def test_an_old_store_keeps_everything(project: Path, run_cli: RunCli) -> None:
    """Runs, predictions and scores are all there after the migration, and the invariants hold."""
    query = "SELECT run_id, (SELECT count(*) FROM {0} AS t WHERE t.run_id = run.run_id) FROM run ORDER BY ALL"
    tables = ("prediction", "prediction_cell", "score", "training_metric")
    with duckdb.connect(str(project)) as connection:
        before = {table: connection.execute(query.format(table)).fetchall() for table in tables}
    assert run_cli("check", "--migrate", "--store", project).code == 0
    assert {table: ad_hoc(project, query.format(table)).rows() for table in tables} == before
    learnt = ad_hoc(project, "SELECT run_id, part, count(*) FROM training_cell GROUP BY ALL ORDER BY ALL").rows()
    assert learnt == [
        ("item-mean-1", "train", 9),
        ("mine", "train", 9), ("mine", "validation", 3),
        ("shuffled-1", "train", 9), ("shuffled-1", "validation", 3),
    ]  # fmt: skip
    parts = ad_hoc(project, "SELECT run_id, part, status FROM prediction_part ORDER BY ALL").rows()
    assert parts == [
        ("item-mean-1", "test", "finished"),
        ("item-mean-1", "validation", "finished"),
        ("mine", "test", "finished"),
        ("shuffled-1", "test", "finished"),
    ]


def test_old_run_folders_predict_more(project: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """What an old folder holds is not computed again, what is added stands beside it, and scores stay."""
    with open_store(project, write=True):
        pass
    before = predicted(project)
    added = run_cli("predict", "--run", "mine", "--store", project)
    assert added.code == 0, added.err
    assert "6 cells were predicted before" in added.err
    after = predicted(project)
    assert len(after) == 9 and {key: after[key] for key in before} == before
    assert ad_hoc(project, "SELECT count(*) FROM score WHERE run_id = 'mine'").item() == 6
    assert run_cli("finetune", "--resume", "mine", "--store", project).code == 0
    more = run_cli("predict", "--run", "shuffled-1", "--part", "validation", "--store", project)
    assert more.code == 0, more.err
    assert len(predicted(project, "shuffled-1")) == 9
    assert run_cli("check", "--store", project).code == 0


def test_what_an_old_training_saw_is_in_its_folder(project: Path, run_cli: RunCli) -> None:
    """Of a training whose split was made anew since, the cells come from its run folder, for those that ask it too."""
    with duckdb.connect(str(project)) as connection:
        connection.execute("UPDATE split SET created_at = ?", [datetime(2100, 1, 1)])
        connection.execute("UPDATE split_cell SET part = 'test' WHERE population_id = 'USA'")
    migrated = run_cli("check", "--migrate", "--store", project)
    assert migrated.code == 3 and "training_unknown" in migrated.out
    assert run_cli("predict", "--run", "mine", "--part", "test", "--store", project).code == 0
    learnt = dict(ad_hoc(project, "SELECT run_id, count(*) FROM training_cell GROUP BY ALL").rows())
    assert learnt == {"mine": 12, "shuffled-1": 12}
    assert run_cli("score", "mine", "--store", project).code == 0
    rows = ad_hoc(project, "SELECT part, n_cells FROM score_by_part WHERE run_id = 'mine' ORDER BY ALL").rows()
    assert rows == [("seen in training", 3), ("test", 6)]


def test_a_training_that_a_prediction_had_marked_failed_is_finished(project: Path, run_cli: RunCli) -> None:
    """0.1.0 marked a finished training failed where a prediction of it failed; it can be predicted with again."""
    with duckdb.connect(str(project)) as connection:
        connection.execute("UPDATE run SET status = 'failed', reason = 'no GPU' WHERE run_id = 'mine'")
    assert run_cli("check", "--migrate", "--store", project).code == 0
    assert ad_hoc(project, "SELECT status, reason FROM run WHERE run_id = 'mine'").rows() == [("finished", None)]
    assert run_cli("predict", "--run", "mine", "--store", project).code == 0
