"""Do trees in a step cost learning? Validation loss by examples seen, prefix trees against plain shuffled batches.

`python -m benchmarks.learning_curves [--what adapter] [--order item-first] [--epochs 4] [--seeds 3] [--trees 1,4,8]`
trains on the paper's training part and prints the validation loss (KL, nats; six countries taken out of that part)
after each epoch, in steps of the preset's size, with trees of at most so many prompts (1: plain shuffled batches).

`--what whole` trains every weight of the stand-in from nothing. `--what adapter` trains a LoRA adapter on every linear
layer of a base that has learned one half of the items, on the other half. Minutes: not part of the test suite.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import torch

from benchmarks.published_step import describe_machine
from surveycli.configuration import FinetuneConfig, LoraSettings, ModelSpec
from surveycli.domain import Shares
from surveycli.engine.tiny import load_tiny_tokenizer
from surveycli.plain import to_plain
from surveycli.presets import preset_config
from surveycli.prompt import PromptOrder
from surveycli.run_folder import FolderContents, Manifest, RunFolder, read_metrics, write_contents
from surveycli.run_folder.kept_weights import best_weights
from surveycli.run_folder.transfer import CellRequest, export_contents
from surveycli.split import Recipe, SplitOptions, Validation, make_split
from surveycli.store import open_store
from surveycli.survey import ingest_bundled
from surveycli.training.train import train_folder

LORA = LoraSettings(rank=8, alpha=32, dropout=0.05, targets=("all-linear",))
# Chosen among 0.002, 0.005, 0.01 and 0.02 by the validation loss of plain shuffled batches.
ADAPTER_RATE, ADAPTER_STEP = 5e-3, 64
BASE_EPOCHS, BASE_SEED = 8, 7


@dataclass(frozen=True)
class Task:
    """What is trained, on which cells."""

    config: FinetuneConfig
    contents: FolderContents


def paper_contents() -> FolderContents:
    """Return the paper's training part, unweighted, with six of its countries for validation."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "c.duckdb", create=True) as store:
        ingest_bundled(store)
        make_split(store, Recipe.PAPER, SplitOptions(name="curves", seed=42, validation=Validation.POPULATIONS))
        return export_contents(store, CellRequest("curves", ("en",), Shares.UNWEIGHTED, ("train", "validation")))


def half_of_items(contents: FolderContents, which: int) -> FolderContents:
    """Return the cells of every other item, beginning with the first (0) or the second (1)."""
    items = sorted({cell.key.item_id for cell in contents.cells})[which::2]
    return replace(contents, cells=tuple(cell for cell in contents.cells if cell.key.item_id in set(items)))


def train(task: Task, folder: Path) -> list[float]:
    """Train in `folder` and return the validation loss (nats) after each epoch."""
    run = RunFolder(folder)
    write_contents(run, Manifest(folder.name, "finetune", to_plain(task.config), {}), task.contents)
    train_folder(run)
    return [metric.values["validation_loss"] for metric in read_metrics(run) if "validation_loss" in metric.values]


def whole_task(order: PromptOrder, epochs: int) -> Task:
    """Return the stand-in's own training."""
    tiny = preset_config("tiny")
    config = replace(
        tiny,
        split="curves",
        prompt=replace(tiny.prompt, order=order),
        optimiser=replace(tiny.optimiser, epochs=epochs),
    )
    return Task(config, paper_contents())


def adapter_task(order: PromptOrder, epochs: int, work: Path) -> Task:
    """Train a base on half of the items in `work`, and return the training of an adapter on the others."""
    task = whole_task(order, BASE_EPOCHS)
    config = replace(task.config, seed=BASE_SEED, batches=replace(task.config.batches, examples_per_tree=2))
    train(Task(config, half_of_items(task.contents, 0)), work / "pretraining")
    base = work / "base"
    shutil.copytree(best_weights(RunFolder(work / "pretraining").weights), base)
    load_tiny_tokenizer().save_pretrained(base)
    optimiser = replace(
        config.optimiser, epochs=epochs, batch_size=ADAPTER_STEP, learning_rate=ADAPTER_RATE, weight_decay=0.0
    )
    adapted = replace(config, model=ModelSpec(str(base)), lora=LORA, optimiser=optimiser)
    return Task(adapted, half_of_items(task.contents, 1))


def curves(task: Task, per_tree: int, seeds: int) -> tuple[list[list[float]], float]:
    """Return a curve per seed, and CPU seconds per epoch. A tree of one prompt is that prompt, drawn at random."""
    batches = replace(task.config.batches, share_prefixes=per_tree > 1, examples_per_tree=per_tree)
    began = time.process_time()
    found = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            found.append(train(replace(task, config=replace(task.config, seed=seed, batches=batches)), Path(folder)))
    return found, (time.process_time() - began) / seeds / task.config.optimiser.epochs


def main() -> None:
    """Print a table of curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=("whole", "adapter"), default="whole")
    parser.add_argument("--order", choices=[order.value for order in PromptOrder], default="short-suffix")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trees", default="1,4,8,16", help="prompts per tree, comma-separated; 1 is plain batches")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    order = PromptOrder(arguments.order)
    print(f"{describe_machine()}. {arguments.what}, {order.value}.\n")
    epochs = range(1, arguments.epochs + 1)
    print("| batches | seeds | " + " | ".join(f"epoch {epoch}" for epoch in epochs) + " | s per epoch |")
    print("|---|---|" + "---|" * (arguments.epochs + 1))
    with tempfile.TemporaryDirectory() as work:
        adapter = arguments.what == "adapter"
        task = adapter_task(order, len(epochs), Path(work)) if adapter else whole_task(order, len(epochs))
        for per_tree in map(int, arguments.trees.split(",")):
            found, seconds = curves(task, per_tree, arguments.seeds)
            spread = [f"{mean(losses):.4f} ± {stdev(losses):.4f}" for losses in zip(*found, strict=True)]
            name = f"trees of {per_tree}" if per_tree > 1 else "plain"
            print(f"| {name} | {arguments.seeds} | {' | '.join(spread)} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
