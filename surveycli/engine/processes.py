"""Several processes that train or predict together, one per GPU, as `accelerate launch` or `torchrun` starts them.

Every process holds the whole model, or of a sharded one (engine/sharding.py) a slice of each layer, and computes its
share of the rows; gradients are added up, so all take the same step. Only the first writes. All must see the same run
folder. Where one fails, its launcher ends the others, and the run goes on from its last checkpoint.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from surveycli.distribution.arrays import Floats
from surveycli.engine.launch import is_launched
from surveycli.errors import SurveyError, conflict

# Gradients of an adapter are hundreds of small tensors; they are added up in joined pieces of so many numbers.
_PIECE = 1 << 25


@dataclass(frozen=True, slots=True)
class Processes:
    """This process's place among `count`. One process needs no communication and does none."""

    index: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.index == 0

    def share(self, costs: Sequence[int]) -> list[int]:
        """Return which pieces of work, given what each costs, are this process's: the dearest first to the least busy.

        >>> Processes(0, 2).share([5, 1, 3, 3]), Processes(1, 2).share([5, 1, 3, 3])
        ([0, 1], [2, 3])
        """
        busy = [0] * self.count
        mine = []
        for number in sorted(range(len(costs)), key=lambda n: -costs[n]):
            process = busy.index(min(busy))
            busy[process] += costs[number]
            if process == self.index:
                mine.append(number)
        return sorted(mine)

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over the processes."""
        if self.count == 1:
            return
        for piece in _pieces(tensors):
            joined = torch.cat([tensor.flatten() for tensor in piece])
            dist.all_reduce(joined)
            for tensor, part in zip(piece, torch.split(joined, [t.numel() for t in piece]), strict=True):
                tensor.copy_(part.view_as(tensor))

    def total(self, value: float) -> float:
        """Return the sum of a number over the processes."""
        if self.count == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64, device=_device())
        dist.all_reduce(tensor)
        return float(tensor)

    def summed(self, values: Floats) -> Floats:
        """Return the sum of an array over the processes."""
        if self.count == 1:
            return values
        tensor = torch.from_numpy(values).to(_device())
        dist.all_reduce(tensor)
        return np.asarray(tensor.cpu().numpy())

    def as_first_has_it(self, value: float) -> float:
        """Return the first process's `value`, so that all decide alike on it."""
        return self.total(value if self.is_first else 0.0)

    def demand_same_base(self, fingerprint: str) -> None:
        """Raise SurveyError (exit 5) where processes have loaded models of different fingerprints."""
        self.demand_same(int(fingerprint[:12], 16), "the fingerprint of their base model, here as a number")

    def demand_same(self, value: float, what: str) -> None:
        """Raise SurveyError (exit 5) where processes differ in `value`, which is `what`."""
        if self.count == 1:
            return
        seen = torch.zeros(self.count, dtype=torch.float64, device=_device())
        seen[self.index] = value
        dist.all_reduce(seen)
        if len(set(seen.tolist())) > 1:
            raise _differ(what, seen.tolist())

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.count > 1:
            dist.barrier()


def _differ(what: str, seen: Sequence[float]) -> SurveyError:
    return conflict(
        f"The processes of this run differ in {what}: {', '.join(f'{value:g}' for value in seen)}.",
        "All processes need the same run folder, on a file system that they share.",
    )


def _pieces(tensors: Sequence[Tensor]) -> list[list[Tensor]]:
    """Return the tensors in order, in pieces of one number format and a bounded size."""
    pieces: list[list[Tensor]] = []
    room = 0
    for tensor in tensors:
        if not pieces or tensor.numel() > room or pieces[-1][0].dtype != tensor.dtype:
            pieces.append([])
            room = _PIECE
        pieces[-1].append(tensor)
        room -= tensor.numel()
    return pieces


def _device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


def join_processes() -> Processes:
    """Join the processes that a launcher started, if one did, and take this process's GPU, if there are any.

    To be called before a model is loaded: until then every process means the first GPU by "cuda".
    """
    if not is_launched():
        return Processes()
    from accelerate import PartialState

    # Under an accelerate configuration with FSDP, transformers would load weights in the first process alone.
    os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"
    state = PartialState(cpu=not torch.cuda.is_available())
    atexit.register(_leave)
    return Processes(state.process_index, state.num_processes)


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
