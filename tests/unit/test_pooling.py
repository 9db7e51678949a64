"""Averages over populations and items, on a training part of five cells."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.distribution.arrays import AnsweredCells, Catalogue, Cells
from surveycli.distribution.pooling import (
    ItemMeans,
    item_means,
    marginal_prior,
    own_item_prior,
    own_marginal_prior,
    position_marginals,
)

CATALOGUE = Catalogue((("s", "A"), ("s", "B"), ("s", "C"), ("s", "D")), ("p", "q", "r"))
# Items A and B have two options, C three; D is asked of no one.
TRAIN = AnsweredCells(
    CATALOGUE,
    item=np.array([0, 0, 1, 2, 2]),
    population=np.array([0, 1, 0, 0, 1]),
    n_options=np.array([2, 2, 2, 3, 3]),
    shares=np.array([[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.8, 0], [0.6, 0.2, 0.2], [0.2, 0.2, 0.6]], dtype=float),
    n_respondents=np.full(5, 100.0),
)


def test_item_means_weigh_populations_alike() -> None:
    """An item's mean is over its populations; an item that was not asked has none."""
    means = item_means(TRAIN)
    assert means.shares == pytest.approx(np.array([[0.75, 0.25, 0], [0.2, 0.8, 0], [0.4, 0.2, 0.4], [0, 0, 0]]))
    assert means.asked.tolist() == [True, True, True, False]
    assert means.n_populations.tolist() == [2, 1, 2, 0]


def test_position_marginals_weigh_items_alike() -> None:
    """Items of two options average 0.475: the item of two populations counts no more than that of one."""
    marginals = position_marginals(item_means(TRAIN))
    assert marginals.shares[2] == pytest.approx([0.475, 0.525, 0])
    assert marginals.shares[3] == pytest.approx([0.4, 0.2, 0.4])
    assert marginals.n_items.tolist() == [0, 0, 2, 1]


def test_one_option_is_certain() -> None:
    """No training item has one option, so its marginal is certain by itself."""
    assert position_marginals(item_means(TRAIN)).shares[1].tolist() == [1, 0, 0]


def means_of(shares: list[list[float]]) -> ItemMeans:
    """Return one item per list, padded to eleven options."""
    padded = np.array([row + [0.0] * (11 - len(row)) for row in shares])
    return ItemMeans(padded, np.ones(len(shares), dtype=np.int64), np.array([len(row) for row in shares]))


def test_a_number_of_options_that_no_item_has_is_interpolated() -> None:
    """Eleven options get the ten-point marginal stretched; three lie between two and four, by their nearness."""
    ten = np.linspace(1, 3, 10) / 20
    marginals = position_marginals(means_of([ten.tolist(), [0.8, 0.2], [0.4, 0.3, 0.2, 0.1]]))
    assert marginals.shares[11] == pytest.approx(np.linspace(1, 3, 11) / 22)
    two, four = np.array([0.8, 0.5, 0.2]) / 1.5, np.array([0.4, 0.25, 0.1]) / 0.75
    assert marginals.shares[3][:3] == pytest.approx((two + four) / 2)
    assert marginals.shares[5][:5].sum() == pytest.approx(1)
    # Five is one from four and five from ten: a weight of 1 against 1/5.
    assert marginals.shares[5][0] == pytest.approx((0.4 / (5 * 0.25) * 1 + 0.05 / (5 * 0.1) * 0.2) / 1.2)
    assert marginals.n_items[[3, 5, 11]].tolist() == [0, 0, 0]


def test_marginal_prior_goes_by_number_of_options() -> None:
    """A target cell gets the marginal of items with as many options, whichever item it is."""
    target = Cells(CATALOGUE, item=np.array([3]), population=np.array([2]), n_options=np.array([2]))
    assert marginal_prior(TRAIN, target) == pytest.approx(np.array([[0.475, 0.525, 0]]))


def test_own_marginal_prior_leaves_the_item_out() -> None:
    """A cell of A gets B's mean, a cell of B A's, and C, alone in having three options, those of two stretched."""
    prior = own_marginal_prior(TRAIN)
    third = (np.array([0.475, 0.5, 0.525]) / 1.5).tolist()
    assert prior == pytest.approx(np.array([[0.2, 0.8, 0], [0.2, 0.8, 0], [0.75, 0.25, 0], third, third]))


def test_own_item_prior_leaves_the_population_out() -> None:
    """A cell gets what the other population said to the item; B, asked once, falls back on the other items."""
    prior = own_item_prior(TRAIN)
    expected = [[0.5, 0.5, 0], [1, 0, 0], [0.75, 0.25, 0], [0.2, 0.2, 0.6], [0.6, 0.2, 0.2]]
    assert prior == pytest.approx(np.array(expected))
