"""Reads respondents of the World Values Survey, in every layout and format that it comes in.

The cross-national file of wave 7 and those of single countries, waves 5 and 6, CSV with any delimiter, XLSX, SPSS,
Stata and Parquet: one survey gives one table of respondents, whatever file it comes from.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

from surveycli.bundled import BUNDLED_SURVEY, read_yaml, resource
from surveycli.domain import STATUS_BY_CODE, AiPolicy
from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.cell import CellValue, as_number, clean
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.codebook import SurveyFacts, load_survey_facts
from surveycli.survey.items.file_items import FileItems
from surveycli.survey.places.column import Countries
from surveycli.survey.places.find_column import countries_of_table
from surveycli.survey.population.demographics import Roles
from surveycli.survey.population.design_columns import DesignColumns, find_design
from surveycli.survey.population.find_groups import Groupable, find_groups
from surveycli.survey.population.respondents import RespondentPlan, read_respondents
from surveycli.survey.population.weight import Weight, find_weight
from surveycli.survey.readers.readout import Reading, RespondentFile
from surveycli.survey.readers.wvs_columns import ITEM_OF_WAVE_7, WAVE_7, columns_of_file, wave7_columns
from surveycli.survey.readers.wvs_items import OLD_ITEM, items_of_file

LAYOUT = "wvs"
# `Q260 Sex`, `Q1: Important in life: Family`, `V4. Family`: the column's name, and its label.
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)\s*(?:[:.]\s*|\s+)(\S.*)", re.DOTALL)
_INVERTED = re.compile(r"[QV]\d+P", re.IGNORECASE)
_RELEASE = re.compile(r"\d+(?:-\d+)+")
# `..._Csv_v5.1.csv`, `..._csv_v20201117.csv`, `..._v_2016_01_01`.
_RELEASE_IN_NAME = re.compile(r"_v_?(\d+(?:[._-]\d+)*)", re.IGNORECASE)
_WAVE_IN_NAME = re.compile(r"(?:wave|wv|w)[\s_-]*([1-7])(?!\d)", re.IGNORECASE)
_FEW = 5  # so many items tell a file of WVS from one that happens to have a column Q1
_WVS_ALONE = ("A_WAVE", "B_COUNTRY", "B_COUNTRY_ALPHA", "W_WEIGHT")


@cache
def _waves() -> dict[Any, Any]:
    return read_yaml(resource("wvs_waves.yaml"))


def is_wvs(table: SurveyTable) -> bool:
    """Tell whether a table has a country column of WVS and its items, under bare names or names with a label."""
    named = _named(table)
    items = sum(bool(ITEM_OF_WAVE_7.fullmatch(c.name) or _INVERTED.fullmatch(c.name)) for c in named.columns)
    old = sum(bool(OLD_ITEM.fullmatch(column.name)) for column in named.columns)
    signs = sum(named.find(name) is not None for name in _WVS_ALONE)
    # Other programs call columns V1, V2... too: only a weight or country that WVS alone has tells its older waves.
    wave5_6 = named.find("V258", "V259", "V2A", "S017", "W_WEIGHT", "B_COUNTRY_ALPHA") is not None
    is_wave7 = (signs > 1 and items > 0) or (signs and items >= _FEW)
    return bool(is_wave7) or (wave5_6 and old >= _FEW and named.find("V2", "V2A") is not None)


def read_wvs(table: SurveyTable, options: IngestOptions) -> RespondentFile:
    """Return the respondents of a file of WVS.

    Items of wave 7 given as codes have the project's own wording. Items of other waves, and cells that hold labels,
    take their options from --codebook, else from the file's value labels, else from the cells. Raises SurveyError:
    exit 3 for files with inverted scales, several waves, and unknown countries, 2 where the file cannot be grouped as
    the options want.
    """
    table = _named(table)
    _refuse_inverted(table)
    _look_once(table, options)
    wave = _wave(table)
    countries = _countries(table, options)
    usual = ["W_WEIGHT"] if wave == WAVE_7 else _waves().get(wave, {}).get("weight", ["W_WEIGHT", "S017"])
    weight = find_weight(table, options.weight_column, usual)
    items = items_of_file(table, wave, _waves().get(wave), options)
    columns = columns_of_file(table, wave, _waves().get(wave), items, options)
    groups = find_groups(
        options,
        Groupable(table.name, table.columns, columns.stored(), items.codebook, columns.demographics, columns.withheld),
    )
    design = find_design(table, options)
    plan = RespondentPlan(
        countries.column,
        weight.columns,
        columns.answers,
        columns.coded,
        columns.raw + groups.raw,
        columns.types,
        columns.strict,
        design,
    )
    only = countries.column.all_of_them()
    return RespondentFile(
        source=table.source,
        layout=LAYOUT,
        survey_id=_survey_id(table, wave, only),
        facts=_facts(table, wave, only),
        codebook=items.codebook,
        roles=Roles("iso3", "weight" if weight.columns else None, items.ids, columns.demographics),
        missing=dict(STATUS_BY_CODE),
        groups=groups,
        batches=lambda: read_respondents(table, plan),
        skipped=items.skipped + countries.skipped + columns.skipped + weight.notes,
        reading=_reading(items, countries, weight, design),
        design=design,
    )


def _named(table: SurveyTable) -> SurveyTable:
    """Return the table with bare names in upper case; what its headers say after the name becomes the label."""
    columns = tuple(map(_split, table.columns))
    names = {column.name for column in columns}
    # Doubled names do not identify columns: the headers stay as they are.
    return replace(table, columns=columns) if len(names) == len(columns) else table


def _split(column: FileColumn) -> FileColumn:
    found = _HEADER.fullmatch(column.name.strip())
    name, label = (found[1], clean(found[2])) if found else (column.name, "")
    return replace(column, name=name.upper(), label=column.label or label, header=column.header or column.name)


def _refuse_inverted(table: SurveyTable) -> None:
    inverted = (column.name for column in table.columns if _INVERTED.fullmatch(column.name))
    found = [name for name in inverted if table.find(name[:-1]) is None]
    if found:
        raise bad_input(
            f"{table.name}: expected plain WVS columns, found inverted ones ({', '.join(found[:5])}), whose scales run"
            " backwards: read as plain they would turn every answer round.",
            "Download the file that is not inverted; its columns are called Q1, Q2 without the P.",
        )


def _look_once(table: SurveyTable, options: IngestOptions) -> None:
    """Read the columns that say what the file is in one pass, rather than one each."""
    named = (options.country_column, options.weight_column, wave7_columns()["version"], "W_WEIGHT")
    asked = (table.find(*_waves()["wave"]), table.find(*_waves()["country"]), *(table.find(n) for n in named if n))
    table.present([column.name for column in asked if column is not None])


def _wave(table: SurveyTable) -> int | None:
    """Return the wave by its column, else by the names of the items, else by the file's name; None if nothing says."""
    column = table.find(*_waves()["wave"])
    cells = table.present([column.name])[column.name] if column else frozenset()
    waves = {wave for cell in cells if (wave := _wave_of_cell(cell)) is not None}
    if len(waves) > 1:
        raise bad_input(
            f"{table.name}: expected one wave, found waves {', '.join(map(str, sorted(waves)))}.",
            "Keep the rows of one wave in a file of its own.",
        )
    if waves:
        return waves.pop()
    if table.find("A_WAVE", "W_WEIGHT") or sum(bool(ITEM_OF_WAVE_7.fullmatch(c.name)) for c in table.columns) >= _FEW:
        return WAVE_7
    found = _WAVE_IN_NAME.search(table.source.stem)
    return int(found[1]) if found else None


