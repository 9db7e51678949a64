"""Work that did not come to its end says so, in `runs` and on the terminal, with the command that goes on with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_predict_adds import PARTS, add_split, predicted

import surveycli.prediction.predict as prediction
import surveycli.training.train as training
from surveycli.run_folder import RunFolder, at_work
from surveycli.store import ad_hoc, open_patiently, open_store

RunCli = Callable[..., Any]


@pytest.fixture
def path(bundled_store_path: Path) -> Path:
    """The bundled survey with a small split."""
    add_split(bundled_store_path, "small", PARTS)
    return bundled_store_path


@contextmanager
def held_by_another_process(path: Path) -> Iterator[int]:
    """Have another process hold the store, and yield its id."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdin is not None
    try:
        holder.stdout.readline()
        yield holder.pid
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


def listed(run_cli: RunCli, path: Path) -> dict[str, dict[str, Any]]:
    return {row["run_id"]: row for row in json.loads(run_cli("runs", "--format", "json", "--store", path).out)}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have finished work wait for a held store only for an instant."""
    monkeypatch.setitem(open_patiently.__kwdefaults__, "patience_s", 0.1)


def test_a_training_whose_store_is_held_at_its_end_is_brought_in_later(
    path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    """Exit 5 says who holds the store and how to bring the training in; then nothing is trained again."""
    train = training.train_folder
    holders = []

    def then_hold(*arguments: Any) -> Any:
        outcome = train(*arguments)
        holder = held_by_another_process(path)
        holders.append((holder, holder.__enter__()))
        return outcome

    monkeypatch.setattr(training, "train_folder", then_hold)
    ended = run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", "--store", path)
    holder, pid = holders[0]
    holder.__exit__(None, None, None)
    assert ended.code == 5, ended.err
    assert str(pid) in ended.err and "surveycli finetune --resume mine" in ended.err
    run = listed(run_cli, path)["mine"]
    assert (run["status"], run["next"]) == ("not brought in", "surveycli finetune --resume mine")

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(training, "train_folder", refuse)
    resumed = run_cli("finetune", "--resume", "mine", "--store", path)
    assert resumed.code == 0, resumed.err
    assert listed(run_cli, path)["mine"]["status"] == "finished"
    assert ad_hoc(path, "SELECT count(*) FROM training_metric").item() > 0


def test_a_prediction_whose_store_is_held_at_its_end_is_brought_in_later(
    path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    """The command that exit 5 names brings all predictions in without computing one."""
    compute = prediction.predict_folder
    holders = []

    def then_hold(*arguments: Any) -> Any:
        outcome = compute(*arguments)
        holder = held_by_another_process(path)
        holder.__enter__()
        holders.append(holder)
        return outcome

    monkeypatch.setattr(prediction, "predict_folder", then_hold)
    asked = ("--model", "tiny", "--split", "small", "--part", "test", "--name", "free")
    ended = run_cli("predict", *asked, "--store", path)
    holders[0].__exit__(None, None, None)
    monkeypatch.setattr(prediction, "predict_folder", compute)
    assert ended.code == 5, ended.err
    way_on = "surveycli predict --run free --split small --part test"
    assert way_on in ended.err
    assert listed(run_cli, path)["free"]["status"] == "interrupted"
    resumed = run_cli(*way_on.split()[1:], "--store", path)
    assert "6 cells were predicted before" in resumed.err
    assert listed(run_cli, path)["free"]["status"] == "finished"
    assert len(predicted(path, "free")) == 6


def test_an_interrupted_training_says_how_it_goes_on(
    path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of a training: exit 130, one line with --resume, and `interrupted` in the store."""
    import surveycli.training.train as module

    step, calls = module.train_step, []

    def stopped(*arguments: Any) -> float:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(module, "train_step", stopped)
    options = ("--split", "small", "--epochs", "3", "--batch-size", "4", "--name", "mine")
    ended = run_cli("finetune", *options, "--store", path)
    assert ended.code == 130
    assert "surveycli finetune --resume mine" in ended.err
    assert "Traceback" not in ended.err
    assert ad_hoc(path, "SELECT status FROM run").item() == "interrupted"
    run = listed(run_cli, path)["mine"]
    assert (run["status"], run["next"]) == ("interrupted", "surveycli finetune --resume mine")
    assert run_cli("check", "--store", path).code == 0
    refused = run_cli("predict", "--run", "mine", "--store", path)
    assert refused.code == 5 and "finetune --resume mine" in refused.err
    assert run_cli("finetune", "--resume", "mine", "--store", path).code == 0
    assert listed(run_cli, path)["mine"]["status"] == "finished"


