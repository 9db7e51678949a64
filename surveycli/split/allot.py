"""Seeded, stratified assignment of units that must stay whole (batteries, countries) to parts of given sizes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from surveycli.errors import bad_input

# Among this many random assignments the best balanced one is kept; a tenth as many balance nearly as well.
_DRAWS = 500


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """Something that goes into one part as a whole: `size` items (or populations) of one stratum."""

    name: str
    stratum: str
    size: int = 1


def allot(units: Sequence[Unit], fractions: Mapping[str, float], seed: str) -> dict[str, str]:
    """Return the part of each unit, by name; the same units, fractions and seed give the same parts.

    Of several random assignments the one is kept whose parts come closest to their fractions, in all and in every
    stratum. The order of `units` does not matter. Raises SurveyError (exit 3) where a part would stay empty.

    >>> parts = allot([Unit(c, "one") for c in "abcdefghij"], {"train": 0.8, "test": 0.2}, "42")
    >>> sorted(parts.values()).count("test")
    2
    """
    ordered = sorted(units)
    if len(ordered) < len(fractions):
        raise bad_input(
            f"Expected at least {len(fractions)} batteries or countries for the parts {', '.join(fractions)}, "
            f"found {len(ordered)}.",
            "Ask for fewer parts, or for a survey with more.",
        )
    random = Random(seed)
    draws = (_draw(ordered, fractions, random) for _ in range(_DRAWS))
    best = min(draws, key=lambda parts: _imbalance(ordered, parts, fractions))
    if set(best) != set(fractions):
        raise bad_input(
            f"The parts {', '.join(sorted(set(fractions) - set(best)))} would be empty: the fractions are too small "
            f"for {len(ordered)} batteries or countries.",
            "Ask for larger fractions.",
        )
    return {unit.name: part for unit, part in zip(ordered, best, strict=True)}


def shuffled(names: Sequence[str], seed: str) -> list[str]:
    """Return the names in an order that depends on the seed alone."""
    random = Random(seed)
    return sorted(sorted(names), key=lambda _: random.random())


def _draw(units: Sequence[Unit], fractions: Mapping[str, float], random: Random) -> list[str]:
    """Lay the units on a line in random order, cut it at the fractions; a unit belongs where its middle lies."""
    order = sorted(range(len(units)), key=lambda _: random.random())
    total = sum(unit.size for unit in units)
    cuts = [cut * total for cut in accumulate(fractions.values())][:-1]
    names = list(fractions)
    parts = [""] * len(units)
    start = 0
    for index in order:
        size = units[index].size
        # `cuts` are where parts end on the line; the number of cuts before a unit's middle is the number of its part.
        parts[index] = names[bisect_right(cuts, start + size / 2)]
        start += size
    return parts


def _imbalance(units: Sequence[Unit], parts: Sequence[str], fractions: Mapping[str, float]) -> float:
    """Return sum over parts, and over parts and strata, of (found - wanted)^2 / total; infinite with an empty part."""
    if len(set(parts)) < len(fractions):
        return math.inf
    totals: dict[str | None, int] = {}
    found: dict[tuple[str | None, str], int] = {}
    for unit, part in zip(units, parts, strict=True):
        for stratum in (None, unit.stratum):
            totals[stratum] = totals.get(stratum, 0) + unit.size
            found[stratum, part] = found.get((stratum, part), 0) + unit.size
    return sum(
        (found.get((stratum, part), 0) - fraction * total) ** 2 / total
        for stratum, total in totals.items()
        for part, fraction in fractions.items()
    )
