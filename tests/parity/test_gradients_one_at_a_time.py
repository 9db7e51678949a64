"""Losses and gradients of whole steps against one prompt at a time, in float32 without dropout."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from model_samples import build_model, make_contents, random_examples, source_of

from surveycli.configuration import BatchSettings, LoraSettings, Loss, ModelSpec
from surveycli.engine.batching import plan_pass
from surveycli.engine.compute import compute_options, human_shares
from surveycli.engine.examples import Example
from surveycli.engine.first_token import loss_per_prompt
from surveycli.engine.model import LanguageModel
from surveycli.engine.tiny import load_tiny_tokenizer
from surveycli.engine.weights import make_trainable, recompute_activations
from surveycli.prompt import PromptOrder

TREES = BatchSettings(examples_per_tree=5, max_row_tokens=200)
PADDED = BatchSettings(share_prefixes=False, max_row_tokens=200)


def with_lora(model: Any) -> Any:
    """Return the model with an adapter that already does something, as B starts from zero."""
    language_model = LanguageModel(model, load_tiny_tokenizer(), "", ModelSpec("made-up"))
    model = make_trainable(language_model, LoraSettings(rank=4, alpha=8, dropout=0.0))
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    return model.train()


def plain_step(model: Any, examples: list[Example], letters: tuple[int, ...]) -> tuple[float, torch.Tensor]:
    """Return loss and gradients with nothing of ours: one prompt at a time, the model's own logits, torch's kl_div."""
    model.zero_grad()
    total = 0.0
    for example in examples:
        own = list(letters[: example.n_options])
        logits = model(input_ids=torch.from_numpy(example.tokens)[None]).logits[0, -1, own]
        shares = torch.tensor(example.lettered_shares)
        loss = torch.nn.functional.kl_div(logits.log_softmax(-1), shares, reduction="sum") / len(examples)
        loss.backward()
        total += float(loss.detach())
    return total, gradients(model)


def our_step(model: Any, examples: list[Example], tokens: Any, settings: BatchSettings) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    total = 0.0
    for row in plan_pass(examples, settings):
        chosen = [examples[i] for i in row]
        options = compute_options(model, chosen, tokens, settings)
        losses = loss_per_prompt(options.logits, options.present, human_shares(model, chosen), Loss.KL)
        loss = losses.sum() / len(examples)
        loss.backward()
        total += float(loss.detach())
    return total, gradients(model)


def gradients(model: Any) -> torch.Tensor:
    return torch.cat([p.grad.flatten().clone() for p in model.parameters() if p.grad is not None])


def assert_same(ours: tuple[float, torch.Tensor], plain: tuple[float, torch.Tensor]) -> None:
    assert ours[0] == pytest.approx(plain[0], rel=1e-6)
    assert float((ours[1] - plain[1]).norm() / plain[1].norm()) < 1e-6


FAMILIES = pytest.mark.parametrize("family", ["Llama", "Qwen2", "Mistral", "Gemma"])


@pytest.mark.parametrize("settings", [TREES, PADDED], ids=["trees", "padded"])
@FAMILIES
def test_adapter_gradients_of_families(family: str, settings: BatchSettings) -> None:
    """Mean loss and LoRA gradient equal those of one prompt at a time to 1e-6, relatively."""
    model = with_lora(build_model(family))
    examples, tokens = random_examples(9)
    assert_same(our_step(model, examples, tokens, settings), plain_step(model, examples, tokens.ids))


@pytest.mark.parametrize("order", PromptOrder)
@FAMILIES
def test_adapter_gradients_of_prompt_orders(family: str, order: PromptOrder) -> None:
    """The same holds for worded prompts in every order."""
    contents = make_contents(3, 4)
    source = source_of(contents, order)
    model = with_lora(build_model(family, vocab_size=len(load_tiny_tokenizer())))
    examples, tokens = source.examples(contents.cells), source.option_tokens(contents.cells)
    assert_same(our_step(model, examples, tokens, TREES), plain_step(model, examples, tokens.ids))


def test_gradients_of_all_weights() -> None:
    """The same holds where every weight is trained, embeddings and lm_head among them."""
    model = build_model("Llama").train()
    examples, tokens = random_examples(9)
    assert_same(our_step(model, examples, tokens, TREES), plain_step(model, examples, tokens.ids))


@pytest.mark.parametrize("lora", [True, False], ids=["adapter", "all weights"])
def test_gradient_checkpointing_changes_nothing(lora: bool) -> None:
    """Recomputing activations gives the same loss and gradients with the pruned last layer."""
    model = build_model("Llama").train()
    model = with_lora(model) if lora else model
    examples, tokens = random_examples(9)
    plain = plain_step(model, examples, tokens.ids)
    recompute_activations(model)
    assert_same(our_step(model, examples, tokens, TREES), plain)


def test_gradient_checkpointing_still_prunes_the_last_layer() -> None:
    """Under checkpointing the other layers are recomputed and the last one is computed at the leaves alone."""
    from surveycli.engine.forward import build_row
    from surveycli.engine.last_layer import last_layer_at

    model = build_model("Llama").train()
    recompute_activations(model)
    row = build_row(model, [example.tokens for example in random_examples(4)[0]])
    decoder = model.get_decoder()
    with last_layer_at(decoder, row.leaf, row.leaf_mask) as was_pruned:
        inputs = {"input_ids": row.input_ids, "position_ids": row.position_ids, "attention_mask": row.attention_mask}
        decoder(**inputs, use_cache=False)
        assert was_pruned()
        assert decoder.layers[0].gradient_checkpointing
    assert decoder.layers[-1].gradient_checkpointing