def test_a_killed_run_is_told_from_one_at_work(path: Path, run_cli: RunCli) -> None:
    """A training that is killed with SIGKILL is running before and interrupted after, and goes on where it stopped."""
    options = ("--split", "small", "--epochs", "200000", "--name", "mine", "--store", str(path))
    process = subprocess.Popen(
        [sys.executable, "-m", "surveycli", "finetune", *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        folder = RunFolder(path.with_suffix(".runs") / "mine")
        deadline = time.monotonic() + 120
        while not folder.metrics.is_file() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.2)
        assert listed(run_cli, path)["mine"]["status"] == "running"
        busy = run_cli("finetune", "--resume", "mine", "--store", path)
        assert busy.code == 5 and f"process {process.pid}" in busy.err
        deleted = run_cli("runs", "delete", "mine", "--yes", "--store", path)
        assert deleted.code == 5
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    run = listed(run_cli, path)["mine"]
    assert (run["status"], run["next"]) == ("interrupted", "surveycli finetune --resume mine")
    assert run_cli("predict", "-p", "uniform", "--split", "small", "--store", path).code == 0
    prepared = run_cli("finetune", "--split", "small", "--prepare-only", "--name", "other", "--store", path)
    assert prepared.code == 0
    assert dict(ad_hoc(path, "SELECT run_id, status FROM run").rows()) == {
        "mine": "interrupted",
        "uniform-1": "finished",
        "other": "prepared",
    }
    assert listed(run_cli, path)["other"]["status"] == "prepared"


def test_a_run_on_another_machine_is_said_to_be_there(path: Path, run_cli: RunCli) -> None:
    """Of a worker on another machine this one can only say that it began there."""
    assert run_cli("finetune", "--split", "small", "--prepare-only", "--name", "far", "--store", path).code == 0
    folder = RunFolder(path.with_suffix(".runs") / "far")
    note = {"host": "node7", "pid": 1, "since": "2026-01-01T00:00:00+00:00"}
    (folder.path / "worker.json").write_text(json.dumps(note))
    assert listed(run_cli, path)["far"]["status"] == "running on node7"


def test_a_folder_has_one_worker(tmp_path: Path) -> None:
    """Who is at work may begin within it again; the folder is free afterwards, also where the work failed."""
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(KeyError), at_work(folder), at_work(folder):
        assert (folder.path / "worker.json").is_file()
        raise KeyError
    assert not (folder.path / "worker.json").exists()
    with at_work(folder):
        pass


def test_open_predictions_are_listed_with_their_run(
    path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished training with an interrupted prediction says so, and names the command for exactly that part."""
    assert run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", "--store", path).code == 0

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prediction, "predict_folder", stopped)
    ended = run_cli("predict", "--run", "mine", "--part", "test", "--store", path)
    assert ended.code == 130
    assert "surveycli predict --run mine --split small --part test" in ended.err
    run = listed(run_cli, path)["mine"]
    assert run["status"] == "finished, predictions open"
    assert run["next"] == "surveycli predict --run mine --split small --part test"
    with open_store(path) as store:
        assert [row["status"] for row in store.rows("run/list_unfinished_parts", run_id=None)] == ["interrupted"]
