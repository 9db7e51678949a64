"""Attention by blocks against the dense mask."""

from __future__ import annotations

import pytest
import torch
from model_samples import build_model, random_sequences

import surveycli.engine.forest_attention as module
from surveycli.engine.forest_attention import FOREST, forest_mask
from surveycli.engine.forward import build_row, leaf_hidden
from surveycli.engine.prefix_tree import build_forest


def states(attention: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the leaves' last states of 40 prompts in one row, and the gradient of a weighted sum of them."""
    model = build_model("Llama", attention)
    hidden = leaf_hidden(model, build_row(model, random_sequences(40)))
    weights = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(1))
    (hidden * weights).sum().backward()
    gradient = model.get_input_embeddings().weight.grad
    assert gradient is not None
    return hidden.detach(), gradient


@pytest.mark.parametrize("queries", [1, 7, 64, 1000])
def test_blocks_of_any_size_give_the_dense_result(queries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """States and gradients equal those of one dense mask, however the queries are cut."""
    monkeypatch.setattr(module, "_QUERIES", queries)
    for blocked, dense in zip(states(FOREST), states("sdpa"), strict=True):
        assert float((blocked - dense).abs().max() / dense.abs().max()) < 2e-6


def test_blocks_cover_the_mask_and_leave_out_what_is_empty() -> None:
    """Put together the blocks are the mask, and unrelated prompts cost far less than its square."""
    forest = build_forest(random_sequences(200))
    mask = forest_mask(forest, torch.device("cpu"))
    rebuilt = torch.zeros_like(mask[0, 0])
    size = 0
    for block in mask.surveycli_blocks:  # type: ignore[attr-defined]
        rebuilt[block.start : block.stop, block.keys] = block.mask[0, 0]
        size += block.mask.numel()
    assert torch.equal(rebuilt, mask[0, 0])
    assert size < mask.numel() / 5
