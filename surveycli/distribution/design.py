"""How precise shares are by the design of their survey: strata, sampling units, replicate weights.

The effective number of a cell is that of the simple random sample whose shares would vary as much in all: with the
shares p of K options and the variances v of their estimates, n = sum p (1 - p) / sum v. Shapes: D populations of one
country, U sampling units, K options, R replicates.
"""

from __future__ import annotations

import re

import numpy as np

from surveycli.distribution.arrays import Floats, Ints
from surveycli.errors import usage

_FAY = re.compile(r"fay:0?\.(\d+)")
LEAST_UNITS = 8  # sampling units with answers: fewer tell their variance too badly


def weighted_shares(totals: Floats) -> Floats:
    """Return shares of the last axis, NaN where there is no weight."""
    whole = totals.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(totals, whole, out=np.full(totals.shape, np.nan), where=whole > 0))


def linearised_variances(totals: Floats, stratum: Ints) -> Floats:
    """Return the variances of shares (D, K), linearised (Taylor), from the weights (D, U, K) of answers by unit.

    z = (t - p sum t) / W for each unit, W the weight of all answers; the variance is the sum over strata of
    m / (m - 1) sum (z - mean z)^2 over the m units of the stratum, those without answers of the population included, as
    if drawn with replacement (Binder 1983). A stratum with one unit counts with its distance from the
    mean of all units. `stratum` (U,) numbers the stratum of each unit from 0, none left out.
    """
    share = weighted_shares(totals.sum(axis=1))
    weight = totals.sum(axis=(1, 2))
    size = totals.sum(axis=2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (totals - share[:, None] * size) / weight[:, None, None]
    m = np.bincount(stratum)
    order = np.argsort(stratum, kind="stable")
    within = np.add.reduceat(z[:, order], np.cumsum(m) - m, axis=1) / m[:, None]
    centre = np.where((m > 1)[:, None], within, z.mean(axis=1, keepdims=True))
    factor = np.where(m > 1, m / np.maximum(m - 1, 1), 1.0)[stratum]
    return np.asarray((factor[:, None] * (z - centre[:, stratum]) ** 2).sum(axis=1))


def replicate_variances(share: Floats, replicates: Floats, factor: float) -> Floats:
    """Return the variances of shares (D, K): factor x the sum over R of (share of a replicate - share)^2.

    `replicates` is (R, D, K). The factor is 1/R for balanced repeated replication, 1/(R (1 - rho)^2) for Fay's,
    (R - 1)/R for a jackknife that leaves out one unit of all, 1 for one that leaves out one of a pair (Wolter 2007).
    """
    return np.asarray(factor * ((replicates - share) ** 2).sum(axis=0))


def effective_numbers(share: Floats, variances: Floats) -> Floats:
    """Return sum p (1 - p) / sum v over the options of each population: (D,), NaN where one of them is 0 or unknown."""
    spread, varied = (share * (1 - share)).sum(axis=1), variances.sum(axis=1)
    known = (spread > 0) & (varied > 0)
    return np.asarray(np.divide(spread, varied, out=np.full(len(share), np.nan), where=known))


def replicate_factor(method: str, n: int) -> float:
    """Return the factor of a method of n replicates. Raises SurveyError (exit 2) for any other method.

    >>> replicate_factor("brr", 80), replicate_factor("fay:0.5", 80), replicate_factor("jk2", 80)
    (0.0125, 0.05, 1.0)
    """
    found = _FAY.fullmatch(method)
    if found:
        return 1 / (n * (1 - float(f"0.{found[1]}")) ** 2)
    factors = {"brr": 1 / n, "jk1": (n - 1) / n, "jk2": 1.0}
    if method not in factors:
        raise usage(
            f"--replicate-method expected brr, fay:0.5 (any number between 0 and 1), jk1 or jk2, found {method!r}.",
            "The survey's own documentation names its method.",
        )
    return factors[method]
