"""How much of a model's prediction to take, and how much of a prior: q ~ model^(w / T) x prior^(1 - w).

w, the weight of the model, and T, its temperature, are one of a grid, chosen by KL(human || q) on cells that the model
did not learn from. What the choice is worth shows where whole units (batteries where items are new, populations where
they are known) are left out of it: there the mixture has to beat the prior by more than one standard error, or else the
prior is taken alone. Shapes: N cells, K options, G points of a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import Floats, Ints, within
from surveycli.distribution.divergence import js_distance

LEAST_UNITS = 3  # of which weights can be told
FLOOR = 1e-3  # of a predicted share: nothing excludes an option
_WEIGHTS = np.linspace(0, 1, 21)
_SHARPNESS = np.geomspace(0.1, 3, 21)  # 1 / T


@dataclass(frozen=True, slots=True)
class Mixture:
    """Weight and temperature of the model, and what they were told from.

    gain: by how much the mixture is nearer to people than the prior on units left out (Jensen-Shannon distance), with
    its standard error. A model that gains no more than that has the weight 0.
    """

    weight: float
    temperature: float
    gain: float
    error: float
    n_cells: int
    n_units: int

    def shares(self, model: Floats, prior: Floats, n_options: Ints) -> Floats:
        """Return the mixture of predictions (N, K) and priors (N, K)."""
        return mixed(log_floored(model, n_options), log_floored(prior, n_options), self.weight, self.temperature)


def mixed(model: Floats, prior: Floats, weight: float, temperature: float) -> Floats:
    """Return the shares (N, K) of a mixture of logs (N, K), -inf where there is no option.

    >>> logs = np.log([[0.8, 0.2]]), np.log([[0.5, 0.5]])
    >>> mixed(*logs, 0.5, 1.0).round(3).tolist(), mixed(*logs, 0.0, 1.0).tolist()
    ([[0.667, 0.333]], [[0.5, 0.5]])
    """
    own = np.zeros_like(model) if weight == 0 else weight / temperature * model
    other = np.zeros_like(prior) if weight == 1 else (1 - weight) * prior
    logs = np.where(np.isfinite(model), own + other, -np.inf)
    raised = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def log_floored(shares: Floats, n_options: Ints) -> Floats:
    """Return the logs of shares (N, K) in which every option has something; -inf beyond each cell's options."""
    there = within(n_options, shares.shape[-1])
    floored = np.where(there, np.maximum(shares, FLOOR), 0.0)
    floored = floored / floored.sum(axis=-1, keepdims=True)
    return np.asarray(np.log(floored, out=np.full_like(floored, -np.inf), where=there))


def fit_mixture(model: Floats, prior: Floats, shares: Floats, n_options: Ints, unit: Ints) -> Mixture | None:
    """Return the mixture of predictions (N, K) and priors (N, K) that is nearest to human shares (N, K).

    Every unit (N,) counts once. None where there are fewer than three.
    """
    n_units = len(np.unique(unit))
    if n_units < LEAST_UNITS:
        return None
    logs, other = log_floored(model, n_options), log_floored(prior, n_options)
    points = [(float(w), float(1 / s)) for w in _WEIGHTS for s in (_SHARPNESS if w else (1.0,))]
    losses = np.array([divergence(shares, mixed(logs, other, *point)) for point in points])
    best, without_own = leave_units_out(losses, unit)
    left_out = np.zeros_like(shares)
    for point in np.unique(without_own):
        rows = without_own == point
        left_out[rows] = mixed(logs[rows], other[rows], *points[point])
    gain, error = gains_over(left_out, mixed(logs, other, 0.0, 1.0), shares, unit)
    weight, temperature = points[best] if gain > error else (0.0, 1.0)
    return Mixture(weight, temperature, gain, error, len(shares), n_units)


def divergence(shares: Floats, predicted: Floats) -> Floats:
    """Return KL(human || predicted) of each cell but for a constant, in nats: (N,)."""
    logs = np.log(predicted, out=np.zeros_like(predicted), where=predicted > 0)
    return np.asarray(-(shares * logs).sum(axis=-1))


def leave_units_out(losses: Floats, unit: Ints) -> tuple[int, Ints]:
    """Return the point of a grid with the least mean loss, and for each cell (N,) that of all units but its own.

    losses (G, N); every unit (N,) counts once.

    >>> leave_units_out(np.array([[0.0, 0.0, 9.0], [1.0, 1.0, 1.0]]), np.array([0, 0, 1]))
    (1, array([1, 1, 0]))
    """
    _, of_cell, count = np.unique(unit, return_inverse=True, return_counts=True)
    by_unit = np.stack([np.bincount(of_cell, weights=row) for row in losses]) / count
    others = by_unit.sum(axis=1, keepdims=True) - by_unit
    return int(by_unit.sum(axis=1).argmin()), np.asarray(others.argmin(axis=0)[of_cell])


def gains_over(predicted: Floats, other: Floats, shares: Floats, unit: Ints) -> tuple[float, float]:
    """Return by how much predictions (N, K) are nearer to human shares than others, and the standard error of that.

    In Jensen-Shannon distance, every unit (N,) counting once; the error is infinite for a single unit.
    """
    gain = js_distance(shares, other) - js_distance(shares, predicted)
    _, of_cell, count = np.unique(unit, return_inverse=True, return_counts=True)
    by_unit = np.bincount(of_cell, weights=gain) / count
    n = len(by_unit)
    return float(by_unit.mean()), float(by_unit.std(ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
