"""Where a training stands: which epoch is the best of what, and that it is read back as it was kept."""

from __future__ import annotations

import math
from pathlib import Path

import torch

from surveycli.domain import Familiarity
from surveycli.training.checkpoint import BestEpoch, TrainingState, ValidationLosses

KNOWN, NEW = Familiarity


def after(*losses: tuple[float | None, dict[Familiarity, float]], state: TrainingState | None = None) -> TrainingState:
    """Return the state after epochs with these losses, each best kept in a folder of its epoch."""
    state = state or TrainingState()
    for validation, of_kind in losses:
        state = state.after_epoch(ValidationLosses(validation, of_kind))
        state = state.kept_in(f"epoch-{state.epoch:03d}")
    return state


def test_each_loss_has_its_own_best_epoch() -> None:
    """Validation part, known items and new items are told apart; the newest of their epochs is what patience counts."""
    state = after((0.5, {KNOWN: 0.3, NEW: 0.6}), (0.4, {KNOWN: 0.2, NEW: 0.7}), (0.45, {KNOWN: 0.1, NEW: 0.8}))
    assert state.best == BestEpoch(0.4, 2, "epoch-002")
    assert state.best_of_kind == {KNOWN: BestEpoch(0.1, 3, "epoch-003"), NEW: BestEpoch(0.6, 1, "epoch-001")}
    assert state.newest_best == 3


def test_without_a_validation_part_the_newest_epoch_is_the_best() -> None:
    """Kinds that were held out of the training part are still told by their losses."""
    state = after((None, {KNOWN: 0.1}), (None, {KNOWN: 0.2}))
    assert state.best == BestEpoch(math.inf, 2, "epoch-002")
    assert state.best_of_kind == {KNOWN: BestEpoch(0.1, 1, "epoch-001")}


def test_a_state_is_kept_and_read_back(tmp_path: Path) -> None:
    """What torch writes without code in it is the state again."""
    state = after((0.5, {KNOWN: 0.3, NEW: 0.6}))
    torch.save(state.plain(), tmp_path / "state.pt")
    assert TrainingState.of(torch.load(tmp_path / "state.pt", weights_only=True)) == state


def test_a_checkpoint_of_before_goes_on() -> None:
    """One that knew a single best epoch keeps it, and tells no kinds apart once an epoch has ended."""
    kept = {"epoch": 2, "step": 9, "step_in_epoch": 1, "loss_sum": 1.5, "n_examples": 4}
    best = {"best_loss": 0.25, "best_epoch": 1, "best_folder": "epoch-001"}
    state = TrainingState.of({**kept, **best})
    assert state == TrainingState(**kept, best=BestEpoch(0.25, 1, "epoch-001"))
    assert after((0.3, {KNOWN: 0.1, NEW: 0.4}), state=state).best_of_kind == {}
    begun = TrainingState.of({**kept, "epoch": 0, "best_loss": math.inf, "best_epoch": 0, "best_folder": ""})
    assert after((0.3, {KNOWN: 0.1, NEW: 0.4}), state=begun).best_of_kind.keys() == {KNOWN, NEW}
