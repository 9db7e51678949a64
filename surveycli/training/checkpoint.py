"""Where a training stands, kept so that a kill at any moment loses at most the steps since the last checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch

from surveycli.domain import Familiarity
from surveycli.engine.defaults import precision_of
from surveycli.engine.foreign import library_writes
from surveycli.engine.forward import parameter_dtype
from surveycli.engine.weights import trained_parameters
from surveycli.errors import conflict
from surveycli.run_folder import RunFolder
from surveycli.run_folder.folder import replacing


@dataclass(frozen=True, slots=True)
class ValidationLosses:
    """Mean losses of one epoch on cells that were not learnt from, in nats.

    `validation` is that of the validation part, None where there is none. `of_kind` has those of known and of new
    items, where these are not one and the same.
    """

    validation: float | None = None
    of_kind: Mapping[Familiarity, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """The epoch (0: none) with the lowest loss so far, and the name of the folder that keeps its weights."""

    loss: float = math.inf
    epoch: int = 0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Finished epochs and steps, the running loss of the epoch under way, and the best epochs so far.

    `best` is by the validation part, without one the newest; `best_of_kind` has that of each kind of item that is told
    apart from the first epoch on.
    """

    epoch: int = 0
    step: int = 0
    step_in_epoch: int = 0
    loss_sum: float = 0.0
    n_examples: int = 0
    best: BestEpoch = BestEpoch()
    best_of_kind: Mapping[Familiarity, BestEpoch] = field(default_factory=dict)

    @property
    def newest_best(self) -> int:
        """The last epoch that was the best of anything."""
        return max(best.epoch for best in (self.best, *self.best_of_kind.values()))

    @property
    def mean_loss(self) -> float:
        """The mean training loss of the epoch under way."""
        return self.loss_sum / max(1, self.n_examples)

    def after_step(self, loss: float, n_examples: int) -> TrainingState:
        """Return the state one optimiser step later."""
        return replace(
            self,
            step=self.step + 1,
            step_in_epoch=self.step_in_epoch + 1,
            loss_sum=self.loss_sum + loss * n_examples,
            n_examples=self.n_examples + n_examples,
        )

    def after_epoch(self, losses: ValidationLosses) -> TrainingState:
        """Return the state at the start of the next epoch."""
        epoch = self.epoch + 1
        before = self.best_of_kind if self.epoch else {kind: BestEpoch() for kind in losses.of_kind}
        return replace(
            self,
            epoch=epoch,
            step_in_epoch=0,
            loss_sum=0.0,
            n_examples=0,
            best=_better(self.best, losses.validation, epoch),
            best_of_kind={kind: _better(best, losses.of_kind.get(kind), epoch) for kind, best in before.items()},
        )

    def kept_in(self, folder: str) -> TrainingState:
        """Return the state with `folder` as that of what the epoch just finished was the best of."""

        def named(best: BestEpoch) -> BestEpoch:
            return replace(best, folder=folder) if best.epoch == self.epoch else best

        of_kind = {kind: named(best) for kind, best in self.best_of_kind.items()}
        return replace(self, best=named(self.best), best_of_kind=of_kind)

    def plain(self) -> dict[str, Any]:
        """Return the state as plain values."""
        of_kind = {kind.value: asdict(best) for kind, best in self.best_of_kind.items()}
        return {**asdict(replace(self, best_of_kind={})), "best_of_kind": of_kind}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> TrainingState:
        """Return the state of plain values; of 0.1.0, which knew one best epoch, with that one."""
        found = dict(plain)
        if "best" not in found:
            found["best"] = {name: found.pop(f"best_{name}") for name in ("loss", "epoch", "folder")}
        of_kind = {Familiarity(kind): BestEpoch(**best) for kind, best in found.pop("best_of_kind", {}).items()}
        return cls(**{**found, "best": BestEpoch(**found["best"])}, best_of_kind=of_kind)


def _better(best: BestEpoch, loss: float | None, epoch: int) -> BestEpoch:
    """Return the better one of an epoch before and the newest; the newest where there is no loss to tell by."""
    if loss is None:
        return BestEpoch(epoch=epoch)
    return BestEpoch(loss, epoch) if loss < best.loss else best


def save_checkpoint(
    folder: RunFolder, model: Any, optimiser: torch.optim.Optimizer, state: TrainingState, fingerprint: str
) -> None:
    """Write one file with trainable weights, optimiser and progress; renamed into place when whole.

    There is no random state in it: plans and dropout follow from the run's seed, the step and the row.
    """
    folder.checkpoint.mkdir(parents=True, exist_ok=True)
    content = {
        "state": state.plain(),
        "weights": {name: p.detach().cpu() for name, p in trained_parameters(model).items()},
        "optimiser": optimiser.state_dict(),
        "base_fingerprint": fingerprint,
        "precision": precision_of(parameter_dtype(model)).value,
    }
    path = folder.checkpoint / "state.pt"
    with replacing(path) as aside, library_writes(path), aside.open("wb") as file:
        torch.save(content, file)


def precision_of_checkpoint(folder: RunFolder) -> str | None:
    """Return the number format that a training was begun in, "" if its checkpoint does not say; None without one."""
    path = folder.checkpoint / "state.pt"
    if not path.is_file():
        return None
    return str(torch.load(path, map_location="cpu", weights_only=True, mmap=True).get("precision", ""))


def load_checkpoint(
    folder: RunFolder, model: Any, optimiser: torch.optim.Optimizer, fingerprint: str
) -> TrainingState | None:
    """Put model and optimiser back where the checkpoint left them; None where there is no checkpoint.

    Raises SurveyError (exit 5) where it belongs to another base model.
    """
    path = folder.checkpoint / "state.pt"
    if not path.is_file():
        return None
    content = torch.load(path, map_location="cpu", weights_only=True)
    if content["base_fingerprint"] != fingerprint:
        raise conflict(
            f"{path} belongs to a base with fingerprint {content['base_fingerprint']}; this one has {fingerprint}.",
            "Resume with the model, revision and precision that the run began with.",
        )
    parameters = trained_parameters(model)
    with torch.no_grad():
        for name, value in content["weights"].items():
            parameters[name].copy_(value)
    optimiser.load_state_dict(content["optimiser"])
    return TrainingState.of(content["state"])
