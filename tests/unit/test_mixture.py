"""How much of a model to believe: found again where it is known, and none of it where it knows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.distribution.arrays import Floats
from surveycli.distribution.mixture import Mixture, fit_mixture, gains_over, log_floored, mixed

N, K, N_BATTERIES = 400, 4, 20
BATTERY = np.arange(N) % N_BATTERIES
N_OPTIONS = np.full(N, K)


def softmax(logits: Floats) -> Floats:
    raised = np.exp(logits)
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def drawn(seed: int, spread: float = 1.0) -> Floats:
    return softmax(spread * np.random.default_rng(seed).normal(size=(N, K)))


@pytest.mark.parametrize(("weight", "temperature"), [(1.0, 1.0), (0.6, 1.4), (0.3, 0.7)])
def test_weight_and_temperature_are_found_again(weight: float, temperature: float) -> None:
    """People who answer by a mixture are fitted by one that is nearly the same, and better than by the prior."""
    model, prior = drawn(1), drawn(2, 0.5)
    people = mixed(np.log(model), np.log(prior), weight, temperature)
    found = fit_mixture(model, prior, people, N_OPTIONS, BATTERY)
    assert found is not None and found.gain > 5 * found.error > 0
    assert found.weight == pytest.approx(weight, abs=0.06)
    assert found.weight / found.temperature == pytest.approx(weight / temperature, rel=0.15)
    assert np.abs(found.shares(model, prior, N_OPTIONS) - people).max() < 0.03


def test_a_model_that_knows_nothing_gets_no_weight() -> None:
    """Where people answer by the prior but for noise, the mixture is the prior to the last digit."""
    prior = drawn(3)
    people = softmax(np.log(prior) + 0.3 * np.random.default_rng(4).normal(size=(N, K)))
    found = fit_mixture(drawn(5), prior, people, N_OPTIONS, BATTERY)
    assert found is not None and found.weight == 0 and found.gain <= found.error
    assert found.shares(drawn(5), prior, N_OPTIONS) == pytest.approx(prior, abs=1e-12)


def test_a_model_that_knows_one_battery_is_not_believed() -> None:
    """What helps in one battery alone shows as no gain where batteries are left out of the choice."""
    prior = drawn(6)
    model = np.where((BATTERY == 0)[:, None], 0.9 * np.eye(K)[np.arange(N) % K] + 0.025, drawn(7))
    people = np.where((BATTERY == 0)[:, None], model, prior)
    found = fit_mixture(model, prior, people, N_OPTIONS, BATTERY)
    assert found is not None and found.weight == 0


def test_two_units_are_too_few() -> None:
    """Nothing can be told of how a choice does elsewhere by leaving out one of two."""
    assert fit_mixture(drawn(1), drawn(2), drawn(1), N_OPTIONS, BATTERY % 2) is None
    assert gains_over(drawn(1), drawn(2), drawn(1), np.zeros_like(BATTERY))[1] == np.inf


def test_items_of_fewer_options_keep_to_them() -> None:
    """Beyond an item's options there is no probability, whatever the weights."""
    shares = np.array([[0.7, 0.3, 0.0], [0.2, 0.3, 0.5]])
    found = Mixture(0.5, 2.0, 0.1, 0.01, 2, 3).shares(shares, shares[:, [1, 0, 2]], np.array([2, 3]))
    assert found[0, 2] == 0 and found.sum(axis=1) == pytest.approx([1, 1])
    assert np.isneginf(log_floored(shares, np.array([2, 3]))[0, 2])
