"""Reads respondents of any survey: by its programme's profile, its own labels, a codebook, and the user's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from surveycli.domain import MISSING_CODES, STATUS_BY_CODE
from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.cells import items_of_cells
from surveycli.survey.items.columns import column_rules, match_columns
from surveycli.survey.items.file_items import FileItems, described_items, own_items
from surveycli.survey.items.item_rules import ItemRules, refuse_beside_codebook, rules_of_options
from surveycli.survey.items.label_rules import has_missing_words
from surveycli.survey.items.labels import items_of_table
from surveycli.survey.items.language import guess_language_of_table
from surveycli.survey.items.user_codebook import UserCodebook, read_user_codebook
from surveycli.survey.places.column import Countries
from surveycli.survey.places.find_column import countries_of_table
from surveycli.survey.population.demographics import Roles, demographics_of_table
from surveycli.survey.population.design_columns import find_design
from surveycli.survey.population.find_groups import groups_of_table
from surveycli.survey.population.respondents import RespondentPlan, read_respondents
from surveycli.survey.population.weight import find_weight
from surveycli.survey.readers.facts import facts_of_table, own_title, survey_of_file
from surveycli.survey.readers.profile import Profile, find_profile
from surveycli.survey.readers.readout import Reading, RespondentFile

LAYOUT = "generic"


def is_generic(table: SurveyTable, options: IngestOptions) -> bool:
    """Tell whether the user said how to read the file, or its own labels or the profile of its programme do."""
    told = options.codebook or options.country_column or options.country or options.items or options.profile
    labelled = any(column.value_labels for column in table.columns)
    return bool(told) or labelled or find_profile(table, options) is not None


def read_generic(table: SurveyTable, options: IngestOptions, book: UserCodebook | None = None) -> RespondentFile:
    """Return the respondents of any survey.

    Items come from `book` or the codebook that the options name, else from the file's value labels, else, for the
    columns named with --items, from the cells. A blank cell is a missing answer of unknown kind, unless the profile
    says more. Raises SurveyError (exit 3) where no country column or no item is found.
    """
    profile = find_profile(table, options)
    options = _with_replicates(options, profile)
    book = book or _own_book(options)
    countries = _countries(table, options, profile)
    weight = find_weight(table, options.weight_column, profile.weight if profile else ())
    rules, language = item_rules(table, options, profile)
    facts = facts_of_table(table, profile)
    survey_id, survey = survey_of_file(table, profile, facts, countries.column.all_of_them())
    if book:
        survey_id = book.codebook.codebook_id
        survey = replace(survey, title=book.title or own_title(table) or survey_id)
    taken = (countries.column.column or "", *weight.columns, *facts.columns().values())
    items = described_items(table, book, rules) if book else _items(table, options, rules, taken)
    people = demographics_of_table(table)
    answers = (*items.answers, *people.answers)
    groups = groups_of_table(table, items.codebook, answers, people, options, times=facts.columns())
    design = find_design(table, options, *((profile.strata, profile.psu) if profile else ()))
    plan = RespondentPlan(countries.column, weight.columns, items.answers, people.answers, groups.raw, design=design)
    reading = Reading(
        profile=profile.title if profile else "",
        year=facts.year,
        language=items.codebook.items[0].texts[0].language if book else language,
        country=countries.column.column or f"{countries.column.everyone} for everybody",
        weight=weight.shown,
        design=design.shown,
        missing=items.missing,
        volunteered=items.volunteered,
    )
    return RespondentFile(
        source=table.source,
        layout=LAYOUT,
        survey_id=survey_id,
        facts=survey,
        codebook=items.codebook,
        roles=Roles("iso3", "weight" if weight.columns else None, items.ids, people.demographics),
        missing=dict(STATUS_BY_CODE),
        groups=groups,
        batches=lambda: read_respondents(table, plan),
        skipped=items.skipped + countries.skipped + weight.notes,
        reading=reading,
        design=design,
    )


def _with_replicates(options: IngestOptions, profile: Profile | None) -> IngestOptions:
    """Return the options with the replicate weights of a profile, where the user named no design."""
    if profile is None or not profile.replicates or options.replicates or options.psu or options.strata:
        return options
    return replace(options, replicates=profile.replicates, replicate_method=profile.replicate_method)


def _countries(table: SurveyTable, options: IngestOptions, profile: Profile | None) -> Countries:
    """Return everybody's country: by the user's word, the profile's, or a column."""
    usual = tuple(column_rules()["country"])
    if profile is not None and options.country_column is None:
        options = replace(options, country=options.country or profile.country_is)
    names = (*(profile.country if profile else ()), *usual)
    return countries_of_table(table, options, names, column_rules()["maybe_country"])


def item_rules(table: SurveyTable, options: IngestOptions, profile: Profile | None) -> tuple[ItemRules, str]:
    """Return how a table's items are read, and what to say of their language."""
    guessed = None if options.language else guess_language_of_table(table)
    language = options.language or guessed or (profile.languages[0] if profile and profile.languages else "en")
    source = "named" if options.language else "guessed from the labels" if guessed else "assumed"
    known = has_missing_words(language)
    if profile is None:
        return rules_of_options(options, language=language, words_known=known), f"{language} ({source})"
    rules = rules_of_options(
        options,
        language=language,
        words_known=known,
        codes=profile.codes,
        digits=profile.digits,
        blank=MISSING_CODES[profile.blank] if profile.blank else None,
        not_asked=profile.no_items,
    )
    return rules, f"{language} ({source})"


def _own_book(options: IngestOptions) -> UserCodebook | None:
    """Return the codebook that the user gave. Raises SurveyError (exit 2) for options that say what it says."""
    if options.codebook is None:
        return None
    refuse_beside_codebook(options, "--codebook")
    return read_user_codebook(options.codebook)


def _items(table: SurveyTable, options: IngestOptions, rules: ItemRules, taken: Sequence[str]) -> FileItems:
    if any(column.value_labels for column in table.columns):
        found = items_of_table(table, rules, taken)
    elif options.items:
        found = items_of_cells(table, match_columns(table, options.items), rules)
    else:
        raise bad_input(
            f"{table.name}: expected value labels, a codebook or named items, found none of them.",
            "Describe them with --codebook FILE, or name their columns with --items; an SPSS or Stata file has labels.",
        )
    return own_items(table, table.source.slug, found)
