"""The recipes whose test cells rest on evidence: items that other countries were asked, groups whose siblings were."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import polars as pl

from surveycli.domain import TEST, TRAIN, VALIDATION
from surveycli.errors import bad_input
from surveycli.request.split import SplitOptions
from surveycli.split.allot import allot
from surveycli.split.plan import (
    ALL,
    SplitMaterial,
    SplitPlan,
    batteries_in_parts,
    country_units,
    item_sets,
    population_sets,
    rules,
)
from surveycli.store import Store

_HELD = (VALIDATION, TEST)


def plan_new_items(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return parts where whole batteries are new to all countries but `donors`, which are spread over the regions.

    Training has every other battery of all countries, and the new ones of the donors. Raises SurveyError (exit 3) where
    no country would be left to test on.
    """
    units = country_units(material)
    if options.donors >= len(units):
        raise bad_input(
            f"Survey {material.survey_id} has {len(units)} countries: {options.donors} donors leave none to test on.",
            "Ask for fewer --donors.",
        )
    share = options.donors / len(units)
    sides = allot(units, {"donors": share, "others": 1 - share}, f"{options.seed} donors")
    donors = sorted(name for name, side in sides.items() if side == "donors")
    sets = pl.concat([population_sets(material), population_sets(material, sides)])
    new = [rule for part in _HELD for rule in ((part, part, "others"), (TRAIN, part, "donors"))]
    return SplitPlan(
        item_sets(material, batteries_in_parts(material, options)),
        sets,
        rules([(TRAIN, TRAIN, ALL), *new]),
        (f"Asked the new items, too: {', '.join(donors)}.",),
    )


def plan_missing_groups(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return parts where groups of countries are missing, all their items with them; other groups of theirs are known.

    Whole countries are in no part, since a hidden group is in them. Raises SurveyError (exit 3) for a survey without
    subgroups.
    """
    columns = pl.col("population_id").str.extract_all(r"\|[^|=]+=").list.join("")
    groups = material.populations.filter(kind="subgroup").with_columns(grouping=columns)
    if groups.is_empty():
        raise bad_input(
            f"Survey {material.survey_id} has no subgroups.", "`surveycli ingest FILE --by country,sex` makes them."
        )
    grouping = groups["grouping"].value_counts(sort=True).sort("count", "grouping", descending=True)["grouping"][0]
    chosen = groups.filter(grouping=grouping)
    parts = _parts_of_groups(chosen["population_id"].to_list(), chosen["country"].to_list(), options)
    sets = pl.DataFrame({"population_id": list(parts), "population_set": list(parts.values())})
    n_left_out = material.populations.height - chosen.height
    note = (
        f"In no part: {n_left_out} whole countries or populations of other groupings, whose respondents are those of "
        "the groups."
    )
    return SplitPlan(
        item_sets(material),
        sets,
        rules((part, ALL, part) for part in (TRAIN, *_HELD)),
        (note,) if n_left_out else (),
    )


def _parts_of_groups(groups: Sequence[str], countries: Sequence[str], options: SplitOptions) -> dict[str, str]:
    """Return the part of each group: held-out ones in seeded order, as long as their country keeps another.

    Raises SurveyError (exit 3) where no group can be held out.
    """
    country = dict(zip(groups, countries, strict=True))
    left = {name: countries.count(name) for name in set(countries)}
    order = sorted(groups)
    Random(f"{options.seed} groups").shuffle(order)
    wanted = [TEST] * round(options.test_fraction * len(order))
    wanted += [VALIDATION] * round(options.validation_fraction * len(order))
    parts = dict.fromkeys(order, TRAIN)
    for group in order:
        if wanted and left[country[group]] > 1:
            parts[group] = wanted.pop(0)
            left[country[group]] -= 1
    if TEST not in parts.values():
        raise bad_input("No country has two groups, of which one could be held out.")
    return parts
