"""A model's own way from its decoder's hidden states to logits, for the columns of the vocabulary that are asked for.

Logits are more than a product with lm_head: families scale or cap them, or scale the hidden states before it. All of
that is the code between decoder and logits in the model's own forward pass. So that code itself is run, with a stand-in
for the decoder that hands over hidden states, and one for lm_head that multiplies only the columns asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPast

Multiply = Callable[[Tensor], Tensor]


def causal_model(model: Any) -> Any:
    """Return the model with the language-model head; peft puts its layers into it, so a wrapped model works too."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def name_of(model: Any) -> str:
    """Return the name of the model's architecture."""
    return type(causal_model(model)).__name__


def decoder_of(model: Any) -> Any:
    """Return the decoder under the language-model head."""
    outer = causal_model(model)
    # Llama 4 names itself as its decoder, ModernBERT's decoder its head.
    not_it = (outer, outer.get_output_embeddings())
    found = (outer.get_decoder(), outer.base_model, getattr(outer, "model", None))
    return next((decoder for decoder in found if all(decoder is not other for other in not_it)), None)


def own_logits(model: Any, hidden: Tensor, multiply: Multiply) -> Tensor:
    """Return the model's logits at the decoder's hidden states (N, H), with `multiply` in place of lm_head: (N, K).

    `multiply` is given what lm_head would be, (N, H), and returns (N, K).
    """
    outer = causal_model(model)
    decoder, head = decoder_of(model), outer.get_output_embeddings()
    ids = torch.zeros((1, len(hidden)), dtype=torch.long, device=hidden.device)
    given, asked = _Decoder(decoder, hidden[None]), _Head(head, multiply)
    with _in_place_of(outer, decoder, given), _in_place_of(outer, head, asked):
        logits: Tensor = outer(input_ids=ids, use_cache=False).logits
    return logits[0]


class _StandIn(nn.Module):
    """Answers for a module, and has all of its attributes."""

    def __init__(self, original: nn.Module) -> None:
        super().__init__()
        self.__dict__["_original"] = original  # not a submodule: it stays where it is

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_original"], name)


class _Decoder(_StandIn):
    def __init__(self, original: nn.Module, hidden: Tensor) -> None:
        super().__init__(original)
        self.__dict__["_hidden"] = hidden

    def forward(self, *_: object, **__: object) -> _Output:
        return _Output(last_hidden_state=self.__dict__["_hidden"])


class _Head(_StandIn):
    def __init__(self, original: nn.Module, multiply: Multiply) -> None:
        super().__init__(original)
        self.__dict__["_multiply"] = multiply

    def forward(self, hidden: Tensor, *_: object, **__: object) -> Tensor:
        logits: Tensor = self.__dict__["_multiply"](hidden.flatten(0, -2))
        return logits.view(*hidden.shape[:-1], -1)


class _Output(BaseModelOutputWithPast):  # type: ignore[misc]
    """A decoder's output with nothing beside the hidden states: what else is asked of it is None."""

    def __getattr__(self, _: str) -> None:
        return None


@contextmanager
def _in_place_of(model: nn.Module, module: nn.Module, stand_in: nn.Module) -> Iterator[None]:
    parent, name = next(
        (parent, name) for parent in model.modules() for name, child in parent._modules.items() if child is module
    )
    parent._modules[name] = stand_in
    try:
        yield
    finally:
        parent._modules[name] = module
