"""How long-running work reports its progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with a stage's name, the units done and the units in all (0 where that is not known)."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Report."""


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """Report nothing."""
