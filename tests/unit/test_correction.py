"""Strengths, posteriors, allocation and PPI++: what they find where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from surveycli.correction.allocate import allocate
from surveycli.correction.posterior import Posterior
from surveycli.correction.powered import People, choose_lambda
from surveycli.correction.strength import (
    STRENGTHS,
    UNKNOWN,
    concentrations,
    item_posteriors,
    learn_spread,
    log_likelihoods,
    spread_of,
)
from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.pooling import sum_by

K = 4


def drawn(
    strength: float, n: int, *, n_items: int = 30, n_cells: int = 10, seed: int = 1
) -> tuple[Floats, Floats, Ints]:
    """Return counts of n answers, predictions, and items of cells whose shares are Dirichlet(strength x prediction)."""
    rng = np.random.default_rng(seed)
    predicted = rng.dirichlet(np.ones(K), n_items * n_cells)
    shares = np.array([rng.dirichlet(strength * one + 1e-9) for one in predicted])
    counts = rng.multinomial(n, shares / shares.sum(axis=1, keepdims=True)).astype(float)
    return counts, predicted, np.repeat(np.arange(n_items), n_cells)


def everywhere(counts: Floats) -> np.ndarray:
    return np.ones(counts.shape, dtype=np.bool_)


@pytest.mark.parametrize("strength", [4.0, 64.0])
def test_the_strength_of_a_prediction_is_found(strength: float) -> None:
    """From 20 answers in each cell, the spread of strengths centres on the one that the shares were drawn with."""
    counts, predicted, item = drawn(strength, 20)
    spread = spread_of(counts, predicted, everywhere(counts), item)
    found = np.exp2((spread[1:] * np.log2(STRENGTHS)).sum() / spread[1:].sum())
    assert strength / 1.5 < found < strength * 1.5
    assert spread[0] < 0.1


def test_a_prediction_that_knows_nothing_is_found_out() -> None:
    """Where shares have nothing to do with predictions, the sample alone becomes the likelier account of each item."""
    counts, _, item = drawn(64.0, 50)
    nonsense = np.random.default_rng(9).dirichlet(np.full(K, 0.3), len(counts)) * 0.98 + 0.005
    by_item = sum_by(item, log_likelihoods(counts, nonsense, everywhere(counts)), 30)
    posterior = item_posteriors(by_item, learn_spread(by_item, UNKNOWN))
    strength = (posterior[:, 1:] * STRENGTHS).sum(axis=1)
    assert np.median(posterior[:, 0]) > 0.3
    assert np.median(strength) < 5


def test_the_likelihood_is_that_of_the_dirichlet_multinomial() -> None:
    """By hand: two answers to the first of two options, prediction (1/2, 1/2), strength 2: 1/2 x 2/3."""
    counts, predicted = np.array([[2.0, 0.0]]), np.array([[0.5, 0.5]])
    found = log_likelihoods(counts, predicted, everywhere(counts))
    place = 1 + STRENGTHS.tolist().index(2.0)
    assert np.exp(found[0, place]) == pytest.approx(1 / 3)
    assert np.exp(found[0, 0]) == pytest.approx(0.5 * 1.5 / 2)


def test_quantiles_and_moments_of_one_hypothesis_are_those_of_a_beta() -> None:
    """With all weight on one Dirichlet each share is Beta distributed, and worth its concentration in respondents."""
    concentration = np.array([[[3.0, 5.0, 12.0]]])
    posterior = Posterior(concentration, np.ones((1, 1)))
    assert posterior.mean() == pytest.approx(np.array([[0.15, 0.25, 0.6]]))
    assert posterior.quantile(0.975)[0, 0] == pytest.approx(beta.ppf(0.975, 3, 17), abs=1e-6)
    assert posterior.n_equivalent() == pytest.approx([20])


def test_intervals_hold_what_they_say() -> None:
    """Of shares drawn from the model itself, 95% intervals hold 95%, whatever the number of answers."""
    rng = np.random.default_rng(4)
    place = 1 + STRENGTHS.tolist().index(16.0)
    for n in (1, 5, 50):
        predicted = rng.dirichlet(np.full(K, 8.0), 3000)
        shares = np.array([rng.dirichlet(16 * one) for one in predicted])
        counts = rng.multinomial(n, shares).astype(float)
        concentration = concentrations(counts, predicted, everywhere(counts))[:, place : place + 1]
        posterior = Posterior(concentration, np.ones((len(counts), 1)))
        inside = (posterior.quantile(0.025) <= shares) & (shares <= posterior.quantile(0.975))
        assert 0.94 < inside.mean() < 0.96


@pytest.mark.parametrize("n_more", [1, 7, 100])
def test_allocation_is_the_best_there_is(n_more: int) -> None:
    """No answer can be moved from one cell to another so that the summed error falls."""
    rng = np.random.default_rng(n_more)
    spread, known = rng.uniform(0.1, 0.8, 12), rng.uniform(0, 40, 12)
    more = allocate(n_more, spread, known)
    assert more.sum() == n_more and (more >= 0).all()
    error = spread / (known + 1 + more)
    gain = error - spread / (known + 2 + more)
    loss = np.where(more > 0, spread / (known + np.maximum(more, 1)) - error, np.inf)
    assert loss.min() >= gain.max() * 0.75  # whole answers: not to the last digit


def people(agree: float, n: int, n_others: int) -> People:
    """Return a cell whose predictions are the answers with probability `agree`, else drawn at random."""
    rng = np.random.default_rng(3)
    answers = rng.choice(K, n + n_others, p=[0.4, 0.3, 0.2, 0.1])
    predicted = np.where(rng.random(n + n_others) < agree, answers, rng.integers(0, K, n + n_others))
    one_hot = np.eye(K)
    codes = (1, 2, 3, 4)
    return People(("s", "Q1", "KEN"), codes, one_hot[answers[:n]], one_hot[predicted[:n]], one_hot[predicted[n:]])


def test_lambda_is_one_for_oracles_and_zero_for_noise() -> None:
    """Perfect predictions of many others are trusted in full, random ones hardly."""
    assert choose_lambda([people(1.0, 100, 10_000)]) == pytest.approx(1, abs=0.02)
    assert choose_lambda([people(0.0, 100, 10_000)]) < 0.15


def test_the_optional_package_computes_the_same() -> None:
    """PPI++ of ppi-python with our lambda is the formula in the module's head."""
    from ppi_py import ppi_mean_pointestimate

    cell = people(0.7, 60, 600)
    trust = choose_lambda([cell])
    by_hand = cell.answers.mean(axis=0) + trust * (cell.others.mean(axis=0) - cell.predicted.mean(axis=0))
    assert ppi_mean_pointestimate(cell.answers, cell.predicted, cell.others, lam=trust) == pytest.approx(by_hand)
