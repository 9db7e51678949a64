"""Intervals of means over cells, for new countries and new batteries like those that there are.

Cells of one item err together, items of one battery do, and so do the populations of one country: an interval that took
them for independent would be far too narrow. A mean over cells is seen as mean + country + population (within it) +
battery + item (within it) + country x battery + rest. How much it would differ with other countries and batteries is
the sum of what these add: each is estimated from mean squares, and what comes out below 0 is 0 (Henderson 1953). The
half-width is Student's, with as many degrees of freedom as make the estimate's own variance right (Satterthwaite 1946):
few where it rests on few countries or batteries. `benchmarks/coverage.md` has how often intervals hold the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse
from scipy.special import stdtrit

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
_N_PASSES = 6
_N_STEPS = 8
_TINY = 1e-60
_LEAST = 1e-9  # of a variance, to divide by
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
class Uncertainty:
    """Estimated variances of M means, and the degrees of freedom that each rests on: (M,) both."""

    variance: Floats
    freedom: Floats

    def half_widths(self, level: float = LEVEL) -> Floats:
        """Return half the width of each mean's interval, Student's: (M,)."""
        return np.asarray(stdtrit(self.freedom, (1 + level) / 2) * np.sqrt(self.variance))


@dataclass(frozen=True, slots=True)
class _Part:
    """What a variance is the sum of, T mean squares times their factors, and the freedom of each: (T, M) both."""

    squares: Floats
    freedom: Floats

    @property
    def sum(self) -> Floats:
        return np.asarray(self.squares.sum(axis=0))

    def times(self, factor: Floats) -> _Part:
        """Return the part with each mean's squares times a factor (M,)."""
        return _Part(self.squares * factor, self.freedom)

    def uncertainty(self) -> Uncertainty:
        """Return the variance with Satterthwaite's freedom, 1 at least."""
        total = self.sum
        uncertain = (self.squares**2 / np.maximum(self.freedom, 1)).sum(axis=0)
        return Uncertainty(total, np.maximum(total**2 / np.maximum(uncertain, _TINY), 1.0))


def interval_columns(several: bool) -> list[str]:
    """Return the columns of a table that has intervals; those for all its rows at once where it has `several`."""
    return ["low", "high", *(["low_all", "high_all"] if several else []), "clusters"]


def mean_interval(
    values: Floats, units: Units, clusters: Clusters = Clusters.BOTH, n_rows: int = 1, within: Range = ANYTHING
) -> Interval:
    """Return the interval of the mean of `values` (N,), NaN left out, cut off where a mean cannot lie."""
    defined = np.isfinite(values)
    values, units = values[defined], units.take(defined)
    uncertainty, words = uncertainty_of_means(values[:, None], units, clusters)
    if uncertainty is None:
        return Interval(None, None, None, None, words)
    mean = float(values.mean())
    half, half_all = (float(uncertainty.half_widths(level)[0]) for level in (LEVEL, LEVEL ** (1 / n_rows)))
    low, high = (float(np.clip(mean + sign * half, *within)) for sign in (-1, 1))
    low_all, high_all = (float(np.clip(mean + sign * half_all, *within)) for sign in (-1, 1))
    return Interval(low, high, low_all, high_all, words)


def uncertainty_of_means(values: Floats, units: Units, clusters: Clusters) -> tuple[Uncertainty | None, str]:
    """Return how the mean of each column of (N, M) spreads, and the clusters in words; None where nothing tells it.

    The interaction of country and battery is part of what countries add and of what batteries add, and counts once.
    """
    if not len(values):
        return None, ""
    population, item = _dense(units.population), _dense(units.item)
    of_population, of_item = _additive(values, population, item)
    wide, deep = _WHAT[clusters]
    one, country, some = _direction(of_population, population, units.country, wide)
    other, battery, others = _direction(of_item, item, units.battery, deep)
    words = " x ".join(filter(None, (some, others)))
    if one is None or other is None:
        found = one or other
        return (None if found is None else found.uncertainty()), words
    rest = values - values.mean(axis=0) - of_population[population] - of_item[item]
    both = _interaction(rest, country, battery, item)
    more = [(part, (part.sum > both.sum).astype(np.float64)) for part in (one, other)]
    parts = [*(part.times(counts) for part, counts in more), both.times(1 - more[0][1] - more[1][1])]
    return _together(parts).uncertainty(), words


