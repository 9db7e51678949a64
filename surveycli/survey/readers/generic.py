"""Reads respondents of any survey: country and weight columns named, items from its labels or a codebook."""

from __future__ import annotations

from collections.abc import Sequence

from surveycli.errors import bad_input
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.cells import items_of_cells
from surveycli.survey.items.codebook import SurveyFacts
from surveycli.survey.items.file_items import FileItems, described_items, own_items
from surveycli.survey.items.label_rules import STATUS_BY_CODE
from surveycli.survey.items.labels import column_rules, items_of_table, match_columns
from surveycli.survey.items.user_codebook import read_user_codebook
from surveycli.survey.places.column import read_countries
from surveycli.survey.population.demographics import Roles, demographics_of_table
from surveycli.survey.population.design_columns import find_design
from surveycli.survey.population.find_groups import groups_of_table
from surveycli.survey.population.respondents import RespondentPlan, find_weight, read_respondents
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.request import IngestOptions

LAYOUT = "generic"


def is_generic(table: SurveyTable, options: IngestOptions) -> bool:
    """Tell whether the user said how to read the file, or its own labels do and a country column has a usual name."""
    told = options.codebook is not None or options.country_column is not None or bool(options.items)
    labelled = sum(bool(column.value_labels) for column in table.columns) > 1
    return told or (labelled and table.find(*column_rules()["country"]) is not None)


def read_generic(table: SurveyTable, options: IngestOptions) -> RespondentFile:
    """Return the respondents of any survey.

    Items come from the codebook given, else from the file's value labels, else, for the columns named with --items,
    from the cells. A blank cell is a missing answer of unknown kind. Raises SurveyError (exit 3) where no country
    column or no item is found.
    """
    country = _country(table, options)
    countries = read_countries(table, country, options)
    weight, weight_notes = find_weight(table, options.weight_column)
    items = _items(table, options, (country.name, *filter(None, [weight])))
    demographics = demographics_of_table(table)
    groups = groups_of_table(table, items.codebook, (*items.answers, *demographics.answers), demographics, options)
    design = find_design(table, options)
    plan = RespondentPlan(countries.column, weight, items.answers, demographics.answers, groups.raw, design=design)
    return RespondentFile(
        source=table.source,
        layout=LAYOUT,
        survey_id=items.codebook.codebook_id,
        facts=SurveyFacts(items.title or table.title or items.codebook.codebook_id),
        codebook=items.codebook,
        roles=Roles("iso3", "weight" if weight else None, items.ids, demographics.demographics),
        missing=dict(STATUS_BY_CODE),
        groups=groups,
        batches=lambda: read_respondents(table, plan),
        skipped=items.skipped + countries.skipped + weight_notes,
        design=design,
    )


def _country(table: SurveyTable, options: IngestOptions) -> FileColumn:
    if options.country_column:
        return table.require(options.country_column, "the country")
    column = table.find(*column_rules()["country"])
    if column is None:
        raise bad_input(
            f"{table.name}: expected a column with the country of each respondent, found {table.listed()}.",
            "Name it with --country-column.",
        )
    return column


def _items(table: SurveyTable, options: IngestOptions, taken: Sequence[str]) -> FileItems:
    if options.codebook:
        return described_items(table, read_user_codebook(options.codebook), options.items)
    if any(column.value_labels for column in table.columns):
        found = items_of_table(table, wanted=options.items, taken=taken, blank=None)
    elif options.items:
        found = items_of_cells(table, match_columns(table, options.items))
    else:
        raise bad_input(
            f"{table.name} says nothing about its items, and neither did you.",
            "Describe them with --codebook FILE, or name their columns with --items.",
        )
    return own_items(table, table.source.slug, found)
