"""How much each training cell counts: alike, by how precisely it is known, and by how many cells its item has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surveycli.configuration import Balance, OptimiserSettings
from surveycli.distribution.arrays import Floats
from surveycli.domain import Cell

# Effective respondents with whom a cell counts half as much as one that is known exactly.
_HALF = 200.0


def cell_weights(cells: Sequence[Cell], settings: OptimiserSettings) -> Floats:
    """Return the weight of each cell in the training loss: (N,), with a mean of 1.

    By precision a cell with n effective respondents has the weight n / (n + 200): its shares err by 1 / n, and to that
    comes what the model could not know of any single cell. Where it is not known how many there were, n is the median
    of the others. Balanced by item, or survey, the cells of each add up to the same.
    """
    weights = np.ones(len(cells))
    if settings.weigh_by_precision:
        n = np.array([cell.n_effective or np.nan for cell in cells], dtype=np.float64)
        n = np.nan_to_num(n, nan=float(np.nanmedian(n))) if np.isfinite(n).any() else np.full(len(n), _HALF)
        weights = n / (n + _HALF)
    if settings.balance is not Balance.NONE:
        by_survey = settings.balance is Balance.SURVEY
        names = [cell.key.survey_id if by_survey else f"{cell.key.survey_id}\n{cell.key.item_id}" for cell in cells]
        _, group = np.unique(names, return_inverse=True)
        weights = weights / np.bincount(group, weights)[group]
    return np.asarray(weights / weights.mean())
