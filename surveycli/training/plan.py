"""What a fine-tuning will take, before it begins: parameters, tokens, floating-point operations, memory, time.

Counts are exact; memory and time are estimates. Weights are not needed, except for the timed sample: of a hub model
the configuration and the tokenizer are read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from surveycli.configuration import BatchSettings, FinetuneConfig
from surveycli.domain import LEARNT_FROM
from surveycli.engine.batching import EpochPlan, plan_epoch, plan_pass, row_tokens
from surveycli.engine.defaults import choose_device, settle_batches
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.model import LanguageModel, load_language_model, outline_language_model
from surveycli.engine.option_orders import orders_of_epoch
from surveycli.engine.prefix_tree import count_nodes
from surveycli.engine.processes import Processes
from surveycli.engine.reach import askable_examples, in_orders
from surveycli.engine.weights import make_trainable, trained_parameters
from surveycli.errors import bad_input
from surveycli.run_folder import RunFolder
from surveycli.run_folder.transfer import CellRequest, export_contents
from surveycli.store import open_store
from surveycli.training.held_out import held_apart
from surveycli.training.job import TrainingJob, prepare_model
from surveycli.training.plan_memory import MemoryEstimate, WeightCount, estimate_memory
from surveycli.training.train import train_step

_SAMPLE_STEPS = 4


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Parameters in all, in the decoder without embeddings and lm_head, and those that are trained."""

    n_parameters: int
    n_body_parameters: int
    n_trained: int


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens per training example.

    `unshared`: each prompt by itself. `planned`: as the rows of the first epoch compute them, padding included.
    `floor`: the prefix tree over the whole training part, which no exact computation can go below.
    """

    unshared: float
    planned: float
    floor: float


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a fine-tuning will take. `seconds` is None where nothing was timed, and `seconds_basis` says why or how."""

    model: str
    device: str
    size: ModelSize
    n_examples: int
    n_validation: int
    epochs: int
    n_steps: int
    tokens: TokenCount
    flops: float
    memory: MemoryEstimate
    seconds: float | None
    seconds_basis: str


def plan_finetune(store_path: Path, config: FinetuneConfig, device_tflops: float | None = None) -> PlanReport:
    """Return what the fine-tuning `config` of a store's cells will take; nothing is written.

    `device_tflops` is the rate in 10^12 operations per second to reckon the time with. Without it some steps are
    timed where the weights are at hand: of the stand-in, or of a model in a local folder or file. Raises SurveyError as
    training does.
    """
    outline = outline_language_model(config.model, trains_all=config.lora is None)
    examples, validation, source = _examples(store_path, config, outline)
    device = choose_device(config.model.device)
    batches = settle_batches(config.batches, device)
    plan = plan_epoch(examples, batches, config.optimiser.batch_size, (config.seed, 0))
    planned = sum(row_tokens(examples, row, batches) for step in plan for row in step)
    checked = sum(row_tokens(validation, row, batches) for row in plan_pass(validation, batches)) if validation else 0
    model, size = _trainable(outline, config)
    flops = config.optimiser.epochs * (training_flops(size, config) * planned + 2.0 * size.n_body_parameters * checked)
    largest = max((row for step in plan for row in step), key=lambda row: row_tokens(examples, row, batches))
    weights = WeightCount(size.n_body_parameters, size.n_parameters - size.n_body_parameters, size.n_trained)
    memory = estimate_memory(model, weights, config, [examples[i] for i in largest], batches)
    sample = _TimedSample(config, source, examples, batches, plan[:_SAMPLE_STEPS], size)
    seconds, basis = _time(sample, flops, device_tflops)
    return PlanReport(
        model=config.model.name,
        device=device.type,
        size=size,
        n_examples=len(examples),
        n_validation=len(validation),
        epochs=config.optimiser.epochs,
        n_steps=config.optimiser.epochs * len(plan),
        tokens=TokenCount(
            sum(len(e.tokens) for e in examples) / len(examples),
            planned / len(examples),
            count_nodes([e.tokens for e in examples]) / len(examples),
        ),
        flops=flops,
        memory=memory,
        seconds=seconds,
        seconds_basis=basis,
    )


