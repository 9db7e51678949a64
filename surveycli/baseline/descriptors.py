"""What populations have in common, from outside the survey: their countries' descriptors and their own groups.

No training cell says anything about a population that only the test part has; these do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from surveycli.distribution.arrays import Bools, Floats, Ints

COUNTRY_DESCRIPTORS = (
    "un_region",
    "un_subregion",
    "sdg_region",
    "cultural_zone",
    "majority_religion",
    "income_group",
    "human_development",
    "democracy",
)
_ORDERS = {
    "income_group": ("Low", "Lower middle", "Upper middle", "High"),
    "human_development": ("Low", "Medium", "High", "Very high"),
    "democracy": ("Not free", "Partly free", "Free"),
}
# The regions by which the United Nations report on the Sustainable Development Goals, by M49 subregion. Unlike
# M49 regions they keep Northern Africa with Western Asia, and Mexico with the rest of Latin America.
_SDG_REGIONS = {
    "Northern Africa and Western Asia": ("Northern Africa", "Western Asia"),
    "Sub-Saharan Africa": ("Eastern Africa", "Middle Africa", "Southern Africa", "Western Africa"),
    "Central and Southern Asia": ("Central Asia", "Southern Asia"),
    "Eastern and South-Eastern Asia": ("Eastern Asia", "South-eastern Asia"),
    "Latin America and the Caribbean": ("Caribbean", "Central America", "South America"),
    "Europe and Northern America": (
        "Eastern Europe",
        "Northern Europe",
        "Southern Europe",
        "Western Europe",
        "Northern America",
    ),
    "Oceania": ("Australia and New Zealand", "Melanesia", "Micronesia", "Polynesia"),
}
_SDG_REGION_OF = {sub: region for region, subs in _SDG_REGIONS.items() for sub in subs}


@dataclass(frozen=True, slots=True)
class Descriptors:
    """F descriptors of P populations.

    values (P, F): a number per value, NaN where unknown; for an ordered descriptor 0..1 along its order, otherwise
    values only equal or differ. ordered (F,). country and subregion (P,): a number each, -1 where unknown. grouping
    and group (P,): a number each for the columns (sex, age) that a subgroup is defined by, and for these with their
    values; -1 for a whole country.
    """

    names: tuple[str, ...]
    values: Floats
    ordered: Bools
    country: Ints
    subregion: Ints
    un_region: Ints
    sdg_region: Ints
    grouping: Ints
    group: Ints

    def without(self, names: Collection[str]) -> Descriptors:
        """Return the descriptors that are not named."""
        kept = np.array([name not in names for name in self.names], dtype=np.bool_)
        chosen = tuple(name for name in self.names if name not in names)
        return replace(self, names=chosen, values=self.values[:, kept], ordered=self.ordered[kept])

    def mismatch(self, first: Ints, second: Ints) -> Floats:
        """Return how far populations are apart in each descriptor, 0 to 1: (A,), (B,) -> (A, B, F).

        An unknown value is as far as can be from any other.
        """
        gap = np.abs(self.values[first][:, None, :] - self.values[second][None, :, :])
        gap = np.where(self.ordered, gap, (gap > 0).astype(np.float64) + 0 * gap)
        return np.where(np.isnan(gap), 1.0, gap)


def describe(rows: Sequence[Mapping[str, Any]]) -> Descriptors:
    """Return the descriptors of populations, one row each as `sql/baseline/list_descriptors.sql` gives them.

    The groups of a subgroup's definition (sex, age...) are descriptors too.
    """
    known = [_known(row) for row in rows]
    groups = sorted({name for row in known for name in row} - {*COUNTRY_DESCRIPTORS, "country"})
    has_subgroups = bool(groups)
    names = (*COUNTRY_DESCRIPTORS, *(("country",) if has_subgroups else ()), *groups)
    columns = [_column(name, [row.get(name) for row in known]) for name in names]
    return Descriptors(
        names,
        np.array([values for values, _ in columns], dtype=np.float64).T.reshape(len(rows), len(names)),
        np.array([ordered for _, ordered in columns], dtype=np.bool_),
        _numbered([row.get("country") for row in known]),
        _numbered([row.get("un_subregion") for row in known]),
        _numbered([row.get("un_region") for row in known]),
        _numbered([row.get("sdg_region") for row in known]),
        _numbered([_written(row, groups, with_values=False) for row in known]),
        _numbered([_written(row, groups, with_values=True) for row in known]),
    )


def _written(known: Mapping[str, str], groups: Sequence[str], *, with_values: bool) -> str | None:
    """Return the groups of one population's definition as text, None for a whole country."""
    own = {name: known[name] if with_values else "" for name in groups if name in known}
    return json.dumps(own) if own else None


def _known(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the descriptors of one population that are known, by name."""
    definition = json.loads(row["definition"] or "{}")
    known = {name: row.get(name) for name in COUNTRY_DESCRIPTORS}
    known["sdg_region"] = _SDG_REGION_OF.get(row["un_subregion"] or "")
    known |= {**definition, "country": row["iso3"]}
    return {name: str(value) for name, value in known.items() if value is not None}


def _column(name: str, values: Sequence[str | None]) -> tuple[list[float], bool]:
    """Return a number per value and whether they are ordered; numbers at the start of every value (ages) order them."""
    order = _ORDERS.get(name) or _order_by_number({value for value in values if value is not None})
    if order is None:
        return [float(number) if number >= 0 else np.nan for number in _numbered(values)], False
    place = {value: index / max(len(order) - 1, 1) for index, value in enumerate(order)}
    return [place.get(value or "", np.nan) for value in values], True


def _order_by_number(values: set[str]) -> tuple[str, ...] | None:
    leading = {value: re.match(r"\d+", value) for value in values}
    if len(values) < 2 or not all(leading.values()):
        return None
    return tuple(sorted(values, key=lambda value: (int(leading[value][0]), value)))  # type: ignore[index]


def _numbered(values: Sequence[str | None]) -> Ints:
    """Return 0.. for the distinct values in sorted order, -1 for None."""
    number = {value: index for index, value in enumerate(sorted({value for value in values if value is not None}))}
    return np.array([number.get(value, -1) if value is not None else -1 for value in values], dtype=np.int64)
