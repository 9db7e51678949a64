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
    """Per number of options 0..K: the mean of item means with as many (K+1, K), and how many items stand behind it."""

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

    A number of options that no item has gets the uniform distribution.
    """
    width = means.shares.shape[1]
    count = np.bincount(means.n_options[means.asked], minlength=width + 1)
    total = sum_by(means.n_options[means.asked], means.shares[means.asked], width + 1)
    flat = uniform(np.maximum(np.arange(width + 1), 1), width)
    known = count > 0
    return PositionMarginals(np.where(known[:, None], total / np.maximum(count, 1)[:, None], flat), count)


def marginal_prior(train: AnsweredCells, target: Cells) -> Floats:
    """Return the position marginal of the training items for each target cell: (N, K)."""
    return position_marginals(item_means(train)).shares[target.n_options]


def own_marginal_prior(train: AnsweredCells) -> Floats:
    """Return for each training cell the position marginal of all *other* training items: (N, K).

    It is what a cell of an unseen item would get, so that strengths of shrinkage can be chosen on the training part.
    Where no other item has as many options, it is uniform.
    """
    means = item_means(train)
    marginals = position_marginals(means)
    # Leave one out: the sum over all items, less the cell's own, over one item fewer.
    others = marginals.n_items[train.n_options] - 1
    total = marginals.shares[train.n_options] * marginals.n_items[train.n_options][:, None] - means.shares[train.item]
    flat = uniform(train.n_options, train.shares.shape[1])
    return normalise(np.where(others[:, None] > 0, np.maximum(total, 0) / np.maximum(others, 1)[:, None], flat))


def own_item_prior(train: AnsweredCells) -> Floats:
    """Return for each training cell its item's mean over all *other* populations, else `own_marginal_prior`: (N, K)."""
    means = item_means(train)
    others = means.n_populations[train.item] - 1
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
