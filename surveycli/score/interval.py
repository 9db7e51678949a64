"""Intervals of means over cells, for new countries and new batteries like those that there are.

Cells of one item err together, items of one battery do, and so do the populations of one country: an interval that took
them for independent would be far too narrow. A mean over cells is seen as mean + population (within country) + item
(within battery) + interaction; how much it would differ with other countries and batteries follows from how much these
effects vary. Few clusters tell that variance badly; a generalised interval (Weerahandi 1993) counts this in: the mean's
variance is drawn many times from what the sums of squares allow, each a chi-square, and the half-width h holds
|normal| sqrt(variance) at the wanted level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from scipy.special import chdtri, ndtr, ndtri

from surveycli.distribution.arrays import Bools, Floats, Ints
from surveycli.grouping import Clusters

LEVEL = 0.95
HOW_TO_READ = (
    "low to high: 95% interval for other clusters like these; (few): fewer than eight, whose variance is poorly "
    "known, so it is wide; (given): for this one only. low_all to high_all: intervals that hold for all rows at once."
)
FEW = 8  # the variance of fewer clusters than this is poorly known
Range = tuple[float, float]
ANYTHING: Range = (-np.inf, np.inf)
_N_DRAWS = 1000
_N_PASSES = 6
_N_STEPS = 25
_TINY = 1e-300
_STREAMS = (1, 3, 5)  # of random numbers: for populations, items (each has two) and the interaction
_WHAT = {
    Clusters.COUNTRY: ("country", ""),
    Clusters.POPULATION: ("population", ""),
    Clusters.BATTERY: ("", "battery"),
    Clusters.ITEM: ("", "item"),
    Clusters.BOTH: ("country", "battery"),
}
_UNITS = {"country": "population", "battery": "item"}
_PLURALS = {"country": "countries", "population": "populations", "battery": "batteries", "item": "items"}


@dataclass(frozen=True, slots=True)
class Units:
    """What N cells are of: the number of each one's population, its country, its item and that one's battery."""

    population: Ints
    country: Ints
    item: Ints
    battery: Ints

    def take(self, chosen: Ints | Bools) -> Self:
        """Return the units of some cells."""
        return type(self)(self.population[chosen], self.country[chosen], self.item[chosen], self.battery[chosen])


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a mean, and which clusters it stands for ("46 countries x 11 batteries").

    low_all and high_all: the same for `n_rows` means at once, all of which lie in theirs in 95 of 100 cases (Sidak).
    None where there are no two clusters of anything.
    """

    low: float | None
    high: float | None
    low_all: float | None
    high_all: float | None
    clusters: str


@dataclass(frozen=True, slots=True)
class Direction:
    """What one kind of cluster adds to the variance of a mean: s^2 between G clusters, t^2 between the units within.

    variance = max(s^2 - t^2 a, 0) b + t^2 c, where cluster g with the weight w_g has a mean that t^2 k_g of variance
    comes to from its units: a is the mean of k_g, b the sum of w_g^2, c the sum of w_g^2 k_g.
    """

    between: float
    freedom: int
    within: float
    within_freedom: int
    a: float
    b: float
    c: float

    def draw(self, stream: int) -> Floats:
        """Return variances that the sums of squares allow: (D,)."""
        between = self.between * _inverse_chi_square(self.freedom, stream)
        within = self.within * _inverse_chi_square(self.within_freedom, stream + 1) if self.within_freedom else 0.0
        return np.asarray(np.maximum(between - within * self.a, 0.0) * self.b + within * self.c)


def interval_columns(several: bool) -> list[str]:
    """Return the columns of a table that has intervals; those for all its rows at once where it has `several`."""
    return ["low", "high", *(["low_all", "high_all"] if several else []), "clusters"]


def mean_interval(
    values: Floats, units: Units, clusters: Clusters = Clusters.BOTH, n_rows: int = 1, within: Range = ANYTHING
) -> Interval:
    """Return the interval of the mean of `values` (N,), NaN left out, cut off where a mean cannot lie."""
    defined = np.isfinite(values)
    values, units = values[defined], units.take(defined)
    variances, words = variances_of_means(values[:, None], units, clusters)
    if variances is None:
        return Interval(None, None, None, None, words)
    mean = float(values.mean())
    half = float(half_widths(variances, LEVEL)[0])
    half_all = half if n_rows == 1 else float(half_widths(variances, LEVEL ** (1 / n_rows))[0])
    low, high = (float(np.clip(mean + sign * half, *within)) for sign in (-1, 1))
    low_all, high_all = (float(np.clip(mean + sign * half_all, *within)) for sign in (-1, 1))
    return Interval(low, high, low_all, high_all, words)


def variances_of_means(values: Floats, units: Units, clusters: Clusters) -> tuple[Floats | None, str]:
    """Return draws of the variance of the mean of each column of (N, M): (M, D); and the clusters in words.

    None where there are no two clusters of anything.
    """
    if not len(values):
        return None, ""
    draws, words = zip(*(_variances(column, units, clusters) for column in values.T), strict=True)
    return (None if draws[0] is None else np.stack(draws)), words[0]


