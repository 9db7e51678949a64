"""`two-way`: what a group would say whose country's other groups are known, by the gap learnt in other countries.

log p(c, g) = log h(other groups of c) + s x mean over c' of [log h(c', g) - log h(the same other groups of c')], with
shares h smoothed by half a respondent per option, and the same other groups for every c'. The additive model of
two-way tables, in logs; s (1: the whole gap, 0: siblings only) is chosen by leaving groups out of training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from surveycli.baseline.answer import Answer, answer_each
from surveycli.baseline.descriptors import Descriptors
from surveycli.baseline.predictors.means import predict_item_mean
from surveycli.baseline.statistical import StatisticalPredictor, from_populations
from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Floats, Ints, within
from surveycli.distribution.divergence import js_distance
from surveycli.distribution.pooling import normalise
from surveycli.predictor import Need

SHRINKAGES = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
_HALF = 0.5  # of a respondent, added to each option
_N_WHERE_UNKNOWN = 100.0  # respondents of a group of which only shares are known
_MAX_TUNING_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """An item's answers: counts (C, G, K) by country (C,) and group (G,), both sorted; 0 where not known."""

    country: Ints
    group: Ints
    counts: Floats
    n_options: int

    @property
    def known(self) -> Bools:
        """Which groups of which countries answered: (C, G)."""
        return np.asarray(self.counts.sum(axis=-1) > 0)


@dataclass(frozen=True, slots=True)
class Parted:
    """N cells in logs (N, K): their siblings' shares and the gap that other countries have; how many of each (N,)."""

    siblings: Floats
    gap: Floats
    n_siblings: Ints
    n_countries: Ints

    def shares(self, shrinkage: float, is_option: Bools) -> Floats:
        """Return the predicted shares (N, K) with so much of the gap."""
        logs = np.where(is_option, self.siblings + shrinkage * self.gap, -np.inf)
        return normalise(np.exp(logs - logs.max(axis=1, keepdims=True)))


def predict_two_way(
    train: AnsweredCells, target: Cells, descriptors: Descriptors, seed: int = 1, shrinkage: float | None = None
) -> Answer:
    """Give the other groups of the country plus the gap learnt elsewhere; without other groups, the item mean.

    Groups are siblings where the same columns define them (sex, or sex and age) in one country. `shrinkage` is the
    share of the gap; without one it is chosen.
    """
    if shrinkage is None:
        shrinkage = choose_shrinkage(train, descriptors, seed)
    parted = part_cells(train, target, descriptors)
    shares = parted.shares(shrinkage, within(target.n_options, train.shares.shape[1]))
    gap = "their gap to this one from {} other countries" if shrinkage else "as they are"
    bases = [
        f"{n} other groups of the country, {gap.format(m)}" if n else None
        for n, m in zip(parted.n_siblings, parted.n_countries, strict=True)
    ]
    return answer_each(shares, bases, predict_item_mean(train, target), {"shrinkage": shrinkage})


def choose_shrinkage(train: AnsweredCells, descriptors: Descriptors, seed: int = 1) -> float:
    """Return the share of the gap with the least mean Jensen-Shannon distance on training groups, each left out."""
    grouped = np.flatnonzero(descriptors.group[train.population] >= 0)
    if len(grouped) > _MAX_TUNING_CELLS:
        grouped = np.sort(np.random.default_rng(seed).choice(grouped, _MAX_TUNING_CELLS, replace=False))
    cells = train.take(grouped)
    parted = part_cells(train, cells, descriptors)
    usable = (parted.n_siblings > 0) & (parted.n_countries > 0)
    if not usable.any():
        return 1.0
    is_option = within(cells.n_options, train.shares.shape[1])

    def loss(shrinkage: float) -> float:
        return float(js_distance(cells.shares, parted.shares(shrinkage, is_option))[usable].mean())

    return min(SHRINKAGES, key=loss)


