"""Frozen weights shared out over the processes of a run, for a model that one GPU does not hold (FSDP2).

Each process keeps a slice of every decoder layer and gathers a layer's other slices while it computes with it. What is
trained stays whole on every process, so that gradients, optimiser and checkpoints are those of unsharded weights; so do
the embeddings and lm_head, of which single rows are read. The weights are loaded into main memory first.

Gathering takes every process: all must go through the model equally often, those out of rows with a row that counts for
nothing (`Pace`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from surveycli.engine.own_head import decoder_of
from surveycli.engine.processes import Processes
from surveycli.errors import bad_input


def shard_model(model: Any, device: torch.device) -> None:
    """Move a model in main memory to `device` layer by layer, keeping this process's slice of each layer.

    Raises SurveyError (exit 3) for an architecture without a list of layers.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    decoder = decoder_of(model)
    layers = getattr(decoder, "layers", None)
    if not isinstance(layers, nn.ModuleList):
        raise bad_input(f"{type(model).__name__} has no list of layers to shard.", "Leave out --shard-model.")
    model.requires_grad_(False)  # a gradient of a slice would be reduced at every row
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    for layer in layers:
        fully_shard(layer, mesh=mesh)
    in_layers = {id(parameter) for parameter in layers.parameters()}
    whole = {parameter for parameter in model.parameters() if id(parameter) not in in_layers}
    model.to(device)
    # The decoder is sharded last and over nothing more: it joins the layers, so that one is gathered during another.
    fully_shard(decoder, mesh=mesh, ignored_params=whole)


def is_sharded(model: Any) -> bool:
    """Return whether the processes hold slices of this model's layers."""
    from torch.distributed.fsdp import FSDPModule

    return any(isinstance(module, FSDPModule) for module in model.modules())


@dataclass(frozen=True, slots=True)
class Pace:
    """Has processes go through a sharded model equally often. With a whole model it does nothing."""

    processes: Processes
    model_is_sharded: bool

    def before_row(self) -> None:
        """Tell the others that this process has a row to compute."""
        if self.model_is_sharded:
            self.processes.total(1.0)

    def while_others_compute(self) -> Iterator[None]:
        """Yield once for each row that another process still computes after this one's last."""
        while self.model_is_sharded and self.processes.total(0.0) > 0:
            yield


def pace_of(processes: Processes, model: Any) -> Pace:
    """Return the pace at which these processes go through `model`."""
    return Pace(processes, processes.count > 1 and is_sharded(model))
