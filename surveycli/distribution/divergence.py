"""How far a predicted response distribution is from the human one. Each metric once, float64, vectorised over cells.

Shapes: `human` and `model` are (..., K) probabilities that sum to 1 along the last axis; a cell with fewer than K
options is padded with zeros at the end, and `n_options` (...) says how many it has (K where it is left out). Returns
are (...). All logarithms are natural: divergences are in nats.
"""

from __future__ import annotations

import math

import numpy as np

from surveycli.distribution.arrays import Bools, Floats, Ints

_TIE = 1e-12  # probabilities closer than this are equal: they differ by rounding


def entropy(shares: Floats) -> Floats:
    """Return the entropy -sum p ln p, nats, 0 to ln K.

    >>> round(float(entropy(np.array([0.5, 0.5, 0.0]))), 6)
    0.693147
    """
    return -np.asarray(_times_log(shares, shares).sum(axis=-1)) + 0.0


def kl(human: Floats, model: Floats) -> Floats:
    """Return KL(human || model) = sum p ln(p/q), nats: infinite where the model excludes an answer that was given.

    >>> float(kl(np.array([0.5, 0.5]), np.array([1.0, 0.0])))
    inf
    """
    with np.errstate(divide="ignore", over="ignore"):
        ratio = np.divide(human, model, out=np.ones_like(_both(human, model)), where=human > 0)
    return np.asarray(np.maximum(_times_log(human, ratio).sum(axis=-1), 0.0))


def js_divergence(human: Floats, model: Floats) -> Floats:
    """Return the Jensen-Shannon divergence (KL(p||m) + KL(q||m))/2 with m = (p+q)/2, nats, 0 to ln 2 (Lin 1991).

    With x = (p-q)/(p+q) an option adds m ((1+x) ln(1+x) + (1-x) ln(1-x)) / 2, which loses no digits where p and q are
    close, as the textbook form does.

    >>> float(js_divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0]))) == math.log(2)
    True
    """
    middle = (human + model) / 2
    x = np.divide((human - model) / 2, middle, out=np.zeros_like(middle), where=middle > 0)
    # At x = 1 one option has all the mass of two: (1-x) ln(1-x) is 0 there, and its log must not be taken.
    rising = (1 + x) * np.log1p(x, out=np.zeros_like(x), where=x > -1)
    falling = (1 - x) * np.log1p(-x, out=np.zeros_like(x), where=x < 1)
    return np.asarray(np.clip((middle * (rising + falling)).sum(axis=-1) / 2, 0.0, math.log(2.0)))


def js_distance(human: Floats, model: Floats) -> Floats:
    """Return the square root of the Jensen-Shannon divergence, a metric, 0 to 0.8326 (Endres and Schindelin 2003)."""
    return np.sqrt(js_divergence(human, model))


def total_variation(human: Floats, model: Floats) -> Floats:
    """Return half the sum of |p - q|, 0 to 1: the share of people who would have to answer otherwise."""
    return np.asarray(np.abs(human - model).sum(axis=-1) / 2)


def emd_ordinal(human: Floats, model: Floats, n_options: Ints | None = None) -> Floats:
    """Return the earth mover's distance between option positions 0..k-1, divided by k-1: 0 to 1.

    In one dimension it is the sum of |cumulated p - cumulated q|. Only options that lie on one line have it.

    >>> float(emd_ordinal(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])))
    1.0
    """
    k = _n_options(human, n_options)
    between = np.arange(human.shape[-1]) < (k - 1)[..., None]
    gaps = np.abs(np.cumsum(human - model, axis=-1)) * between
    return np.asarray(gaps.sum(axis=-1) / np.maximum(k - 1, 1))


def modal_accuracy(human: Floats, model: Floats) -> Floats:
    """Return 1 where the model's most probable option is the one most people chose, else 0; ties share the point.

    With several most probable options it is the share of them that are also most common among people: the expected
    point of a model that breaks its own tie at random.

    >>> float(modal_accuracy(np.array([0.2, 0.5, 0.3]), np.array([0.4, 0.4, 0.2])))
    0.5
    """
    chosen, predicted = modes(human), modes(model)
    return np.asarray((chosen & predicted).sum(axis=-1) / predicted.sum(axis=-1))


def modes(shares: Floats) -> Bools:
    """Return which options are the most probable ones, more than one where they tie: (..., K)."""
    return np.asarray(shares >= shares.max(axis=-1, keepdims=True) - _TIE)


def skill_vs_uniform(human: Floats, model: Floats, n_options: Ints | None = None) -> Floats:
    """Return 1 - TV(human, model) / TV(human, uniform): 1 is perfect, 0 no better than uniform, below 0 worse.

    Times 100 it is the score of SimBench (2025). NaN where people answered uniformly: there it is not defined.
    """
    of_uniform = total_variation(human, uniform(_n_options(human, n_options), human.shape[-1]))
    defined = of_uniform > _TIE
    ratio = np.divide(total_variation(human, model), of_uniform, out=np.full_like(of_uniform, np.nan), where=defined)
    return np.asarray(1 - ratio)


def paper_one_minus_jsd(human: Floats, model: Floats) -> Floats:
    """Return what Cao et al. 2025 print as 1-JSD: 1 minus the Jensen-Shannon distance, 0.167 to 1, higher is better."""
    return np.asarray(1 - js_distance(human, model))


def paper_emd(human: Floats, model: Floats, n_options: Ints | None = None) -> Floats:
    """Return what Cao et al. 2025 print as EMD: the mean |difference| of the two sorted probability vectors.

    It is the Wasserstein distance between the probabilities taken as samples. It does not know which option is which: a
    distribution and its mirror image score 0.
    """
    k = _n_options(human, n_options)
    # Padding zeros sort to the front of both vectors and cancel.
    return np.asarray(np.abs(np.sort(human, axis=-1) - np.sort(model, axis=-1)).sum(axis=-1) / k)


def paper_kl_per_option(human: Floats, model: Floats, n_options: Ints | None = None) -> Floats:
    """Return KL(human || model) / k, nats: the training loss of Cao et al. 2025 as their released code computes it."""
    return np.asarray(kl(human, model) / _n_options(human, n_options))


def uniform(n_options: Ints, width: int) -> Floats:
    """Return the uniform distribution over each cell's options, padded to `width`: (...) -> (..., width)."""
    n_options = np.asarray(n_options)
    return (np.arange(width) < n_options[..., None]) / n_options[..., None].astype(np.float64)


def _both(human: Floats, model: Floats) -> Floats:
    return np.broadcast_to(human, np.broadcast_shapes(human.shape, model.shape)).astype(np.float64)


def _times_log(weight: Floats, value: Floats) -> Floats:
    """Return weight ln(value), 0 where the weight is 0."""
    return weight * np.log(value, out=np.zeros_like(_both(weight, value)), where=weight > 0)


def _n_options(human: Floats, n_options: Ints | None) -> Ints:
    if n_options is None:
        return np.full(human.shape[:-1], human.shape[-1], dtype=np.int64)
    return np.asarray(n_options)
