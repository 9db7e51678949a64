"""Losses and probabilities against numpy in float64 and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import logsumexp, softmax
from scipy.stats import entropy, wasserstein_distance

from surveycli.configuration import Loss
from surveycli.engine.first_token import log_letter_mass, loss_per_prompt, option_log_probabilities, outside_mass

N, K = 24, 6
RANDOM = np.random.default_rng(5)
LOGITS = RANDOM.normal(0, 3, (N, K))
COUNTS = RANDOM.integers(2, K + 1, N)
PRESENT = np.arange(K)[None] < COUNTS[:, None]


def human_shares() -> np.ndarray:
    """Return random shares with some exact zeros."""
    shares = np.zeros((N, K))
    for row, count in zip(shares, COUNTS, strict=True):
        row[:count] = RANDOM.dirichlet(np.ones(count))
        if count > 2:
            row[RANDOM.integers(count)] = 0.0
    return shares / shares.sum(axis=1, keepdims=True)


HUMAN = human_shares()


def emd(p: np.ndarray, q: np.ndarray) -> float:
    """Return scipy's distance between options 0..K-1, as a fraction of the longest way."""
    places = np.arange(len(p))
    return wasserstein_distance(places, places, p, q) / (len(p) - 1)


REFERENCE = {
    Loss.KL: entropy,
    Loss.KL_PER_OPTION: lambda p, q: entropy(p, q) / len(p),
    Loss.CROSS_ENTROPY: lambda p, q: -np.sum(p * np.log(q)),
    Loss.JS: lambda p, q: jensenshannon(p, q) ** 2,
    Loss.EMD: emd,
}


@pytest.mark.parametrize("loss", Loss)
def test_losses_equal_their_formulas(loss: Loss) -> None:
    """Every loss equals scipy's or numpy's value in float64, whatever stands in the places of absent options."""
    logits = np.where(PRESENT, LOGITS, 1e4)
    ours = loss_per_prompt(torch.from_numpy(logits), torch.from_numpy(PRESENT), torch.from_numpy(HUMAN), loss)
    expected = [REFERENCE[loss](p[:n], softmax(z[:n])) for p, z, n in zip(HUMAN, LOGITS, COUNTS, strict=True)]
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", Loss)
def test_gradients_are_finite_and_sum_to_zero(loss: Loss) -> None:
    """With zero shares and far-off logits gradients stay finite, vanish for absent options, and sum to 0 per prompt."""
    logits = torch.from_numpy(LOGITS * 30).requires_grad_()
    loss_per_prompt(logits, torch.from_numpy(PRESENT), torch.from_numpy(HUMAN), loss).sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[~torch.from_numpy(PRESENT)] == 0).all()
    np.testing.assert_allclose(logits.grad.sum(-1).numpy(), 0, atol=1e-9)


@pytest.mark.parametrize("loss", sorted(set(Loss) - {Loss.EMD}))
def test_losses_do_not_know_the_order_of_options(loss: Loss) -> None:
    """Options in another order give the same loss; only emd, which measures along the scale, may differ."""
    full = torch.ones(N, K, dtype=torch.bool)
    human = torch.from_numpy(RANDOM.dirichlet(np.ones(K), N))
    logits, order = torch.from_numpy(LOGITS), torch.from_numpy(RANDOM.permutation(K))
    there = loss_per_prompt(logits, full, human, loss)
    back = loss_per_prompt(logits[:, order], full, human[:, order], loss)
    torch.testing.assert_close(there, back, rtol=1e-12, atol=1e-12)


def test_emd_is_largest_between_the_ends_and_blind_to_direction() -> None:
    """All mass at the first against all at the last option is 1, and mirroring both distributions changes nothing."""
    human = torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    logits = torch.tensor([[0.0, 0.0, 0.0, 800.0]], dtype=torch.float64)
    present = torch.ones(1, 4, dtype=torch.bool)
    assert loss_per_prompt(logits, present, human, Loss.EMD).item() == pytest.approx(1.0)
    ours = loss_per_prompt(torch.from_numpy(LOGITS[:1]), torch.ones(1, K, dtype=torch.bool), torch.eye(K)[:1], Loss.EMD)
    mirrored = loss_per_prompt(
        torch.from_numpy(LOGITS[:1, ::-1].copy()), torch.ones(1, K, dtype=torch.bool), torch.eye(K)[-1:], Loss.EMD
    )
    torch.testing.assert_close(ours, mirrored)


def test_probabilities_sum_to_one_over_present_options() -> None:
    """Each prompt's probabilities sum to 1 and are exactly 0 where an option is absent."""
    q = option_log_probabilities(torch.from_numpy(LOGITS), torch.from_numpy(PRESENT)).exp().numpy()
    np.testing.assert_allclose(q.sum(-1), 1, rtol=1e-12)
    assert (q[~PRESENT] == 0).all()


def test_outside_mass_is_one_minus_the_options_softmax() -> None:
    """It equals 1 minus the options' share of the softmax over the whole vocabulary."""
    vocabulary = RANDOM.normal(0, 2, (N, 50))
    vocabulary[:, :K] = LOGITS
    expected = [1 - softmax(row)[:n].sum() for row, n in zip(vocabulary, COUNTS, strict=True)]
    normaliser = torch.from_numpy(logsumexp(vocabulary, axis=1))
    ours = outside_mass(torch.from_numpy(LOGITS), torch.from_numpy(PRESENT), normaliser)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-12)


def test_the_cost_of_mass_outside_the_letters_is_its_formula_and_pulls_it_in() -> None:
    """It is the log of the letters' part in the vocabulary's softmax; its gradient raises every letter present."""
    others = RANDOM.normal(0, 3, (N, 50))
    logits = torch.from_numpy(LOGITS).requires_grad_()
    everything = torch.cat(
        [logits.masked_fill(~torch.from_numpy(PRESENT), -torch.inf), torch.from_numpy(others)], dim=1
    )
    masses = log_letter_mass(logits, torch.from_numpy(PRESENT), everything.logsumexp(dim=1))
    expected = [
        logsumexp(z[:n]) - logsumexp([*z[:n], *other]) for z, other, n in zip(LOGITS, others, COUNTS, strict=True)
    ]
    np.testing.assert_allclose(masses.detach().numpy(), expected, rtol=1e-9)
    masses.sum().backward()
    assert logits.grad is not None
    gradient = logits.grad.numpy()
    assert (gradient[PRESENT] > 0).all()
    assert (gradient[~PRESENT] == 0).all()
