"""`runs show`, `rename` and `delete`, and run folders held against the store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_predict_adds import PARTS, add_split, predicted

from surveycli.run_folder.checkup import find_folder_faults
from surveycli.run_folder.standing import settle_runs
from surveycli.store import ad_hoc, open_store
from surveycli.store.sql_files import read_sql

RunCli = Callable[..., Any]
TABLES = (
    "run", "training_metric", "prediction_cell", "prediction", "score", "prediction_part", "training_cell",
    "training_text",
)  # fmt: skip


@pytest.fixture
def path(bundled_store_path: Path, run_cli: RunCli) -> Path:
    """A fine-tuning `mine` with scored predictions, and a run that asks its model otherwise."""
    add_split(bundled_store_path, "small", PARTS)
    store = ("--store", bundled_store_path)
    for command in (
        ("finetune", "--split", "small", "--epochs", "2", "--name", "mine"),
        ("predict", "--run", "mine", "--part", "test"),
        ("predict", "--run", "mine", "-p", "shuffled", "--part", "test"),
        ("score",),
    ):
        assert run_cli(*command, *store).code == 0
    return bundled_store_path


def counts(path: Path, run_id: str) -> dict[str, int]:
    query = " UNION ALL ".join(f"SELECT '{t}', count(*) FROM {t} WHERE run_id = '{run_id}'" for t in TABLES)
    return dict(ad_hoc(path, query).rows())


def test_show_tells_what_a_run_learnt_and_predicted(path: Path, run_cli: RunCli) -> None:
    """Status, configuration, training cells, the curve by epoch, and each part's cells, predictions and scores."""
    shown = json.loads(run_cli("runs", "show", "mine", "--format", "json", "--store", path).out)
    assert shown["status"] == "finished"
    assert shown["configuration"]["optimiser"]["epochs"] == 2
    assert shown["folder"] == str(path.with_suffix(".runs") / "mine")
    learnt = {row["part"]: (row["n_cells"], row["n_items"], row["n_populations"]) for row in shown["learnt_from"]}
    assert learnt == {"train": (9, 3, 3), "validation": (3, 3, 1)}
    assert [row["epoch"] for row in shown["learning_curve"]] == [1, 2]
    assert all(row["train_loss"] and row["validation_loss"] for row in shown["learning_curve"])
    [part] = shown["predictions"]
    assert (part["split"], part["part"], part["status"]) == ("small", "test", "finished")
    assert (part["n_cells"], part["n_predicted"], part["n_scored"], part["n_seen"]) == (6, 6, 6, 0)
    assert 0 < part["mean_paper_one_minus_jsd"] < 1
    table = run_cli("runs", "show", "mine", "--store", path).out
    for title in ("Run mine", "Learnt from", "Learning curve", "Predictions"):
        assert title in table
    assert "Learnt from" not in run_cli("runs", "show", "mine", "--format", "csv", "--store", path).out


def test_a_renamed_run_is_the_same_run(path: Path, run_cli: RunCli) -> None:
    """Everything follows the new name: rows, folders, predictions that are added, and the run that asks its model."""
    before, held = counts(path, "mine"), predicted(path)
    asked = run_cli("runs", "rename", "mine", "yours", "--store", path)
    assert asked.code == 2 and "--yes" in asked.err
    assert run_cli("runs", "rename", "mine", "yours", "--yes", "--store", path).code == 0
    assert counts(path, "yours") == before and set(counts(path, "mine").values()) == {0}
    root = path.with_suffix(".runs")
    assert {folder.name for folder in root.iterdir()} == {"yours", "yours.predict", "shuffled-1"}
    added = run_cli("predict", "--run", "yours", "--store", path)
    assert added.code == 0, added.err
    assert "6 cells were predicted before" in added.err
    assert {key: value for key, value in predicted(path, "yours").items() if key in held} == held
    other = run_cli("predict", "--run", "shuffled-1", "--part", "validation", "--store", path)
    assert other.code == 0, other.err
    assert ad_hoc(path, "SELECT count(*) FROM run").item() == 2
    assert json.loads((root / "yours" / "manifest.json").read_text())["run_id"] == "yours"
    assert run_cli("check", "--store", path).code == 0


