"""Option logits of a batch of prompts: each token of the prefix forest once, lm_head only where it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from surveycli.distribution.arrays import Ints
from surveycli.engine.defaults import FLEX
from surveycli.engine.forest_attention import FOREST, forest_mask
from surveycli.engine.last_layer import last_layer_at, prunes_last_layer
from surveycli.engine.own_head import causal_model, decoder_of, own_logits
from surveycli.engine.prefix_tree import PrefixForest, attention_allowed, build_forest, pad_forest

# flex_attention is compiled for the lengths it meets: they are rounded up to a multiple of so many tokens at least.
_FLEX_BLOCK = 128
# The vocabulary is multiplied in float32 in slices of so many rows, so that no float32 copy of all of it is made.
_VOCABULARY_SLICE = 16384
# Of an lm_head that is more than a matrix, all logits are computed, for so many hidden states at a time.
_STATES_SLICE = 64


@dataclass(frozen=True, slots=True)
class ModelRow:
    """Prompts on the device, ready for the model.

    input_ids, position_ids (B, T); attention_mask what the model's attention wants, None for plain causal attention;
    leaf (B, n): where the prompts' last tokens are, N = B n in all; leaf_mask: what those places may attend to, None
    where the last layer has to be computed for all. A tree row has B = 1 and n = N, a padded one B = N and n = 1.
    """

    input_ids: Tensor
    position_ids: Tensor
    attention_mask: Any
    leaf: Tensor
    leaf_mask: Any

    @property
    def n_tokens(self) -> int:
        """The tokens that the model computes, padding included."""
        return self.input_ids.numel()


def build_row(model: Any, sequences: Sequence[Ints], *, share_prefixes: bool = True) -> ModelRow:
    """Lay `sequences` out for `model`: as one prefix forest, or each by itself, padded on the right."""
    return _tree_row(model, sequences) if share_prefixes else _padded_row(model, sequences)


def _tree_row(model: Any, sequences: Sequence[Ints]) -> ModelRow:
    forest = build_forest(sequences)
    device = device_of(model)
    if attention_of(model) == FLEX:
        forest = pad_forest(forest, flex_length(forest.n_nodes))
        masks = flex_masks(forest, device)
    else:
        allowed = attention_allowed(forest)
        # `allowed` (T, T) says what each node may attend to; of it, the rows of the leaves are the last layer's mask.
        blocks = attention_of(model) == FOREST
        whole = forest_mask(forest, device) if blocks else _mask(model, allowed[None, None])
        masks = (whole, _mask(model, allowed[forest.leaf][None, None]))
    return ModelRow(
        input_ids=torch.from_numpy(forest.tokens).to(device)[None],
        position_ids=torch.from_numpy(forest.depth).to(device)[None],
        attention_mask=masks[0],
        leaf=torch.from_numpy(forest.leaf).to(device)[None],
        leaf_mask=masks[1],
    )


def flex_length(n_tokens: int) -> int:
    """Return the length that a row of `n_tokens` is padded to for flex_attention.

    >>> flex_length(100), flex_length(2000), flex_length(8100)
    (128, 2048, 8192)
    """
    step = max(_FLEX_BLOCK, 1 << max(0, n_tokens.bit_length() - 4))
    return -(-n_tokens // step) * step


def _padded_row(model: Any, sequences: Sequence[Ints]) -> ModelRow:
    """Pad on the right: causal attention never looks there, and nothing there is read."""
    device = device_of(model)
    lengths = np.array([len(sequence) for sequence in sequences])
    width = int(lengths.max())
    ids = np.zeros((len(sequences), width), dtype=np.int64)
    for row, sequence in zip(ids, sequences, strict=True):
        row[: len(sequence)] = sequence
    window = getattr(model.config.get_text_config(), "sliding_window", None)
    prunes = attention_of(model) != FLEX and (not window or width <= window)
    # (1, T) against (N, 1): True up to each prompt's end, where its leaf is.
    up_to_leaf = np.arange(width)[None] < lengths[:, None]
    return ModelRow(
        input_ids=torch.from_numpy(ids).to(device),
        position_ids=torch.arange(width, device=device).expand(len(sequences), width),
        attention_mask=None,
        leaf=torch.from_numpy(lengths - 1).to(device)[:, None],
        leaf_mask=_mask(model, up_to_leaf[:, None, None]) if prunes else None,
    )


def device_of(model: Any) -> torch.device:
    """Return where the model's weights are."""
    device: torch.device = next(model.parameters()).device
    return device


def attention_of(model: Any) -> str:
    """Return the name of the attention implementation in use."""
    return str(model.config._attn_implementation)


def parameter_dtype(model: Any) -> torch.dtype:
    """Return the number format that hidden states have."""
    dtype: torch.dtype = model.get_input_embeddings().weight.dtype
    return dtype


