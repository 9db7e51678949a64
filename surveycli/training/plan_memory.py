"""The memory that a training takes: weights, and what a forward pass keeps for its backward pass, counted.

The largest row goes through the model on the meta device, which computes shapes and no numbers: what autograd saves of
it is counted tensor by tensor, for any architecture, adapter and dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from surveycli.configuration import BatchSettings, FinetuneConfig, Quantise
from surveycli.engine.batching import row_tokens
from surveycli.engine.compute import compute_options, vocabulary_normaliser
from surveycli.engine.defaults import FLEX, choose_device
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example
from surveycli.engine.foreign import foreign
from surveycli.engine.forest_attention import FOREST
from surveycli.engine.forward import parameter_dtype
from surveycli.errors import SurveyError

_GRADIENT_BYTES = 4
_OPTIMISER_BYTES = 8  # AdamW keeps two float32 moments per trained number
# On a CPU, by benchmarks.plan_memory: what Python, torch and transformers take themselves; and the peak of a step, what
# its forward pass keeps and about seven times one layer's share of it: gradients of activations, intermediate results,
# and what the C library's allocator does not give back between tensors of many sizes.
_CPU_PROCESS_BYTES = 512 << 20
_CPU_KEPT, _CPU_LAYERS = 1.1, 7.0


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes on the device, activations at the peak of a step; `process` is the program itself, on a CPU."""

    weights: int
    gradients: int
    optimiser: int
    activations: int
    process: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimiser + self.activations + self.process


@dataclass(frozen=True, slots=True)
class WeightCount:
    """Numbers in the decoder's layers, in the rest of the model, and those that are trained."""

    n_body: int
    n_rest: int
    n_trained: int


def estimate_memory(
    model: Any, weights: WeightCount, config: FinetuneConfig, row: Sequence[Example], batches: BatchSettings
) -> MemoryEstimate:
    """Return what a training takes whose largest row is `row`; `model` is on the meta device, made trainable."""
    device = choose_device(config.model.device)
    width = parameter_dtype(model).itemsize
    body_width = {Quantise.NONE: float(width), Quantise.EIGHT_BIT: 1.0, Quantise.FOUR_BIT: 0.5}[config.model.quantise]
    is_cpu, n_tokens = device.type == "cpu", row_tokens(row, range(len(row)), batches)
    try:
        kept = kept_bytes(model, row, batches)
    except SurveyError:  # an architecture that computes shapes from numbers
        kept = _kept_by_shape(model, n_tokens, width)
    mass = _kept_of_mass(model, row, batches, kept) if config.optimiser.letter_mass else 0
    layer = kept / int(model.config.get_text_config().num_hidden_layers)
    if config.batches.gradient_checkpointing:
        kept = int(layer) + _states(model, n_tokens, width)
    return MemoryEstimate(
        weights=int(weights.n_body * body_width + weights.n_rest * width),
        gradients=weights.n_trained * _GRADIENT_BYTES,
        optimiser=weights.n_trained * _OPTIMISER_BYTES,
        activations=mass + (int(_CPU_KEPT * kept + _CPU_LAYERS * layer) if is_cpu else kept),
        process=_CPU_PROCESS_BYTES if is_cpu else 0,
    )


def kept_bytes(model: Any, row: Sequence[Example], batches: BatchSettings, *, letter_mass: bool = False) -> int:
    """Return the bytes that autograd keeps of a row's forward pass, parameters left out; a storage counts once.

    With `letter_mass` what the letters' total probability needs is among them. Raises SurveyError where the model does
    not run on the meta device.
    """
    saved: dict[int, torch.UntypedStorage] = {}  # held, so that no other storage takes its number

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        saved[storage._cdata] = storage
        return tensor

    attention = model.config._attn_implementation
    with foreign("The model does not run without its weights"):
        if attention in {"sdpa", FLEX}:
            model.set_attn_implementation(FOREST)
        model.train()
        width = max(example.n_options for example in row)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            options = compute_options(model, row, OptionTokens(tuple(range(width))), batches)
            if letter_mass:
                vocabulary_normaliser(model, options)
    for parameter in model.parameters():
        saved.pop(parameter.untyped_storage()._cdata, None)
    return sum(storage.nbytes() for storage in saved.values())


def _kept_of_mass(model: Any, row: Sequence[Example], batches: BatchSettings, kept: int) -> int:
    """Return what is kept for the letters' total probability: logits of the vocabulary, and a wide copy of lm_head."""
    try:
        return kept_bytes(model, row, batches, letter_mass=True) - kept
    except SurveyError:
        return len(row) * int(model.config.get_text_config().vocab_size) * 4


def _kept_by_shape(model: Any, n_tokens: int, width: int) -> int:
    """Return about what is kept: per token and layer 10 numbers per hidden and 4 per intermediate dimension."""
    config = model.config.get_text_config()
    hidden = int(config.hidden_size)
    per_layer = 10 * hidden + 4 * int(getattr(config, "intermediate_size", None) or 4 * hidden)
    return n_tokens * int(config.num_hidden_layers) * per_layer * width


def _states(model: Any, n_tokens: int, width: int) -> int:
    """Return what is kept where activations are computed again, beside all of one layer: a state per layer."""
    config = model.config.get_text_config()
    return n_tokens * int(config.hidden_size) * int(config.num_hidden_layers) * width