def half_widths(variances: Floats, level: float) -> Floats:
    """Return h with mean over D draws of P(|normal| sqrt(variance) <= h) = level: (M, D) -> (M,).

    That probability rises and bends down in h, so that Newton's steps come to h from below.
    """
    root = np.sqrt(np.maximum(variances, _TINY))
    h = ndtri((1 + level) / 2) * np.median(root, axis=1, keepdims=True)
    for _ in range(_N_STEPS):
        z = h / root
        short = level - (2 * ndtr(z) - 1).mean(axis=1, keepdims=True)
        slope = (np.exp(-(z**2) / 2) / root).mean(axis=1, keepdims=True) * np.sqrt(2 / np.pi)
        h = np.maximum(h + short / slope, h / 4)
    return np.asarray(np.where(variances.max(axis=1) > 0, h[:, 0], 0.0))


def _variances(values: Floats, units: Units, clusters: Clusters) -> tuple[Floats | None, str]:
    """Return draws of the variance of the mean of (N,): (D,)."""
    population, item = _dense(units.population), _dense(units.item)
    of_population, of_item = _additive(values, population, item)
    wide, deep = _WHAT[clusters]
    one, country, some = _direction(of_population, population, units.country, wide)
    other, battery, others = _direction(of_item, item, units.battery, deep)
    words = " x ".join(filter(None, (some, others)))
    if one is None or other is None:
        found = one or other
        return (None if found is None else found.draw(_STREAMS[one is None])), words
    rest = values - values.mean() - of_population[population] - of_item[item]
    both = _interaction(rest, country, battery)
    return np.maximum(one.draw(_STREAMS[0]) + other.draw(_STREAMS[1]) - both, 0.0), words


def _direction(effect: Floats, unit: Ints, cluster: Ints, kind: str) -> tuple[Direction | None, Ints, str]:
    """Return what clusters of units add, the cluster of each cell, and what they are in words; `kind` "" for none.

    effect: (U,) of populations or items; unit and cluster: (N,) of cells. A single cluster is taken apart into units.
    """
    weight = np.bincount(unit) / len(unit)
    # Cells (N) are numbered by unit (U), units by group (G): `group[unit]` is the group of each cell, and bincount sums
    # the units of each group. Every cell of a unit writes the same group.
    group = np.zeros(len(effect), dtype=np.int64)
    group[unit] = _dense(cluster)
    if not kind or len(effect) < 2:
        return None, group[unit], kind and f"1 {kind} (given)"
    if kind in _UNITS.values() or group.max() == 0:
        kind, group = _UNITS.get(kind, kind), np.arange(len(effect))
    n_groups = int(group.max()) + 1
    of_group = np.bincount(group, weight)
    mean = np.bincount(group, weight * effect) / of_group
    part = np.bincount(group, weight**2) / of_group**2
    freedom = len(effect) - n_groups
    within = float(((effect - mean[group]) ** 2).sum() / freedom) if freedom else 0.0
    sums = float((of_group**2).sum()), float((of_group**2 * part).sum())
    found = Direction(float(mean.var(ddof=1)), n_groups - 1, within, freedom, float(part.mean()), *sums)
    return found, group[unit], f"{n_groups} {_PLURALS[kind]}{' (few)' if n_groups < FEW else ''}"


def _additive(values: Floats, population: Ints, item: Ints) -> tuple[Floats, Floats]:
    """Return the effects of populations (P,) and items (I,) that fit best as a sum, each averaging to 0 over cells."""
    one, other = np.zeros(population.max() + 1), np.zeros(item.max() + 1)
    n_one, n_other = np.bincount(population), np.bincount(item)
    apart = values - values.mean()
    # Each pass fits one effect to what the other leaves; indexed by its own cells it is spread back over them.
    for _ in range(_N_PASSES):
        one = np.bincount(population, apart - other[item]) / n_one
        other = np.bincount(item, apart - one[population]) / n_other
    return one - one[population].mean(), other - other[item].mean()


def _interaction(rest: Floats, country: Ints, battery: Ints) -> Floats:
    """Return draws of the variance that both directions contain, that of country x battery: (D,).

    rest: (N,), what is left of the values after both effects.
    """
    n_one, n_other = int(country.max()) + 1, int(battery.max()) + 1
    # One number for each pair of country and battery, so that a single bincount sums the rest within pairs.
    sums = np.bincount(country * n_other + battery, rest, minlength=n_one * n_other)
    correction = n_one / (n_one - 1) * n_other / (n_other - 1)  # both effects were fitted
    variance = float((sums**2).sum()) / len(rest) ** 2 * correction
    return variance * _inverse_chi_square((n_one - 1) * (n_other - 1), _STREAMS[2])


@cache
def _inverse_chi_square(freedom: int, stream: int) -> Floats:
    """Return draws of f / chi-square with f degrees of freedom, the same ones whenever asked: (D,)."""
    order = np.random.default_rng([stream, freedom]).permutation(_N_DRAWS)
    return np.asarray(freedom / chdtri(freedom, (order + 0.5) / _N_DRAWS))  # evenly spread over the distribution


def _dense(labels: Ints) -> Ints:
    return np.unique(labels, return_inverse=True)[1]
