"""What can be asked of a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from surveycli.domain import Shares


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """Which cells to predict, from which shares, and under which name.

    `parts` empty means every part but `train`. `settings` are the predictor's own; None takes its defaults. `seed`
    matters to the predictors that draw anything.
    """

    split: str
    parts: tuple[str, ...] = ()
    shares: Shares = Shares.WEIGHTED
    seed: int = 1
    name: str | None = None
    settings: Any = None
