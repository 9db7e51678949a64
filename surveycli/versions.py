"""The versions of this package and of the libraries that can change a result."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

_RECORDED_PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "duckdb",
    "polars",
    "numpy",
    "scipy",
    "sentence-transformers",
)


def own_version() -> str:
    """Return the version of this package."""
    try:
        return version("surveycli")
    except PackageNotFoundError:  # a checkout put on the path without being installed, as on a GPU node
        return "0.1.0"


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that can change a result, where they are installed."""
    versions = {"surveycli": own_version()}
    for name in _RECORDED_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
