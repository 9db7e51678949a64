"""Reads other files of the World Values Survey: one country, waves 5 and 6, semicolons, XLSX, SPSS, Stata, Parquet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch, Skipped
from surveycli.survey.files.cell import Cell, as_number, clean, fold
from surveycli.survey.files.table import Column, SurveyTable
from surveycli.survey.items.answers import AnswerColumn, RespondentPlan, plan_batches
from surveycli.survey.items.cells import has_words, item_of_cells
from surveycli.survey.items.codebook import Codebook, ItemSpec, SurveyFacts, load_codebook, load_survey_facts
from surveycli.survey.items.label_rules import STATUS_BY_CODE, status_of_label
from surveycli.survey.items.labels import items_of_table, match_columns
from surveycli.survey.items.user_codebook import UserCodebook, read_user_codebook
from surveycli.survey.places.column import Countries, read_countries
from surveycli.survey.population.demographics import Demographic, DemographicColumns, Roles, demographics_of_table
from surveycli.survey.population.find_groups import groups_of_table
from surveycli.survey.readers.generic import Items, find_weight, item_ids, slug, user_items
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.request import IngestOptions

LAYOUT = "wvs-table"
_CODEBOOK = "wvs7"
# `Q260 Sex`, `Q1: Important in life: Family`, `V4. Family`: the column's name, and its label.
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)\s*(?:[:.]\s*|\s+)(\S.*)", re.DOTALL)
_INVERTED = re.compile(r"[QV]\d+P", re.IGNORECASE)
_WAVE7_ITEM = re.compile(r"Q\d+\w*", re.IGNORECASE)
_OLD_ITEM = re.compile(r"V(\d+)[A-Z_]*\w?", re.IGNORECASE)
_RELEASE = re.compile(r"\d+(?:-\d+)+")
# `..._Csv_v5.1.csv`, `..._csv_v20201117.csv`, `..._v_2016_01_01`.
_RELEASE_IN_NAME = re.compile(r"_v_?(\d+(?:[._-]\d+)*)", re.IGNORECASE)
_WAVE_IN_NAME = re.compile(r"(?:wave|wv|w)[\s_-]*([1-7])(?!\d)", re.IGNORECASE)
_FEW = 5  # so many items tell a file of WVS from one that happens to have a column Q1


@cache
def _waves() -> dict[Any, Any]:
    return read_yaml(resource("wvs_waves.yaml"))


@cache
def _wave7_columns() -> dict[str, Any]:
    return read_yaml(resource(_CODEBOOK, "columns.yaml"))


def is_wvs_table(table: SurveyTable) -> bool:
    """Tell whether a table has a country column of WVS and its items, under bare names or names with a label."""
    named = _named(table)
    numbered = sum(bool(_WAVE7_ITEM.fullmatch(column.name)) for column in named.columns)
    inverted = sum(bool(_INVERTED.fullmatch(column.name)) for column in named.columns)
    old = sum(bool(_OLD_ITEM.fullmatch(column.name)) for column in named.columns)
    wave7 = named.find("B_COUNTRY", "B_COUNTRY_ALPHA", "A_WAVE", "W_WEIGHT") is not None
    # Other programs call columns V1, V2... too: only a weight or country that WVS alone has tells its older waves.
    wave5_6 = named.find("V258", "V259", "V2A", "S017", "W_WEIGHT", "B_COUNTRY_ALPHA") is not None
    return (wave7 and numbered + inverted >= _FEW) or (wave5_6 and old >= _FEW and named.find("V2", "V2A") is not None)


def read_wvs_table(table: SurveyTable, options: IngestOptions) -> RespondentFile:
    """Return the respondents of a file of WVS.

    Items of wave 7 given as codes have the project's own wording. Items of other waves, and cells that hold labels,
    take their options from --codebook, else from the file's value labels, else from the cells. Raises SurveyError
    (exit 3) for files with inverted scales, several waves, and unknown countries.
    """
    table = _named(table)
    _refuse_inverted(table)
    wave = _wave(table)
    countries = _countries(table, options)
    usual = ["W_WEIGHT"] if wave == 7 else _waves().get(wave, {}).get("weight", ["W_WEIGHT", "S017"])
    weight, notes = find_weight(table, options.weight_column, usual)
    items = _items(table, wave, options)
    demographics = _demographics(table, wave)
    answers = (*items.answers, *demographics.answers)
    withheld = () if options.keep_private else _wave7_columns()["private"]
    groups = groups_of_table(table, items.codebook, answers, demographics, options, withheld)
    plan = RespondentPlan(countries.column, weight, items.answers, demographics.answers, groups.raw)
    only = {iso3 for iso3 in countries.column.iso3.values() if iso3}
    return RespondentFile(
        source=table.source,
        layout=LAYOUT,
        survey_id=_survey_id(table, wave, only),
        facts=_facts(table, wave, only),
        codebook=items.codebook,
        roles=Roles("iso3", "weight" if weight else None, item_ids(items), demographics.demographics),
        missing=dict(STATUS_BY_CODE),
        groups=groups,
        batches=lambda: plan_batches(table, plan),
        skipped=items.skipped + countries.skipped + notes,
    )


def _named(table: SurveyTable) -> SurveyTable:
    """Return the table with bare column names; what its headers say after the name becomes the label."""
    split = {column.name: _split(column) for column in table.columns}
    names = [column.name.lower() for column in split.values()]
    if len(set(names)) < len(names):  # the names are no names: leave the headers as they are
        return table
    own = {column.name: name for name, column in split.items()}

    def read(wanted: Sequence[str]) -> Any:
        for batch in table.read([own[name] for name in wanted]):
            named = {own[name]: name for name in wanted}
            yield Batch(batch.respondents.rename(named, strict=False), batch.skipped)

    return replace(table, columns=tuple(split.values()), read=read)


def _split(column: Column) -> Column:
    found = _HEADER.fullmatch(column.name.strip())
    return column if found is None else replace(column, name=found[1], label=column.label or clean(found[2]))


def _refuse_inverted(table: SurveyTable) -> None:
    inverted = [column.name for column in table.columns if _INVERTED.fullmatch(column.name)]
    plain = {column.name.lower() for column in table.columns}
    found = [name for name in inverted if name[:-1].lower() not in plain]
    if found:
        raise bad_input(
            f"{table.name}: expected plain WVS columns, found inverted ones ({', '.join(found[:5])}), whose scales run"
            " backwards: read as plain they would turn every answer round.",
            "Download the file that is not inverted; its columns are called Q1, Q2 without the P.",
        )


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
    if table.find("A_WAVE", "W_WEIGHT") or sum(bool(_WAVE7_ITEM.fullmatch(c.name)) for c in table.columns) >= _FEW:
        return 7
    found = _WAVE_IN_NAME.search(table.source.path.stem)
    return int(found[1]) if found else None


def _wave_of_cell(cell: Cell) -> int | None:
    """Return the wave that a cell names by its number, or by its years such as 2010-2014; None where it names none."""
    number = as_number(cell)
    if number is not None:
        return int(number) if number in range(1, 8) else None
    years = re.search(r"\d{4}\s*[-–]\s*(\d{4})", str(cell))
    last_year: dict[int, int] = _waves()["last_year"]
    return last_year.get(int(years[1])) if years else None


def _countries(table: SurveyTable, options: IngestOptions) -> Countries:
    usual = _waves()["country"]
    column = table.require(options.country_column, "the country") if options.country_column else table.find(*usual)
    if column is None:
        raise bad_input(
            f"{table.name}: expected a country column {', '.join(usual)}, found {table.listed()}.",
            "Name it with --country-column.",
        )
    return read_countries(table, column, options)


def _survey_id(table: SurveyTable, wave: int | None, countries: set[str]) -> str:
    """Return wvs7 for a file of several countries, wvs7-ken for one of Kenya alone."""
    base = f"wvs{wave}" if wave else f"wvs-{slug(table.source.path.stem)}"
    return base if len(countries) != 1 or not wave else f"{base}-{min(countries).lower()}"


def _facts(table: SurveyTable, wave: int | None, countries: set[str]) -> SurveyFacts:
    where = f", {min(countries)}" if len(countries) == 1 else ""
    release = _release(table)
    if wave == 7:
        facts = load_survey_facts(_CODEBOOK)
        return replace(facts, title=facts.title + where, release=release)
    title = f"World Values Survey wave {wave}" if wave else f"World Values Survey ({table.source.path.stem})"
    return SurveyFacts(
        title + where, wave=str(wave) if wave else None, release=release, source="https://www.worldvaluessurvey.org"
    )


def _release(table: SurveyTable) -> str | None:
    """Return the release from the file's column for it, else from its name, with hyphens: 5-0-0, 20201117."""
    column = table.find(_wave7_columns()["version"])
    cells = table.present([column.name])[column.name] if column else ()
    stated = sorted(found[0] for cell in cells if (found := _RELEASE.search(str(cell))))
    named = _RELEASE_IN_NAME.search(table.source.path.stem)
    return stated[-1] if stated else (re.sub(r"[._]", "-", named[1]) if named else None)


