"""The published parts: items in three sets, countries in three sets, train C1 x Q1 (Cao et al. 2025)."""

from __future__ import annotations

import polars as pl

from surveycli.bundled import BUNDLED_SURVEY
from surveycli.domain import TRAIN, VALIDATION
from surveycli.errors import bad_input
from surveycli.request.split import SplitOptions, Validation
from surveycli.split.allot import allot
from surveycli.split.plan import SplitMaterial, SplitPlan, country_units, rules
from surveycli.store import Store

_N_VALIDATION_POPULATIONS = 6
# The paper says "more than 1,000"; its counts of rows include Chile and Uruguay, which have 1,000 exactly.
_MIN_RESPONDENTS = 1000
_TEST_PARTS = [(f"{c}-{q}", q, c) for c in ("C2", "C3") for q in ("Q1", "Q2", "Q3")]
_PAPER_RULES = [(TRAIN, "Q1", "C1"), (VALIDATION, "Q2", "C1"), ("C1-Q3", "Q3", "C1"), *_TEST_PARTS]
_POPULATION_RULES = [
    (TRAIN, "Q1", "C1-train"),
    (VALIDATION, "Q1", "C1-validation"),
    ("C1-Q2", "Q2", "C1"),
    ("C1-Q3", "Q3", "C1"),
    *_TEST_PARTS,
]
_ITEM_RANGES = {"Q1": "Q1-Q163", "Q2": "Q164-Q198", "Q3": "Q199-Q259"}


def plan_paper(store: Store, material: SplitMaterial, options: SplitOptions) -> SplitPlan:
    """Return the published parts, with the published validation part or one of held-out countries.

    Raises SurveyError (exit 3) for a survey that does not follow the wave-7 codebook, and where no country is left.
    """
    if material.codebook != BUNDLED_SURVEY:
        raise bad_input(
            f"The published sets are of World Values Survey wave 7; survey {material.survey_id} has another codebook.",
            "Choose another recipe, such as unseen-questions, or another --survey.",
        )
    published = store.frame("split/paper_countries")
    small, size_note = _too_small(material, published, options)
    countries = published.join(material.populations.select("population_id"), on="population_id", how="semi")
    countries = countries.filter(~pl.col("population_id").is_in(small))
    if countries.is_empty():
        raise bad_input(
            f"Survey {material.survey_id} has none of the published countries with enough respondents.",
            "--min-respondents 0 asks for no number of them, or choose another recipe.",
        )
    part_rules = _POPULATION_RULES if options.validation == Validation.POPULATIONS else _PAPER_RULES
    notes = [*_country_notes(material, published, countries), size_note, *_item_notes(material, part_rules)]
    items = material.items.drop_nulls("paper_set").select("survey_id", "item_id", item_set="paper_set")
    if options.validation != Validation.POPULATIONS:
        return SplitPlan(items, countries, rules(part_rules), (*filter(None, notes), _SELECTOR_NOTE))
    held = _held_countries(material, countries, options.seed)
    sets = countries.filter(pl.col("population_set") == "C1").with_columns(
        population_set=pl.when(pl.col("population_id").is_in(held))
        .then(pl.lit("C1-validation"))
        .otherwise(pl.lit("C1-train"))
    )
    note = f"Held out of training for validation: {', '.join(held)}; C1-Q2 and C1-Q3 have these countries too."
    return SplitPlan(items, pl.concat([countries, sets]), rules(part_rules), (*filter(None, notes), note))


_SELECTOR_NOTE = (
    "The published validation part selects poorly: more than half of its items are one battery of ten-point scales. "
    "--validation populations holds out six training countries instead."
)


def _too_small(material: SplitMaterial, published: pl.DataFrame, options: SplitOptions) -> tuple[list[str], str]:
    """Return the published countries known to have too few respondents, and the note that says so.

    Where no country has enough, the file is a sample, and none is left out unless that was asked for.
    """
    minimum = _MIN_RESPONDENTS if options.min_respondents is None else options.min_respondents
    known = material.populations.join(published, on="population_id", how="semi").drop_nulls("n_interviewed")
    small = known.filter(pl.col("n_interviewed") < minimum)["population_id"].to_list()
    if options.min_respondents is None and len(small) == known.height:
        note = f"No country has {minimum} respondents: the store holds a sample, so all of its countries are kept."
        return [], note if small else ""
    return small, f"Left out with fewer than {minimum} respondents: {', '.join(small)}." if small else ""


def _held_countries(material: SplitMaterial, countries: pl.DataFrame, seed: int) -> list[str]:
    """Return the countries of C1 held out for validation, spread over the UN regions."""
    c1 = set(countries.filter(pl.col("population_set") == "C1")["population_id"])
    units = [unit for unit in country_units(material) if unit.name in c1]
    fraction = _N_VALIDATION_POPULATIONS / max(len(units), _N_VALIDATION_POPULATIONS + 1)
    parts = allot(units, {VALIDATION: fraction, TRAIN: 1 - fraction}, f"{seed} validation countries")
    return sorted(name for name, part in parts.items() if part == VALIDATION)


def _country_notes(material: SplitMaterial, published: pl.DataFrame, kept: pl.DataFrame) -> list[str]:
    countries = material.populations.filter(kind="country")
    in_both = kept.group_by("population_id").len().filter(pl.col("len") > 1)["population_id"].sort().to_list()
    others = countries.join(published, on="population_id", how="anti")["population_id"].to_list()
    absent = published.join(countries, on="population_id", how="anti")["population_id"].unique().sort().to_list()
    n_subgroups = material.populations.height - countries.height
    found = [
        (in_both, f"C2 and C3 share {', '.join(in_both)}: their cells stand in the parts of both sets."),
        (others, f"In no part, since not in the published country sets: {', '.join(others)}."),
        (absent, f"Published countries that survey {material.survey_id} lacks: {', '.join(absent)}."),
        (n_subgroups, f"In no part, since the published populations are whole countries: {n_subgroups} subgroups."),
    ]
    return [text for there_is, text in found if there_is]


def _item_notes(material: SplitMaterial, part_rules: list[tuple[str, str, str]]) -> list[str]:
    present = set(material.items["paper_set"])
    empty = {name: [part for part, item_set, _ in part_rules if item_set == name] for name in _ITEM_RANGES}
    notes = [
        f"Empty: {', '.join(empty[name])}. The store has no answers to {span} of {material.survey_id}."
        for name, span in _ITEM_RANGES.items()
        if name not in present
    ]
    left_out = material.items.filter(~pl.col("in_protocol"))["item_id"].to_list()
    if left_out:
        notes.append(f"Left out of all parts, as in the published work: {', '.join(left_out)}.")
    return notes