def part_cells(train: AnsweredCells, target: Cells, descriptors: Descriptors) -> Parted:
    """Return siblings and gap of each target cell; a training cell among them is left out of what predicts it."""
    n, width = len(target), train.shares.shape[1]
    parted = Parted(np.zeros((n, width)), np.zeros((n, width)), np.zeros(n, np.int64), np.zeros(n, np.int64))
    for key, rows in _rows_by_block(target, descriptors).items():
        cells = train.take((train.item == key[0]) & (descriptors.grouping[train.population] == key[1]))
        block = _block(cells, descriptors)
        known_country = np.isin(descriptors.country[target.population[rows]], block.country)
        for own in np.unique(descriptors.group[target.population[rows]]):
            here = rows[known_country & (descriptors.group[target.population[rows]] == own)]
            if len(here):
                country = np.searchsorted(block.country, descriptors.country[target.population[here]])
                _part(block, int(own), country, here, parted)
    return parted


def _rows_by_block(target: Cells, descriptors: Descriptors) -> dict[tuple[int, int], Ints]:
    """Return the rows of target groups by item and grouping; whole countries are in none."""
    located = descriptors.country[target.population] >= 0
    grouping = np.where(located, descriptors.grouping[target.population], -1)
    keys = np.stack([target.item, grouping], axis=1)
    distinct, block = np.unique(keys, axis=0, return_inverse=True)
    return {
        (int(item), int(columns)): np.flatnonzero(block == number)
        for number, (item, columns) in enumerate(distinct)
        if columns >= 0
    }


def _block(cells: AnsweredCells, descriptors: Descriptors) -> GroupCounts:
    """Return the cells of one item and one grouping as a block."""
    # Countries become rows and groups columns, each numbered without gaps; a pair that was not asked stays 0.
    country, row = np.unique(descriptors.country[cells.population], return_inverse=True)
    group, column = np.unique(descriptors.group[cells.population], return_inverse=True)
    n = np.where(np.isfinite(cells.n_respondents), cells.n_respondents, _N_WHERE_UNKNOWN)
    counts = np.zeros((len(country), len(group), cells.shares.shape[1]))
    counts[row, column] = cells.shares * n[:, None]
    return GroupCounts(country, group, counts, int(cells.n_options.max(initial=1)))


def _part(block: GroupCounts, own: int, country: Ints, rows: Ints, parted: Parted) -> None:
    """Fill in the rows (T,) of one group, of whose countries (T,) the block has some group."""
    is_own = block.group == own
    sibling = block.known[country] & ~is_own  # (T, G)
    same_elsewhere = np.einsum("tg,cgk->tck", sibling, block.counts)
    there = (sibling.astype(np.float64) @ block.known.T > 0) & (block.known & is_own).any(axis=1)  # (T, C)
    there[np.arange(len(rows)), country] = False
    gaps = _smoothed(block.counts[:, is_own].sum(axis=1), block.n_options) - _smoothed(same_elsewhere, block.n_options)
    parted.siblings[rows] = _smoothed(np.einsum("tg,tgk->tk", sibling, block.counts[country]), block.n_options)
    parted.gap[rows] = (gaps * there[..., None]).sum(axis=1) / np.maximum(there.sum(axis=1), 1)[:, None]
    parted.n_siblings[rows], parted.n_countries[rows] = sibling.sum(axis=1), there.sum(axis=1)


def _smoothed(counts: Floats, n_options: int) -> Floats:
    """Return the logs of shares with half a respondent more per option: (..., K), 0 where there is no option."""
    counts = counts + _HALF * (np.arange(counts.shape[-1]) < n_options)
    logs = np.zeros_like(counts)
    np.log(counts / counts.sum(axis=-1, keepdims=True), out=logs, where=counts > 0)
    return logs


PREDICTORS = (
    StatisticalPredictor(
        name="two-way",
        help="The other groups of the country, plus the gap between these groups in other countries.",
        needs=frozenset({Need.TRAINING_ANSWERS}),
        predict=from_populations(predict_two_way),
    ),
    StatisticalPredictor(
        name="other-groups",
        help="The other groups of the country, pooled: what two-way has to beat.",
        needs=frozenset({Need.TRAINING_ANSWERS}),
        predict=from_populations(partial(predict_two_way, shrinkage=0.0)),
    ),
)
