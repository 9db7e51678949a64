"""Compute a decoder's last layer only where its output is read.

Of the last layer, the other positions contribute keys and values and nothing else. So the layer runs twice: once over
all positions, stopped as soon as it has handed its keys and values to the cache, and once over the positions that are
read, with those keys and values coming back from the cache. The layer's own code does both, whatever its
architecture, as long as it speaks the cache protocol of transformers; one that does not simply runs as always. Layers
that keep more than keys and values are found by the self-check (self_check.py), and computed whole.

Under gradient checkpointing this layer is not checkpointed: its recomputation would come after the block below, when
the layer computes all positions again, and what it keeps at the leaves is small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from torch import Tensor, nn

from surveycli.engine.own_head import causal_model

# Models whose last layer has a state beyond keys and values, or passes them on: it is computed whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


def compute_last_layer_whole(model: nn.Module) -> None:
    """Have the last layer of this model computed for all positions from now on."""
    _WHOLE.add(causal_model(model))


def prunes_last_layer(model: nn.Module) -> bool:
    """Return whether the last layer is computed only where it is read, as far as its code allows."""
    return causal_model(model) not in _WHOLE


class _KeysAndValuesTaken(Exception):  # noqa: N818 - it ends a computation that has done its part; nothing went wrong
    """The layer has handed over its keys and values; the rest of it is not needed."""


class _Taking:
    """A cache that takes the keys and values of all positions and stops the layer there."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def update(self, keys: Tensor, values: Tensor, *_: object, **__: object) -> None:
        self.keys, self.values = keys, values
        raise _KeysAndValuesTaken

    def get_seq_length(self, *_: object) -> int:
        return 0


class _Giving:
    """A cache that gives back the keys and values of all positions instead of those just computed."""

    def __init__(self, taken: _Taking) -> None:
        self._taken = taken

    def update(self, *_: object, **__: object) -> tuple[Tensor | None, Tensor | None]:
        return self._taken.keys, self._taken.values

    def get_seq_length(self, *_: object) -> int:
        return 0


@contextmanager
def last_layer_at(decoder: Any, leaf: Tensor, leaf_mask: Any) -> Iterator[Callable[[], bool]]:
    """Within the block, `decoder` computes its last layer at positions `leaf` (B, n) alone.

    `leaf_mask` says what those positions may attend to, in the form the attention wants. Yields a function that tells,
    after the forward pass, whether the last hidden states are those of the leaves (B, n, H) or of all positions.
    """
    layers = getattr(decoder, "layers", None)
    if layers is None:
        yield lambda: False
        return
    layer = layers[-1]
    original = layer.forward
    pruned = False

    def at_leaves(hidden: Tensor, *arguments: Any, **options: Any) -> Any:
        nonlocal pruned
        taking = _Taking()
        try:
            whole = original(hidden, *arguments, **{**options, "past_key_values": taking})
        except _KeysAndValuesTaken:
            pruned = True
        else:
            return whole
        return original(_at(hidden, leaf), **_options_at(options, leaf, leaf_mask, _Giving(taking)))

    layer.forward = at_leaves
    recomputes = getattr(layer, "gradient_checkpointing", False)
    if recomputes:
        layer.gradient_checkpointing = False
    try:
        yield lambda: pruned
    finally:
        del layer.forward
        if recomputes:
            layer.gradient_checkpointing = True


def _options_at(options: dict[str, Any], leaf: Tensor, leaf_mask: Any, cache: _Giving) -> dict[str, Any]:
    changed = {**options, "past_key_values": cache, "attention_mask": leaf_mask}
    if options.get("position_ids") is not None:
        changed["position_ids"] = options["position_ids"].expand(leaf.shape[0], -1).gather(1, leaf)
    if options.get("position_embeddings") is not None:
        changed["position_embeddings"] = tuple(_at(part, leaf) for part in options["position_embeddings"])
    return changed


def _at(values: Tensor, leaf: Tensor) -> Tensor:
    """Return `values` (B or 1, T, H) at positions `leaf` (B, n): (B, n, H)."""
    # gather takes one index per value, so each leaf's position is repeated over the H values there.
    expanded = values.expand(leaf.shape[0], -1, -1)
    return expanded.gather(1, leaf[..., None].expand(-1, -1, values.shape[-1]))
