"""Adapters on frozen weights of four and eight bits, with real bitsandbytes layers on the CPU."""

from __future__ import annotations

from dataclasses import replace
from importlib import util
from pathlib import Path
from typing import Any

import pytest
import torch
from model_samples import make_training_folder, random_examples, save_local_model, small_config

from surveycli.configuration import BatchSettings, LoraSettings, ModelSpec, Precision, Quantise
from surveycli.engine.batching import plan_pass
from surveycli.engine.compute import compute_options, compute_options_plainly, human_shares
from surveycli.engine.first_token import loss_per_prompt
from surveycli.engine.forward import build_row, leaf_hidden
from surveycli.engine.model import load_language_model
from surveycli.engine.weights import load_weights, make_trainable, trained_parameters
from surveycli.errors import ExitCode, SurveyError
from surveycli.run_folder import read_contents, read_metrics
from surveycli.run_folder.kept_weights import best_weights
from surveycli.training.train import train_folder

EXAMPLES, TOKENS = random_examples(9)
TREES = BatchSettings(examples_per_tree=5, max_row_tokens=200)
FEW_BITS = [Quantise.FOUR_BIT, Quantise.EIGHT_BIT]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """A small Llama in a local folder, to be held in float32."""
    path = save_local_model(tmp_path_factory.mktemp("base"), hidden_size=64, intermediate_size=128)
    return ModelSpec(str(path), device="cpu", precision=Precision.FLOAT32)


def adapted(spec: ModelSpec) -> Any:
    """Return the model with an adapter that already does something, after it has answered without gradients."""
    language_model = load_language_model(spec, share_prefixes=True)
    with torch.no_grad():
        compute_options(language_model.model, EXAMPLES, TOKENS, TREES)
    model = make_trainable(language_model, LoraSettings(rank=4, alpha=8, dropout=0.0))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in trained_parameters(model).values():
            parameter.normal_(std=0.05)
    return model.train()


def gradient(model: Any, rows: list[list[int]], *, alone: bool) -> torch.Tensor:
    model.zero_grad()
    for row in rows:
        chosen = [EXAMPLES[i] for i in row]
        options = (
            compute_options_plainly(model, chosen[0], TOKENS)
            if alone
            else compute_options(model, chosen, TOKENS, TREES)
        )
        loss_per_prompt(options.logits, options.present, human_shares(model, chosen)).sum().backward()
    return torch.cat([p.grad.flatten().clone() for p in trained_parameters(model).values() if p.grad is not None])


@pytest.mark.parametrize("quantise", FEW_BITS)
def test_gradients_come_back_through_few_bits(base: ModelSpec, quantise: Quantise) -> None:
    """Gradients of trees equal one prompt at a time to 2e-6, and reach the first layer, also after a forward pass."""
    model = adapted(replace(base, quantise=quantise))
    alone = gradient(model, [[i] for i in range(len(EXAMPLES))], alone=True)
    together = gradient(model, plan_pass(EXAMPLES, TREES), alone=False)
    assert float((together - alone).norm() / alone.norm()) < 2e-6
    first = [p for name, p in trained_parameters(model).items() if ".layers.0." in name]
    assert first
    assert all(float(p.grad.norm()) > 1e-3 for p in first)


@pytest.mark.parametrize("quantise", FEW_BITS)
def test_few_bits_are_near_the_weights_they_stand_for(base: ModelSpec, quantise: Quantise) -> None:
    """The gradient points where that of the unrounded base does (cosine over 0.8), and is not the same."""
    rounded, whole = (
        gradient(adapted(replace(base, quantise=q)), plan_pass(EXAMPLES, TREES), alone=False)
        for q in (quantise, Quantise.NONE)
    )
    cosine = float(torch.nn.functional.cosine_similarity(rounded, whole, dim=0))
    assert 0.8 < cosine < 1 - 1e-6


@pytest.mark.parametrize("quantise", list(Quantise))
def test_activations_keep_the_number_format_asked_for(base: ModelSpec, quantise: Quantise) -> None:
    """With an adapter in training, hidden states of a bfloat16 base are bfloat16, however its weights are held."""
    model = adapted(replace(base, quantise=quantise, precision=Precision.BFLOAT16))
    hidden = leaf_hidden(model, build_row(model, [example.tokens for example in EXAMPLES]))
    assert hidden.dtype is torch.bfloat16
    assert {p.dtype for p in trained_parameters(model).values()} == {torch.float32}


@pytest.mark.parametrize("quantise", FEW_BITS)
def test_a_quantised_run_learns_and_predicts_as_it_was_validated(
    base: ModelSpec, quantise: Quantise, tmp_path: Path
) -> None:
    """A run on few bits lowers its training loss, and its weights, loaded anew, have the validation loss it noted."""
    config = small_config(base.name, epochs=4, learning_rate=2e-2)
    config = replace(config, model=replace(base, quantise=quantise))
    folder = make_training_folder(tmp_path / "run", config)
    outcome = train_folder(folder)
    losses = [metric.values["train_loss"] for metric in read_metrics(folder)]
    assert losses[-1] < losses[0]
    language_model = load_language_model(replace(config.model, seed=config.seed), share_prefixes=True)
    model = load_weights(language_model, best_weights(folder.weights))
    assert validation_loss(model, language_model.tokenizer, folder, config) == pytest.approx(
        outcome.best_validation_loss, rel=1e-5
    )


def validation_loss(model: Any, tokenizer: Any, folder: Any, config: Any) -> float:
    from surveycli.engine.examples import ExampleSource

    contents = read_contents(folder)
    source = ExampleSource.of(tokenizer, contents.questions, contents.populations, config.prompt)
    examples = source.examples([cell for cell in contents.cells if cell.part == "validation"])
    tokens = source.option_tokens([cell for cell in contents.cells if cell.shares is not None])
    with torch.no_grad():
        options = compute_options(model, examples, tokens, config.batches)
        return float(loss_per_prompt(options.logits, options.present, human_shares(model, examples)).mean())


def test_without_bitsandbytes_the_extra_is_named(base: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bitsandbytes is missing, the error (exit 6) says how to install it."""
    found = util.find_spec
    monkeypatch.setattr(
        "surveycli.engine.quantise.find_spec", lambda name: None if name == "bitsandbytes" else found(name)
    )
    with pytest.raises(SurveyError) as error:
        load_language_model(replace(base, quantise=Quantise.FOUR_BIT))
    assert error.value.code is ExitCode.MISSING_EXTRA
    assert "surveycli[quantised]" in error.value.hint
