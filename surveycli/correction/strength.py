"""How many respondents a prediction is worth, told from how well it foresaw the answers of a sample.

The shares of a cell are taken to be Dirichlet(s x prediction): s, the strength, is worth that many respondents. Whether
it helps at all is one of the hypotheses: then shares are Dirichlet(1/2, ..., 1/2), whatever the prediction says. The
marginal likelihood of a cell's counts under each is known in closed form (Dirichlet-multinomial); an item's cells share
one strength, and how strengths are spread over items is learnt from all of them (empirical Bayes; Efron 2016).
Shapes: N cells, K options, I items, H hypotheses: no help first, then STRENGTHS.
"""

from __future__ import annotations

import numpy as np

from surveycli.distribution.arrays import Bools, Floats, Ints
from surveycli.distribution.pooling import normalise, sum_by

STRENGTHS = 2.0 ** np.arange(-1, 12)  # 1/2 to 2,048 respondents
# What is assumed of a prediction that nothing is known about: strengths about 16, and 1 in 20 that it does not help.
UNKNOWN = np.concatenate([[0.05], 0.95 * normalise(np.exp(-(((np.log2(STRENGTHS) - 4) / 2) ** 2) / 2))])
_FLOOR = 0.005  # of a predicted share: no answer is excluded
_JEFFREYS = 0.5
_PSEUDO_ITEMS = 20.0  # what the sample's own items have to outweigh
_KEPT = 0.02  # of every hypothesis, so that none is ruled out beforehand
_N_STEPS = 30


def floored(predicted: Floats, is_option: Bools) -> Floats:
    """Return predictions (N, K) in which every option has a share."""
    return normalise(np.where(is_option, np.maximum(predicted, _FLOOR), 0.0))


def concentrations(counts: Floats, predicted: Floats, is_option: Bools) -> Floats:
    """Return the Dirichlet parameters of each cell's posterior under each hypothesis: (N, H, K), 0 beyond options."""
    # The first hypothesis (H) is that the prediction does not help; the others add it with the strength of each.
    no_help = np.where(is_option, _JEFFREYS, 0.0)
    helped = STRENGTHS[:, None] * predicted[:, None, :]
    return np.asarray(np.concatenate([no_help[:, None], helped], axis=1) + counts[:, None, :])


def log_likelihoods(counts: Floats, predicted: Floats, is_option: Bools) -> Floats:
    """Return the log marginal likelihood of each cell's counts under each hypothesis: (N, H)."""
    after = concentrations(counts, predicted, is_option)
    return _log_beta(after, is_option) - _log_beta(after - counts[:, None, :], is_option)


def learn_spread(by_item: Floats, start: Floats, weight: float = _PSEUDO_ITEMS) -> Floats:
    """Return how probable each hypothesis is before an item's own answers: (H,).

    by_item (I, H) are log likelihoods, `start` (H,) is what is assumed, worth `weight` items. By expectation
    maximisation.
    """
    spread = start
    for _ in range(_N_STEPS):
        spread = normalise(item_posteriors(by_item, spread).sum(axis=0) + weight * start)
    return spread


def spread_of(counts: Floats, predicted: Floats, is_option: Bools, item: Ints) -> Floats:
    """Return the spread of strengths over the items of cells whose answers are known (validation): (H,)."""
    even = np.full(1 + len(STRENGTHS), 1 / (1 + len(STRENGTHS)))
    by_item = sum_by(item, log_likelihoods(counts, predicted, is_option), int(item.max()) + 1)
    return (1 - _KEPT) * learn_spread(by_item, even, weight=1.0) + _KEPT * even


def item_posteriors(by_item: Floats, spread: Floats) -> Floats:
    """Return the probability of each hypothesis given each item's answers: (I, H)."""
    logs = by_item + np.log(spread)
    return normalise(np.exp(logs - logs.max(axis=1, keepdims=True)))


def _log_beta(concentration: Floats, is_option: Bools) -> Floats:
    """Return ln B(a) = sum ln gamma(a_k) - ln gamma(sum a_k): (N, H, K) -> (N, H)."""
    from scipy.special import gammaln

    each = np.where(is_option[:, None], gammaln(np.where(is_option[:, None], concentration, 1.0)), 0.0)
    return np.asarray(each.sum(axis=-1) - gammaln(concentration.sum(axis=-1)))
