"""What is refused before a run begins."""

from __future__ import annotations

import pytest
import torch
from model_samples import build_model, random_examples

import surveycli.engine.self_check as module
from surveycli.configuration import BatchSettings
from surveycli.engine.forward import build_row, flex_length, leaf_hidden
from surveycli.engine.self_check import check_prompts_fit, check_row_computation
from surveycli.errors import ExitCode, SurveyError

EXAMPLES, TOKENS = random_examples(8)
SETTINGS = BatchSettings(max_row_tokens=512)


def test_a_right_computation_passes_and_leaves_the_mode() -> None:
    """A model whose rows agree passes with a difference of rounding alone, and stays in training mode."""
    model = build_model("Llama").train()
    assert 0 < check_row_computation(model, EXAMPLES, TOKENS, SETTINGS) < 1e-4
    assert model.training


def test_an_attention_that_ignores_the_mask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose prompts see one another in a row is refused, with the way out (exit 3)."""
    compute = module.compute_options

    def leaking(model, examples, tokens, settings):  # type: ignore[no-untyped-def]
        built = build_row(model, [e.tokens for e in examples])
        built.attention_mask.fill_(True)
        options = compute(model, examples, tokens, settings)
        hidden = leaf_hidden(model, built)
        weight = model.get_output_embeddings().weight[list(tokens.ids[: options.logits.shape[1]])]
        return module.OptionLogits(hidden @ weight.T, options.present, hidden)

    monkeypatch.setattr(module, "compute_options", leaking)
    with pytest.raises(SurveyError, match="answers differently") as error:
        check_row_computation(build_model("Llama"), EXAMPLES, TOKENS, SETTINGS)
    assert error.value.code == ExitCode.BAD_INPUT
    assert "--no-share-prefixes" in error.value.hint


def test_prompts_longer_than_the_model_reads_are_refused() -> None:
    """A prompt beyond the model's positions is an error that gives both numbers."""
    longest = max(len(e.tokens) for e in EXAMPLES)
    model = build_model("Llama", max_position_embeddings=longest - 1)
    with pytest.raises(SurveyError, match=f"{longest} tokens.*reads {longest - 1}"):
        check_prompts_fit(model, EXAMPLES, share_prefixes=False)


def test_a_sliding_window_shorter_than_a_prompt_allows_no_sharing() -> None:
    """Trees know no sliding window, so such prompts are refused; padded they are computed right."""
    model = build_model("Mistral", sliding_window=8)
    with pytest.raises(SurveyError, match="last 8"):
        check_row_computation(model, EXAMPLES, TOKENS, SETTINGS)
    padded = BatchSettings(share_prefixes=False, max_row_tokens=512)
    assert check_row_computation(model, EXAMPLES, TOKENS, padded) < 1e-4


def test_flex_is_checked_against_sdpa() -> None:
    """The single prompts are computed with sdpa, and flex_attention is back afterwards."""
    model = build_model("Llama", "flex_attention")
    with module._reference_attention(model):
        assert model.config._attn_implementation == "sdpa"
    assert model.config._attn_implementation == "flex_attention"


def test_flex_rows_are_padded_by_an_eighth_at_most() -> None:
    """Lengths are multiples of 128 that are never shorter, and from 1024 on at most an eighth longer."""
    for n in (1, 127, 128, 129, 1000, 1025, 5000, 8192, 9000):
        length = flex_length(n)
        assert length >= n
        assert length % 128 == 0
        assert length - n < max(128, n / 8 + 1)


def test_flex_block_masks_equal_the_dense_mask() -> None:
    """The rules given to flex_attention allow what the forest's mask allows, for all positions and for the leaves."""
    from surveycli.engine.forward import flex_masks
    from surveycli.engine.prefix_tree import attention_allowed, build_forest, pad_forest

    forest = build_forest([e.tokens for e in EXAMPLES])
    forest = pad_forest(forest, flex_length(forest.n_nodes))
    allowed = torch.from_numpy(attention_allowed(forest))
    whole, leaves = flex_masks(forest, torch.device("cpu"))
    q, k = torch.arange(forest.n_nodes)[:, None], torch.arange(forest.n_nodes)[None]
    zero = torch.zeros((), dtype=torch.long)
    assert torch.equal(whole.mask_mod(zero, zero, q, k), allowed)
    at_leaves = leaves.mask_mod(zero, zero, torch.arange(len(forest.leaf))[:, None], k)
    assert torch.equal(at_leaves, allowed[torch.from_numpy(forest.leaf)])