def _together(parts: list[_Part]) -> _Part:
    return _Part(np.vstack([part.squares for part in parts]), np.vstack([part.freedom for part in parts]))


def _direction(effect: Floats, unit: Ints, cluster: Ints, kind: str) -> tuple[_Part | None, Ints, str]:
    """Return what clusters of units add, the cluster of each cell, and what they are in words; `kind` "" for none.

    effect: (U, M) of populations or items; unit and cluster: (N,) of cells. A single cluster is taken apart into units.
    """
    weight = np.bincount(unit) / len(unit)
    # Cells (N) are numbered by unit (U), units by group (G): `group[unit]` is the group of each cell. Every cell of a
    # unit writes the same group.
    group = np.zeros(len(effect), dtype=np.int64)
    group[unit] = _dense(cluster)
    if not kind or len(effect) < 2:
        return None, group[unit], kind and f"1 {kind} (given)"
    if kind in _UNITS.values() or group.max() == 0:
        kind, group = _UNITS.get(kind, kind), np.arange(len(effect))
    n_groups = int(group.max()) + 1
    words = f"{n_groups} {_PLURALS[kind]}{' (few)' if n_groups < FEW else ''}"
    return _between_and_within(effect, weight, group), group[unit], words


def _between_and_within(effect: Floats, weight: Floats, group: Ints) -> _Part:
    """Return what G clusters add to the variance of a mean, from the effects (U, M) of their units with weights (U,).

    A cluster's mean varies by s^2 + t^2 k_g: s^2 between clusters, t^2 between units within, k_g by their number. Where
    w_g is its weight, the clusters add the sum of w_g^2 (s^2 + t^2 k_g). t^2 is the mean square within. s^2, 0 at
    least, makes the sum of (mean_g - their mean)^2 / (s^2 + t^2 k_g) what it is expected to be, G - 1 (Paule and
    Mandel 1982).
    """
    n_groups = int(group.max()) + 1
    of_group = np.bincount(group, weight)
    mean = _sums(group, weight[:, None] * effect, n_groups) / of_group[:, None]
    k = (np.bincount(group, weight**2) / of_group**2)[:, None]
    freedom = len(effect) - n_groups
    within = ((effect - mean[group]) ** 2).sum(axis=0) / max(freedom, 1)
    between = _between(mean, within * k)
    u = 1 / np.maximum(between + within * k, _TINY)
    powers = [(u**power).sum(axis=0) for power in (1, 2, 3)]
    # What the likelihood of s^2 tells of it, and how much less it is for more t^2.
    doubt = 2 / np.maximum(powers[1] - 2 * powers[2] / powers[0] + (powers[1] / powers[0]) ** 2, _TINY)
    slope = (u**2 * k).sum(axis=0) / powers[1]
    b, c = (of_group**2).sum(), (of_group[:, None] ** 2 * k).sum()
    variance = b * between + c * within
    uncertain = b**2 * doubt * (between > 0) + (c - b * slope * (between > 0)) ** 2 * 2 * within**2 / max(freedom, 1)
    return _Part(variance[None], (2 * variance**2 / np.maximum(uncertain, _TINY))[None])


def _between(mean: Floats, noise: Floats) -> Floats:
    """Return the variance (M,) between the true means of clusters; the variance of `noise` in their means is (G, M)."""
    n_groups = len(mean)
    found = mean.var(axis=0, ddof=1)
    noise = np.maximum(noise, _LEAST * found)
    for _ in range(_N_STEPS):
        u = 1 / np.maximum(found + noise, _TINY)
        squares = (mean - (u * mean).sum(axis=0) / u.sum(axis=0)) ** 2
        total = np.maximum((u * squares).sum(axis=0), _TINY)
        # Newton's steps on 1 / total, which is nearly a line in what is sought.
        found = np.maximum(
            found + total * (total / (n_groups - 1) - 1) / np.maximum((u**2 * squares).sum(axis=0), _TINY), 0
        )
    return np.asarray(found)


