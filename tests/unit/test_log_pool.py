"""Log-linear pools: which weights are found, their intervals, and members that lack a cell."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.baseline.evidence.log_pool import fit_weights, pooled_shares
from surveycli.distribution.arrays import AnsweredCells, Catalogue, Floats, Ints

N, K, N_BATTERIES = 400, 4, 20


def softmax(logits: Floats) -> Floats:
    raised = np.exp(logits)
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def validation(shares: Floats) -> tuple[AnsweredCells, Ints]:
    """Return cells with these answers, and 20 batteries that they are of."""
    item = np.arange(N) % 40
    catalogue = Catalogue(tuple(("s", f"Q{i:02d}") for i in range(40)), tuple(f"P{i}" for i in range(N)))
    return AnsweredCells(catalogue, item, np.arange(N), np.full(N, K), shares, np.full(N, 1e3)), item % N_BATTERIES


def test_true_weights_are_found_again() -> None:
    """People who answer by p1^0.7 p2^0.2 are fitted by these weights; a third, unrelated member gets none."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(3, N, K))
    cells, battery = validation(softmax(0.7 * logits[0] + 0.2 * logits[1]))
    weights = fit_weights(softmax(logits), cells, battery)
    assert weights.value == pytest.approx([0.7, 0.2, 0.0], abs=0.02)
    assert weights.ridge == 0
    assert np.all(weights.low <= weights.value + 1e-9) and np.all(weights.value <= weights.high + 1e-9)
    assert weights.low[0] > 0.5 and weights.high[2] < 0.05


def test_a_pool_of_noise_is_nearly_uniform() -> None:
    """Members that have nothing to do with what people answered get weights near 0, which is the uniform prediction."""
    rng = np.random.default_rng(2)
    cells, battery = validation(softmax(0.3 * rng.normal(size=(N, K))))
    weights = fit_weights(softmax(rng.normal(size=(2, N, K))), cells, battery)
    assert weights.value.sum() < 0.1


def test_a_member_without_a_prediction_leaves_it_to_the_others() -> None:
    """Where one member has none, the pool is the other member's share of it."""
    members = np.array([[[np.nan, np.nan]], [[0.9, 0.1]]])
    pooled = pooled_shares(members, np.array([0.5, 1.0]), np.array([2]))
    assert pooled == pytest.approx(np.array([[0.9, 0.1]]))


def test_options_that_an_item_lacks_stay_empty() -> None:
    """Padding beyond an item's options has probability 0, whatever the weights."""
    members = np.array([[[0.6, 0.4, 0.0]], [[0.2, 0.8, 0.0]]])
    assert pooled_shares(members, np.array([0.0, 0.0]), np.array([2])) == pytest.approx(np.array([[0.5, 0.5, 0.0]]))


def test_one_battery_has_no_intervals() -> None:
    """With nothing to resample the weights have no intervals, and the best member is leant on."""
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(2, N, K))
    cells, battery = validation(softmax(logits[1]))
    weights = fit_weights(softmax(logits), cells, np.zeros_like(battery))
    assert np.isnan(weights.low).all() and weights.n_batteries == 1
    assert weights.value == pytest.approx([0, 1], abs=0.05)
