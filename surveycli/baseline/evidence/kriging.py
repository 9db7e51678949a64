"""Kriging of one item over populations, by how alike they answered what both were asked, and by their descriptors.

Shapes: D donors (populations whose answers to the item are known), T targets, J items that compare them, K options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import Floats

RELEVANCES = (0.0, 1.0)
_WIDTH = 4.0  # of the kernel, in median distances between donors; the noise does the rest
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class KrigingSettings:
    """What is chosen by leaving populations out.

    noise: variance that populations do not share, beside that of sampling; 1 is the variance between donors.
    descriptor_items: how many items' answers the descriptors weigh. relevance: items weigh in the comparison by their
    alignment with the asked one to this power, one of RELEVANCES; at 0 all weigh the same.
    """

    noise: float = 0.05
    descriptor_items: float = 10.0
    relevance: float = 1.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One item's donors and targets, compared.

    roots (D, K): the donors' square roots of shares. sampling (D,): their sampling variance, summed over options.
    by_answers: for each relevance, and by_descriptors: distances of the donors and then the targets to the donors,
    each in medians between donors (D+T, D). n_items: J.
    """

    roots: Floats
    sampling: Floats
    by_answers: Mapping[float, Floats]
    by_descriptors: Floats
    n_items: int

    def distance(self, settings: KrigingSettings) -> Floats:
        """Return both distances averaged, each weighing as many items as it stands for: (D+T, D)."""
        if self.n_items == 0:
            return self.by_descriptors
        weight = settings.descriptor_items
        by_answers = self.by_answers[settings.relevance]
        return (self.n_items * by_answers + weight * self.by_descriptors) / (self.n_items + weight)


def compare(roots: Floats, sampling: Floats, features: Floats, apart: Floats) -> Comparison:
    """Return donors and targets compared by features (D+T, J, K), centred, and descriptor distances apart (D+T, D)."""
    n_donors, n_items = len(roots), features.shape[1]
    by_answers = {}
    if n_items:
        relevant = _relevance(features[:n_donors], roots - roots.mean(axis=0))
        by_answers = {
            power: _in_medians(_squared_distance(features, relevant**power, n_donors)) for power in RELEVANCES
        }
    return Comparison(roots, sampling, by_answers, _in_medians(apart), n_items)


def krige(compared: Comparison, settings: KrigingSettings) -> Floats:
    """Return the targets' square roots (T, K): m + k_t (K + noise)^-1 (Y - m), m the generalised least squares mean."""
    n_donors = len(compared.roots)
    kernel = np.exp(-compared.distance(settings) / _WIDTH)
    variance = max(float(((compared.roots - compared.roots.mean(axis=0)) ** 2).sum(axis=1).mean()), _TINY)
    noise = np.diag(settings.noise + compared.sampling / variance)
    solved = np.linalg.solve(kernel[:n_donors] + noise, np.column_stack([compared.roots, np.ones(n_donors)]))
    mean = solved[:, :-1].sum(axis=0) / solved[:, -1].sum()
    return np.asarray(mean + kernel[n_donors:] @ (solved[:, :-1] - solved[:, -1:] * mean))


def alignment(features: Floats, asked: Floats) -> Floats:
    """Return how far being alike on each of J items goes with being alike on the asked one: (J,), -1 to 1.

    features (D, J, K) and asked (D, K), centred: the cosine of the off-diagonals of their Gram matrices (centred kernel
    alignment, Cortes et al. 2012; without the diagonal it is near 0 for items that have nothing in common).
    """
    features = features - features.mean(axis=0)
    own, own_asked = (features**2).sum(axis=-1), (asked**2).sum(axis=-1)
    # Over all pairs of donors the product of two Gram matrices sums to the squared length of the cross product of their
    # features; `own` are the diagonals, which are taken out again.
    cross = np.einsum("djk,dl->jkl", features, asked, optimize=True)
    gram = np.einsum("djk,djl->jkl", features, features, optimize=True)
    together = (cross**2).sum(axis=(1, 2)) - own_asked @ own
    length = (gram**2).sum(axis=(1, 2)) - (own**2).sum(axis=0)
    length_asked = ((asked.T @ asked) ** 2).sum() - own_asked @ own_asked
    return np.asarray(together / np.sqrt(np.maximum(length * length_asked, _TINY**2)))


def _relevance(features: Floats, asked: Floats) -> Floats:
    """Return weights of items (J,), above 0: their alignment, or 1 each for donors too few to tell."""
    return np.maximum(alignment(features, asked), _TINY) if len(asked) > 2 else np.ones(features.shape[1])


def _squared_distance(features: Floats, weights: Floats, n_donors: int) -> Floats:
    """Return the weighted mean over items of squared distances to the donors: (D+T, D)."""
    # |a - b|^2 = |a|^2 + |b|^2 - 2 ab for all pairs at once, the weights multiplied into the features.
    vectors = (features * np.sqrt(weights / weights.sum())[:, None]).reshape(len(features), -1)
    lengths = (vectors**2).sum(axis=1)
    squared = lengths[:, None] + lengths[None, :n_donors] - 2 * vectors @ vectors[:n_donors].T
    return np.asarray(np.maximum(squared, 0.0))


def _in_medians(distance: Floats) -> Floats:
    n_donors = distance.shape[1]
    between = distance[:n_donors][np.triu_indices(n_donors, 1)]
    median = float(np.median(between)) if len(between) else 0.0
    return distance / median if median > _TINY else distance
