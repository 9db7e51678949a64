"""What a launcher starts in the tests: train one run folder and predict another, as one process among several."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import surveycli.prediction.predict as prediction
import surveycli.training.train as training
from surveycli.run_folder import RunFolder
from surveycli.training.job import TrainingJob


def kill_one_process_in_step(number: int) -> None:
    """Have the second process send itself SIGKILL at the beginning of a step."""
    train_step = training.train_step

    def dying(job: TrainingJob, rows: Sequence[Sequence[int]], step: int) -> float:
        if job.processes.index == 1 and step + 1 == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return train_step(job, rows, step)

    training.train_step = dying


def weigh(folder: RunFolder) -> None:
    """Train, and write after each step what this process holds and how often it went through the model."""
    forwards = 0
    notes: list[dict[str, Any]] = []
    train_step = training.train_step

    def counting(*_: object) -> None:
        nonlocal forwards
        forwards += 1

    def watched(job: TrainingJob, rows: Sequence[Sequence[int]], step: int) -> float:
        if not step:
            job.model.get_base_model().get_decoder().register_forward_hook(counting)
        loss = train_step(job, rows, step)
        notes.append({**holdings(job.model), "n_rows": len(rows), "forwards": forwards})
        name = f"{folder.path.name}.{job.processes.index}.json"
        folder.path.with_name(name).write_text(json.dumps(notes))
        return loss

    training.train_step = watched
    training.train_folder(folder)


def holdings(model: Any) -> dict[str, Any]:
    """Return how many numbers of the layers and the adapter there are, how many of them are here, and their formats."""
    named = [(name, p, p.to_local() if hasattr(p, "to_local") else p) for name, p in model.named_parameters()]
    frozen = [(whole, here) for name, whole, here in named if ".layers." in name and "lora_" not in name]
    trained = [(whole, here) for name, whole, here in named if "lora_" in name]
    return {
        "frozen": sum(whole.numel() for whole, _ in frozen),
        "frozen_here": sum(here.numel() for _, here in frozen),
        "frozen_bytes_here": sum(here.untyped_storage().nbytes() for _, here in frozen),
        "trained": sum(whole.numel() for whole, _ in trained),
        "trained_here": sum(here.numel() for _, here in trained),
        "trained_formats": sorted({str(here.dtype) for _, here in trained}),
        "frozen_formats": sorted({str(here.dtype) for _, here in frozen}),
    }


def main() -> None:
    torch.set_num_threads(1)
    prediction.SHARD_CELLS = 6
    what, folder = sys.argv[1], RunFolder(Path(sys.argv[2]))
    if what == "weigh":
        weigh(folder)
        return
    if what == "die":
        kill_one_process_in_step(4)
    training.train_folder(folder)
    if len(sys.argv) > 3:
        prediction.predict_folder(RunFolder(Path(sys.argv[3])))


if __name__ == "__main__":
    main()
