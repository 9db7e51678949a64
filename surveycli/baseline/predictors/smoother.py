"""Predictors that borrow from populations that resemble the target's: a kernel smoother and the nearest populations.

Everything that is chosen is chosen on the training part, by predicting populations from others: weights of descriptors,
the power and how many neighbours on each training part anew; the design (which descriptors, which powers, what is held
out) once, by nested cross-validation within the training part of the published split. That choice reads no test cell:
benchmarks/smoother.md has every design's criterion, benchmarks/select_smoother.py computes them. One descriptor, the
cultural zone, was itself drawn from answers to the World Values Survey; the same page has the figures without it, which
are as good. With a subgroup the other subgroups of its country are held out too, unless most of the target's countries
are in the training part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from surveycli.baseline.answer import Answer, answer_or
from surveycli.baseline.descriptors import Descriptors
from surveycli.baseline.predictors.means import predict_item_mean
from surveycli.baseline.statistical import StatisticalPredictor, from_populations
from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Floats, Ints
from surveycli.distribution.divergence import js_distance
from surveycli.predictor import Need

_WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
_FIRST_WEIGHT = 0.7
_NEIGHBOURS = (1, 2, 3, 5, 8, 13, 21)
_MAX_PASSES = 3
_MAX_TUNING_CELLS = 20_000  # enough to choose eight weights; more only takes longer
_TINY = 1e-300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Design:
    """What is not tuned on each training part but chosen once, between designs, by benchmarks/select_smoother.py.

    without: descriptors that are left out. powers: those that the kernel may choose from. hold_out_subregion: whether
    the whole subregion of a population is held out with it while tuning. The defaults are what was chosen, for the
    kernel and for the nearest populations alike.
    """

    without: tuple[str, ...] = ("un_region",)
    powers: tuple[float, ...] = (1.0, 0.5)
    hold_out_subregion: bool = False


DESIGN = Design()


@dataclass(frozen=True, slots=True)
class ShareCube:
    """The training part as a block: S populations (their catalogue indices), shares (S, I, K), asked (S, I)."""

    population: Ints
    shares: Floats
    asked: Bools

    def rows(self, chosen: Ints) -> ShareCube:
        """Return some of the populations."""
        return ShareCube(self.population[chosen], self.shares[chosen], self.asked[chosen])


@dataclass(frozen=True, slots=True)
class Kernel:
    """exp(-sum of weight x mismatch) for each of F descriptors; shares are averaged to the `power` and raised back.

    Power 1 is the mean; 1/2, the mean of square roots, lies between the mean and the geometric mean and suits a score
    by distance rather than by its square.
    """

    weights: Floats
    power: float = 1.0


def share_cube(train: AnsweredCells) -> ShareCube:
    """Return the training cells as a block."""
    population, row = np.unique(train.population, return_inverse=True)
    shares = np.zeros((len(population), len(train.catalogue.items), train.shares.shape[1]))
    asked = np.zeros(shares.shape[:2], dtype=np.bool_)
    # `row` is each cell's place among the populations that occur; a cell that was not asked stays 0.
    shares[row, train.item] = train.shares
    asked[row, train.item] = True
    return ShareCube(population, shares, asked)


def predict_kernel_smoother(
    train: AnsweredCells, target: Cells, descriptors: Descriptors, seed: int = 1, design: Design = DESIGN
) -> Answer:
    """Give the item's mean over training populations, each weighted by how much it resembles the target's."""
    descriptors = descriptors.without(design.without)
    cube = share_cube(train)
    held = _tuning_rows(cube, seed)
    apart = descriptors.mismatch(cube.population[held], cube.population)
    allowed = _allowed(cube, held, target, descriptors, design)
    kernel = _tune_kernel(cube, cube.rows(held), apart, allowed, design.powers)
    # Each target population (A) is smoothed once; `row` leads from every target cell to its population's row.
    asked_of, row = np.unique(target.population, return_inverse=True)
    weights = np.exp(-descriptors.mismatch(asked_of, cube.population) @ kernel.weights)
    smooth, known = weighted_mean(cube, weights, kernel.power)
    chosen = {"power": kernel.power, "weights": dict(zip(descriptors.names, kernel.weights.tolist(), strict=True))}
    fallback = predict_item_mean(train, target)
    return answer_or(smooth[row, target.item], known[row, target.item], "kernel smoother", fallback, chosen)


def predict_nearest(
    train: AnsweredCells, target: Cells, descriptors: Descriptors, seed: int = 1, design: Design = DESIGN
) -> Answer:
    """Give the item's mean over the k training populations that share most descriptors with the target's."""
    descriptors = descriptors.without(design.without)
    cube = share_cube(train)
    held = _tuning_rows(cube, seed)
    apart = descriptors.mismatch(cube.population[held], cube.population).mean(axis=-1)
    apart[~_allowed(cube, held, target, descriptors, design)] = np.inf
    k = _best(_NEIGHBOURS, lambda k: _loss(cube.rows(held), *nearest_mean(cube, apart, k)))
    asked_of, row = np.unique(target.population, return_inverse=True)
    mean, known = nearest_mean(cube, descriptors.mismatch(asked_of, cube.population).mean(axis=-1), k)
    fallback = predict_item_mean(train, target)
    return answer_or(mean[row, target.item], known[row, target.item], "nearest populations", fallback, {"k": k})


def weighted_mean(cube: ShareCube, weights: Floats, power: float = 1.0) -> tuple[Floats, Bools]:
    """Return the weighted power mean of the populations that were asked, and where there is one.

    weights (A, S) -> (A, I, K), (A, I).
    """
    raised = cube.shares if power == 1 else cube.shares**power
    # (A, S) @ (S, I x K), folded back to (A, I, K); `mass` has the weight of those that were asked, (A, I).
    total = (weights @ raised.reshape(len(cube.population), -1)).reshape(len(weights), *cube.shares.shape[1:])
    mass = weights @ cube.asked
    known = mass > 0
    mean = total / np.maximum(mass, _TINY)[..., None]
    if power != 1:
        mean = mean ** (1 / power)
        mean = mean / np.maximum(mean.sum(axis=-1, keepdims=True), _TINY)
    return mean, known


def nearest_mean(cube: ShareCube, apart: Floats, k: int) -> tuple[Floats, Bools]:
    """Return the mean of the k nearest populations that were asked, and where there is one.

    apart (A, S), inf to leave out -> (A, I, K), (A, I). Populations that tie for the last places share them.
    """
    mean = np.zeros((len(apart), *cube.shares.shape[1:]))
    known = np.zeros(mean.shape[:2], dtype=np.bool_)
    for item in range(cube.shares.shape[1]):
        distance = np.where(cube.asked[:, item], apart, np.inf)
        weights = _nearest_weights(distance, k)
        mean[:, item] = weights @ cube.shares[:, item]
        known[:, item] = weights.sum(axis=1) > 0
    return mean, known


def _nearest_weights(distance: Floats, k: int) -> Floats:
    """Return weights (A, S) that sum to 1 over the k nearest, ties at the edge sharing what is left; 0 at infinity."""
    k = min(k, distance.shape[1])
    # `edge` (A, 1) is the distance of the k-th nearest: nearer ones count fully, those at the edge share what is left.
    edge = np.partition(distance, k - 1, axis=1)[:, k - 1 : k]
    reachable = np.isfinite(distance)
    nearer, tied = (distance < edge) & reachable, (distance == edge) & reachable
    left = np.maximum(k - nearer.sum(axis=1, keepdims=True), 0)
    weights = nearer + tied * (left / np.maximum(tied.sum(axis=1, keepdims=True), 1))
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), _TINY))


def _tuning_rows(cube: ShareCube, seed: int) -> Ints:
    """Return the populations to tune on: all, or a random part of them where there are very many cells."""
    everyone = np.arange(len(cube.population))
    n_cells = int(cube.asked.sum())
    if n_cells <= _MAX_TUNING_CELLS:
        return everyone
    wanted = max(2, len(everyone) * _MAX_TUNING_CELLS // n_cells)
    return np.sort(np.random.default_rng(seed).choice(everyone, wanted, replace=False))


def _allowed(cube: ShareCube, held: Ints, target: Cells, descriptors: Descriptors, design: Design) -> Bools:
    """Return which training populations (S,) may predict which held-out ones (A,): (A, S)."""
    # (A, 1) against (1, S): every held-out population against every one that could predict it. Below 0: not known.
    first, second = cube.population[held], cube.population
    may: Bools = np.asarray(first[:, None] != second[None, :])
    if _countries_are_known(cube, target, descriptors):
        return may
    units = (descriptors.country, *([descriptors.subregion] if design.hold_out_subregion else []))
    for unit in units:
        may = may & ((unit[first][:, None] != unit[second][None, :]) | (unit[first][:, None] < 0))
    return may


def _countries_are_known(cube: ShareCube, target: Cells, descriptors: Descriptors) -> bool:
    """Return whether most target cells that can be answered at all are of countries that the training part has."""
    answerable = np.asarray(cube.asked.any(axis=0))[target.item]
    country = descriptors.country[target.population][answerable]
    known = np.isin(country, descriptors.country[cube.population]) & (country >= 0)
    return bool(len(country)) and bool(known.mean() > 0.5)


def _tune_kernel(cube: ShareCube, held: ShareCube, apart: Floats, allowed: Bools, powers: tuple[float, ...]) -> Kernel:
    """Choose one weight after the other, and the power, by the mean distance of held-out cells."""
    kernel = Kernel(np.full(apart.shape[-1], _FIRST_WEIGHT), powers[0])

    def loss(candidate: Kernel) -> float:
        return _loss(held, *weighted_mean(cube, np.exp(-apart @ candidate.weights) * allowed, candidate.power))

    best = loss(kernel)
    for _ in range(_MAX_PASSES):
        before = best
        for place in range(len(kernel.weights)):
            kernel = _best([kernel, *(_with_weight(kernel, place, weight) for weight in _WEIGHTS)], loss)
        kernel = _best([replace(kernel, power=power) for power in powers], loss)
        best = loss(kernel)
        if before - best < 1e-5:
            break
    return kernel


def _with_weight(kernel: Kernel, place: int, weight: float) -> Kernel:
    weights = kernel.weights.copy()
    weights[place] = weight
    return replace(kernel, weights=weights)


def _best(candidates: Sequence[T], loss: Callable[[T], float]) -> T:
    """Return the candidate with the least loss, the first of equals."""
    return min(candidates, key=loss)


def _loss(held: ShareCube, predicted: Floats, known: Bools) -> float:
    """Return the mean Jensen-Shannon distance over the cells that could be predicted."""
    scored = held.asked & known
    return float(js_distance(held.shares[scored], predicted[scored]).mean()) if scored.any() else 0.0


PREDICTORS = (
    StatisticalPredictor(
        name="kernel-smoother",
        help="The item's mean over training populations, weighted by how much they resemble the target.",
        needs=frozenset({Need.TRAINING_ANSWERS}),
        predict=from_populations(predict_kernel_smoother),
    ),
    StatisticalPredictor(
        name="nearest-populations",
        help="The item's mean over the training populations that have most in common with the target.",
        needs=frozenset({Need.TRAINING_ANSWERS}),
        predict=from_populations(predict_nearest),
    ),
)
