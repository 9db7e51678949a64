"""Reads the respondent file of a year of Pew Global Attitudes (SPSS)."""

from __future__ import annotations

import re

from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean
from surveycli.survey.files.open import SPSS
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.codebook import SurveyFacts
from surveycli.survey.items.file_items import FileItems, described_items, own_items
from surveycli.survey.items.label_rules import MISSING_CODES, STATUS_BY_CODE
from surveycli.survey.items.labels import items_of_table
from surveycli.survey.items.user_codebook import read_user_codebook
from surveycli.survey.places.column import read_countries
from surveycli.survey.places.country import find_iso3
from surveycli.survey.population.demographics import Roles, demographics_of_table
from surveycli.survey.population.design_columns import find_design
from surveycli.survey.population.find_groups import groups_of_table
from surveycli.survey.population.respondents import RespondentPlan, read_respondents
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.request import IngestOptions

LAYOUT = "pew-sav"
_COUNTRY = ("country", "qcountry")
_PUBLIC = "public"  # 2021 speaks of publics, some of which are no countries to everybody
_WEIGHT = ("weight", "weights")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def is_pew(table: SurveyTable) -> bool:
    """Tell whether a table is an SPSS file with a country column with value labels, and a weight."""
    country = _country(table)
    labelled = country is not None and bool(country.value_labels)
    return table.kind == SPSS and labelled and table.find(*_WEIGHT) is not None


def _country(table: SurveyTable) -> FileColumn | None:
    """Return the country column: by its name, or one called public whose labels name a country."""
    public = table.find(_PUBLIC)
    named = public is not None and any(find_iso3(clean(label)) for label in public.value_labels.values())
    return table.find(*_COUNTRY) or (public if named else None)


def read_pew(table: SurveyTable, options: IngestOptions) -> RespondentFile:
    """Return the respondents of a year. Its items are the columns with value labels that are no demographics.

    A blank cell means not asked, of the country or of the respondent's half-sample. Raises SurveyError (exit 3) where
    there is no country or weight column, no item, or a country that nobody knows.
    """
    country = _role(table, options.country_column, _country(table), "country")
    weight = _role(table, options.weight_column, table.find(*_WEIGHT), "weight")
    countries = read_countries(table, country, options)
    demographics = demographics_of_table(table)
    items = _items(table, options, (country.name, weight.name))
    year = _year(table)
    survey_id = f"pew-{year}" if year else "pew"
    groups = groups_of_table(table, items.codebook, (*items.answers, *demographics.answers), demographics, options)
    design = find_design(table, options)
    plan = RespondentPlan(countries.column, weight.name, items.answers, demographics.answers, groups.raw, design=design)
    title = f"Pew Global Attitudes {year}" if year else "Pew Global Attitudes (year unknown)"
    return RespondentFile(
        source=table.source,
        layout=LAYOUT,
        survey_id=survey_id,
        facts=SurveyFacts(title, wave=year, source="https://www.pewresearch.org"),
        codebook=items.codebook,
        roles=Roles("iso3", "weight", items.ids, demographics.demographics),
        missing=dict(STATUS_BY_CODE),
        groups=groups,
        batches=lambda: read_respondents(table, plan),
        skipped=items.skipped + countries.skipped,
        design=design,
    )


def _items(table: SurveyTable, options: IngestOptions, taken: tuple[str, ...]) -> FileItems:
    """Return the items of the user's codebook, else of the file's own labels; blank cells were not asked."""
    blank = MISSING_CODES["not_asked"]
    if options.codebook:
        return described_items(table, read_user_codebook(options.codebook), options.items, blank)
    return own_items(table, "pew", items_of_table(table, wanted=options.items, taken=taken, blank=blank))


def _role(table: SurveyTable, named: str | None, usual: FileColumn | None, what: str) -> FileColumn:
    if named:
        return table.require(named, f"the {what}")
    if usual is None:
        names = _COUNTRY if what == "country" else _WEIGHT
        raise bad_input(
            f"{table.name}: expected a column {' or '.join(names)} for the {what}, found {table.listed()}.",
            f"Name it with --{what}-column.",
        )
    return usual


def _year(table: SurveyTable) -> str | None:
    """Return the year of the fieldwork from the file's name, else from the name that it gives itself."""
    found = _YEAR.findall(table.source.path.stem) or _YEAR.findall(table.title)
    return str(found[0]) if found else None
