"""What is refused before a run begins, and which prompts are computed otherwise or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from model_samples import build_model, random_examples

import surveycli.engine.self_check as module
from surveycli.configuration import BatchSettings
from surveycli.engine.batching import plan_epoch, plan_pass
from surveycli.engine.examples import Example
from surveycli.engine.forward import build_row, flex_length, leaf_hidden
from surveycli.engine.reach import fit_examples
from surveycli.engine.self_check import check_row_computation, choose_rows
from surveycli.errors import ExitCode, SurveyError

EXAMPLES, TOKENS = random_examples(8)
SETTINGS = BatchSettings(max_row_tokens=512)
LONGEST = max(len(e.tokens) for e in EXAMPLES)


def test_a_right_computation_passes_and_leaves_the_mode() -> None:
    """A model whose rows agree passes with a difference of rounding alone, and stays in training mode."""
    model = build_model("Llama").train()
    agreement = check_row_computation(model, EXAMPLES, TOKENS, SETTINGS)
    assert 0 < max(agreement.alone, agreement.in_rows) < 1e-4
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


def test_a_transform_of_logits_that_the_engine_does_not_see_is_refused() -> None:
    """A model that changes its logits where no stand-in meets them, after its forward pass, is refused by name."""
    model = build_model("Llama")
    forward = model.forward

    def doubled(*arguments, **options):  # type: ignore[no-untyped-def]
        output = forward(*arguments, **options)
        if output.logits.shape[-1] > 100:  # the whole vocabulary: the model asked by itself
            output.logits = output.logits * 2
        return output

    model.forward = doubled
    with pytest.raises(SurveyError, match=r"LlamaForCausalLM makes logits .* in a way that the engine does not follow"):
        check_row_computation(model, EXAMPLES, TOKENS, SETTINGS)


def test_answers_that_are_no_numbers_are_refused() -> None:
    """Weights that overflow give NaN, which does not agree."""
    model = build_model("Llama")
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.fill_(3e38)
    with pytest.raises(SurveyError, match="numbers that are not finite"):
        check_row_computation(model, EXAMPLES, TOKENS, SETTINGS)


def test_tokens_without_an_embedding_are_refused() -> None:
    """A prompt with a token beyond the embeddings is refused with both numbers before the model sees it."""
    beyond = replace(EXAMPLES[3], tokens=EXAMPLES[3].tokens + 300)
    with pytest.raises(SurveyError, match=r"has token \d+; LlamaForCausalLM has 300 embeddings"):
        fit_examples(build_model("Llama"), [*EXAMPLES, beyond])


def test_prompts_longer_than_the_model_reads_are_not_asked() -> None:
    """Beyond the model's positions a prompt is left out with the number; the others stay as they are."""
    fitted = fit_examples(build_model("Llama", max_position_embeddings=LONGEST - 1), EXAMPLES)
    for example, found in zip(EXAMPLES, fitted, strict=True):
        if len(example.tokens) == LONGEST:
            assert found == f"the prompt is longer than the {LONGEST - 1} tokens that the model reads"
        else:
            assert found == example


@pytest.mark.parametrize("family", ["Mistral", "Gemma3Text", "Qwen2"])
def test_prompts_longer_than_the_window_are_computed_apart(family: str) -> None:
    """A tree knows no sliding window: longer prompts have rows of their own, and agree with the model's own answers."""
    window = {"use_sliding_window": True, "max_window_layers": 1} if family == "Qwen2" else {}
    model = build_model(family, sliding_window=16, **window)
    fitted = [example for example in fit_examples(model, EXAMPLES) if isinstance(example, Example)]
    alone = [example.alone for example in fitted]
    assert any(alone)
    assert not all(alone)
    for row in (*plan_pass(fitted, SETTINGS), *(row for step in plan_epoch(fitted, SETTINGS, 4, (1,)) for row in step)):
        assert len({fitted[i].alone for i in row}) == 1
    agreement = check_row_computation(model, fitted, TOKENS, SETTINGS)
    assert max(agreement.alone, agreement.in_rows) < 1e-5
    if family != "Gemma3Text":  # of its layers here none reaches beyond what the window leaves
        with pytest.raises(SurveyError, match="answers differently"):
            check_row_computation(model, EXAMPLES, TOKENS, SETTINGS)


def test_rows_without_sharing_are_chosen_where_sharing_does_not_hold() -> None:
    """A family whose layers carry a state along is computed one prompt beside the other, and rightly."""
    model = build_model("Mistral", sliding_window=8)
    assert choose_rows(build_model("Llama"), EXAMPLES, TOKENS, SETTINGS) == SETTINGS
    assert choose_rows(model, EXAMPLES, TOKENS, SETTINGS) == replace(SETTINGS, share_prefixes=False)


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
