"""What a model says of a row of prompts: option logits, human shares beside them, the vocabulary's normaliser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from surveycli.configuration import BatchSettings
from surveycli.engine.batching import shares_prefixes
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example
from surveycli.engine.forward import (
    build_row,
    device_of,
    leaf_hidden,
    log_normaliser,
    option_logits,
    options_present,
    pad_shares,
)


@dataclass(frozen=True, slots=True)
class OptionLogits:
    """What the model says of N prompts: logits (N, K) of the letters, and which of them each prompt has (N, K)."""

    logits: Tensor
    present: Tensor
    hidden: Tensor


def compute_options(
    model: Any, examples: Sequence[Example], tokens: OptionTokens, settings: BatchSettings
) -> OptionLogits:
    """Return the option logits of `examples`, which go through the model as one row."""
    shared = shares_prefixes(examples, settings)
    row = build_row(model, [example.tokens for example in examples], share_prefixes=shared)
    return _options_at(model, examples, tokens, leaf_hidden(model, row))


def compute_options_plainly(model: Any, example: Example, tokens: OptionTokens) -> OptionLogits:
    """Return the option logits of one prompt by itself, by the model's own causal attention and whole last layer."""
    row = build_row(model, [example.tokens], share_prefixes=False)
    return _options_at(model, [example], tokens, leaf_hidden(model, row, prune_last_layer=False))


def _options_at(model: Any, examples: Sequence[Example], tokens: OptionTokens, hidden: Tensor) -> OptionLogits:
    # The first `width` letters are computed for all prompts; `present` masks those beyond a prompt's own options.
    width = max(example.n_options for example in examples)
    token_ids = torch.tensor(tokens.ids[:width], device=hidden.device)
    present = options_present([example.n_options for example in examples], width).to(hidden.device)
    return OptionLogits(option_logits(model, hidden, token_ids), present, hidden)


def human_shares(model: Any, examples: Sequence[Example]) -> Tensor:
    """Return the human shares of `examples` in letter order, padded to the widest: (N, K)."""
    width = max(example.n_options for example in examples)
    return pad_shares([example.lettered_shares for example in examples], width).to(device_of(model))


def in_code_order(lettered: Tensor, examples: Sequence[Example]) -> Tensor:
    """Return values of letters (N, K) in the order of the options' codes."""
    places = [[*np.argsort(e.permutation), *range(e.n_options, lettered.shape[1])] for e in examples]
    return lettered.gather(1, torch.tensor(np.array(places), device=lettered.device))


def vocabulary_normaliser(model: Any, options: OptionLogits) -> Tensor:
    """Return the logsumexp over the vocabulary for each prompt: (N,)."""
    return log_normaliser(model, options.hidden)


def vocabulary_normalisers(model: Any, rows: Sequence[OptionLogits]) -> Sequence[Tensor]:
    """Return the same for each of some rows, at the cost of one pass through the vocabulary."""
    normalisers = log_normaliser(model, torch.cat([options.hidden for options in rows]))
    parts: Sequence[Tensor] = normalisers.split([len(options.hidden) for options in rows])
    return parts
