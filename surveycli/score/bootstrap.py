"""Intervals for means over cells, by resampling whole items, whole populations, or both.

Cells of one item, or of one population, err together: an interval that took cells for independent would be far too
narrow. Resampling both ways at once is the pigeonhole bootstrap (Owen 2007): a cell counts as often as its item was
drawn times as often as its population was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr, stdtrit

from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.pooling import sum_by
from surveycli.grouping import Clusters


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made: clusters, number of draws, seed, and how often an interval should hold the truth."""

    clusters: Clusters = Clusters.BOTH
    n_draws: int = 1000
    seed: int = 1
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Draws:
    """B resampled means of M columns (B, M), and the degrees of freedom of the first: clusters that count, less one."""

    means: Floats
    freedom: float


def resample_means(values: Floats, item: Ints, population: Ints, how: Resampling) -> Draws | None:
    """Return the resampled means of `values` (N, M), or None where there are no two clusters to draw from.

    A direction with a single cluster (one item, one country) is taken as given.
    """
    by_item, n_items = _dense(item)
    by_population, n_populations = _dense(population)
    draw_items = how.clusters is not Clusters.POPULATION and n_items > 1
    draw_populations = how.clusters is not Clusters.ITEM and n_populations > 1
    if not (draw_items or draw_populations):
        return None
    columns = np.column_stack([values, np.ones(len(values))])
    if draw_items and draw_populations:
        total = _pigeonhole(columns, by_item * n_populations + by_population, (n_items, n_populations), how)
    else:
        group, n_clusters = (by_item, n_items) if draw_items else (by_population, n_populations)
        total = _times_drawn(n_clusters, how.n_draws, how.seed) @ sum_by(group, columns, n_clusters)
    total = total[total[:, -1] > 0]
    directions = [(by_item, n_items)] * draw_items + [(by_population, n_populations)] * draw_populations
    return Draws(total[:, :-1] / total[:, -1:], _freedom(values[:, 0], directions))


def interval(draws: Floats, freedom: float, level: float) -> tuple[float, float]:
    """Return the expanded percentile interval of resampled values (B,), which may be infinite.

    With f degrees of freedom the percentiles are those that a normal distribution has where a Student t, times
    sqrt((f+1) / f), has its own: plain percentiles are too narrow when clusters are few (Hesterberg 2015).
    """
    t = stdtrit(freedom, (1 - level) / 2) * np.sqrt((freedom + 1) / freedom)
    tail = float(ndtr(t))
    # An observed value, not one between two: the values may be infinite.
    low, high = np.quantile(draws, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def mean_interval(
    values: Floats, item: Ints, population: Ints, how: Resampling
) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of the mean of `values` (N,), NaN left out, or Nones where it cannot be told."""
    defined = np.isfinite(values)
    draws = resample_means(values[defined][:, None], item[defined], population[defined], how)
    return (None, None) if draws is None else interval(draws.means[:, 0], draws.freedom, how.level)


def _freedom(values: Floats, directions: list[tuple[Ints, int]]) -> float:
    """Return Satterthwaite's degrees of freedom: of few and many clusters, those weigh more that vary more."""
    apart = values - values.mean()
    variances = [float((np.bincount(group, weights=apart, minlength=n) ** 2).sum()) for group, n in directions]
    if not sum(variances):
        return float(min(n for _, n in directions) - 1)
    return sum(variances) ** 2 / sum(v**2 / (n - 1) for v, (_, n) in zip(variances, directions, strict=True))


def _dense(labels: Ints) -> tuple[Ints, int]:
    distinct, index = np.unique(labels, return_inverse=True)
    return index, len(distinct)


@cache
def _times_drawn(n_clusters: int, n_draws: int, seed: int) -> Floats:
    """Return how often each cluster is drawn, each row summing to the number of clusters: (B, G)."""
    generator = np.random.default_rng([seed, n_clusters])
    return generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=n_draws).astype(np.float64)


def _pigeonhole(columns: Floats, place: Ints, shape: tuple[int, int], how: Resampling) -> Floats:
    """Return, per draw, the sums of columns (N, M) weighted by both draws: (B, M)."""
    n_items, n_populations = shape
    items = _times_drawn(n_items, how.n_draws, how.seed)
    populations = _times_drawn(n_populations, how.n_draws, how.seed + 1)
    total = np.empty((how.n_draws, columns.shape[1]))
    for column in range(columns.shape[1]):
        block = np.bincount(place, weights=columns[:, column], minlength=n_items * n_populations).reshape(shape)
        total[:, column] = ((items @ block) * populations).sum(axis=1)
    return total
