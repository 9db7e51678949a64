"""Trainings and predictions that are killed with SIGKILL go on to what they would have come to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from model_samples import make_contents, make_training_folder, save_local_model, small_config

from surveycli.configuration import ModelSpec, PredictConfig
from surveycli.plain import to_plain
from surveycli.prompt import PromptOrder, PromptStyle
from surveycli.run_folder import Manifest, RunFolder, write_contents

TESTS = Path(__file__).resolve().parents[1]


def drive(what: str, folder: RunFolder, points: str) -> dict[str, Any]:
    """Let the driver kill and resume work on copies of `folder`; return what came of each kill."""
    result = folder.path.with_name("result.json")
    command = [sys.executable, str(TESTS / "kill_driver.py"), what, str(folder.path), points, str(result)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(result.read_text()))


def test_an_adapter_training_killed_in_a_step_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    """With dropout and options in several orders, killed in the middle of steps of both epochs, LoRA weights and
    metrics end the same to the bit."""
    model = save_local_model(tmp_path / "base")
    folder = make_training_folder(tmp_path / "run", replace(small_config(str(model)), option_orders=2))
    found = drive("train", folder, "step:2,step:6,step:8,step:12")
    whole = found.pop("whole")
    assert len(whole["metrics"]) == 2
    for point, resumed in found.items():
        same = ("weights", "metrics", "norm_at_end", "steps")
        assert {k: resumed[k] for k in same} == {k: whole[k] for k in same}, point
    assert found["step:2"]["resumed_at"] == 0
    later = [found[point] for point in ("step:6", "step:8", "step:12")]
    assert all(0 < resumed["resumed_at"] < whole["steps"] for resumed in later)
    assert all(resumed["norm_at_start"] != whole["norm_at_start"] for resumed in later)


@pytest.mark.parametrize("distance", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_training_killed_at_any_file_operation_goes_on_to_the_same_bits(tmp_path: Path, distance: int) -> None:
    """Killed before one file operation or another, every weight of the stand-in ends the same to the bit."""
    config = small_config(epochs=2, batch_size=12)
    config = replace(config, batches=replace(config.batches, checkpoint_every_steps=1))
    found = drive("train", make_training_folder(tmp_path / "run", config, n_items=3), f"every:{distance}")
    whole = found.pop("whole")
    assert len(found) * distance > 15
    for point, resumed in found.items():
        operation = whole["operations"][int(point.split(":")[1]) - 1]
        same = ("weights", "metrics", "norm_at_end", "steps")
        assert {k: resumed[k] for k in same} == {k: whole[k] for k in same}, operation
        assert not [name for name in resumed["left_over"] if name.startswith(".epoch")], operation
    assert any(resumed["resumed_at"] == whole["steps"] for resumed in found.values())


def test_a_prediction_killed_at_a_file_operation_computes_only_what_is_missing(tmp_path: Path) -> None:
    """Cells in finished shards are kept, the others computed, and all are as without the interruption."""
    config = PredictConfig("made-up", ModelSpec(device="cpu"), PromptStyle(PromptOrder.SHORT_SUFFIX))
    folder = RunFolder(tmp_path / "run")
    write_contents(folder, Manifest("run", "predict", to_plain(config), {}), make_contents(4, 6))
    found = drive("predict", folder, "file:1,file:10,file:13,file:19")
    whole = found.pop("whole")
    assert len(whole["cells"]) == 24
    for point, resumed in found.items():
        for ours, theirs in zip(resumed["cells"], whole["cells"], strict=True):
            assert ours[:2] == theirs[:2]
            assert ours[2] == pytest.approx(theirs[2], rel=1e-5), point
    assert found["file:1"]["already_there"] == 0
    assert 0 < found["file:13"]["already_there"] < found["file:19"]["already_there"] < 24, whole["operations"]
