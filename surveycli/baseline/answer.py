"""What a predictor gives back: a distribution per cell, and the rule that answered it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from surveycli.distribution.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Answer:
    """Shares (N, K) and, for each cell, the index (N,) of the rule in `rules` that gave them.

    `settings` is what the predictor chose on the training part, for the run's record.
    """

    shares: Floats
    rule: Ints
    rules: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


def answer_all(shares: Floats, rule: str) -> Answer:
    """Return the answer of a predictor with a single rule."""
    return Answer(shares, np.zeros(len(shares), dtype=np.int64), (rule,))


def answer_or(
    shares: Floats, known: Bools, rule: str, fallback: Answer, settings: Mapping[str, Any] | None = None
) -> Answer:
    """Return `shares` where they are `known` (N,), else what `fallback` says, marked as a fallback."""
    return Answer(
        np.where(known[:, None], shares, fallback.shares),
        np.where(known, 0, fallback.rule + 1),
        (rule, *(_as_fallback(name) for name in fallback.rules)),
        settings or {},
    )


def _as_fallback(rule: str) -> str:
    return rule if rule.startswith("fallback: ") else f"fallback: {rule}"
