"""What a few real respondents would tell: answers drawn from the human distribution, shrunk towards a prior.

It is the yardstick for predictions: "as good as n respondents per cell".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.divergence import js_distance

STRENGTHS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 128.0, 512.0)


def draw_answers(shares: Floats, n_respondents: Ints | int, generator: np.random.Generator) -> Floats:
    """Return the answers of `n_respondents` people per cell, drawn independently: counts, same shape as `shares`.

    `shares` (..., K) sum to 1; `n_respondents` is one number or one per cell.
    """
    # numpy gives what rounding leaves over to the last place. Reversed, that is the first option, never the padding.
    return generator.multinomial(n_respondents, shares[..., ::-1])[..., ::-1].astype(np.float64)


def shrink(counts: Floats, prior: Floats, strength: float) -> Floats:
    """Return (counts + strength x prior) / (n + strength): the mean of the Dirichlet posterior, the prior where n = 0.

    `strength` is worth that many respondents.
    """
    n = counts.sum(axis=-1, keepdims=True)
    if strength == 0:
        return np.where(n > 0, counts / np.maximum(n, 1), prior)
    return np.asarray((counts + strength * prior) / (n + strength))


def choose_strength(
    shares: Floats, prior: Floats, n_respondents: int, seed: int, strengths: Sequence[float] = STRENGTHS
) -> float:
    """Return the strength whose pilots come closest to `shares` (N, K) by mean Jensen-Shannon distance.

    Meant for the training part: its cells' shares, and for each cell a prior that has not seen it.
    """
    counts = draw_answers(shares, n_respondents, np.random.default_rng(seed))
    losses = [float(js_distance(shares, shrink(counts, prior, strength)).mean()) for strength in strengths]
    return float(strengths[int(np.argmin(losses))])
