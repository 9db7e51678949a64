"""What bounds a user's own query: frozen values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from surveycli.errors import SurveyError
from surveycli.setting import setting


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how much memory and how many rows of each result a query may take, printing included.

    `given_up`, if there is one, is called with the error from another thread, where the query goes on though it was
    interrupted: within one function, or because its output is not being read.
    """

    seconds: float = setting(
        60.0, "Seconds after which query and printing are stopped.", flag="--timeout", least=0.1, group="Bounds"
    )
    memory: str = setting("2GB", "Memory that a query may take.", group="Bounds")
    rows: int | None = setting(
        None, "Rows of each result, at most.", flag="--limit", least=0, shown="all", group="Bounds"
    )
    given_up: Callable[[SurveyError], None] | None = None
