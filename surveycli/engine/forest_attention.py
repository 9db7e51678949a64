"""Attention over a prefix forest on a processor without flex_attention: only where the mask is not empty.

A dense mask costs the square of a row's length, though most of it is empty: prompts do not see one another. Here the
queries are taken in blocks of neighbours, and each block meets only the keys that some query in it may attend to, its
own and those of the beginning it shares. The result is that of the dense mask; the model's sdpa computes each block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from surveycli.engine.prefix_tree import PrefixForest, attention_allowed

FOREST = "surveycli_forest"
_QUERIES = 128
_BLOCKS = "surveycli_blocks"  # the attribute by which a mask carries its blocks through the model


@dataclass(frozen=True, slots=True)
class MaskBlock:
    """Queries `start` to `stop`, the keys (K,) that any of them may attend to, and which may: mask (1, 1, Q, K)."""

    start: int
    stop: int
    keys: Tensor
    mask: Tensor


def forest_mask(forest: PrefixForest, device: torch.device) -> Tensor:
    """Return the bool mask (1, 1, T, T) of a forest, with its blocks for `forest_attention`."""
    allowed = attention_allowed(forest)
    mask = torch.from_numpy(allowed)[None, None].to(device)
    blocks = []
    # Consecutive nodes are of few trees, so a block of queries needs only the keys that any of them may attend to.
    for start in range(0, forest.n_nodes, _QUERIES):
        queries = allowed[start : start + _QUERIES]
        keys = np.flatnonzero(queries.any(axis=0))
        block = torch.from_numpy(queries[:, keys])[None, None].to(device)
        blocks.append(MaskBlock(start, start + len(queries), torch.from_numpy(keys).to(device), block))
    setattr(mask, _BLOCKS, tuple(blocks))
    return mask


# Compiled layers (compilation.py) leave it as it is: its blocks are others in every row, and would be compiled anew.
@torch.compiler.disable  # type: ignore[untyped-decorator]
def forest_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Attend block by block where the mask has blocks, and as sdpa does where it has none: (B, T, heads, head size)."""
    blocks: tuple[MaskBlock, ...] | None = getattr(attention_mask, _BLOCKS, None)
    if blocks is None:
        whole: Tensor = sdpa_attention_forward(module, query, key, value, attention_mask, **options)[0]
        return whole, None
    parts = [
        sdpa_attention_forward(
            module,
            query[:, :, block.start : block.stop],
            key.index_select(2, block.keys),
            value.index_select(2, block.keys),
            block.mask,
            **options,
        )[0]
        for block in blocks
    ]
    return torch.cat(parts, dim=1), None


AttentionInterface.register(FOREST, forest_attention)
AttentionMaskInterface.register(FOREST, sdpa_mask)
