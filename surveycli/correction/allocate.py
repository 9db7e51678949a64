"""Where the next interviews are worth most: pure, on what is believed now."""

from __future__ import annotations

import numpy as np

from surveycli.distribution.arrays import Floats, Ints


def allocate(n_more: int, spread: Floats, n_equivalent: Floats) -> Ints:
    """Return how many of `n_more` answers to ask for in each cell: (N,), which sum to it.

    A cell with m more has the error v / (a + 1 + m), v (N,) being sum p (1-p) and a (N,) the respondents that all
    that is known of it is worth. The sum over cells is least where m = sqrt(v / c) - a - 1, not below 0, for one c:
    Neyman's allocation, less what is known already.

    >>> allocate(10, np.array([0.5, 0.5, 0.5]), np.array([0.0, 5.0, 100.0])).tolist()
    [8, 2, 0]
    """
    if not len(spread):
        return np.zeros(0, dtype=np.int64)
    known, root = n_equivalent + 1, np.sqrt(np.maximum(spread, 1e-12))
    order = np.argsort(known / root, kind="stable")  # a cell enters when the level reaches this
    known, root = known[order], root[order]
    # With the first j cells in, m sums to n_more where the level is (n_more + sum known) / sum root.
    levels = (n_more + np.cumsum(known)) / np.cumsum(root)
    enters = known / root <= levels
    level = levels[int(np.flatnonzero(enters)[-1])]
    wanted = np.zeros(len(order))
    wanted[order] = np.maximum(level * root - known, 0.0)
    return _whole(wanted, n_more)


def _whole(wanted: Floats, total: int) -> Ints:
    """Return whole numbers that sum to `total`, the largest remainders rounded up."""
    down = np.floor(wanted + 1e-9).astype(np.int64)
    up = np.argsort(-(wanted - down), kind="stable")[: total - int(down.sum())]
    down[up] += 1
    return down
