"""Predictors that average, on a handful of cells."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.baseline.answer import Answer
from surveycli.baseline.predictors.means import (
    predict_item_mean,
    predict_position_marginal,
    predict_region_mean,
    predict_shuffled_group,
    predict_uniform,
)
from surveycli.distribution.arrays import AnsweredCells, Catalogue, Cells

CATALOGUE = Catalogue((("s", "A"), ("s", "B"), ("s", "C")), ("p", "q", "r", "t"))
# Item A is asked of p, q and r; B and C of no one in training.
TRAIN = AnsweredCells(
    CATALOGUE,
    item=np.array([0, 0, 0]),
    population=np.array([0, 1, 2]),
    n_options=np.array([2, 2, 2]),
    shares=np.array([[1, 0, 0], [0.8, 0.2, 0], [0.3, 0.7, 0]], dtype=float),
    n_respondents=np.full(3, 100.0),
)
# Population t: the seen item A, the unseen B with as many options, the unseen C with three.
TARGET = Cells(CATALOGUE, item=np.array([0, 1, 2]), population=np.array([3, 3, 3]), n_options=np.array([2, 2, 3]))
THIRD = [1 / 3] * 3
STRETCHED = "fallback: position marginal, stretched"


def bases(answer: Answer) -> list[str]:
    return [answer.bases[index] for index in answer.basis]


def test_uniform() -> None:
    """Every option is as likely as the others."""
    answer = predict_uniform(TRAIN, TARGET)
    assert answer.shares == pytest.approx(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], THIRD]))
    assert bases(answer) == ["uniform"] * 3


def test_position_marginal_says_where_it_fell_back() -> None:
    """Two options have a training item; three have none and get those of two stretched; without items it is uniform."""
    answer = predict_position_marginal(TRAIN, TARGET)
    stretched = np.array([0.7, 0.5, 0.3]) / 1.5
    assert answer.shares == pytest.approx(np.array([[0.7, 0.3, 0], [0.7, 0.3, 0], stretched]))
    assert bases(answer) == ["position marginal", "position marginal", STRETCHED]
    nothing = TRAIN.take(np.zeros(0, dtype=int))
    assert bases(predict_position_marginal(nothing, TARGET)) == ["fallback: uniform"] * 3


def test_item_mean_falls_back_twice() -> None:
    """The seen item has its mean, the unseen ones what position marginal gives."""
    answer = predict_item_mean(TRAIN, TARGET)
    assert answer.shares == pytest.approx(predict_position_marginal(TRAIN, TARGET).shares)
    assert bases(answer) == ["item mean", "fallback: position marginal", STRETCHED]


def test_region_mean_uses_the_region_s_populations() -> None:
    """t shares its region with q and r: the mean of their answers, not of p's."""
    answer = predict_region_mean(TRAIN, TARGET, np.array([0, 1, 1, 1]))
    assert answer.shares[0] == pytest.approx([0.55, 0.45, 0])
    assert bases(answer) == ["region mean", "fallback: position marginal", STRETCHED]


@pytest.mark.parametrize("region", [[0, 0, 0, 1], [-1, -1, -1, -1]])
def test_region_mean_without_neighbours_is_the_item_mean(region: list[int]) -> None:
    """A region of its own, or an unknown one, leaves the mean of all."""
    answer = predict_region_mean(TRAIN, TARGET, np.array(region))
    assert answer.shares[0] == pytest.approx([0.7, 0.3, 0])
    assert bases(answer)[0] == "fallback: item mean"


def test_shuffled_group_gives_another_population_s_answer() -> None:
    """Over many draws every training population is drawn for a new one, and nothing else."""
    many = Cells(CATALOGUE, np.zeros(500, dtype=int), np.full(500, 3), np.full(500, 2))
    answer = predict_shuffled_group(TRAIN, many, seed=1)
    assert {tuple(row) for row in answer.shares.tolist()} == {tuple(row) for row in TRAIN.shares.tolist()}
    assert set(bases(answer)) == {"another population"}


@pytest.mark.parametrize("own", [0, 1, 2])
def test_shuffled_group_never_gives_the_population_s_own_answer(own: int) -> None:
    """A population that is in training gets one of the other two, each of them about half the time."""
    many = Cells(CATALOGUE, np.zeros(600, dtype=int), np.full(600, own), np.full(600, 2))
    shares = predict_shuffled_group(TRAIN, many, seed=2).shares
    matches = (shares[:, None] == TRAIN.shares[None]).all(axis=2).sum(axis=0)
    assert matches[own] == 0
    assert sorted(matches)[1] > 240


def test_shuffled_group_depends_on_the_seed_alone() -> None:
    """The same seed draws the same populations."""
    many = Cells(CATALOGUE, np.zeros(50, dtype=int), np.full(50, 3), np.full(50, 2))
    first, again, other = (predict_shuffled_group(TRAIN, many, seed).shares for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_shuffled_group_without_candidates_falls_back() -> None:
    """Items that no training population was asked get the position marginal."""
    assert bases(predict_shuffled_group(TRAIN, TARGET, seed=1))[1:] == ["fallback: position marginal", STRETCHED]
