"""How tables of scores are grouped, and what their intervals resample: choices that cost nothing to import."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """What the rows of a table are, within each run and part.

    `seen` is whether the run was trained or chosen on cells of the item, the population, both or neither.
    """

    PART = "part"
    DIMENSION = "dimension"
    REGION = "region"
    COUNTRY = "country"
    POPULATION = "population"
    ITEM = "item"
    CELL = "cell"
    SEEN = "seen"
    LANGUAGE = "language"


class Clusters(StrEnum):
    """What is resampled; what is not is taken as given (these populations, and no others)."""

    ITEM = "item"
    POPULATION = "population"
    BOTH = "both"