def _items(table: SurveyTable, wave: int | None, options: IngestOptions) -> Items:
    if options.codebook:
        book = read_user_codebook(options.codebook)
        return user_items(table, replace(book, missing=_plain_missing() | dict(book.missing)), options.items)
    columns = _item_columns(table, wave, options)
    if any(column.value_labels for column in columns) and wave != 7:
        return _items_of_labels(table, wave, columns)
    present = table.present([column.name for column in columns])
    if wave == 7 and not any(has_words(cells) for cells in present.values()):
        book = UserCodebook(load_codebook(_CODEBOOK), missing=_plain_missing())
        return user_items(table, book, options.items)
    return _items_of_cells(table, wave, columns, present)


def _plain_missing() -> dict[int, str]:
    """Return the missing codes of WVS files by status."""
    return dict(_wave7_columns()["missing"])


def _item_columns(table: SurveyTable, wave: int | None, options: IngestOptions) -> list[Column]:
    if options.items:
        return match_columns(table, options.items)
    if wave == 7:
        known = {item.item_id.lower() for item in load_codebook(_CODEBOOK)}
        return [column for column in table.columns if column.name.lower() in known]
    known_wave = _waves().get(wave, {"first": 4, "last": 10_000})
    return [
        column
        for column in table.columns
        if (found := _OLD_ITEM.fullmatch(column.name)) and known_wave["first"] <= int(found[1]) <= known_wave["last"]
    ]


