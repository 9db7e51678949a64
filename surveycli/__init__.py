"""Simulate how populations answer survey questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surveycli.api import FinetuneReport, Project, notebook_progress
    from surveycli.api import open_project as open

__version__: str
__all__ = ["FinetuneReport", "Project", "__version__", "notebook_progress", "open"]


def __getattr__(name: str) -> Any:
    """Look up a name only when it is asked for: the program has to take charge of signals first."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        from surveycli.versions import own_version

        return own_version()
    from surveycli import api

    return getattr(api, "open_project" if name == "open" else name)
