"""Gaps between groups: does a run see them, on the right side, and as large as they are? Pure, on aligned arrays.

The gap of two populations on an item is the difference of their mean positions on its scale, over k-1: only items whose
options have an order have one. With subgroups pairs are those of one country, else countries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats, Ints
from surveycli.distribution.divergence import entropy

_MAX_PAIRS = 500  # per item and group of populations, drawn at random where there are more
_CLEAR = 2.0  # standard errors that a human gap must be away from 0 for its side and size to be known
_ALIGNED = (0.5, 1.5)  # predicted over human gap


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps of P pairs: human, predicted, and the standard error that sampling gives the human one: (P,) each."""

    human: Floats
    predicted: Floats
    error: Floats

    def __len__(self) -> int:
        return len(self.human)

    @property
    def slope(self) -> float | None:
        """Predicted gap per unit of the true one: sum(d g) / (sum(g^2) - sum(error^2)); None where that is not above 0.

        The squares of human gaps hold sampling noise, which would make the slope too small.
        """
        true = float((self.human**2).sum() - (self.error**2).sum())
        return float((self.human * self.predicted).sum()) / true if true > 0 else None

    @property
    def clear(self) -> Gaps:
        """The pairs whose human gap is beyond what sampling alone would give."""
        kept = np.abs(self.human) > _CLEAR * self.error
        return Gaps(self.human[kept], self.predicted[kept], self.error[kept])

    @property
    def sign_rate(self) -> float | None:
        """Share of pairs whose gap is predicted on its side; a gap predicted as 0 is on neither and counts half."""
        side = np.sign(self.human * self.predicted)
        return float(((side + 1) / 2).mean()) if len(self) else None

    def kinds(self) -> dict[str, int]:
        """Return how many pairs are predicted the other way round, too far apart, too close, and about right."""
        ratio = self.predicted / self.human
        low, high = _ALIGNED
        return {
            "flipped": int((ratio < 0).sum()),
            "stereotyped": int((ratio > high).sum()),
            "erased": int(((ratio >= 0) & (ratio < low)).sum()),
            "aligned": int(((ratio >= low) & (ratio <= high)).sum()),
        }


def gaps_between(human: AnsweredCells, predicted: Floats, within: Ints, seed: int = 1) -> Gaps:
    """Return the gaps of all pairs of populations that answered an item and are in the same group `within` (N,).

    Cells whose number of respondents is not known have no standard error and are left out.
    """
    known = np.isfinite(human.n_respondents)
    cells, model, within = human.take(known), predicted[known], within[known]
    people, spread = positions(cells.shares, cells.n_options)
    ours, _ = positions(model, cells.n_options)
    generator = np.random.default_rng(seed)
    pairs = list(_pairs(cells.item, within, generator))
    first, second = (np.concatenate([pair[side] for pair in pairs] or [np.zeros(0, dtype=np.int64)]) for side in (0, 1))
    noise = spread / cells.n_respondents
    error = np.sqrt(noise[first] + noise[second])
    return Gaps(people[first] - people[second], ours[first] - ours[second], error)


def positions(shares: Floats, n_options: Ints) -> tuple[Floats, Floats]:
    """Return the mean and the variance of positions 0..1 on the scale: (N, K), (N,) -> (N,), (N,)."""
    place = np.arange(shares.shape[1]) / np.maximum(n_options - 1, 1)[:, None]
    mean = (shares * place).sum(axis=1)
    return mean, np.maximum((shares * place**2).sum(axis=1) - mean**2, 0.0)


def entropy_ratio(human: AnsweredCells, predicted: Floats) -> tuple[float, float]:
    """Return the mean entropy of predictions and of people, nats: below people's, a run is too sure.

    People's gets what sampling takes from it, (options chosen - 1) / 2n (Miller 1955), where n is known.
    """
    n = np.where(np.isfinite(human.n_respondents), human.n_respondents, np.inf)
    taken = ((human.shares > 0).sum(axis=1) - 1) / (2 * n)
    return float(entropy(predicted).mean()), float((entropy(human.shares) + taken).mean())


def spread_within(human: AnsweredCells, predicted: Floats) -> tuple[float, float]:
    """Return the mean variance of positions within a cell, of predictions and of people (n / (n-1) of the observed)."""
    n = np.where(np.isfinite(human.n_respondents), human.n_respondents, np.inf)
    larger = np.where(n > 1, 1 / (1 - 1 / np.maximum(n, 1.000001)), 1.0)
    variances = (positions(shares, human.n_options)[1] for shares in (predicted, human.shares))
    ours, people = variances
    return float(ours.mean()), float((people * larger).mean())


def _pairs(item: Ints, within: Ints, generator: np.random.Generator) -> Iterator[tuple[Ints, Ints]]:
    """Yield rows of the first and of the second of each pair, one item and group after the other."""
    order = np.lexsort((within, item))
    edges = np.flatnonzero((np.diff(item[order]) != 0) | (np.diff(within[order]) != 0)) + 1
    for rows in np.split(order, edges):
        first, second = np.triu_indices(len(rows), 1)
        if len(first) > _MAX_PAIRS:
            chosen = generator.choice(len(first), _MAX_PAIRS, replace=False)
            first, second = first[chosen], second[chosen]
        yield rows[first], rows[second]
