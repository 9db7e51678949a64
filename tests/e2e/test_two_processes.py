"""Two processes over gloo, as a launcher starts them, against one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_samples import make_contents, make_training_folder, save_local_model, small_config
from safetensors.torch import load_file

from surveycli.configuration import FinetuneConfig, Precision, PredictConfig
from surveycli.plain import to_plain
from surveycli.prediction.predict import predict_folder
from surveycli.run_folder import Manifest, RunFolder, read_metrics, read_predictions, write_contents
from surveycli.training.train import train_folder

TESTS = Path(__file__).resolve().parents[1]
LAUNCH = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> FinetuneConfig:
    """An adapter training without dropout, whose masks would follow from how rows are cut."""
    config = small_config(str(save_local_model(tmp_path_factory.mktemp("base"))))
    assert config.lora is not None
    return replace(config, lora=replace(config.lora, dropout=0.0))


def launch(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1", **variables}
    command = [*LAUNCH, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # the launcher's children hold the pipes open
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def prediction_folder(path: Path, weights: Path, config: FinetuneConfig) -> RunFolder:
    asked = PredictConfig("made-up", config.model, config.prompt, weights=str(weights))
    write_contents(RunFolder(path), Manifest(path.name, "predict", to_plain(asked), {}), make_contents(5, 6))
    return RunFolder(path)


def trained_tensors(folder: RunFolder) -> dict[str, torch.Tensor]:
    name = json.loads((folder.weights / "best.json").read_text())["folder"]
    return load_file(folder.weights / name / "adapter_model.safetensors")


def assert_same_training(ours: RunFolder, alone: RunFolder) -> None:
    for two, one in zip(read_metrics(ours), read_metrics(alone), strict=True):
        assert (two.epoch, two.step) == (one.epoch, one.step)
        assert dict(two.values) == pytest.approx(dict(one.values), rel=1e-5)
    expected = trained_tensors(alone)
    for name, tensor in trained_tensors(ours).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=1e-5)


def assert_same_predictions(ours: RunFolder, alone: RunFolder) -> None:
    by_cell = {p.key: p.probabilities for p in read_predictions(alone)}
    predicted = read_predictions(ours)
    assert len(predicted) == len(by_cell) == 30
    for cell in predicted:
        assert cell.probabilities == pytest.approx(by_cell[cell.key], abs=1e-4)


def test_two_processes_train_and_predict_as_one(config: FinetuneConfig, tmp_path: Path) -> None:
    """Rows and shards shared out over two processes give the same losses, adapter and predictions up to rounding."""
    alone = make_training_folder(tmp_path / "alone", config)
    train_folder(alone)
    predict_folder(prediction_folder(tmp_path / "alone.predict", alone.weights, config))

    together = make_training_folder(tmp_path / "together", config)
    shards = prediction_folder(tmp_path / "together.predict", together.weights, config)
    done = launch(TESTS / "process_driver.py", "train", together.path, shards.path)
    assert done.returncode == 0, done.stderr[-3000:]

    assert_same_training(together, alone)
    assert_same_predictions(shards, RunFolder(tmp_path / "alone.predict"))


def test_a_killed_process_ends_the_others_and_the_run_goes_on(config: FinetuneConfig, tmp_path: Path) -> None:
    """A killed process makes the launcher end the job; one process alone goes on from the checkpoint to the end."""
    folder = make_training_folder(tmp_path / "killed", config)
    assert launch(TESTS / "process_driver.py", "die", folder.path).returncode != 0
    outcome = train_folder(folder)
    assert outcome.resumed_at_step == 2
    whole = make_training_folder(tmp_path / "whole", config)
    assert train_folder(whole).resumed_at_step == 0
    assert_same_training(folder, whole)


@pytest.fixture(scope="module")
def sharded(config: FinetuneConfig) -> FinetuneConfig:
    return replace(config, model=replace(config.model, sharded=True))


def test_two_processes_share_a_models_weights_and_come_to_the_same(
    config: FinetuneConfig, sharded: FinetuneConfig, tmp_path: Path
) -> None:
    """Each process holds half of every layer, and losses, adapter and predictions are those of one with the whole."""
    alone = make_training_folder(tmp_path / "alone", config)
    train_folder(alone)
    predict_folder(prediction_folder(tmp_path / "alone.predict", alone.weights, config))

    together = make_training_folder(tmp_path / "together", sharded)
    shards = prediction_folder(tmp_path / "together.predict", together.weights, sharded)
    done = launch(TESTS / "process_driver.py", "train", together.path, shards.path)
    assert done.returncode == 0, done.stderr[-3000:]

    assert_same_training(together, alone)
    assert_same_predictions(shards, RunFolder(tmp_path / "alone.predict"))


def test_a_process_holds_half_of_each_layer_and_all_of_the_adapter(sharded: FinetuneConfig, tmp_path: Path) -> None:
    """After training in bfloat16 with recomputed activations, layers are in halves and the adapter whole in float32."""
    config = replace(
        sharded,
        model=replace(sharded.model, precision=Precision.BFLOAT16),
        optimiser=replace(sharded.optimiser, epochs=1, gradient_clip=1.0),
        batches=replace(sharded.batches, gradient_checkpointing=True),
    )
    folder = make_training_folder(tmp_path / "run", config)
    done = launch(TESTS / "process_driver.py", "weigh", folder.path)
    assert done.returncode == 0, done.stderr[-3000:]
    notes = [json.loads((tmp_path / f"run.{index}.json").read_text()) for index in (0, 1)]
    for one, other in zip(*notes, strict=True):
        for process in (one, other):
            assert process["frozen_here"] == pytest.approx(process["frozen"] / 2, rel=0.01)
            assert process["frozen_bytes_here"] == pytest.approx(2 * process["frozen_here"], rel=0.02)
            assert process["trained_here"] == process["trained"] > 0
            assert process["trained_formats"] == ["torch.float32"]
            assert process["frozen_formats"] == ["torch.bfloat16"]
        assert one["frozen_here"] + other["frozen_here"] == one["frozen"]
        assert one["forwards"] == other["forwards"]
    assert any(step["n_rows"] % 2 for step in notes[0])  # where one process has fewer rows, and yet as many passes


@pytest.mark.slow
def test_a_killed_sharded_training_goes_on_from_its_checkpoint(
    config: FinetuneConfig, sharded: FinetuneConfig, tmp_path: Path
) -> None:
    """Two processes that share the weights go on, after one was killed, to what one process alone comes to.

    They do so under the environment of an accelerate configuration with FSDP, too.
    """
    folder = make_training_folder(tmp_path / "killed", sharded)
    assert launch(TESTS / "process_driver.py", "die", folder.path).returncode != 0
    assert torch.load(folder.checkpoint / "state.pt", weights_only=True)["state"]["step"] == 2
    accelerate = {"ACCELERATE_USE_FSDP": "true", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}
    done = launch("-m", "surveycli", "finetune", "--folder", folder.path, **accelerate)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Resumed at step 2" in done.stdout + done.stderr
    whole = make_training_folder(tmp_path / "whole", config)
    train_folder(whole)
    assert_same_training(folder, whole)


def test_a_launcher_starts_the_program_as_a_module(tmp_path: Path) -> None:
    """`torchrun -m surveycli` trains and predicts prepared folders, and one process tells how it went."""
    config = small_config(epochs=1)
    folder = make_training_folder(tmp_path / "run", config, n_items=3)
    done = launch("-m", "surveycli", "finetune", "--folder", folder.path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (folder.weights / "best.json").is_file()
    assert done.stdout.count("Best validation loss") == 1
    asked = prediction_folder(tmp_path / "run.predict", folder.weights, config)
    done = launch("-m", "surveycli", "predict", "--folder", asked.path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("30 cells predicted") == 1
    assert len(read_predictions(asked)) == 30
