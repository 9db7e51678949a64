"""How tables of scores are grouped, and what their intervals stand for: choices that cost nothing to import."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """What the rows of a table are, within each run and part.

    `region` is the UN's M49 region (Africa, Americas...), as in `country.un_region`. `seen` is whether the run was
    trained or chosen on cells of the item, the population, both or neither.
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


class PopulationKind(StrEnum):
    """Which populations: whole countries, or groups within them."""

    COUNTRY = "country"
    SUBGROUP = "subgroup"


class Clusters(StrEnum):
    """What an interval takes for a sample: other ones might have been drawn. What it does not is taken as given.

    `country` keeps all populations of a country together, `battery` all its items; `both` is country and battery.
    """

    COUNTRY = "country"
    BATTERY = "battery"
    ITEM = "item"
    POPULATION = "population"
    BOTH = "both"
