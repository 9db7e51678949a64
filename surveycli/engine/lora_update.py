"""What LoRA adds to a matrix product on a processor, in the number format of the base model.

peft computes it in float32, the format in which adapters are kept and learn, and draws dropout one number per element.
Beside a bfloat16 base both cost more than the base's own products. Here the two small matrices are rounded to the
base's format for the product, as automatic mixed precision does, and four elements share the bits of a random number.
In float32 nothing is rounded: the values are peft's own.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from surveycli.configuration import ModelSpec
from surveycli.engine.defaults import choose_device

_LEVELS = 1 << 16  # a probability of dropping is rounded to a multiple of 1 / 65536


class _Update(torch.autograd.Function):
    """base + factor (x * keep) A' B' for x (T, in), base (T, out), A (r, in), B (out, r).

    `keep` (T, in) has one byte per element, or is None without dropout. Kept for the backward pass are x, `keep` and
    (x * keep) A' (T, r).
    """

    @staticmethod
    def forward(
        context: Any, x: Tensor, base: Tensor, a: Tensor, b: Tensor, dropout: tuple[Tensor | None, float]
    ) -> Tensor:
        keep, factor = dropout
        narrow_a, narrow_b = a.to(x.dtype), b.to(x.dtype)
        low = _low(x, keep, narrow_a)
        context.save_for_backward(x, low, narrow_a, narrow_b, keep)
        context.factor, context.wide = factor, a.dtype
        return torch.addmm(base, low, narrow_b.T, alpha=factor)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, low, a, b, keep = context.saved_tensors
        needs_x, needs_base, needs_a, needs_b = context.needs_input_grad[:4]
        to_low = (gradient @ b).mul_(context.factor)
        to_x = to_a = to_b = None
        if needs_b:
            to_b = (low.T @ gradient).T.to(context.wide).mul_(context.factor)
        if needs_a:
            to_a = (to_low.T @ (x if keep is None else x * keep)).to(context.wide)
        if needs_x:
            to_x = to_low @ a
            to_x = to_x if keep is None else to_x.mul_(keep)
        return to_x, gradient if needs_base else None, to_a, to_b, None


def _low(x: Tensor, keep: Tensor | None, a: Tensor) -> Tensor:
    return (x if keep is None else x * keep) @ a.T


def drawn(shape: torch.Size, p: float) -> Tensor:
    """Return bytes of `shape` that are 0 with probability p, else 1; they follow from torch's random state.

    p is rounded to a multiple of 2^-16.
    """
    seed = int(torch.randint(np.iinfo(np.int64).max, ()))
    n = shape.numel()
    generator = np.random.Generator(np.random.SFC64(seed))
    numbers = generator.integers(0, 2**64 - 1, size=-(-n // 4), dtype=np.uint64, endpoint=True)
    # Each quarter of 64 bits is uniform over 0 to 65535, of which the lowest p 65536 drop an element.
    keep = numbers.view(np.uint16)[:n] >= round(p * _LEVELS)
    return torch.from_numpy(keep.view(np.uint8)).view(shape)


def hasten_adapters(model: Any, spec: ModelSpec) -> Any:
    """Return `model`, its LoRA matrices on a processor computed as this module has it; others stay as they are."""
    if choose_device(spec.device).type == "cpu" and not spec.compiled:
        from peft.tuners.lora.layer import Linear

        for module in model.modules():
            if type(module) is Linear and type(module.base_layer) is nn.Linear and not module.lora_variant:
                module.forward = partial(_forward, module, module.forward)
    return model


def _forward(module: Any, as_peft_has_it: Any, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
    adapters = module.active_adapters
    is_plain = not (arguments or options or module.disable_adapters or module.merged)
    if not is_plain or len(adapters) != 1 or adapters[0] not in module.lora_A:
        return cast("Tensor", as_peft_has_it(x, *arguments, **options))
    (name,) = adapters
    a, b = module.lora_A[name], module.lora_B[name]
    if a.bias is not None or b.bias is not None or module.base_layer.weight.dtype != x.dtype:
        return cast("Tensor", as_peft_has_it(x))
    base = module.base_layer(x)
    p = getattr(module.lora_dropout[name], "p", 0.0) if module.training else 0.0
    dropped = round(p * _LEVELS)
    flat = x.flatten(0, -2)
    keep = drawn(flat.shape, p) if dropped else None
    if keep is not None and flat.is_meta:  # a plan counts what would be kept
        keep = keep.to("meta")
    factor = float(module.scaling[name]) * _LEVELS / (_LEVELS - dropped)
    flat_base = base.flatten(0, -2)
    if not torch.is_grad_enabled():  # the base's product is needed nowhere else, so the update goes into its place
        low = _low(flat, keep, a.weight.to(x.dtype))
        return cast("Tensor", flat_base.addmm_(low, b.weight.to(x.dtype).T, alpha=factor).view(base.shape))
    update: Any = _Update.apply  # torch declares no types for it
    return cast("Tensor", update(flat, flat_base, a.weight, b.weight, (keep, factor)).view(base.shape))
