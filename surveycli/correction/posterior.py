"""What is believed of a cell's shares after its sample: a mixture of Dirichlet distributions over strengths.

Shapes: N cells, H hypotheses on the strength, K options.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surveycli.distribution.arrays import Floats

_TINY = 1e-9
_N_HALVINGS = 30  # a billionth of a share


@dataclass(frozen=True, slots=True)
class Posterior:
    """concentration (N, H, K) of each Dirichlet, 0 beyond an item's options; weight (N, H) of each hypothesis."""

    concentration: Floats
    weight: Floats

    def mean(self) -> Floats:
        """Return the expected shares: (N, K)."""
        return np.asarray((self.weight[..., None] * self._means()).sum(axis=1))

    def variance(self) -> Floats:
        """Return the variance of each share: (N, K), within hypotheses and between them."""
        means = self._means()
        within = means * (1 - means) / (self.concentration.sum(axis=-1, keepdims=True) + 1)
        square = (self.weight[..., None] * (within + means**2)).sum(axis=1)
        return np.asarray(np.maximum(square - self.mean() ** 2, 0.0))

    def n_equivalent(self) -> Floats:
        """Return how many respondents would leave as much uncertainty: sum m (1-m) / sum variance - 1, (N,)."""
        mean = self.mean()
        return np.asarray((mean * (1 - mean)).sum(axis=-1) / np.maximum(self.variance().sum(axis=-1), _TINY) - 1)

    def quantile(self, level: float) -> Floats:
        """Return the quantile of each share: (N, K), by halving, since a mixture of Betas has none in closed form."""
        low, high = np.zeros_like(self.mean()), np.ones_like(self.mean())
        for _ in range(_N_HALVINGS):
            middle = (low + high) / 2
            below = self._below(middle) < level
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(self.concentration.any(axis=1), (low + high) / 2, 0.0)

    def _means(self) -> Floats:
        return np.asarray(self.concentration / self.concentration.sum(axis=-1, keepdims=True))

    def _below(self, share: Floats) -> Floats:
        """Return the probability that each share is below `share` (N, K): its marginal is a mixture of Betas."""
        from scipy.special import betainc

        total = self.concentration.sum(axis=-1, keepdims=True)
        own = np.maximum(self.concentration, _TINY)
        each = betainc(own, np.maximum(total - own, _TINY), share[:, None, :])
        return np.asarray((self.weight[..., None] * each).sum(axis=1))
