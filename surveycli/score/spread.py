"""How far populations differ from each other, in predictions and among people: pure, on aligned arrays.

A model that knows the average answer but not who gives it predicts everyone alike (homogenisation); one that knows
groups by their reputation sets them further apart than they are (stereotyping).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Bools, Floats, Ints
from surveycli.distribution.divergence import js_distance, total_variation
from surveycli.distribution.pooling import sum_by

_MAX_PAIRS = 500  # per item, drawn at random where there are more


@dataclass(frozen=True, slots=True)
class Spread:
    """The same spread among predictions and among people, averaged over `n_items` items."""

    predicted: float
    human: float
    n_items: int

    @property
    def ratio(self) -> float | None:
        """Predicted over human; None where people do not differ."""
        return self.predicted / self.human if self.human > 1e-12 else None


def variance_across_populations(human: AnsweredCells, predicted: Floats) -> Spread | None:
    """Return the mean over items of the variance between populations, summed over options; None for lack of cells.

    From the human variance goes what sampling alone would cause, p(1-p)/n per option. Cells whose number of respondents
    is not known are left out; items of fewer than two populations too.
    """
    known = np.isfinite(human.n_respondents)
    cells, model = human.take(known), predicted[known]
    kept = _of_several(cells.item)
    cells, model = cells.take(kept), model[kept]
    if not len(cells):
        return None
    _, item = np.unique(cells.item, return_inverse=True)
    noise = (cells.shares * (1 - cells.shares)).sum(axis=1) / cells.n_respondents
    among_people = _variances(cells.shares, item) - _means(noise[:, None], item)[:, 0]
    return Spread(float(_variances(model, item).mean()), max(float(among_people.mean()), 0.0), int(item.max()) + 1)


def mean_pairwise_distance(human: AnsweredCells, predicted: Floats, seed: int = 1) -> Spread | None:
    """Return the mean over items of the mean Jensen-Shannon distance between two populations; None for lack of cells.

    The predictor of everyone's average has 0 for itself.

    Sampling noise is part of the human figure.
    """
    generator = np.random.default_rng(seed)
    found = []
    for rows in _rows_of_items(human.item):
        first, second = _pairs(rows, generator)
        people = js_distance(human.shares[first], human.shares[second]).mean()
        found.append((js_distance(predicted[first], predicted[second]).mean(), people))
    return _mean_spread(found)


def mean_gap_between_groups(human: AnsweredCells, predicted: Floats, group: Ints) -> Spread | None:
    """Return the mean over items of the mean total variation between group averages; None where no item has two groups.

    `group` (N,) numbers the group of each cell's population.
    """
    found = []
    for rows in _rows_of_items(human.item):
        _, label = np.unique(group[rows], return_inverse=True)
        n_groups = int(label.max()) + 1
        if n_groups < 2:
            continue
        first, second = np.triu_indices(n_groups, 1)
        people, model = _means(human.shares[rows], label), _means(predicted[rows], label)
        gap = total_variation(people[first], people[second]).mean()
        found.append((total_variation(model[first], model[second]).mean(), gap))
    return _mean_spread(found)


def _mean_spread(found: list[tuple[float, float]]) -> Spread | None:
    if not found:
        return None
    predicted, human = np.mean(found, axis=0).tolist()
    return Spread(predicted, human, len(found))


def _of_several(item: Ints) -> Bools:
    """Return the rows whose item stands in two rows at least."""
    return np.asarray(np.bincount(item, minlength=1)[item] > 1)


def _rows_of_items(item: Ints) -> list[Ints]:
    """Return the rows of each item that has two at least."""
    # Rows in the order of their items are cut wherever the item changes.
    order = np.argsort(item, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(item[order])) + 1)
    return [piece for piece in pieces if len(piece) > 1]


def _pairs(rows: Ints, generator: np.random.Generator) -> tuple[Ints, Ints]:
    first, second = np.triu_indices(len(rows), 1)
    if len(first) > _MAX_PAIRS:
        chosen = generator.choice(len(first), _MAX_PAIRS, replace=False)
        first, second = first[chosen], second[chosen]
    return rows[first], rows[second]


def _means(values: Floats, group: Ints) -> Floats:
    n_groups = int(group.max()) + 1
    count = np.bincount(group, minlength=n_groups)
    return np.asarray(sum_by(group, values, n_groups) / count[:, None])


def _variances(shares: Floats, group: Ints) -> Floats:
    """Return each group's variance (n - 1 in the denominator) summed over options: (G,)."""
    apart = ((shares - _means(shares, group)[group]) ** 2).sum(axis=1)
    count = np.bincount(group)
    return np.asarray(np.bincount(group, weights=apart) / np.maximum(count - 1, 1))
