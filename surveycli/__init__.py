"""Simulate how populations answer survey questions."""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: the program's first milliseconds are for taking charge of signals."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("surveycli")
    except PackageNotFoundError:  # a checkout put on the path without being installed, as on a GPU node
        return "0.1.0"
