"""Averages of response distributions over populations and over items: what a predictor falls back on.

Shapes: I items, K options at most; distributions are rows padded with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Floats, Ints
from surveycli.distribution.divergence import uniform


@dataclass(frozen=True, slots=True)
class ItemMeans:
    """Per item of the catalogue: mean shares (I, K), populations behind it (I,), options (I,); all 0 where unasked."""

    shares: Floats
    n_populations: Ints
    n_options: Ints

    @property
    def asked(self) -> Bools:
        """Which items have a mean: (I,)."""
        return np.asarray(self.n_populations > 0)


@dataclass(frozen=True, slots=True)
class PositionMarginals:
    """Per number of options 0..K: the mean of item means with as many (K+1, K), and how many items stand behind it.

    A number of options that no item has, 0 items, has the marginals of its neighbours stretched to it.
    """

    shares: Floats
    n_items: Ints


def item_means(train: AnsweredCells) -> ItemMeans:
    """Return the mean response distribution of each item, every population counting once."""
    n_items = len(train.catalogue.items)
    count = np.bincount(train.item, minlength=n_items).astype(np.int64)
    n_options = np.zeros(n_items, dtype=np.int64)
    n_options[train.item] = train.n_options
    return ItemMeans(sum_by(train.item, train.shares, n_items) / np.maximum(count, 1)[:, None], count, n_options)


def position_marginals(means: ItemMeans) -> PositionMarginals:
    """Return, for each number of options, the mean of the item means that have as many, every item counting once.

    For a number that no item has the marginals of the next smaller and the next larger number are stretched to it and
    averaged by their nearness, or the only one of them taken; uniform where no item has two options or more.
    """
    width = means.shares.shape[1]
    # Items are grouped by their number of options: row k of `total` sums the means of those that have k.
    count = np.bincount(means.n_options[means.asked], minlength=width + 1)
    total = sum_by(means.n_options[means.asked], means.shares[means.asked], width + 1)
    shares = total / np.maximum(count, 1)[:, None]
    for k in np.flatnonzero(count == 0):
        shares[k] = _stretched(shares, count, int(k))
    return PositionMarginals(shares, count)


def _stretched(shares: Floats, count: Ints, k: int) -> Floats:
    """Return the marginal of k options (K,) as the numbers of options that items have suggest it."""
    width = shares.shape[1]
    known = np.flatnonzero(count[2:]) + 2
    known = known[known != k]
    near = [int(found[place]) for found, place in ((known[known < k], -1), (known[known > k], 0)) if len(found)]
    if k < 2 or not near:
        return np.asarray(uniform(np.array([max(k, 1)]), width)[0])
    weights = [1 / abs(other - k) for other in near]
    marginal = np.zeros(width)
    for other, weight in zip(near, weights, strict=True):
        ends = np.linspace(0, 1, k), np.linspace(0, 1, other)
        marginal[:k] += weight * normalise(np.interp(*ends, shares[other, :other]))
    return np.asarray(marginal / sum(weights))


def marginal_prior(train: AnsweredCells, target: Cells) -> Floats:
    """Return the position marginal of the training items for each target cell: (N, K)."""
    return position_marginals(item_means(train)).shares[target.n_options]


def own_marginal_prior(train: AnsweredCells) -> Floats:
    """Return for each training cell the position marginal of all *other* training items: (N, K).

    It is what a cell of an unseen item would get, so that strengths of shrinkage can be chosen on the training part.
    """
    means = item_means(train)
    marginals = position_marginals(means)
    # Leave one out: the sum over all items, less the cell's own, over one item fewer.
    others = marginals.n_items[train.n_options] - 1
    # The mean times its count is the sum; a cell's own item is taken out of it, and the rest divided by one item less.
    total = marginals.shares[train.n_options] * marginals.n_items[train.n_options][:, None] - means.shares[train.item]
    stretched = np.array([_stretched(marginals.shares, marginals.n_items, k) for k in range(len(marginals.n_items))])
    alone = stretched[train.n_options]
    return normalise(np.where(others[:, None] > 0, np.maximum(total, 0) / np.maximum(others, 1)[:, None], alone))


def own_item_prior(train: AnsweredCells) -> Floats:
    """Return for each training cell its item's mean over all *other* populations, else `own_marginal_prior`: (N, K)."""
    means = item_means(train)
    others = means.n_populations[train.item] - 1
    # The mean times its count is the sum; the cell itself is taken out of it, and the rest divided by one cell less.
    total = means.shares[train.item] * means.n_populations[train.item][:, None] - train.shares
    fallback = own_marginal_prior(train)
    return normalise(np.where(others[:, None] > 0, np.maximum(total, 0) / np.maximum(others, 1)[:, None], fallback))


def sum_by(group: Ints, values: Floats, n_groups: int) -> Floats:
    """Return the sum of `values` (N, ...) within each of `n_groups` groups (N,): (n_groups, ...)."""
    total = np.zeros((n_groups, *values.shape[1:]))
    np.add.at(total, group, values)
    return total


def normalise(shares: Floats) -> Floats:
    """Return the rows scaled to sum to 1."""
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))
