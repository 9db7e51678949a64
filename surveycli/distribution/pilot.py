"""What a few real respondents would tell: answers drawn from the human distribution, shrunk towards a prior.

It is the yardstick for predictions: "as good as n respondents per cell".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats, Ints, within
from surveycli.distribution.divergence import js_distance

_TINY = 1e-300
STRENGTHS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 128.0, 512.0)


def draw_answers(shares: Floats, n_respondents: Ints | int, generator: np.random.Generator) -> Floats:
    """Return the answers of `n_respondents` people per cell, drawn independently: counts, same shape as `shares`.

    `shares` (..., K) sum to 1; `n_respondents` is one number or one per cell.
    """
    # numpy gives what rounding leaves over to the last place. Reversed, that is the first option, never the padding.
    return generator.multinomial(n_respondents, shares[..., ::-1])[..., ::-1].astype(np.float64)


def draw_truth(cells: AnsweredCells, generator: np.random.Generator) -> Floats:
    """Return shares that may be the truth behind the cells' answers: (N, K); the observed ones where n is unknown.

    They are drawn from their posterior, a Dirichlet of the answers plus 1/2 per option (Jeffreys): shares observed are
    more extreme than the truth, and in small cells they say little about it.
    """
    known = np.isfinite(cells.n_respondents)
    answers = cells.shares * np.where(known, cells.n_respondents, 1.0)[:, None]
    mass = generator.standard_gamma((answers + 0.5) * within(cells.n_options, cells.shares.shape[1]))
    return np.where(known[:, None], mass / mass.sum(axis=1, keepdims=True), cells.shares)


def draw_survey(truth: Floats, cells: AnsweredCells, generator: np.random.Generator) -> Floats:
    """Return the shares of as many new respondents as each cell has: (N, K); the truth itself where n is unknown.

    An effective number is rounded, to 1 at least.
    """
    known = np.isfinite(cells.n_respondents)
    n = np.maximum(np.rint(np.where(known, cells.n_respondents, 1.0)), 1).astype(np.int64)
    return np.where(known[:, None], draw_answers(truth, n, generator) / n[:, None], truth)


def shrink(counts: Floats, prior: Floats, strength: Floats | float) -> Floats:
    """Return (counts + strength x prior) / (n + strength): the mean of the Dirichlet posterior, the prior where n = 0.

    `strength` is worth that many respondents, of each cell (...) or of all.
    """
    weight = np.asarray(strength)[..., None]
    n = counts.sum(axis=-1, keepdims=True)
    return np.where(n + weight > 0, (counts + weight * prior) / np.maximum(n + weight, _TINY), prior)


def choose_strength(
    shares: Floats, prior: Floats, n_respondents: int, seed: int, strengths: Sequence[float] = STRENGTHS
) -> float:
    """Return the strength whose pilots come closest to `shares` (N, K) by mean Jensen-Shannon distance.

    Meant for the training part: its cells' shares, and for each cell a prior that has not seen it.
    """
    counts = draw_answers(shares, n_respondents, np.random.default_rng(seed))
    losses = [float(js_distance(shares, shrink(counts, prior, strength)).mean()) for strength in strengths]
    return float(strengths[int(np.argmin(losses))])