def _additive(values: Floats, population: Ints, item: Ints) -> tuple[Floats, Floats]:
    """Return the effects of populations (P, M) and items (I, M) that fit (N, M) best as a sum, each averaging to 0."""
    apart = values - values.mean(axis=0)
    n_one, n_other = np.bincount(population)[:, None], np.bincount(item)[:, None]
    one, other = np.zeros((len(n_one), values.shape[1])), np.zeros((len(n_other), values.shape[1]))
    # Each pass fits one effect to what the other leaves; indexed by its own cells it is spread back over them.
    for _ in range(_N_PASSES):
        one = _sums(population, apart - other[item], len(n_one)) / n_one
        other = _sums(item, apart - one[population], len(n_other)) / n_other
    return one - (n_one * one).sum(axis=0) / len(values), other - (n_other * other).sum(axis=0) / len(values)


def _interaction(rest: Floats, country: Ints, battery: Ints, item: Ints) -> _Part:
    """Return what country x battery adds, which both directions contain.

    rest: (N, M), what is left of the values after both effects, which took part of it. In a country a battery's mean
    varies by s^2 + t^2 / its items; t^2 is the mean square between its items within a country.
    """
    n_one, n_other, n_items = (int(labels.max()) + 1 for labels in (country, battery, item))
    of_item = np.zeros(n_items, dtype=np.int64)
    of_item[item] = battery
    w_one, w_other = (np.bincount(labels) / len(rest) for labels in (country, battery))
    k = np.bincount(of_item, (np.bincount(item) / len(rest)) ** 2) / w_other**2
    pair = country * n_items + item
    n_pair = np.maximum(np.bincount(pair, minlength=n_one * n_items), 1)[:, None]
    apart = (_sums(pair, rest, n_one * n_items) / n_pair).reshape(n_one, n_items, -1)
    block = country * n_other + battery  # one number for each pair, so that one pass sums the rest within pairs
    sums = _sums(block, rest, n_one * n_other).reshape(n_one, n_other, -1)
    n_block = np.maximum(np.bincount(block, minlength=n_one * n_other), 1).reshape(n_one, n_other, 1)
    freedom = (n_one - 1) * (n_items - n_other)
    within = ((apart - (sums / n_block)[:, of_item]) ** 2).sum(axis=(0, 1)) / max(freedom, 1)
    of_battery = ((sums / len(rest)) ** 2).sum(axis=0)
    total = of_battery.sum(axis=0) / _left_over(w_one, np.ones(n_one))
    one = (w_one**2).sum()
    alone, shared = _left_over(w_other, np.ones(n_other)), _left_over(w_other, k)
    between = np.maximum((total / one - shared * within * (w_other**2 * k).sum()) / (alone * (w_other**2).sum()), 0.0)
    variance = one * ((w_other**2).sum() * between + (w_other**2 * k).sum() * within)
    alike = of_battery.sum(axis=0) ** 2 / np.maximum((of_battery**2).sum(axis=0), _TINY)
    return _Part(variance[None], np.maximum((n_one - 1) * alike * (n_other - 1) / n_other, 1.0)[None])


def _left_over(weight: Floats, varied: Floats) -> float:
    """Return which part of the sum of w^2 x^2 is left of independent x, of variances v, when their mean is taken off.

    >>> _left_over(np.full(4, 0.25), np.ones(4))
    0.75
    """
    whole = float((weight**2 * varied).sum())
    return float((weight**2 * ((1 - 2 * weight) * varied + whole)).sum()) / whole


def _sums(group: Ints, values: Floats, n_groups: int) -> Floats:
    """Return the sums of (N, M) within groups: (G, M)."""
    member = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))), (n_groups, len(group)))
    return np.asarray(member @ values)


def _dense(labels: Ints) -> Ints:
    return np.unique(labels, return_inverse=True)[1]
