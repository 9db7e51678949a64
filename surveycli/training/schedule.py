"""How the learning rate runs over a training."""

from __future__ import annotations

import math

import torch

from surveycli.configuration import OptimiserSettings, Schedule
from surveycli.training.checkpoint import TrainingState


def learning_rate_at(settings: OptimiserSettings, step: int, epoch: int, n_steps: int) -> float:
    """Return the learning rate at a step: linear warm-up times the schedule's factor.

    per-epoch: rate x decay^epoch (Cao et al. 2025: 0.85). cosine: rate x (1 + cos(pi step / steps)) / 2.
    """
    warm = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    if settings.schedule is Schedule.COSINE:
        return settings.learning_rate * warm * (1 + math.cos(math.pi * step / n_steps)) / 2
    return settings.learning_rate * warm * settings.decay_per_epoch**epoch


def set_learning_rate(
    optimiser: torch.optim.Optimizer, settings: OptimiserSettings, state: TrainingState, steps_per_epoch: int
) -> None:
    """Give the optimiser the learning rate of the step that comes next."""
    rate = learning_rate_at(settings, state.step, state.epoch, settings.epochs * steps_per_epoch)
    for group in optimiser.param_groups:
        group["lr"] = rate
