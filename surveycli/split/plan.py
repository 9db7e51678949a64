"""A plan: which items and populations make up which sets, and which pairs of sets make up which part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from surveycli.domain import TEST, TRAIN, VALIDATION
from surveycli.errors import bad_input, not_found, usage
from surveycli.request.split import SplitOptions
from surveycli.split.allot import Unit, allot
from surveycli.store import Store

ALL = "all"


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """The cells of each part, as sets.

    item_set: survey_id, item_id, item_set. population_set: population_id, population_set. part_rule: part, item_set,
    population_set. An item or population may stand in several sets; whatever stands in none is in no part.
    """

    item_set: pl.DataFrame
    population_set: pl.DataFrame
    part_rule: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitMaterial:
    """What a recipe works with: items and populations with answers, as `split/items` and `split/populations` give them.

    `items` has a column survey_id beside. Codebook and name are those of the first survey where there are several.
    """

    survey_id: str
    codebook: str | None
    items: pl.DataFrame
    populations: pl.DataFrame


def load_materials(store: Store, survey_ids: Sequence[str]) -> SplitMaterial:
    """Return the items and populations of several surveys as of one; batteries keep to their survey, countries do not.

    Raises SurveyError as load_material does, and exit 2 for a survey that is named twice.
    """
    if len(set(survey_ids)) < len(survey_ids):
        raise usage(f"A survey is named twice: {', '.join(survey_ids)}.", "Name each survey once.")
    first, *others = (load_material(store, survey_id) for survey_id in survey_ids)
    if not others:
        return first
    told_apart = [
        other.items.with_columns(battery_id=pl.concat_str("survey_id", "battery_id", separator=" ")) for other in others
    ]
    populations = pl.concat([first.populations, *(other.populations for other in others)])
    return replace(
        first,
        items=pl.concat([first.items, *told_apart]),
        populations=populations.unique("population_id", keep="first", maintain_order=True),
    )


def load_material(store: Store, survey_id: str) -> SplitMaterial:
    """Return the items and populations of a survey. Raises SurveyError: exit 4 where there is none, 3 without cells."""
    found = store.rows("split/find_survey", survey_id=survey_id)
    if not found:
        known = ", ".join(row["survey_id"] for row in store.rows("split/list_surveys"))
        raise not_found(
            f"There is no survey {survey_id} in the store.",
            f"It has: {known}; choose one with --survey." if known else "`surveycli ingest` puts one there.",
        )
    if not found[0]["n_cells"]:
        raise bad_input(
            f"Survey {survey_id} has no response distributions to split.", "Ingest a file with answers first."
        )
    return SplitMaterial(
        survey_id=survey_id,
        codebook=found[0]["codebook"],
        items=store.frame("split/items", survey_id=survey_id).with_columns(survey_id=pl.lit(survey_id)),
        populations=store.frame("split/populations", survey_id=survey_id),
    )


def rules(parts: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
    """Return part rules from (part, item set, population set)."""
    return pl.DataFrame(list(parts), schema=["part", "item_set", "population_set"], orient="row")


def item_sets(material: SplitMaterial, sets: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Return the items of the protocol with the set of their battery; without `sets` all are in one set."""
    items = material.items.filter("in_protocol")
    return items.select("survey_id", "item_id", item_set=_assigned("battery_id", sets)).drop_nulls()


def population_sets(material: SplitMaterial, sets: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Return the populations with the set of their country; without `sets` all are in one set."""
    return material.populations.select("population_id", population_set=_assigned("country", sets)).drop_nulls()


def _assigned(column: str, sets: Mapping[str, str] | None) -> pl.Expr:
    if sets is None:
        return pl.lit(ALL)
    return pl.col(column).replace_strict(dict(sets), default=None, return_dtype=pl.String)


def battery_units(material: SplitMaterial) -> list[Unit]:
    """Return the batteries of the protocol as units: their dimension is the stratum, their items the size."""
    batteries = material.items.filter("in_protocol").group_by("battery_id").agg(pl.col("dimension").first(), pl.len())
    return [Unit(*row) for row in batteries.iter_rows()]


def country_units(material: SplitMaterial) -> list[Unit]:
    """Return the countries as units of size 1, with their UN region as stratum, however many subgroups they have."""
    countries = material.populations.group_by("country").agg(pl.col("un_region").first())
    return [Unit(*row) for row in countries.iter_rows()]


def three_parts(options: SplitOptions) -> dict[str, float]:
    """Return the fractions of train, validation and test."""
    train = 1 - options.validation_fraction - options.test_fraction
    return {TRAIN: train, VALIDATION: options.validation_fraction, TEST: options.test_fraction}


def batteries_in_parts(material: SplitMaterial, options: SplitOptions) -> dict[str, str]:
    """Return the part of each battery."""
    return allot(battery_units(material), three_parts(options), f"{options.seed} batteries")


def countries_in_parts(material: SplitMaterial, options: SplitOptions) -> dict[str, str]:
    """Return the part of each country."""
    return allot(country_units(material), three_parts(options), f"{options.seed} countries")
