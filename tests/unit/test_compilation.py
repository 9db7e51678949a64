"""Compiled layers: the same numbers, refused where they cannot be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_samples import random_examples, save_local_model

from surveycli.configuration import BatchSettings, LoraSettings, ModelSpec
from surveycli.engine.compilation import demand_compilable
from surveycli.engine.compute import compute_options, human_shares
from surveycli.engine.first_token import loss_per_prompt
from surveycli.engine.model import load_language_model
from surveycli.engine.weights import make_trainable, trained_parameters
from surveycli.errors import ExitCode, SurveyError

EXAMPLES, TOKENS = random_examples(12)
CPU = torch.device("cpu")


def n_compiled() -> int:
    """Return how many pieces of code have been compiled."""
    return int(torch._dynamo.utils.counters["frames"]["ok"])


def step_gradients(spec: ModelSpec) -> list[torch.Tensor]:
    """Return the adapter's gradient for rows of three lengths; the later ones compile nothing more."""
    torch.manual_seed(0)
    model = make_trainable(load_language_model(spec, share_prefixes=True), LoraSettings(rank=4, alpha=8, dropout=0.0))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in trained_parameters(model).values():
            parameter.normal_(std=0.05)
    model.train()
    found: list[torch.Tensor] = []
    after_first = 0
    for chosen in (EXAMPLES[:5], EXAMPLES[5:], EXAMPLES[2:10]):
        model.zero_grad()
        options = compute_options(model, chosen, TOKENS, BatchSettings())
        loss_per_prompt(options.logits, options.present, human_shares(model, chosen)).mean().backward()
        found.append(torch.cat([p.grad.flatten().clone() for p in trained_parameters(model).values()]))
        after_first = after_first or n_compiled()
    assert n_compiled() == after_first
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_compiled_layers_have_the_same_gradients(tmp_path: Path) -> None:
    """For rows of different lengths, compiled once, the gradients are those of the layers as they came, to 2e-6."""
    spec = ModelSpec(str(save_local_model(tmp_path / "base", num_hidden_layers=2)), device="cpu")
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    for compiled, plain in zip(step_gradients(replace(spec, compiled=True)), step_gradients(spec), strict=True):
        assert float((compiled - plain).norm() / plain.norm()) < 2e-6
    assert n_compiled() > 0


def test_what_cannot_be_compiled_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sharded layers are a usage error (exit 2), a CPU without a compiler a missing extra (exit 6)."""
    with pytest.raises(SurveyError) as sharded:
        demand_compilable(ModelSpec("x", sharded=True, compiled=True), CPU)
    assert sharded.value.code is ExitCode.USAGE
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SurveyError) as bare:
        demand_compilable(ModelSpec("x", compiled=True), CPU)
    assert bare.value.code is ExitCode.MISSING_EXTRA
    demand_compilable(ModelSpec("x"), CPU)
