"""Leaving populations out of training as the targets are left out: the same items hidden, nothing else known.

What predictors choose by themselves they choose on such folds; no cell outside the training part is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.baseline.descriptors import Descriptors
from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Ints

N_FOLDS = 5
_MAX_POPULATIONS = 120  # enough to choose a handful of settings on; more only takes longer
_MAX_ITEMS = 30


@dataclass(frozen=True, slots=True)
class Fold:
    """Training cells as rows of the training part: those to learn from, and those hidden and predicted."""

    learnt: Ints
    hidden: Ints


def folds_like_targets(
    train: AnsweredCells, target: Cells, descriptors: Descriptors, seed: int, n_folds: int = N_FOLDS
) -> tuple[Fold, ...]:
    """Return folds in which training populations take the targets' place.

    Each held-out population is given a target population at random, and loses its answers to the items that this one
    is asked. Whole countries are held out together, unless most targets are of countries that training knows. Very
    large training parts are thinned out, by countries and by the items that are predicted.
    """
    generator = np.random.default_rng(seed)
    unit = _units(train, target, descriptors)
    kept = np.isin(train.population, _some_populations(train, descriptors, generator))
    fold_of_unit = generator.permutation(int(unit.max(initial=0)) + 1) % n_folds
    fold = fold_of_unit[unit[train.population]]
    wanted = _wanted_items(train, target, generator)
    predicted = np.isin(train.item, _some_items(train, target, generator))
    folds = []
    for number in range(n_folds):
        hidden = kept & (fold == number) & wanted[train.population, train.item]
        if (hidden & predicted).any():
            folds.append(Fold(np.flatnonzero(kept & ~hidden), np.flatnonzero(hidden & predicted)))
    return tuple(folds)


def batteries_out(train: AnsweredCells, battery: Ints, seed: int, n_folds: int = N_FOLDS) -> tuple[Fold, ...]:
    """Return folds in which whole batteries are asked nowhere; battery (I,) numbers those of all items."""
    there = np.unique(battery[train.item])
    fold_of = np.random.default_rng(seed).permutation(len(there)) % n_folds
    fold = fold_of[np.searchsorted(there, battery[train.item])]
    held = [fold == number for number in range(n_folds)] if len(there) > 1 else []
    return tuple(Fold(np.flatnonzero(~one), np.flatnonzero(one)) for one in held if one.any())


def countries_are_known(train: AnsweredCells, target: Cells, descriptors: Descriptors) -> bool:
    """Return whether most target cells are of countries that the training part has."""
    country = descriptors.country[target.population]
    return bool(len(country)) and bool(
        (np.isin(country, descriptors.country[train.population]) & (country >= 0)).mean() > 0.5
    )


def _units(train: AnsweredCells, target: Cells, descriptors: Descriptors) -> Ints:
    """Return the number of the unit that each population (P,) is held out with."""
    alone = np.arange(len(train.catalogue.populations))
    if countries_are_known(train, target, descriptors):
        return alone
    country = np.where(descriptors.country >= 0, descriptors.country + len(alone), alone)
    return np.unique(country, return_inverse=True)[1].astype(np.int64)


def _some_populations(train: AnsweredCells, descriptors: Descriptors, generator: np.random.Generator) -> Ints:
    """Return all training populations, or those of countries drawn until there are enough."""
    there = np.unique(train.population)
    if len(there) <= _MAX_POPULATIONS:
        return there
    country = descriptors.country[there]
    order = generator.permutation(np.unique(country))
    # Whole countries are taken until the next one would be too many, but two at least.
    sizes = np.cumsum([(country == one).sum() for one in order])
    chosen = order[: max(int(np.searchsorted(sizes, _MAX_POPULATIONS, side="right")), 2)]
    return there[np.isin(country, chosen)]


def _some_items(train: AnsweredCells, target: Cells, generator: np.random.Generator) -> Ints:
    there = np.intersect1d(train.item, target.item)
    return there if len(there) <= _MAX_ITEMS else np.sort(generator.choice(there, _MAX_ITEMS, replace=False))


def _wanted_items(train: AnsweredCells, target: Cells, generator: np.random.Generator) -> Bools:
    """Return which items each population (P, I) is asked as a target: its own, or those of a target drawn for it."""
    n_populations, n_items = len(train.catalogue.populations), len(train.catalogue.items)
    asked = np.zeros((n_populations, n_items), dtype=np.bool_)
    asked[target.population, target.item] = True
    targets = np.unique(target.population)
    return asked[generator.choice(targets, n_populations)] if len(targets) else asked