def _book_id(wave: int | None) -> str:
    return f"wvs{wave}-file" if wave else "wvs-file"


def _items_of_labels(table: SurveyTable, wave: int | None, columns: Sequence[Column]) -> Items:
    known = replace(table, columns=tuple(map(_with_missing, table.columns)))
    found = items_of_table(known, wanted=[column.name for column in columns], taken=(), blank=None)
    return _checked(table, wave, [(item.spec, item.answer) for item in found.items], found.skipped)


def _with_missing(column: Column) -> Column:
    """Return a column in which the missing codes of WVS are known, whatever their labels say, or without any."""
    plain: dict[Cell, str] = {
        code: status.replace("_", " ")
        for code, status in _plain_missing().items()
        if status_of_label(column.value_labels.get(code, "")) is None
    }
    return replace(column, value_labels={**column.value_labels, **plain}) if column.value_labels else column


def _items_of_cells(
    table: SurveyTable, wave: int | None, columns: Sequence[Column], present: Mapping[str, frozenset[Cell]]
) -> Items:
    missing = {code: code for code in _plain_missing()}
    found: list[tuple[ItemSpec, AnswerColumn]] = []
    skipped: list[Skipped] = []
    for column in columns:
        item = item_of_cells(column, present[column.name], len(found), missing)
        if isinstance(item, str):
            skipped.append(Skipped(item, column.name, 1))
        else:
            found.append((item.spec, item.answer))
    note = "not left out: options from the cells (--codebook gives wordings, labels and order)"
    return _checked(table, wave, found, (*skipped, Skipped(note, "items", len(found))))


def _checked(
    table: SurveyTable, wave: int | None, found: Sequence[tuple[ItemSpec, AnswerColumn]], skipped: tuple[Skipped, ...]
) -> Items:
    if not found:
        raise bad_input(
            f"{table.name}: no column makes an item ({skipped[0].reason if skipped else table.listed()}).",
            "Describe the items with --codebook FILE, or name their columns with --items.",
        )
    codebook = Codebook(_book_id(wave), tuple(spec for spec, _ in found), origin="official")
    return Items(codebook, tuple(answer for _, answer in found), skipped)


@dataclass(frozen=True, slots=True)
class _Coded:
    """A demographic column of codes."""

    name: str
    column: Column
    values: dict[int, str] | None


def _demographics(table: SurveyTable, wave: int | None) -> DemographicColumns:
    """Return what respondents can be grouped by: wave 7's groupings, or sex and age of older waves."""
    coded = list(_coded(table, wave))
    if not coded:
        return demographics_of_table(table)
    answers = tuple(
        AnswerColumn(part.column.name, f"{part.name}_code", {code: code for code in part.values or range(120)}, labels)
        for part in coded
        for labels in [{fold(value): code for code, value in (part.values or {}).items()}]
    )
    return DemographicColumns(answers, {part.name: Demographic(f"{part.name}_code", part.values) for part in coded})


def _coded(table: SurveyTable, wave: int | None) -> list[_Coded]:
    if wave == 7:
        known = {name: (part["column"], part.get("values")) for name, part in _wave7_columns()["demographics"].items()}
    else:
        part = _waves().get(wave, {})
        sex = {1: "male", 2: "female"}
        known = {"sex": (part["sex"], sex), "age": (part["age"], None)} if part else {}
    found = {name: (table.find(column), values) for name, (column, values) in known.items()}
    cells = table.present([column.name for column, _ in found.values() if column is not None])
    return [
        _Coded(name, column, values)
        for name, (column, values) in found.items()
        if column is not None and _says(cells[column.name], values)
    ]


def _says(cells: frozenset[Cell], values: Mapping[int, str] | None) -> bool:
    """Tell whether cells are codes, or the labels `values` themselves; missing answers aside."""
    known = set(map(fold, (values or {}).values()))
    return not has_words({cell for cell in cells if fold(str(cell)) not in known})
