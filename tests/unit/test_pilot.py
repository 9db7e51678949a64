"""Drawing a few respondents and shrinking their shares."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.distribution.pilot import choose_strength, draw_answers, shrink


def test_draws_never_fall_on_padding() -> None:
    """Each cell has exactly n answers, all among options that people chose."""
    shares = np.tile([1 / 3, 1 / 3, 1 / 3, 0, 0], (2000, 1))
    counts = draw_answers(shares, 7, np.random.default_rng(1))
    assert (counts.sum(axis=1) == 7).all()
    assert counts[:, 3:].sum() == 0


def test_draws_follow_the_shares() -> None:
    """Over many cells the mean count is n times the share, within four standard errors."""
    shares = np.tile([0.5, 0.3, 0.2], (20_000, 1))
    means = draw_answers(shares, 4, np.random.default_rng(2)).mean(axis=0)
    assert means == pytest.approx(4 * shares[0], abs=4 * np.sqrt(4 * 0.25 / 20_000))


def test_draws_take_one_number_per_cell() -> None:
    """Cells may ask different numbers of people."""
    counts = draw_answers(np.full((3, 2), 0.5), np.array([1, 5, 9]), np.random.default_rng(3))
    assert counts.sum(axis=1).tolist() == [1, 5, 9]


def test_shrink_by_hand() -> None:
    """Two answers for the first option and a prior worth two respondents: (2 + 2/4) / 4."""
    counts, prior = np.array([[2.0, 0.0]]), np.array([[0.25, 0.75]])
    assert shrink(counts, prior, 2.0) == pytest.approx(np.array([[0.625, 0.375]]))


def test_shrink_between_prior_and_shares() -> None:
    """Without respondents the prior stands; no strength leaves the shares."""
    prior = np.array([[0.25, 0.75]])
    for strength in (0.0, 2.0):
        assert shrink(np.zeros((1, 2)), prior, strength) == pytest.approx(prior)
    assert shrink(np.array([[3.0, 1.0]]), prior, 0.0) == pytest.approx(np.array([[0.75, 0.25]]))


def test_strength_is_high_for_a_perfect_prior_and_low_for_a_useless_one() -> None:
    """A prior that is the truth is leant on as far as the grid goes; one that is far off hardly at all."""
    truth = np.random.default_rng(4).dirichlet(np.ones(4), 300)
    far = np.roll(np.eye(4)[truth.argmax(axis=1)], 1, axis=1)
    assert choose_strength(truth, truth, 5, seed=1) == 512.0
    assert choose_strength(truth, far, 50, seed=1) < 3.0
