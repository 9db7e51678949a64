"""Log-linear pools of predictions: p ~ prod_r p_r^w_r, weights from 0 up, fitted where people answered.

Weights that sum to less than 1 leave the rest to the uniform distribution, more make the pool surer than its members.
Shapes: R members, N cells, K options. Source: Genest and Zidek 1986; stacking as in Breiman 1996, by leaving whole
batteries out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Bools, Floats, Ints, within
from surveycli.distribution.pooling import normalise

FLOOR = 1e-3  # no member may exclude an option for all others
RIDGES = (0.0, 0.003, 0.03, 0.3, 3.0)
_MOST = 3.0
_N_DRAWS = 100
_MAX_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of R members (R,) with their 95% intervals over batteries (R,), and the ridge towards the best member.

    Intervals are NaN where there is a single battery.
    """

    value: Floats
    low: Floats
    high: Floats
    ridge: float
    n_batteries: int


@dataclass(frozen=True, slots=True)
class _Task:
    """Logs of the members (R, N, K), human shares (N, K), where there are options (N, K), each cell's weight (N,)."""

    logs: Floats
    human: Floats
    is_option: Bools
    weight: Floats

    def take(self, rows: Ints | Bools) -> _Task:
        return _Task(self.logs[:, rows], self.human[rows], self.is_option[rows], self.weight[rows])


def pooled_shares(members: Floats, weights: Floats, n_options: Ints) -> Floats:
    """Return the pool of members (R, N, K): (N, K). A member without a prediction of a cell (NaN) leaves it to others.

    >>> pooled_shares(np.array([[[0.9, 0.1]], [[0.5, 0.5]]]), np.array([0.5, 2.0]), np.array([2])).round(2).tolist()
    [[0.75, 0.25]]
    """
    is_option = within(n_options, members.shape[-1])
    return _pool(_logs(members, is_option), weights, is_option)


def fit_weights(members: Floats, cells: AnsweredCells, battery: Ints, seed: int = 1) -> Weights:
    """Return the weights with the least mean KL(human || pool), every battery (N,) counting once.

    A ridge draws them towards the best member alone; how strongly is chosen by leaving batteries out.
    """
    is_option = within(cells.n_options, cells.shares.shape[1])
    batteries, of_cell, count = np.unique(battery, return_inverse=True, return_counts=True)
    task = _Task(_logs(members, is_option), cells.shares, is_option, 1 / count[of_cell])
    fold = np.random.default_rng(seed).permutation(len(batteries))[of_cell] % min(len(batteries), _MAX_FOLDS)
    ridge = (
        min(RIDGES, key=lambda strength: _cross_validated(task, fold, strength)) if len(batteries) > 1 else RIDGES[-1]
    )
    value = _fit(task, ridge)
    low, high = _intervals(task, of_cell, ridge, value, seed)
    return Weights(value, low, high, ridge, len(batteries))


def _logs(members: Floats, is_option: Bools) -> Floats:
    """Return the logs of members' shares, floored; 0, which is any constant, where there is none."""
    floored = normalise(np.where(is_option, np.maximum(members, FLOOR), 0.0))
    return np.log(floored, out=np.zeros_like(floored), where=np.nan_to_num(floored) > 0)


def _pool(logs: Floats, weights: Floats, is_option: Bools) -> Floats:
    mixed = np.where(is_option, np.tensordot(weights, logs, 1), -np.inf)
    return normalise(np.exp(mixed - mixed.max(axis=-1, keepdims=True)))


def _loss(task: _Task, weights: Floats) -> tuple[float, Floats]:
    """Return the mean cross-entropy, which is KL but for a constant, and its gradient by the weights (R,)."""
    shares = _pool(task.logs, weights, task.is_option)
    logs = np.log(shares, out=np.zeros_like(shares), where=task.is_option & (shares > 0))
    total = task.weight.sum()
    value = -float((task.weight * (task.human * logs).sum(axis=-1)).sum() / total)
    gradient = np.einsum("n,nk,rnk->r", task.weight, shares - task.human, task.logs) / total
    return value, gradient


def _fit(task: _Task, ridge: float, start: Floats | None = None) -> Floats:
    from scipy.optimize import minimize

    n_members = len(task.logs)
    alone = np.eye(n_members)
    best = alone[int(np.argmin([_loss(task, one)[0] for one in alone]))]

    def objective(weights: Floats) -> tuple[float, Floats]:
        value, gradient = _loss(task, weights)
        return value + ridge * float(((weights - best) ** 2).sum()), gradient + 2 * ridge * (weights - best)

    start = best if start is None else start
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=[(0.0, _MOST)] * n_members)
    return np.asarray(found.x, dtype=np.float64)


def _cross_validated(task: _Task, fold: Ints, ridge: float) -> float:
    losses = []
    for held in np.unique(fold):
        rows = fold == held
        losses.append(_loss(task.take(rows), _fit(task.take(~rows), ridge))[0] * task.weight[rows].sum())
    return float(np.sum(losses))


def _intervals(task: _Task, battery: Ints, ridge: float, value: Floats, seed: int) -> tuple[Floats, Floats]:
    n = int(battery.max(initial=0)) + 1
    if n < 2:
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    generator = np.random.default_rng(seed)
    draws = []
    for _ in range(_N_DRAWS):
        times = np.bincount(generator.integers(0, n, n), minlength=n)[battery]
        drawn = _Task(task.logs, task.human, task.is_option, task.weight * times)
        draws.append(_fit(drawn.take(times > 0), ridge, value))
    low, high = np.quantile(np.array(draws), [0.025, 0.975], axis=0)
    return np.asarray(low), np.asarray(high)
