"""Predictors that average what training populations said, and the null that mixes them up."""

from __future__ import annotations

import numpy as np

from surveycli.baseline.answer import Answer, answer_all, answer_or
from surveycli.baseline.statistical import StatisticalPredictor, from_answers
from surveycli.distribution.arrays import AnsweredCells, Cells, Ints
from surveycli.distribution.divergence import uniform
from surveycli.distribution.pooling import item_means, position_marginals, sum_by
from surveycli.predictor import Need


def predict_uniform(train: AnsweredCells, target: Cells) -> Answer:
    """Give every option the same probability."""
    return answer_all(uniform(target.n_options, train.shares.shape[1]), "uniform")


def predict_position_marginal(train: AnsweredCells, target: Cells) -> Answer:
    """Give the mean, over training items with as many options, of their item means.

    Where no item has as many, those with the next smaller and larger number are stretched; without any, it is uniform.
    """
    marginals = position_marginals(item_means(train))
    shares, known = marginals.shares[target.n_options], marginals.n_items[target.n_options] > 0
    any_item = np.full(len(target), bool(marginals.n_items[2:].any()))
    stretched = answer_or(shares, any_item, "position marginal, stretched", predict_uniform(train, target))
    return answer_or(shares, known, "position marginal", stretched)


def predict_item_mean(train: AnsweredCells, target: Cells) -> Answer:
    """Give the item's mean over training populations; the position marginal for an item that none was asked."""
    means = item_means(train)
    fallback = predict_position_marginal(train, target)
    return answer_or(means.shares[target.item], means.asked[target.item], "item mean", fallback)


def predict_region_mean(train: AnsweredCells, target: Cells, region: Ints) -> Answer:
    """Give the item's mean over training populations of the same region, else its mean over all.

    `region` (P,) numbers the region of each population, -1 where it is not known.
    """
    # Pairs of item and region have one number each, so that cells can be counted and summed by pair. The last region
    # takes those that are not known: -1 modulo the number of regions.
    n_items, n_regions = len(train.catalogue.items), int(region.max(initial=-1)) + 2  # the last one: not known
    group = train.item * n_regions + region[train.population] % n_regions
    count = np.bincount(group, minlength=n_items * n_regions)
    total = sum_by(group, train.shares, n_items * n_regions)
    wanted = target.item * n_regions + region[target.population] % n_regions
    known = (count[wanted] > 0) & (region[target.population] >= 0)
    means = total[wanted] / np.maximum(count[wanted], 1)[:, None]
    return answer_or(means, known, "region mean", predict_item_mean(train, target))


def predict_shuffled_group(train: AnsweredCells, target: Cells, seed: int) -> Answer:
    """Give what another training population, drawn at random, said to the item.

    A predictor that knows anything about the populations it is told must beat this.
    """
    # `order` lists training cells item by item, item i from place start[i] up to start[i + 1]; a draw in [0, 1) becomes
    # a place among an item's candidates, which leave out the population's own answer.
    order = np.argsort(train.item, kind="stable")
    start = np.searchsorted(train.item[order], np.arange(len(train.catalogue.items) + 1))
    own = _own_places(train, target, order)
    candidates = np.diff(start)[target.item] - (own >= 0)
    draw = np.random.default_rng(seed).random(len(target))
    place = start[target.item] + np.floor(draw * np.maximum(candidates, 1)).astype(np.int64)
    place += (own >= 0) & (place >= own)  # step over the population's own answer
    chosen = order[np.minimum(place, len(order) - 1)]
    fallback = predict_position_marginal(train, target)
    return answer_or(train.shares[chosen], candidates > 0, "another population", fallback)


def _own_places(train: AnsweredCells, target: Cells, order: Ints) -> Ints:
    """Return where in `order` each target cell itself stands, -1 where it is not a training cell: (N,)."""
    n_populations = len(train.catalogue.populations)
    key = train.item * n_populations + train.population
    place = np.full(len(train.catalogue.items) * n_populations, -1, dtype=np.int64)
    place[key[order]] = np.arange(len(order))
    return np.asarray(place[target.item * n_populations + target.population])


_TRAINING = frozenset({Need.TRAINING_ANSWERS})
PREDICTORS = (
    StatisticalPredictor(
        name="uniform",
        draws=False,
        help="All options are equally probable.",
        predict=from_answers(predict_uniform),
    ),
    StatisticalPredictor(
        name="position-marginal",
        draws=False,
        help="The mean of training items with the same number of options, by position.",
        needs=_TRAINING,
        predict=from_answers(predict_position_marginal),
    ),
    StatisticalPredictor(
        name="item-mean",
        draws=False,
        help="The item's mean over training populations.",
        needs=_TRAINING,
        predict=from_answers(predict_item_mean),
    ),
    StatisticalPredictor(
        name="region-mean",
        draws=False,
        help="The item's mean over training populations of the same SDG region.",
        needs=_TRAINING,
        predict=lambda evidence, _: predict_region_mean(
            evidence.train, evidence.target, evidence.descriptors().sdg_region
        ),
    ),
    StatisticalPredictor(
        name="shuffled-group",
        help="What another training population, drawn at random, said: a null model to beat.",
        needs=_TRAINING,
        predict=lambda evidence, _: predict_shuffled_group(evidence.train, evidence.target, evidence.seed),
    ),
)
