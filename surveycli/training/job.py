"""All that the training loop works on, loaded from a run folder and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from surveycli.configuration import BatchSettings, FinetuneConfig
from surveycli.distribution.arrays import Floats
from surveycli.engine.defaults import settle_batches, settle_precision
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.launch import demand_shardable
from surveycli.engine.model import LanguageModel, load_language_model
from surveycli.engine.processes import Processes
from surveycli.engine.reach import askable_examples
from surveycli.engine.self_check import check_row_computation
from surveycli.engine.weights import make_trainable, recompute_activations
from surveycli.errors import bad_input
from surveycli.run_folder import RunFolder, read_configuration, read_contents
from surveycli.training.cell_weights import cell_weights
from surveycli.training.checkpoint import precision_of_checkpoint
from surveycli.training.held_out import batteries_of, held_apart
from surveycli.training.trackers import Curve


@dataclass(slots=True)
class TrainingJob:
    """All that the loop works on. `batches` are the configuration's with what it left to the device settled.

    `cell_weights` (N,) say how much each example of `train` counts, 1 in the mean. `held_out` are cells of the training
    part that the weights of model and prior are told from, beside validation, and `batteries` has the battery of each
    item.
    """

    config: FinetuneConfig
    model: Any
    optimiser: torch.optim.Optimizer
    train: list[Example]
    validation: list[Example]
    cell_weights: Floats
    tokens: OptionTokens
    fingerprint: str
    source: ExampleSource
    folder: RunFolder
    processes: Processes
    batches: BatchSettings
    left_out: tuple[tuple[str, int], ...] = ()
    held_out: list[Example] = field(default_factory=list)
    batteries: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tokenizer: Any = None
    curve: Curve | None = None

    @property
    def items(self) -> frozenset[tuple[str, str]]:
        """The items that are learnt from, as survey and item."""
        return frozenset((example.cell.key.survey_id, example.cell.key.item_id) for example in self.train)


def open_job(folder: RunFolder, processes: Processes) -> TrainingJob:
    """Load what a training needs: model, optimiser, examples; and check that the row computation is right."""
    config = read_configuration(folder, FinetuneConfig)
    demand_shardable(config.model, trains_all=config.lora is None)
    contents = read_contents(folder)
    language_model = load_language_model(
        settle_precision(replace(config.model, seed=config.seed), precision_of_checkpoint(folder)),
        share_prefixes=config.batches.share_prefixes,
        trains_all=config.lora is None,
    )
    processes.demand_same_base(language_model.fingerprint)
    batches = settle_batches(config.batches, language_model.device)
    source = ExampleSource.of(
        language_model.tokenizer, contents.questions, contents.populations, config.prompt, contents.frames
    )
    parted = held_apart(contents.cells, contents.questions, config)
    (train, not_trained), (validation, not_validated), (held_out, not_held) = (
        askable_examples(language_model.model, source, cells)
        for cells in (parted.train, parted.validation, parted.held_out)
    )
    if not train:
        raise bad_input(f"{folder.cells} has no training cell with human shares.", _why(not_trained))
    asked = train + validation + held_out
    tokens = source.option_tokens([example.cell for example in asked])
    check_row_computation(language_model.model, asked, tokens, batches)
    model, optimiser = prepare_model(language_model, config)
    return TrainingJob(
        config,
        model,
        optimiser,
        train,
        validation,
        cell_weights([example.cell for example in train], config.optimiser),
        tokens,
        language_model.fingerprint,
        source,
        folder,
        processes,
        batches,
        tuple((not_trained + not_validated + not_held).items()),
        held_out,
        batteries_of(contents.questions),
        language_model.tokenizer,
    )


def _why(left_out: Counter[str]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
    return f"Left out: {reasons}." if reasons else "Make the split anew."


def prepare_model(language_model: LanguageModel, config: FinetuneConfig) -> tuple[Any, torch.optim.Optimizer]:
    """Return the model with its trainable weights, the same for the same seed, and their optimiser."""
    torch.manual_seed(config.seed)
    model = make_trainable(language_model, config.lora)
    if config.batches.gradient_checkpointing:
        recompute_activations(model)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    settings = config.optimiser
    return model, torch.optim.AdamW(
        trainable, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
    )
