"""Split conformal prediction: how far off predictions have been where that could be seen, as a radius for others.

Errors of cells in one cluster (a battery, a region) come together; each cluster counts once. Source: Vovk et al. 2005;
clusters as in Dunn, Wasserman and Ramdas 2022.
"""

from __future__ import annotations

import numpy as np

from surveycli.distribution.arrays import Floats, Ints


def radius(errors: Floats, cluster: Ints, level: float = 0.9) -> float:
    """Return the error that a share `level` of cells stays within: a weighted quantile of errors (N,) in clusters (N,).

    The level is raised by (n + 1) / n, as for one more cell; NaN without any errors.

    >>> radius(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0, 0, 1, 1]), 0.5)
    0.3
    """
    if not len(errors):
        return float("nan")
    # A cell weighs 1 over the size of its cluster. In order of the errors, the radius is the first one at which the
    # cumulated weight reaches the level (less a rounding error).
    _, of_cell, count = np.unique(cluster, return_inverse=True, return_counts=True)
    order = np.argsort(errors, kind="stable")
    weight = (1 / count[of_cell])[order]
    reached = np.cumsum(weight) / weight.sum()
    wanted = min(level * (len(errors) + 1) / len(errors), 1.0)
    place = min(int(np.searchsorted(reached, wanted - 1e-12)), len(errors) - 1)
    return float(errors[order][place])


def coverage_left_out(errors: Floats, within: Ints, left_out: Ints, level: float = 0.9) -> float:
    """Return how many cells stay within the radius that is made without their own cluster.

    The radius weighs clusters by `within` (N,), what is left out are those of `left_out` (N,), each of which counts
    once in the mean. NaN where there is nothing to leave out.
    """
    clusters = np.unique(left_out)
    if len(clusters) < 2:
        return float("nan")
    held = [left_out == one for one in clusters]
    return float(np.mean([(errors[rows] <= radius(errors[~rows], within[~rows], level)).mean() for rows in held]))
