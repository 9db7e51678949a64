"""Gaps between groups and spreads within cells, on arrays small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from surveycli.distribution.arrays import AnsweredCells, Catalogue, Floats
from surveycli.score.gaps import Gaps, entropy_ratio, gaps_between, positions, spread_within


def cells(shares: list[list[float]], item: list[int], n: float = 1e9) -> AnsweredCells:
    """Return cells of as many populations."""
    count = len(shares)
    catalogue = Catalogue(tuple(("s", f"Q{i}") for i in range(count)), tuple(f"p{i}" for i in range(count)))
    k = np.full(count, len(shares[0]))
    return AnsweredCells(catalogue, np.array(item), np.arange(count), k, np.array(shares), np.full(count, n))


def test_positions_are_those_of_scipy() -> None:
    """Mean and variance of positions 0 to 1 are those of the distribution over them."""
    shares, k = np.array([[0.2, 0.3, 0.5, 0.0], [0.1, 0.4, 0.4, 0.1]]), np.array([3, 4])
    found = positions(shares, k)
    for row, (share, n) in enumerate(zip(shares, k, strict=True)):
        known = stats.rv_discrete(values=(np.arange(n), share[:n]))
        assert found[0][row] == pytest.approx(known.mean() / (n - 1))
        assert found[1][row] == pytest.approx(known.var() / (n - 1) ** 2)


def test_gaps_are_of_every_pair_within_its_group() -> None:
    """Three populations of one country and one of another, on one item, make three pairs; a second item one more."""
    shares = [[0.8, 0.2], [0.6, 0.4], [0.5, 0.5], [0.1, 0.9], [0.7, 0.3], [0.9, 0.1]]
    human = cells(shares, [0, 0, 0, 0, 1, 1])
    gaps = gaps_between(human, 1 - human.shares, np.array([0, 0, 0, 1, 0, 0]))
    assert sorted(np.abs(gaps.human)) == pytest.approx([0.1, 0.2, 0.2, 0.3])
    assert gaps.predicted == pytest.approx(-gaps.human)
    assert gaps.sign_rate == 0.0


def test_slope_and_kinds_by_hand() -> None:
    """Gaps of .2 predicted as -.1, 0, .05, .2 and .4: one flipped, two erased, one each of the rest."""
    gaps = Gaps(np.full(5, 0.2), np.array([-0.1, 0.0, 0.05, 0.2, 0.4]), np.zeros(5))
    assert gaps.kinds() == {"flipped": 1, "stereotyped": 1, "erased": 2, "aligned": 1}
    assert gaps.slope == pytest.approx(0.55 / 5 / 0.2)
    assert gaps.sign_rate == pytest.approx((0 + 0.5 + 1 + 1 + 1) / 5)


def test_slope_is_of_true_gaps() -> None:
    """A run that predicts two thirds of every true gap has that slope, though surveys of 100 blur the gaps they see."""
    generator = np.random.default_rng(3)
    truth = generator.dirichlet([4, 4, 4], 4000)
    predicted = truth.mean(axis=0) + 2 / 3 * (truth - truth.mean(axis=0))
    seen = np.array([generator.multinomial(100, share) for share in truth]) / 100
    human = cells(seen.tolist(), np.repeat(np.arange(2000), 2).tolist(), n=100)
    gaps = gaps_between(human, predicted, np.zeros(4000, dtype=int))
    assert gaps.slope == pytest.approx(2 / 3, abs=0.03)
    naive = (gaps.human * gaps.predicted).sum() / (gaps.human**2).sum()
    assert naive < 0.62


def test_only_gaps_beyond_noise_are_clear() -> None:
    """Of populations that do not differ, about one pair in twenty is beyond two standard errors; all that do are."""
    generator = np.random.default_rng(4)
    alike = (generator.multinomial(200, [0.5, 0.5], size=4000) / 200).tolist()
    gaps = gaps_between(
        cells(alike, np.repeat(np.arange(2000), 2).tolist(), n=200), np.array(alike), np.zeros(4000, int)
    )
    assert len(gaps.clear) / len(gaps) == pytest.approx(0.045, abs=0.02)
    apart = cells([[0.9, 0.1], [0.1, 0.9]], [0, 0], n=200)
    assert len(gaps_between(apart, apart.shares, np.zeros(2, int)).clear) == 1


def test_no_pairs_have_no_slope() -> None:
    """One population alone, or people whose number is not known, make no gap."""
    one, unknown = cells([[0.9, 0.1]], [0]), cells([[0.9, 0.1], [0.1, 0.9]], [0, 0], n=np.nan)
    for human in (one, unknown):
        gaps = gaps_between(human, human.shares, np.zeros(len(human), int))
        assert (len(gaps), gaps.slope, gaps.sign_rate) == (0, None, None)


@pytest.mark.parametrize("n", [30, 300])
def test_ratios_within_cells_are_one_for_the_truth(n: int) -> None:
    """Against surveys of 30 or 300 the truth is neither too sure nor too unsure, though the surveys look surer."""
    generator = np.random.default_rng(5)
    truth = generator.dirichlet(np.full(5, 3.0), 3000)
    seen: Floats = np.array([generator.multinomial(n, share) for share in truth]) / n
    human = cells(seen.tolist(), [0] * 3000, n=n)
    for ours, people in (entropy_ratio(human, truth), spread_within(human, truth)):
        assert ours / people == pytest.approx(1, abs=0.6 / n)
    sure = np.eye(5)[seen.argmax(axis=1)]
    assert entropy_ratio(human, sure)[0] == 0
