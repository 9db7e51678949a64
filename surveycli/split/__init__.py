"""Splits: which cells a run may learn from and which it is tested on, named, seeded and checked for leaks."""

from surveycli.request.split import PartSize, Recipe, SplitOptions, SplitReport, Validation
from surveycli.split.custom import read_cells
from surveycli.split.make import list_splits, make_split

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