def _examples(
    store_path: Path, config: FinetuneConfig, outline: LanguageModel
) -> tuple[list[Example], list[Example], ExampleSource]:
    with open_store(store_path) as store:
        request = CellRequest(config.split, config.languages, config.shares, parts=LEARNT_FROM)
        contents = export_contents(store, request)
    source = ExampleSource.of(
        outline.tokenizer, contents.questions, contents.populations, config.prompt, contents.frames
    )
    parted = held_apart(contents.cells, contents.questions, config)
    train, _ = askable_examples(outline.model, source, parted.train)
    if not train:
        raise bad_input(f"The split {config.split!r} has no training cell with human shares.", "Make the split anew.")
    if config.option_orders > 1:
        cells = [example.cell for example in train]
        train = in_orders(outline.model, source, cells, orders_of_epoch(config.seed, 0, config.option_orders))
    validation, _ = askable_examples(outline.model, source, parted.validation)
    return train, validation, source


def _trainable(outline: LanguageModel, config: FinetuneConfig) -> tuple[Any, ModelSize]:
    """Return the model as it is trained, still without weights, and its size."""
    model = outline.model
    n_parameters = sum(p.numel() for p in model.parameters())
    embedded = model.get_input_embeddings().weight.numel()
    body = sum(p.numel() for p in model.get_decoder().parameters()) - embedded
    trainable = make_trainable(outline, config.lora)
    n_trained = sum(p.numel() for p in trained_parameters(trainable).values())
    return trainable, ModelSize(n_parameters, body, n_trained)


def training_flops(size: ModelSize, config: FinetuneConfig) -> float:
    """Return floating-point operations per training token, of the decoder's matrices alone.

    Two per parameter forward and two for the gradient of the activations; two more for the gradient of the weights
    where they are trained, and two more where activations are computed again.
    """
    per_parameter = 4.0 + 2.0 * (config.lora is None) + 2.0 * config.batches.gradient_checkpointing
    return per_parameter * size.n_body_parameters


@dataclass(frozen=True, slots=True)
class _TimedSample:
    """Some steps of the plan, to be timed."""

    config: FinetuneConfig
    source: ExampleSource
    examples: list[Example]
    batches: BatchSettings
    steps: EpochPlan
    size: ModelSize


def _time(sample: _TimedSample, flops: float, device_tflops: float | None) -> tuple[float | None, str]:
    """Return seconds for the whole training and where the figure comes from."""
    if device_tflops is not None:
        return flops / (device_tflops * 1e12), f"{device_tflops:g} TFLOP/s, as given"
    model = sample.config.model
    if not (model.is_tiny or Path(model.name).exists()):
        return None, "the weights are not at hand to time a step; --device-tflops gives a rate to reckon with"
    rate = _timed_flops_per_second(sample)
    n_timed = max(1, len(sample.steps) - 1)
    return flops / rate, f"{rate / 1e12:.3g} TFLOP/s, from {n_timed} timed steps on this machine"


def _timed_flops_per_second(sample: _TimedSample) -> float:
    """Train some steps of the plan on a model that is then thrown away; the first one warms up and is not counted."""
    config, examples, batches = sample.config, sample.examples, sample.batches
    spec = replace(config.model, seed=config.seed)
    language_model = load_language_model(spec, share_prefixes=batches.share_prefixes, trains_all=config.lora is None)
    tokens = sample.source.option_tokens([example.cell for example in examples])
    model, optimiser = prepare_model(language_model, config)
    job = TrainingJob(
        config,
        model.train(),
        optimiser,
        examples,
        [],
        np.ones(len(examples)),
        tokens,
        "",
        sample.source,
        RunFolder(Path()),
        Processes(),
        batches,
    )
    rates = []
    for number, step in enumerate(sample.steps):
        began = time.perf_counter()
        train_step(job, step, number)
        seconds = time.perf_counter() - began
        n_tokens = sum(row_tokens(examples, row, batches) for row in step)
        rates.append(n_tokens * training_flops(sample.size, config) / seconds)
    return median(rates[1:] or rates)
