"""Intervals: what they resample, and that they hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.distribution.arrays import Floats, Ints
from surveycli.grouping import Clusters
from surveycli.score.bootstrap import Resampling, interval, mean_interval, resample_means

N_TRUTHS = 500


def synthetic(
    generator: np.random.Generator, shape: tuple[int, int], spread: tuple[float, float, float]
) -> tuple[Floats, Ints, Ints, Floats, Floats]:
    """Draw scores as 0.8 + item + population + noise on a grid a tenth of which is missing."""
    items = generator.normal(0, spread[0], shape[0])
    populations = generator.normal(0, spread[1], shape[1])
    scores = 0.8 + items[:, None] + populations[None, :] + generator.normal(0, spread[2], shape)
    item, population = np.nonzero(generator.random(shape) > 0.1)
    return scores[item, population], item, population, items, populations


@pytest.mark.parametrize(
    ("clusters", "shape", "spread"),
    [
        (Clusters.BOTH, (30, 25), (0.06, 0.03, 0.05)),
        (Clusters.BOTH, (40, 8), (0.06, 0.04, 0.05)),
        (Clusters.ITEM, (30, 25), (0.06, 0.03, 0.05)),
        (Clusters.POPULATION, (30, 25), (0.06, 0.03, 0.05)),
    ],
)
def test_coverage(clusters: Clusters, shape: tuple[int, int], spread: tuple[float, float, float]) -> None:
    """Of 500 synthetic truths the 95% interval of a mean holds 92 to 98 in a hundred.

    What is not resampled is given: the truth of an interval by item is the mean over these populations.
    """
    generator = np.random.default_rng(2024)
    how = Resampling(clusters, n_draws=400)
    held = 0
    for _ in range(N_TRUTHS):
        scores, item, population, items, populations = synthetic(generator, shape, spread)
        truth = 0.8
        truth += populations[population].mean() if clusters is Clusters.ITEM else 0
        truth += items[item].mean() if clusters is Clusters.POPULATION else 0
        low, high = mean_interval(scores, item, population, how)
        assert low is not None
        held += low <= truth <= high
    assert 0.92 <= held / N_TRUTHS <= 0.98


def test_cells_of_one_item_are_not_independent() -> None:
    """Where scores go by item, the interval is that of 20 items, several times that of 800 cells."""
    generator = np.random.default_rng(1)
    item, population = np.repeat(np.arange(20), 40), np.tile(np.arange(40), 20)
    scores = generator.normal(0.8, 0.1, 20)[item] + generator.normal(0, 0.01, 800)
    low, high = mean_interval(scores, item, population, Resampling(Clusters.ITEM))
    as_if_independent = 2 * 1.96 * scores.std() / np.sqrt(800)
    assert high - low > 4 * as_if_independent


def test_one_cluster_is_taken_as_given() -> None:
    """Of one item asked in many countries the countries are resampled; of one cell nothing can be said."""
    scores, zeros, many = np.arange(10.0), np.zeros(10, dtype=int), np.arange(10)
    assert mean_interval(scores, zeros, many, Resampling()) == mean_interval(
        scores, zeros, many, Resampling(Clusters.POPULATION)
    )
    assert mean_interval(scores, zeros, many, Resampling(Clusters.ITEM)) == (None, None)
    assert mean_interval(scores[:1], zeros[:1], many[:1], Resampling()) == (None, None)


def test_undefined_scores_are_left_out() -> None:
    """NaN counts for nothing: the interval is that of the other cells."""
    scores, item, population = np.array([0.1, np.nan, 0.5, 0.9]), np.array([0, 1, 2, 3]), np.arange(4)
    defined = np.isfinite(scores)
    assert mean_interval(scores, item, population, Resampling()) == mean_interval(
        scores[defined], item[defined], population[defined], Resampling()
    )


def test_same_seed_same_interval() -> None:
    """Intervals are reproducible, and depend on the seed."""
    generator = np.random.default_rng(8)
    scores, item, population = generator.random(60), np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    first, again, other = (mean_interval(scores, item, population, Resampling(seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_columns_are_resampled_together() -> None:
    """A column that is another plus one stays so in every draw: differences between columns are paired."""
    generator = np.random.default_rng(9)
    scores, item, population = generator.random(60), np.repeat(np.arange(12), 5), np.tile(np.arange(5), 12)
    draws = resample_means(np.column_stack([scores, scores + 1]), item, population, Resampling())
    assert draws is not None
    assert draws.means[:, 1] == pytest.approx(draws.means[:, 0] + 1)


def test_interval_widens_with_fewer_clusters() -> None:
    """The same draws give a wider interval when they come from five clusters than from five hundred."""
    draws = np.linspace(0, 1, 2001)
    few, many = interval(draws, 4, 0.95), interval(draws, 499, 0.95)
    assert few[0] < many[0] < many[1] < few[1]
    assert many == pytest.approx((0.025, 0.975), abs=0.002)


def test_interval_of_unbounded_values() -> None:
    """Values beyond the grid stay infinite instead of spoiling the interval."""
    draws = np.array([0.0] * 40 + [5.0] * 920 + [np.inf] * 40)
    assert interval(draws, 999, 0.95) == (0.0, np.inf)
    assert interval(draws, 999, 0.80) == (5.0, 5.0)
