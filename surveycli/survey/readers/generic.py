"""Reads respondents of any survey: country and weight columns named, items from its labels or a codebook."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import Cell, as_number
from surveycli.survey.files.table import Column, SurveyTable
from surveycli.survey.items.answers import AnswerColumn, RespondentPlan, plan_batches, says_no_weighting
from surveycli.survey.items.cells import item_of_cells
from surveycli.survey.items.codebook import Codebook, ItemSpec, SurveyFacts
from surveycli.survey.items.label_rules import MISSING_CODES, STATUS_BY_CODE
from surveycli.survey.items.labels import column_rules, items_of_table, match_columns
from surveycli.survey.items.user_codebook import UserCodebook, read_user_codebook
from surveycli.survey.places.column import read_countries
from surveycli.survey.population.demographics import Roles, demographics_of_table
from surveycli.survey.population.find_groups import groups_of_table
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.request import IngestOptions

LAYOUT = "generic"


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a file, the columns that their answers come from, and what was left out."""

    codebook: Codebook
    answers: tuple[AnswerColumn, ...]
    skipped: tuple[Skipped, ...]
    title: str | None = None


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
    taken = (country.name, *filter(None, [weight]))
    items = user_items(table, read_user_codebook(options.codebook), options.items) if options.codebook else None
    items = items or _own_items(table, options.items, taken)
    demographics = demographics_of_table(table)
    groups = groups_of_table(table, items.codebook, (*items.answers, *demographics.answers), demographics, options)
    plan = RespondentPlan(countries.column, weight, items.answers, demographics.answers, groups.raw)
    return RespondentFile(
        source=table.source,
        layout=LAYOUT,
        survey_id=items.codebook.codebook_id,
        facts=SurveyFacts(items.title or table.title or items.codebook.codebook_id),
        codebook=items.codebook,
        roles=Roles("iso3", "weight" if weight else None, item_ids(items), demographics.demographics),
        missing=dict(STATUS_BY_CODE),
        groups=groups,
        batches=lambda: plan_batches(table, plan),
        skipped=items.skipped + countries.skipped + weight_notes,
    )


def item_ids(items: Items) -> tuple[str, ...]:
    """Return the ids of the items that have a column."""
    return tuple(answer.name for answer in items.answers)


def _country(table: SurveyTable, options: IngestOptions) -> Column:
    if options.country_column:
        return table.require(options.country_column, "the country")
    column = table.find(*column_rules()["country"])
    if column is None:
        raise bad_input(
            f"{table.name}: expected a column with the country of each respondent, found {table.listed()}.",
            "Name it with --country-column.",
        )
    return column


def find_weight(
    table: SurveyTable, named: str | None, usual: Sequence[str] = ()
) -> tuple[str | None, tuple[Skipped, ...]]:
    """Return the weight column, None where there is none, and what there is to say about it.

    A column that reads `No weighting` throughout is none: there are no weighted shares to tell from the plain ones.
    """
    column = table.require(named, "the weight") if named else table.find(*(usual or column_rules()["weight"]))
    if column is None:
        return None, (Skipped("no weight column: no weighted shares (--weight-column names one)", "columns", 1),)
    if says_no_weighting(table.present([column.name])[column.name]):
        return column.name, (Skipped("not left out: reads `No weighting`, everybody weighs 1", column.name, 1),)
    return column.name, ()


def user_items(table: SurveyTable, book: UserCodebook, wanted: Sequence[str]) -> Items:
    """Return the items of a user's codebook that the table has columns for.

    Raises SurveyError (exit 3) where it has none of them.
    """
    chosen = {column.name for column in match_columns(table, wanted)} if wanted else None
    answers: list[AnswerColumn] = []
    specs: list[ItemSpec] = []
    skipped: list[Skipped] = []
    for item in book.codebook:
        column = table.find(item.item_id)
        if column is None:
            skipped.append(Skipped("item not in the file", item.item_id, 1))
        elif chosen is None or column.name in chosen:
            answers.append(book.answer_column(item, column.name))
            specs.append(item)
    if not answers:
        named = ", ".join(item.item_id for item in book.codebook.items[:5])
        raise bad_input(
            f"{table.name} has no column for any of the codebook's {len(book.codebook.items)} items ({named}...).",
            f"Items are named like their columns: {table.listed()}.",
        )
    codebook = Codebook(book.codebook.codebook_id, book.codebook.items)
    return Items(codebook, tuple(answers), tuple(skipped), book.title)


def _own_items(table: SurveyTable, wanted: Sequence[str], taken: Sequence[str]) -> Items:
    survey_id = slug(table.source.path.stem)
    if any(column.value_labels for column in table.columns):
        found = items_of_table(table, wanted=wanted, taken=taken, blank=None)
        items, skipped = found.items, found.skipped
    elif wanted:
        columns = match_columns(table, wanted)
        present = table.present([column.name for column in columns])
        results = [
            item_of_cells(column, present[column.name], place, _negative(present[column.name]))
            for place, column in enumerate(columns)
        ]
        items = tuple(result for result in results if not isinstance(result, str))
        skipped = tuple(
            Skipped(result, column.name, 1)
            for column, result in zip(columns, results, strict=True)
            if isinstance(result, str)
        )
        skipped += (Skipped("not left out: options from the cells, without a codebook", "items", len(items)),)
    else:
        raise bad_input(
            f"{table.name} says nothing about its items, and neither did you.",
            "Describe them with --codebook FILE, or name their columns with --items.",
        )
    if not items:
        reasons = "; ".join(f"{skip.subject}: {skip.reason}" for skip in skipped[:5])
        raise bad_input(f"{table.name}: no column makes an item ({reasons}).", "Describe items with --codebook FILE.")
    codebook = Codebook(survey_id, tuple(item.spec for item in items), origin="official")
    return Items(codebook, tuple(item.answer for item in items), skipped)


def _negative(cells: Collection[Cell]) -> dict[int, int]:
    """Return the codes below 0 as missing answers of unknown kind, which they are in every survey that has them."""
    numbers = (number for cell in cells if (number := as_number(cell)) is not None and number < 0)
    return {int(number): MISSING_CODES["missing_other"] for number in numbers if number == int(number)}


def slug(text: str) -> str:
    """Return a file's name as an id: lower case, runs of anything else as one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "survey"