def test_a_name_that_cannot_be_given(path: Path, run_cli: RunCli) -> None:
    """An unknown run, a name that is taken and one that cannot be a folder's are refused, and nothing changes."""
    before = counts(path, "mine")
    for arguments, code in (
        (("nobody", "x"), 4),
        (("mine", "shuffled-1"), 5),
        (("mine", "a/b"), 2),
        (("mine", "mine"), 5),
    ):
        assert run_cli("runs", "rename", *arguments, "--yes", "--store", path).code == code, arguments
    assert counts(path, "mine") == before


def test_a_deleted_run_leaves_nothing(path: Path, run_cli: RunCli) -> None:
    """What goes is said first: cells, scores, folders, and which run can be added to no more; the others stay."""
    asked = run_cli("runs", "delete", "mine", "--store", path)
    assert asked.code == 2
    assert "6 predicted cells, 6 scores" in asked.err and "shuffled-1" in asked.err
    assert counts(path, "mine")["run"] == 1
    others = counts(path, "shuffled-1")
    assert run_cli("runs", "delete", "mine", "--yes", "--store", path).code == 0
    assert set(counts(path, "mine").values()) == {0}
    assert counts(path, "shuffled-1") == others
    assert [folder.name for folder in path.with_suffix(".runs").iterdir()] == ["shuffled-1"]
    refused = run_cli("predict", "--run", "shuffled-1", "--part", "validation", "--store", path)
    assert refused.code == 4 and "mine" in refused.err
    assert run_cli("check", "--store", path).code == 0
    assert run_cli("runs", "delete", "mine", "--yes", "--store", path).code == 4


def test_folders_are_held_against_the_store(path: Path) -> None:
    """Moved, lost, damaged and stray folders are found; a repair records where the moved ones lie."""
    root = path.with_suffix(".runs")
    with open_store(path) as store:
        assert find_folder_faults(store) == ()
    moved = root.rename(path.parent / "elsewhere")
    (moved / "stray").mkdir()
    moved.rename(path.parent / "new.runs")
    new = path.rename(path.parent / "new.duckdb")
    (path.parent / "new.runs" / "mine" / "populations.parquet").write_bytes(b"PAR1")
    shutil.rmtree(path.parent / "new.runs" / "shuffled-1")
    with open_store(new, write=True) as store:
        found = find_folder_faults(store)
        assert [finding.run_id for finding in found if "moved" in finding.what] == ["mine"]
        settle_runs(store)
        after = find_folder_faults(store)
    assert not [finding for finding in after if "moved" in finding.what]
    assert {finding.run_id for finding in after} == {"mine", "shuffled-1", None}
    assert "is not there" in next(finding.what for finding in after if finding.run_id == "shuffled-1")
    assert "populations.parquet" in next(finding.what for finding in after if finding.run_id == "mine")
    folder = ad_hoc(new, "SELECT folder FROM run WHERE run_id = 'mine'").item()
    assert folder == str(path.parent / "new.runs" / "mine")


def test_every_table_of_runs_follows_a_renaming_and_a_deletion(path: Path) -> None:
    """Each table with a run_id is in both queries: a run's rows never stay behind under a name that is gone."""
    query = (
        "SELECT table_name FROM duckdb_columns() SEMI JOIN (FROM duckdb_tables()) AS t USING (table_name) "
        "WHERE column_name = 'run_id' AND NOT internal"
    )
    tables = set(ad_hoc(path, query)["table_name"])
    assert {"run", "prediction", "training_cell"} <= tables
    for name in ("run/rename", "run/delete"):
        text = read_sql(name)
        assert {table for table in tables if f" {table} " in text.replace("\n", " ")} == tables, name
