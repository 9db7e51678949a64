"""How long-running work reports its progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with a stage's name, the units done and the units in all (0 where that is not known).

    `tell`: a log has to have a line of it, however soon it comes after the last.
    """

    def __call__(self, stage: str, done: int, total: int, note: str = "", *, tell: bool = False) -> None:
        """Report."""


def silent(stage: str, done: int, total: int, note: str = "", *, tell: bool = False) -> None:
    """Report nothing."""
