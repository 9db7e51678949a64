"""Which columns of a World Values Survey file are read, and what respondents have them as.

A file of wave 7 that holds codes gives the same table of respondents in every layout and format: the items in the order
of the codebook, then the file's other columns under the names and types of columns.yaml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from surveycli.bundled import BUNDLED_SURVEY, read_yaml, resource
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, as_number, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.items.cells import holds_words
from surveycli.survey.items.codebook import load_codebook
from surveycli.survey.items.file_items import FileItems
from surveycli.survey.population.demographics import Demographic, demographics_of_table

if TYPE_CHECKING:
    from polars._typing import PolarsDataType as PolarsType

WAVE_7 = 7
ITEM_OF_WAVE_7 = re.compile(r"Q\d+\w*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns that respondents are read from, but for country and weight, as RespondentPlan has them.

    `coded` are demographics, `withheld` the columns that could identify a respondent and are not read.
    """

    answers: tuple[AnswerColumn, ...]
    coded: tuple[AnswerColumn, ...]
    demographics: dict[str, Demographic]
    raw: tuple[tuple[str, str], ...] = ()
    types: Mapping[str, PolarsType] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()
    withheld: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def stored(self) -> dict[str, str]:
        """Return the file's column behind each column of the respondents."""
        answers = {answer.name: answer.column for answer in (*self.answers, *self.coded)}
        return answers | {name: column for column, name in self.raw}


@cache
def wave7_columns() -> dict[str, Any]:
    """Return which columns of wave 7 are what."""
    return read_yaml(resource(BUNDLED_SURVEY, "columns.yaml"))


def missing_codes() -> dict[int, str]:
    """Return the missing codes of WVS files, each with its status."""
    return dict(wave7_columns()["missing"])


def wave7_items(table: SurveyTable) -> list[FileColumn]:
    """Return the columns of the bundled codebook's items."""
    return [column for item in load_codebook(BUNDLED_SURVEY) if (column := table.find(item.item_id))]


def is_coded_wave7(table: SurveyTable, wave: int | None) -> bool:
    """Tell whether the items of a file of wave 7 hold codes, not words, as far as its first lines tell."""
    names = [column.name for column in wave7_items(table)]
    return wave == WAVE_7 and not any(map(holds_words, table.first_cells(names).values()))


def columns_of_file(
    table: SurveyTable, wave: int | None, known_wave: Mapping[str, Any] | None, items: FileItems, options: IngestOptions
) -> FileColumns:
    """Return the columns that respondents are read from; `known_wave` has the demographics of an older wave."""
    withheld = () if options.keep_private else tuple(wave7_columns()["private"])
    if wave == WAVE_7:
        return _columns_of_wave7(table, items, withheld, options)
    part = known_wave or {}
    known = {"sex": (part["sex"], {1: "male", 2: "female"}), "age": (part["age"], None)} if part else {}
    coded, demographics = _demographics(table, known)
    return FileColumns(items.answers, coded, demographics, withheld=withheld)


def _columns_of_wave7(
    table: SurveyTable, items: FileItems, withheld: tuple[str, ...], options: IngestOptions
) -> FileColumns:
    """Return the columns of a file of codes, and count those that are not read by the reason why."""
    known = wave7_columns()
    own = {column.name for column in wave7_items(table)}
    types, strict = _types(table, own, keep_private=options.keep_private), frozenset[str]()
    answers = items.answers
    first: list[tuple[str, str]] = []
    if options.codebook is None and _are_numbers(table, own):
        # Read as numbers at once, a hundred thousand respondents take seconds; the first word in an item ends it.
        first, strict, answers = [(answer.column, answer.name) for answer in answers], frozenset(own), ()
    taken = {answer.column for answer in items.answers} | {(options.weight_column or known["weight"]).upper()}
    worded = set[str]()
    if not is_coded_wave7(table, WAVE_7):
        worded = _worded(table, [name for name in types if name not in taken])
        types |= _as_text((*worded, *(answer.column for answer in answers)))
    coded = _coded_demographics(table, worded)
    taken |= {answer.name for answer in coded}
    others = [(name, name) for name in types if name not in taken]
    left_out = Counter(
        "could identify a respondent (--keep-private keeps it)"
        if column.name in known["private"]
        else "describes the country or a party, from other sources"
        for column in table.columns
        if column.name not in types and column.name not in {known["weight"], "VERSION", "DOI"}
    )
    extra = sum(bool(ITEM_OF_WAVE_7.fullmatch(name)) for name in types if name not in own)
    skipped = [Skipped(reason, "columns", n) for reason, n in sorted(left_out.items())]
    if extra:
        skipped.append(Skipped("not in the codebook: stored with the respondents, no distributions", "columns", extra))
    raw = (*first, *others)
    names = {answer.name for answer in (*answers, *coded)} | {name for _, name in raw if name not in worded}
    demographics = {
        name: Demographic(part["column"], part.get("values"))
        for name, part in known["demographics"].items()
        if part["column"] in names
    }
    if not demographics:
        others_own = demographics_of_table(table)
        coded, demographics = others_own.answers, others_own.demographics
    return FileColumns(answers, coded, demographics, raw, types, strict, withheld, tuple(skipped))


