"""LoRA on a processor, against peft's own computation and against what dropout is."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from surveycli.configuration import ModelSpec
from surveycli.engine.lora_update import drawn, hasten_adapters

ON_CPU = ModelSpec("random", device="cpu")


def _adapted(dtype: torch.dtype, dropout: float = 0.0) -> Any:
    torch.manual_seed(3)
    model = get_peft_model(
        nn.Sequential(nn.Linear(12, 20), nn.GELU(), nn.Linear(20, 7)).to(dtype),
        LoraConfig(r=4, lora_alpha=8, lora_dropout=dropout, target_modules=["0", "2"]),
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:  # peft begins at zero, where the update is nothing
                parameter.normal_(std=0.3)
    return model.train()


def _result_and_gradients(model: Any, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    result = model(x)
    result.float().square().sum().backward()
    trained = [p.grad for p in model.parameters() if p.requires_grad]
    return [result.detach(), x.grad, *trained]  # type: ignore[list-item]


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.float64, 1e-12), (torch.bfloat16, 4e-2)])
def test_values_and_gradients_are_those_of_peft(dtype: torch.dtype, close: float) -> None:
    """Results, gradients of inputs and of both matrices are peft's, to the rounding of the base's format."""
    x = torch.randn(2, 5, 12, dtype=dtype)
    ours = _result_and_gradients(hasten_adapters(_adapted(dtype), ON_CPU), x)
    theirs = _result_and_gradients(_adapted(dtype), x)
    assert len(ours) == len(theirs) == 6
    for our, their in zip(ours, theirs, strict=True):
        assert our.dtype == their.dtype
        assert float((our - their).abs().max()) <= close * float(their.abs().max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_without_gradients_are_the_same_to_the_bit(dtype: torch.dtype) -> None:
    """Where no gradient is taken the update goes into the base's product, and neither value nor input changes."""
    model, x = hasten_adapters(_adapted(dtype), ON_CPU), torch.randn(2, 5, 12, dtype=dtype)
    before, with_gradients = x.clone(), model(x).detach()
    with torch.no_grad():
        assert torch.equal(model(x), with_gradients)
        assert torch.equal(model(x), with_gradients)
    assert torch.equal(x, before)


def test_gradients_with_dropout_are_those_of_the_function_computed() -> None:
    """With the same elements dropped, finite differences have the gradients that the backward pass has."""
    model = hasten_adapters(_adapted(torch.float64, dropout=0.4), ON_CPU)
    x = torch.randn(3, 12, dtype=torch.float64, requires_grad=True)

    def computed(x: Tensor) -> Tensor:
        torch.manual_seed(8)
        result: Tensor = model(x)
        return result

    weights = tuple(p for p in model.parameters() if p.requires_grad)
    assert torch.autograd.gradcheck(computed, (x,))
    assert torch.autograd.gradcheck(lambda *_: computed(x), weights)


@pytest.mark.parametrize("p", [0.05, 0.5])
def test_dropout_drops_its_share_and_neighbours_apart(p: float) -> None:
    """A share p of the elements is dropped, and an element whatever becomes of its neighbour."""
    torch.manual_seed(1)
    kept = drawn(torch.Size((300, 1001)), p) == 1
    assert float((~kept).double().mean()) == pytest.approx(p, abs=0.003)
    assert float((~kept[:, 1:] & ~kept[:, :-1]).double().mean()) == pytest.approx(p * p, abs=0.003)


def test_dropout_keeps_the_mean_follows_from_the_seed_and_rests_in_eval() -> None:
    """Over many draws the result with dropout has the mean of that without; one seed draws the same again."""
    model = hasten_adapters(_adapted(torch.float32, dropout=0.3), ON_CPU)
    layer, x = model.base_model.model[0], torch.randn(1, 12)
    with torch.no_grad():
        torch.manual_seed(5)
        first, other = layer(x), layer(x)
        torch.manual_seed(5)
        assert torch.equal(layer(x), first)
        assert not torch.equal(other, first)
        many = layer(x.expand(40_000, 12)).mean(0)
        rest = model.eval().base_model.model[0](x)[0]
    assert torch.allclose(many, rest, atol=0.02)


def test_a_disabled_or_merged_adapter_is_as_peft_has_it() -> None:
    """Within `disable_adapter` the base answers alone, and a merged adapter is not added twice."""
    model = hasten_adapters(_adapted(torch.float32), ON_CPU).eval()
    x = torch.randn(4, 12)
    with torch.no_grad():
        adapted = model(x)
        with model.disable_adapter():
            assert not torch.allclose(model(x), adapted, atol=1e-3)
        model.merge_adapter()
        assert torch.allclose(model(x), adapted, atol=1e-5)
        model.unmerge_adapter()
        assert torch.allclose(model.merge_and_unload()(x), adapted, atol=1e-5)
