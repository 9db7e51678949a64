"""The training part as predictors by evidence need it: square roots of shares, and who was asked what.

Shapes: P populations, I items of the catalogue, K options at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Floats, Ints
from surveycli.distribution.pooling import normalise

_N_WHERE_UNKNOWN = 1000.0  # respondents of a cell of which only shares are known: a usual national sample
_FLOOR = 0.01  # of a square root: no option is taken for impossible


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """roots (P, I, K): square roots of shares, 0 where unknown. known (P, I). n_respondents (P, I). n_options (I,).

    Square roots, since their distance is Hellinger's, and since sampling noise is alike at every share: 1 / (4 n).
    """

    roots: Floats
    known: Bools
    n_respondents: Floats
    n_options: Ints


def known_answers(train: AnsweredCells, target: Cells) -> KnownAnswers:
    """Return the training cells as a block over the whole catalogue; a target cell adds its number of options alone."""
    shape = (len(train.catalogue.populations), len(train.catalogue.items))
    roots, known = np.zeros((*shape, train.shares.shape[1])), np.zeros(shape, dtype=np.bool_)
    n_respondents, n_options = np.full(shape, np.nan), np.ones(shape[1], dtype=np.int64)
    place = (train.population, train.item)
    roots[place], known[place], n_respondents[place] = np.sqrt(train.shares), True, train.n_respondents
    n_options[target.item], n_options[train.item] = target.n_options, train.n_options
    usable = np.isfinite(n_respondents) & (n_respondents > 0)
    return KnownAnswers(roots, known, np.where(usable, n_respondents, _N_WHERE_UNKNOWN), n_options)


def centred_roots(answers: KnownAnswers) -> Floats:
    """Return the roots less each item's mean over the populations that were asked: (P, I, K), 0 where unknown."""
    n_asked = np.maximum(answers.known.sum(axis=0), 1)
    mean = answers.roots.sum(axis=0) / n_asked[:, None]
    return np.where(answers.known[..., None], answers.roots - mean, 0.0)


def as_shares(roots: Floats, n_options: Ints) -> Floats:
    """Return distributions from predicted square roots (N, K): floored, squared, scaled to sum to 1."""
    is_option = np.arange(roots.shape[-1]) < n_options[..., None]
    return normalise(np.where(is_option, np.maximum(roots, _FLOOR), 0.0) ** 2)