def _wave_of_cell(cell: CellValue) -> int | None:
    """Return the wave that a cell names by its number, or by its years such as 2010-2014; None where it names none."""
    number = as_number(cell)
    if number is not None:
        return int(number) if number in range(1, 8) else None
    years = re.search(r"\d{4}\s*[-–]\s*(\d{4})", str(cell))
    last_year: dict[int, int] = _waves()["last_year"]
    return last_year.get(int(years[1])) if years else None


def _countries(table: SurveyTable, options: IngestOptions) -> Countries:
    return countries_of_table(table, options, _waves()["country"])


def _reading(items: FileItems, countries: Countries, weight: Weight, design: DesignColumns) -> Reading:
    return Reading(
        profile="World Values Survey",
        language=items.codebook.items[0].texts[0].language,
        country=countries.column.column or f"{countries.column.everyone} for everybody",
        weight=weight.shown,
        design=design.shown,
        missing=items.missing,
        volunteered=items.volunteered,
    )


def _survey_id(table: SurveyTable, wave: int | None, countries: set[str]) -> str:
    """Return wvs7 for a file of several countries, wvs7-ken for one of Kenya alone."""
    base = f"wvs{wave}" if wave else f"wvs-{table.source.slug}"
    return base if len(countries) != 1 or not wave else f"{base}-{min(countries).lower()}"


def _facts(table: SurveyTable, wave: int | None, countries: set[str]) -> SurveyFacts:
    where = f", {min(countries)}" if len(countries) == 1 else ""
    release = _release(table)
    if wave == WAVE_7:
        facts = load_survey_facts(BUNDLED_SURVEY)
        return replace(facts, title=facts.title + where, release=release, ai_policy=AiPolicy.LOCAL_ONLY)
    title = f"World Values Survey wave {wave}" if wave else f"World Values Survey ({table.source.stem})"
    return SurveyFacts(
        title + where,
        wave=str(wave) if wave else None,
        release=release,
        source="https://www.worldvaluessurvey.org",
        ai_policy=AiPolicy.LOCAL_ONLY,
    )


def _release(table: SurveyTable) -> str | None:
    """Return the release from the file's column for it, else from its name, with hyphens: 5-0-0, 20201117."""
    column = table.find(wave7_columns()["version"])
    cells = table.present([column.name])[column.name] if column else ()
    stated = sorted(found[0] for cell in cells if (found := _RELEASE.search(str(cell))))
    named = _RELEASE_IN_NAME.search(table.source.stem)
    return stated[-1] if stated else (re.sub(r"[._]", "-", named[1]) if named else None)
