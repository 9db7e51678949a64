"""The recipes that hold out questions, countries, regions or a whole survey."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from surveycli.domain import TEST, TRAIN, VALIDATION
from surveycli.errors import bad_input, not_found, usage
from surveycli.request.split import Recipe, SplitOptions
from surveycli.split.allot import allot, shuffled
from surveycli.split.known_elsewhere import plan_missing_groups, plan_new_items
from surveycli.split.paper import plan_paper
from surveycli.split.plan import (
    ALL,
    SplitMaterial,
    SplitPlan,
    batteries_in_parts,
    battery_units,
    countries_in_parts,
    country_units,
    item_sets,
    load_material,
    population_sets,
    rules,
)
from surveycli.store import Store

_PARTS = (TRAIN, VALIDATION, TEST)


def plan_unseen_questions(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return parts with batteries of their own, each with all populations."""
    return SplitPlan(
        item_sets(material, batteries_in_parts(material, options)),
        population_sets(material),
        rules((part, part, ALL) for part in _PARTS),
    )


def plan_unseen_countries(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return parts with countries of their own, each with all items; subgroups go with their country."""
    return SplitPlan(
        item_sets(material),
        population_sets(material, countries_in_parts(material, options)),
        rules((part, ALL, part) for part in _PARTS),
    )


def plan_unseen_both(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return parts with batteries and countries of their own, and test parts where only one of the two is new."""
    return SplitPlan(
        item_sets(material, batteries_in_parts(material, options)),
        population_sets(material, countries_in_parts(material, options)),
        rules(
            [
                *((part, part, part) for part in _PARTS),
                ("test-questions", TEST, TRAIN),
                ("test-countries", TRAIN, TEST),
            ]
        ),
    )


def plan_k_fold(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return one of `folds` folds of batteries as test; the seed and the number of folds alone say which is which."""
    if options.fold >= options.folds:
        raise usage(
            f"There is no fold {options.fold} of {options.folds}.", f"Folds count from 0 to {options.folds - 1}."
        )
    units = battery_units(material)
    folds = allot(units, {str(i): 1 / options.folds for i in range(options.folds)}, f"{options.seed} folds")
    rest = [unit for unit in units if folds[unit.name] != str(options.fold)]
    fractions = {TRAIN: 1 - options.validation_fraction, VALIDATION: options.validation_fraction}
    parts = allot(rest, fractions, f"{options.seed} validation batteries")
    test = {unit.name: TEST for unit in units if unit.name not in parts}
    return SplitPlan(
        item_sets(material, parts | test), population_sets(material), rules((part, part, ALL) for part in _PARTS)
    )


def plan_unseen_regions(_store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return one or more UN regions as test; validation countries come from the regions that are left.

    Without named regions `fold` says which one of the regions in seeded order. Raises SurveyError (exit 4) for a
    region that the survey does not have.
    """
    units = country_units(material)
    regions = sorted({unit.stratum for unit in units if unit.stratum})
    held = _held_regions(regions, options)
    rest = [unit for unit in units if unit.stratum not in held]
    fractions = {TRAIN: 1 - options.validation_fraction, VALIDATION: options.validation_fraction}
    parts = allot(rest, fractions, f"{options.seed} validation countries")
    test = {unit.name: TEST for unit in units if unit.name not in parts}
    return SplitPlan(
        item_sets(material),
        population_sets(material, parts | test),
        rules((part, ALL, part) for part in _PARTS),
        (f"Held out: {', '.join(held)}.",),
    )


def _held_regions(regions: list[str], options: SplitOptions) -> list[str]:
    unknown = [name for name in options.regions if name not in regions]
    if unknown:
        raise not_found(
            f"Survey {options.survey_id} has no population in the UN region {', '.join(unknown)}.",
            f"It has populations in: {', '.join(regions)}.",
        )
    if options.regions:
        return sorted(set(options.regions))
    if len(regions) < 2:
        raise bad_input(
            f"Survey {options.survey_id} has populations in {len(regions)} UN region: none can be held out."
        )
    drawn = shuffled(regions, f"{options.seed} regions")
    return [drawn[options.fold % len(drawn)]]


def plan_unseen_survey(store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return all cells of another survey as test; validation batteries come from the survey trained on."""
    if options.test_survey_id is None:
        raise usage("The recipe unseen-survey needs a survey to test on.", "Name it with --test-survey.")
    if options.test_survey_id in (options.survey_id, *options.with_surveys):
        named = options.test_survey_id
        raise usage(f"Survey {named} cannot be both trained and tested on.", "Name another --test-survey.")
    other = load_material(store, options.test_survey_id)
    fractions = {TRAIN: 1 - options.validation_fraction, VALIDATION: options.validation_fraction}
    parts = allot(battery_units(material), fractions, f"{options.seed} validation batteries")
    test_items = other.items.select("survey_id", "item_id", item_set=pl.lit(TEST))
    populations = pl.concat([population_sets(material), population_sets(other)]).unique(maintain_order=True)
    n_known = len(set(other.populations["population_id"]) & set(material.populations["population_id"]))
    return SplitPlan(
        pl.concat([item_sets(material, parts), test_items]),
        populations,
        rules((part, part, ALL) for part in _PARTS),
        (
            f"{n_known} of the {other.populations.height} populations of {other.survey_id} are in "
            f"{' and '.join((options.survey_id, *options.with_surveys))} too.",
            f"Questions that both surveys ask are not looked for: {other.survey_id} has its own item ids.",
        ),
    )


PLANS: dict[Recipe, Callable[[Store, SplitMaterial, SplitOptions], SplitPlan]] = {
    Recipe.PAPER: plan_paper,
    Recipe.UNSEEN_QUESTIONS: plan_unseen_questions,
    Recipe.UNSEEN_COUNTRIES: plan_unseen_countries,
    Recipe.UNSEEN_BOTH: plan_unseen_both,
    Recipe.K_FOLD: plan_k_fold,
    Recipe.UNSEEN_REGIONS: plan_unseen_regions,
    Recipe.UNSEEN_SURVEY: plan_unseen_survey,
    Recipe.SUBPOP: plan_unseen_survey,
    Recipe.NEW_ITEMS: plan_new_items,
    Recipe.MISSING_GROUPS: plan_missing_groups,
}
