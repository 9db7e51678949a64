"""Sex and age: the columns of respondents that every survey can be grouped by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveycli.survey.files.cell import as_number, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.items.columns import column_rules, wording_of_column
from surveycli.survey.items.label_rules import status_of_label

_SEXES = ("male", "female")


@dataclass(frozen=True, slots=True)
class Demographic:
    """A column that respondents of any survey are grouped by: its codes' values, or none where it holds an age."""

    column: str
    values: dict[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column of a respondent frame is what, under the names the store will have."""

    iso3: str
    weight: str | None
    items: tuple[str, ...]
    demographics: dict[str, Demographic] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DemographicColumns:
    """The columns that respondents can be grouped by: how they are read, and what their codes mean."""

    answers: tuple[AnswerColumn, ...]
    demographics: dict[str, Demographic]


def _demographic_column(table: SurveyTable, rule: Mapping[str, Any]) -> FileColumn | None:
    """Return the column of a demographic: the first with one of its names, else the first with a label that says so."""
    labels = (column for column in table.columns if re.fullmatch(rule["labels"], fold(wording_of_column(column))))
    return table.find(*rule["names"]) or next(labels, None)


def demographics_of_table(table: SurveyTable) -> DemographicColumns:
    """Return sex and age, where the file has columns that are surely these."""
    rules = column_rules()["demographics"]
    answers, found = [], {}
    sex = _demographic_column(table, rules["sex"])
    if sex:
        words = {} if sex.value_labels else _sex_words(table, sex, rules["sex"]["values"])
        values = dict(enumerate(_SEXES)) if words else _sex_values(sex, rules["sex"]["values"])
        if {*values.values()} == {*_SEXES}:
            answers.append(AnswerColumn(sex.name, "sex_code", {} if words else {code: code for code in values}, words))
            found["sex"] = Demographic("sex_code", values)
    age = _demographic_column(table, rules["age"])
    if age and _in_years(table, age):
        labelled = {int(c) for c in age.value_labels if isinstance(c, int | float) and c == int(c)}
        missing = {code: -2 for code in labelled if status_of_label(age.value_labels[code])}
        years = {year: year for year in range(120) if year not in missing}
        answers.append(AnswerColumn(age.name, "age_years", years | missing))
        found["age"] = Demographic("age_years")
    return DemographicColumns(tuple(answers), found)


def _in_years(table: SurveyTable, column: FileColumn) -> bool:
    """Tell whether a column has years of age.

    Labels, where there are any, repeat their codes (`97 or older`) or are missing answers; without labels most of the
    different cells are numbers, and not `18-29`.
    """
    if not column.value_labels:
        cells = table.present([column.name])[column.name]
        return 2 * sum(as_number(cell) is not None for cell in cells) >= len(cells)
    labelled = ((code, label) for code, label in column.value_labels.items() if isinstance(code, int | float))
    return all(f"{code:g}" in label or status_of_label(label) for code, label in labelled)


def _sex_words(table: SurveyTable, column: FileColumn, words: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the places in `_SEXES` of the words that stand in a column's cells; none unless both sexes do."""
    cells = {fold(cell) for cell in table.present([column.name])[column.name] if isinstance(cell, str)}
    found = {cell: _SEXES.index(sex) for sex, known in words.items() for cell in cells if cell in known}
    return found if {*found.values()} == {*range(len(_SEXES))} else {}


def _sex_values(column: FileColumn, words: Mapping[str, Sequence[str]]) -> dict[int, str]:
    return {
        int(code): sex
        for code, label in column.value_labels.items()
        for sex, known in words.items()
        if isinstance(code, int | float) and fold(label) in known
    }
