"""Where a training stands, kept so that a kill at any moment loses at most the steps since the last checkpoint."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from surveycli.engine.foreign import library_writes
from surveycli.engine.weights import trained_parameters
from surveycli.errors import conflict
from surveycli.run_folder import RunFolder
from surveycli.run_folder.folder import replacing


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Finished epochs and steps, the running loss of the epoch under way, and the best epoch so far (0: none).

    `best_folder` names the folder of the best epoch's weights.
    """

    epoch: int = 0
    step: int = 0
    step_in_epoch: int = 0
    loss_sum: float = 0.0
    n_examples: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    best_folder: str = ""

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

    def after_epoch(self, validation_loss: float | None) -> TrainingState:
        """Return the state at the start of the next epoch; without a validation part the newest epoch is the best."""
        epoch = self.epoch + 1
        moved = replace(self, epoch=epoch, step_in_epoch=0, loss_sum=0.0, n_examples=0)
        if validation_loss is None:
            return replace(moved, best_epoch=epoch)
        if validation_loss < self.best_loss:
            return replace(moved, best_loss=validation_loss, best_epoch=epoch)
        return moved


def save_checkpoint(
    folder: RunFolder, model: Any, optimiser: torch.optim.Optimizer, state: TrainingState, fingerprint: str
) -> None:
    """Write one file with trainable weights, optimiser and progress; renamed into place when whole.

    There is no random state in it: plans and dropout follow from the run's seed, the step and the row.
    """
    folder.checkpoint.mkdir(parents=True, exist_ok=True)
    content = {
        "state": asdict(state),
        "weights": {name: p.detach().cpu() for name, p in trained_parameters(model).items()},
        "optimiser": optimiser.state_dict(),
        "base_fingerprint": fingerprint,
    }
    path = folder.checkpoint / "state.pt"
    with replacing(path) as aside, library_writes(path), aside.open("wb") as file:
        torch.save(content, file)


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
    return TrainingState(**content["state"])
