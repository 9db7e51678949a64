"""Run a training or prediction in processes that are really killed, and go on in new ones: a program for the tests.

`kill_driver.py train|predict FOLDER POINTS RESULT`: for each point a copy of FOLDER is worked on by a process that
sends itself SIGKILL when it comes to that point, then by another that goes on. A point is `file:N`, the N-th operation
on a file of the folder, or `step:N`, the middle of the N-th training step; `every:N` alone stands for each N-th
operation, counted from the last. What came of it goes to RESULT as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch

import surveycli.prediction.predict as prediction
import surveycli.training.train as training
from surveycli.run_folder import RunFolder, read_metrics, read_predictions

# What Python tells of file operations, by the audit event's name.
_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def count_file_operations(folder: Path, die_at: int | None) -> list[str]:
    """Note each operation that changes the folder, and die at the `die_at`-th, before it happens."""
    seen: list[str] = []
    inside = str(folder)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or not str(arguments[0]).startswith(inside):
            return
        if event == "open" and not (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
            return
        seen.append(f"{event} {arguments[0]}")
        if len(seen) == die_at:
            die()

    sys.addaudithook(hook)
    return seen


def die_in_step(number: int) -> None:
    """Die in the N-th step, when some of its rows have left their gradients and the optimiser has not moved."""
    compute, state = vars(training)["loss_per_prompt"], {"calls": 0}

    def counting(*arguments: Any) -> torch.Tensor:
        state["calls"] += 1
        if state["calls"] == number:
            die()
        return cast(torch.Tensor, compute(*arguments))

    vars(training)["loss_per_prompt"] = counting


def in_a_process(work: Callable[[], dict[str, Any]], note: Path) -> dict[str, Any] | None:
    """Do the work in a process of its own; return what it says, or None where it was killed."""
    child = os.fork()
    if child == 0:
        code = 0
        try:
            note.write_text(json.dumps(work()))
        except BaseException:  # noqa: BLE001 - whatever it was, the child must end here
            traceback.print_exc()
            code = 1
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0, "the work failed"
    return dict(json.loads(note.read_text()))


def train(folder: Path) -> dict[str, Any]:
    outcome = training.train_folder(RunFolder(folder))
    weights = folder / "weights" / json.loads((folder / "weights" / "best.json").read_text())["folder"]
    return {
        "resumed_at": outcome.resumed_at_step,
        "norm_at_start": outcome.norm_at_start,
        "norm_at_end": outcome.norm_at_end,
        "steps": outcome.steps,
        "weights": next(weights.glob("*.safetensors")).read_bytes().hex()[-4096:],
        "metrics": [[m.epoch, m.step, dict(m.values)] for m in read_metrics(RunFolder(folder))],
        "left_over": [p.name for p in folder.rglob("*.part")],
    }


def predict(folder: Path) -> dict[str, Any]:
    outcome = prediction.predict_folder(RunFolder(folder))
    cells = read_predictions(RunFolder(folder))
    return {
        "already_there": outcome.n_already_there,
        "cells": sorted([c.key.item_id, c.key.population_id, list(c.probabilities)] for c in cells),
    }


def main() -> None:
    what, folder, points, result = sys.argv[1], Path(sys.argv[2]), sys.argv[3].split(","), Path(sys.argv[4])
    torch.set_num_threads(1)
    prediction.SHARD_CELLS = 6
    work = {"train": train, "predict": predict}[what]
    note = result.with_suffix(".note")

    def undisturbed() -> dict[str, Any]:
        seen = count_file_operations(whole, None)
        return {**work(whole), "operations": seen}

    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    found: dict[str, Any] = {"whole": in_a_process(undisturbed, note)}
    if points[0].startswith("every:"):
        last = len(found["whole"]["operations"])
        points = [f"file:{number}" for number in range(last, 0, -int(points[0].removeprefix("every:")))]
    for point in points:
        kind, number = point.split(":")
        killed = folder.with_name(point.replace(":", "-"))
        shutil.copytree(folder, killed)

        def until_killed(kind: str = kind, number: int = int(number), killed: Path = killed) -> dict[str, Any]:
            if kind == "file":
                count_file_operations(killed, number)
            else:
                die_in_step(number)
            return work(killed)

        assert in_a_process(until_killed, note) is None, f"not killed at {point}"
        found[point] = in_a_process(partial(work, killed), note)
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
