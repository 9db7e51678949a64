"""The loss on shifts between populations against a reference in float64, one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.shift import shift_losses


def test_the_loss_is_that_of_each_pair() -> None:
    """For items of 2 and 4 options, each prompt's loss is the weighted mean over the other populations of its item.

    A population whose item stands alone has none, and shares that shift as people do have the loss 0 but for smoothing.
    """
    rng = np.random.default_rng(1)
    n_options, group = np.array([4, 4, 2, 2, 2, 4]), np.array([0, 0, 1, 1, 1, 2])
    n = rng.uniform(50, 2000, 6)
    human, predicted = np.zeros((6, 4)), np.zeros((6, 4))
    for row, k in enumerate(n_options):
        human[row, :k], predicted[row, :k] = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k))
    expected = np.zeros(6)
    for c, k in enumerate(n_options):
        total = weights = 0.0
        for other in range(6):
            if other == c or group[other] != group[c]:
                continue
            smooth = (human[other, :k] * n[other] + 0.5) / (n[other] + 0.5 * k)
            shifted = smooth * predicted[c, :k] / predicted[other, :k]
            shifted /= shifted.sum()
            weight = n[other] / (n[other] + 200)
            total += weight * (human[c, :k] * np.log(human[c, :k] / shifted)).sum()
            weights += weight
        expected[c] = total / weights if weights else 0.0
    present = torch.from_numpy(np.arange(4) < n_options[:, None])
    log_p = torch.from_numpy(predicted).log()
    found = shift_losses(log_p, present, torch.from_numpy(human), torch.from_numpy(n), torch.from_numpy(group))
    assert found.numpy() == pytest.approx(expected, abs=1e-12)
    assert found[5] == 0
    perfect = shift_losses(
        torch.from_numpy(human).log(), present, torch.from_numpy(human), torch.from_numpy(n), torch.from_numpy(group)
    )
    assert perfect.max() < 0.01


def test_its_gradient_moves_the_ratio_alone() -> None:
    """Where all populations' predictions move alike, the loss does not change: the level is not its concern."""
    rng = np.random.default_rng(2)
    log_p = torch.from_numpy(np.log(rng.dirichlet(np.ones(3), 4))).requires_grad_()
    human, n = torch.from_numpy(rng.dirichlet(np.ones(3), 4)), torch.full((4,), 1000.0, dtype=torch.float64)
    one = torch.zeros(4, dtype=torch.int64)
    loss = shift_losses(log_p, torch.ones(4, 3, dtype=torch.bool), human, n, one).sum()
    (gradient,) = torch.autograd.grad(loss, log_p)
    assert gradient.sum(dim=0).numpy() == pytest.approx(np.zeros(3), abs=1e-12)
    assert gradient.abs().max() > 0.01
