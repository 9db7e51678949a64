"""Reads the package's own YAML files."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from surveycli.untrusted.yaml_text import parse_yaml

# The survey whose distributions, codebook and facts the package carries, under resources/.
BUNDLED_SURVEY = "wvs7"


def resource(*parts: str) -> Traversable:
    """Return a file or folder under `surveycli/resources`."""
    return resources.files("surveycli").joinpath("resources", *parts)


def read_yaml(source: Traversable) -> dict[str, Any]:
    """Return the mapping that a YAML file holds."""
    content: dict[str, Any] = parse_yaml(source.read_text(encoding="utf-8"))
    return content