def _worded(table: SurveyTable, names: Sequence[str]) -> set[str]:
    """Return the columns in which words stand, not codes."""
    return {name for name, cells in table.first_cells(names).items() if holds_words(cells)}


def _as_text(names: Iterable[str]) -> dict[str, PolarsType]:
    import polars as pl

    return dict.fromkeys(names, pl.String())


def _coded_demographics(table: SurveyTable, worded: Collection[str]) -> tuple[AnswerColumn, ...]:
    """Return the demographics whose words are their values' own (Male), under their names and codes of wave 7."""
    found = []
    for part in wave7_columns()["demographics"].values():
        column, values = part["column"], part.get("values") or {}
        if column in worded and values and _says(table.present([column])[column], values):
            labels = {fold(value): code for code, value in values.items()}
            found.append(AnswerColumn(column, column, {code: code for code in values}, labels))
    return tuple({answer.name: answer for answer in found}.values())


def _are_numbers(table: SurveyTable, names: set[str]) -> bool:
    """Tell whether a text file's items are numbers throughout, as far as its first lines tell."""
    cells = table.first_cells(list(names)).values() if table.head is not None else [frozenset[CellValue]({"no text"})]
    return all(as_number(cell) is not None for column in cells for cell in column)


def _types(table: SurveyTable, own: set[str], *, keep_private: bool) -> dict[str, PolarsType]:
    """Return the columns of wave 7 that are read, with their types.

    Codes that are country-specific need 32 bits, all others fit into 16.
    """
    import polars as pl

    kinds = _column_types(keep_private=keep_private)
    types: dict[str, PolarsType] = {}
    for column in table.columns:
        if column.name in kinds:
            types[column.name] = kinds[column.name]
        elif ITEM_OF_WAVE_7.fullmatch(column.name):
            types[column.name] = pl.Int16() if column.name in own else pl.Int32()
    return types


@cache
def _column_types(*, keep_private: bool) -> dict[str, PolarsType]:
    import polars as pl

    known = wave7_columns()
    kinds: dict[str, PolarsType] = dict.fromkeys(known["text"], pl.String())
    kinds.update(dict.fromkeys(known["integer"], pl.Int64()))
    kinds.update(dict.fromkeys(known["real"], pl.Float32()))
    if keep_private:
        kinds.update(dict.fromkeys(known["private"], pl.String()))
    return kinds


def _demographics(
    table: SurveyTable, known: Mapping[str, tuple[str, dict[int, str] | None]]
) -> tuple[tuple[AnswerColumn, ...], dict[str, Demographic]]:
    """Return the columns that respondents can be grouped by, of codes or of the labels of their values themselves."""
    columns = {name: (column, values) for name, (named, values) in known.items() if (column := table.find(named))}
    cells = table.present([column.name for column, _ in columns.values()])
    found = {name: part for name, part in columns.items() if _says(cells[part[0].name], part[1])}
    if not found:
        others = demographics_of_table(table)
        return others.answers, others.demographics
    answers = tuple(
        AnswerColumn(column.name, f"{name}_code", {code: code for code in values or range(120)}, labels)
        for name, (column, values) in found.items()
        for labels in [{fold(value): code for code, value in (values or {}).items()}]
    )
    return answers, {name: Demographic(f"{name}_code", values) for name, (_, values) in found.items()}


def _says(cells: frozenset[CellValue], values: Mapping[int, str] | None) -> bool:
    """Tell whether cells are codes, or the labels `values` themselves; missing answers aside."""
    known = set(map(fold, (values or {}).values()))
    return not holds_words({cell for cell in cells if fold(str(cell)) not in known})
