"""Splits: which cells a run may learn from and which it is tested on, named, seeded and checked for leaks."""

from surveycli.split.custom import read_cells
from surveycli.split.make import list_splits, make_split
from surveycli.split.options import PartSize, Recipe, SplitOptions, SplitReport, Validation

__all__ = [
    "PartSize",
    "Recipe",
    "SplitOptions",
    "SplitReport",
    "Validation",
    "list_splits",
    "make_split",
    "read_cells",
]
