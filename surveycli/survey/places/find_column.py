"""Finds which column of a file says where each respondent lives: by its name and by what stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from surveycli.errors import bad_input, usage
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.cell import CellValue, as_number
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.places.column import Countries, CountryColumn, read_countries
from surveycli.survey.places.match import find_country

_LEAST_KNOWN = 0.9  # of a column's different values, that it may be one of countries
_HALF = 0.5  # of them, that its unknown values are named to the user
_MOST_VALUES = 400
_MOST_NAMED = 5


def countries_of_table(
    table: SurveyTable, options: IngestOptions, usual: Sequence[str], maybe: Sequence[str] = ()
) -> Countries:
    """Return the country of every respondent: the one that the user named, or that of a column.

    `usual` are the names that a country's column has, `maybe` those that other columns have as well. Raises
    SurveyError: exit 3 where no column is one of countries, 2 where two things are said at once or the country is not
    known.
    """
    if options.country is not None:
        if options.country_column is not None:
            raise usage("--country says where everybody lives, --country-column which column says it.", "Give one.")
        return Countries(CountryColumn(None, everyone=_one_country(options.country)), ())
    if options.country_column is not None:
        return read_countries(table, table.require(options.country_column, "the country"), options)
    column = country_column(table, usual, maybe, options)
    if column is None:
        raise _not_found(table)
    return read_countries(table, column, options)


def _one_country(text: str) -> str:
    found = find_country(text) or find_country(text.upper())
    if found is None:
        raise usage(f"--country {text!r} is not a known country.", "For instance --country USA or --country Kenya.")
    return found


def country_column(
    table: SurveyTable, usual: Sequence[str], maybe: Sequence[str], options: IngestOptions
) -> FileColumn | None:
    """Return the column of countries: the first of a usual name that holds some, else the only one with their names.

    A column of a usual name whose values nobody knows is returned too, where there is no better one: they are listed.
    """
    named = [column for name in usual if (column := table.find(name)) is not None]
    others = [column for name in maybe if (column := table.find(name)) is not None]
    good = next((column for column in (*named, *others) if known_share(table, column, options) >= _LEAST_KNOWN), None)
    if good is not None:
        return good
    partly = next((column for column in (*named, *others) if _half_known(table, column, options)), None)
    found = columns_of_countries(table, (*named, *others)) if partly is None else []
    return partly or (found[0] if len(found) == 1 else next(iter(named), None))


def columns_of_countries(table: SurveyTable, without: Iterable[FileColumn] = ()) -> list[FileColumn]:
    """Return the columns whose labels, or texts where there are none, are names or codes of countries.

    Bare numbers are none: every small number is the code of some country.
    """
    left_out = {column.name for column in without}
    candidates = [column for column in table.columns if column.name and column.name not in left_out]
    bare = [column.name for column in candidates if not column.value_labels]
    first = table.first_cells(bare) if bare else {}
    # The first lines of a file in the order of countries name one; the whole column is read where they name any.
    likely = [name for name, texts in first.items() if texts and _share_of_countries(map(str, texts)) >= _LEAST_KNOWN]
    cells = dict.fromkeys(bare, frozenset[CellValue]()) | (table.present(likely) if likely else {})
    return [
        column
        for column in candidates
        if _are_countries(column.value_labels.values() if column.value_labels else map(str, cells[column.name]))
    ]


def _are_countries(texts: Iterable[str]) -> bool:
    different = {text for text in texts if text.strip()}
    return 2 <= len(different) <= _MOST_VALUES and _share_of_countries(different) >= _LEAST_KNOWN


def _share_of_countries(texts: Iterable[str]) -> float:
    """Return the share of different texts that are countries, 0 where one of them is a number."""
    different = set(texts)
    if any(as_number(text) is not None for text in different):
        return 0.0
    return sum(find_country(text) is not None for text in different) / len(different)


def known_share(table: SurveyTable, column: FileColumn, options: IngestOptions) -> float:
    """Return the share of a column's different values that are countries, or that the user's map names."""
    cells = table.present([column.name])[column.name]
    mapped = {label.casefold() for label, _ in options.country_map}
    labels = [label_of(cell, column) for cell in cells]
    known = sum(label.casefold() in mapped or find_country(label) is not None for label in labels)
    return known / len(labels) if labels else 0.0


def _half_known(table: SurveyTable, column: FileColumn, options: IngestOptions) -> bool:
    return known_share(table, column, options) >= _HALF


def label_of(cell: CellValue, column: FileColumn) -> str:
    """Return what a cell says: its label, or itself."""
    return column.value_labels.get(cell) or (f"{cell:g}" if isinstance(cell, float) else str(cell))


def _not_found(table: SurveyTable) -> Exception:
    proposed = [column.name for column in columns_of_countries(table)][:_MOST_NAMED]
    hint = "--country USA says that all respondents live there; --country-column names the column that says it."
    if proposed:
        hint = f"Columns of countries: {', '.join(proposed)}. Name one with --country-column, or give --country USA."
    return bad_input(
        f"{table.name}: expected a column with the country of each respondent, found {table.listed()}.", hint
    )