def _mask(model: Any, allowed: npt.NDArray[np.bool_]) -> Tensor:
    """Return a mask as the model's attention takes it: bool, or for eager, which adds it to the scores, additive."""
    mask = torch.from_numpy(allowed).to(device_of(model))
    if attention_of(model) != "eager":
        return mask
    dtype = parameter_dtype(model)
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)


def flex_masks(forest: PrefixForest, device: torch.device) -> tuple[Any, Any]:
    """Return the block masks of all positions and of the leaves for flex_attention, T x T and N x T."""
    from torch.nn.attention.flex_attention import create_block_mask

    end = torch.from_numpy(forest.end).to(device)
    leaf = torch.from_numpy(forest.leaf).to(device)

    def allowed(_batch: Tensor, _head: Tensor, q: Tensor, k: Tensor) -> Tensor:
        return (k <= q) & (q < end[k])

    def allowed_at_leaf(_batch: Tensor, _head: Tensor, q: Tensor, k: Tensor) -> Tensor:
        return (k <= leaf[q]) & (leaf[q] < end[k])

    n_nodes, n_leaves = forest.n_nodes, len(forest.leaf)
    return (
        create_block_mask(allowed, None, None, n_nodes, n_nodes, device=str(device)),
        create_block_mask(allowed_at_leaf, None, None, n_leaves, n_nodes, device=str(device)),
    )


def leaf_hidden(model: Any, row: ModelRow, *, prune_last_layer: bool = True) -> Tensor:
    """Return the last hidden state at each prompt's last token: (N, H)."""
    decoder = decoder_of(model)
    inputs = {"input_ids": row.input_ids, "position_ids": row.position_ids, "attention_mask": row.attention_mask}
    if not prune_last_layer or row.leaf_mask is None or not prunes_last_layer(model):
        hidden: Tensor = decoder(**inputs, use_cache=False).last_hidden_state
        return _select(hidden, row.leaf)
    with last_layer_at(decoder, row.leaf, row.leaf_mask) as was_pruned:
        hidden = decoder(**inputs, use_cache=False).last_hidden_state
        return hidden.flatten(0, 1) if was_pruned() else _select(hidden, row.leaf)


def _select(hidden: Tensor, leaf: Tensor) -> Tensor:
    # hidden (B, T, H), leaf (B, N): row b's states at its N leaves, one after another.
    rows = torch.arange(len(hidden), device=hidden.device)[:, None].expand_as(leaf)
    return hidden[rows, leaf].flatten(0, 1)


def option_logits(model: Any, hidden: Tensor, token_ids: Tensor) -> Tensor:
    """Return the logits of `token_ids` (K,) at the decoder's hidden states (N, H): (N, K), in float32 at least."""
    head = causal_model(model).get_output_embeddings()
    if not _is_plain(head):
        return _wide(own_logits(model, hidden, head)).index_select(1, token_ids)
    bias = None if head.bias is None else head.bias[token_ids]
    return own_logits(model, hidden, lambda states: _head_logits(states, head.weight[token_ids], bias))


def log_normaliser(model: Any, hidden: Tensor) -> Tensor:
    """Return the logsumexp over the whole vocabulary at the decoder's hidden states (N, H): (N,), float32 at least."""
    head = causal_model(model).get_output_embeddings()
    if not _is_plain(head):
        return torch.cat(
            [_wide(own_logits(model, some, head)).logsumexp(dim=-1) for some in torch.split(hidden, _STATES_SLICE)]
        )
    weights = head.weight.split(_VOCABULARY_SLICE)
    biases = [None] * len(weights) if head.bias is None else head.bias.split(_VOCABULARY_SLICE)
    parts = []
    for weight, bias in zip(weights, biases, strict=True):
        multiply = partial(_head_logits, weight=weight, bias=bias)
        parts.append(own_logits(model, hidden, multiply).logsumexp(dim=-1))
    return torch.stack(parts).logsumexp(dim=0)


def _is_plain(head: Any) -> bool:
    """Return whether lm_head is one matrix, of which rows can be taken; one with an adapter on it is not."""
    return type(head) is nn.Linear


def _wide(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _head_logits(hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply in float32 what is held in fewer bits: a bfloat16 logit of 20 is rounded to the next eighth."""
    wide = _wide(weight)
    logits = hidden.to(wide.dtype) @ wide.T
    return logits if bias is None else logits + bias.to(wide.dtype)


def pad_shares(shares: Sequence[Sequence[float]], width: int) -> Tensor:
    """Return (N, width) probabilities, zero beyond each prompt's own options."""
    padded = np.zeros((len(shares), width), dtype=np.float32)
    for row, values in zip(padded, shares, strict=True):
        row[: len(values)] = values
    return torch.from_numpy(padded)


def options_present(n_options: Sequence[int], width: int) -> Tensor:
    """Return (N, width) bool: whether a prompt has that option."""
    return torch.arange(width)[None] < torch.tensor(n_options)[:, None]
