"""What a file says about its survey besides items: wave, year and title, from constant columns and its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from surveycli.domain import AiPolicy
from surveycli.survey.files.cell import as_number, clean
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.codebook import SurveyFacts
from surveycli.survey.places.find_column import label_of
from surveycli.survey.readers.profile import Profile

_WAVE = ("essround", "wave", "round", "s002vs", "s002", "a_wave", "intwave", "wave_no", "survey_wave")
_YEAR = ("year", "s020", "a_year", "survey_year", "yr", "iyear", "svyear", "año", "ano", "anio", "jahr", "annee")
_YEAR_IN_NAME = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FIRST_YEAR, _LAST_YEAR = 1930, 2100
_NO_TITLE = re.compile(r"written by|created by|\.(sav|dta|por)$|^\W*$", re.IGNORECASE)
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The wave and year of a file: one of each, a range such as 1972-2022, or '' where it does not say.

    `wave_column` and `year_column` are where they stand, '' where only the file's name says them.
    """

    wave: str = ""
    year: str = ""
    wave_column: str = ""
    year_column: str = ""

    def columns(self) -> dict[str, str]:
        """Return the columns that populations by wave or year are made of, by these names."""
        return {name: column for name, column in (("wave", self.wave_column), ("year", self.year_column)) if column}


def facts_of_table(table: SurveyTable, profile: Profile | None) -> FileFacts:
    """Return the wave and year of a table: from the columns that its profile names or that usually have them."""
    wave_column, waves = _first(table, (profile.wave if profile else ()) or _WAVE, _wave_numbers)
    year_column, years = _first(table, (*(profile.year if profile else ()), *_YEAR), _years)
    named = _YEAR_IN_NAME.findall(table.source.stem) or _YEAR_IN_NAME.findall(table.title)
    return FileFacts(_span(waves), _span(years) or (named[0] if named else ""), wave_column, year_column)


def _first(
    table: SurveyTable, names: Sequence[str], read: Callable[[Sequence[float], Sequence[str]], list[str]]
) -> tuple[str, list[str]]:
    """Return the first of some columns that says what is looked for, and what it says."""
    for name in names:
        column = table.find(name)
        if column is None:
            continue
        cells = table.present([column.name])[column.name]
        labels = sorted({clean(label_of(cell, column)) for cell in cells} - {""})
        numbers = sorted({number for cell in cells if (number := as_number(cell)) is not None})
        found = read(numbers, labels)
        if found:
            return column.name, found
    return "", []


def _wave_numbers(numbers: Sequence[float], labels: Sequence[str]) -> list[str]:
    whole = [str(int(number)) for number in numbers if number == int(number) and 0 < number < _LAST_YEAR]
    return whole if whole and len(whole) == len(numbers) else [label[:_LONGEST] for label in labels[:1]]


def _years(numbers: Sequence[float], labels: Sequence[str]) -> list[str]:
    years = [number for number in numbers if number == int(number) and _FIRST_YEAR <= number <= _LAST_YEAR]
    if years and len(years) == len(numbers):
        return [str(int(year)) for year in years]
    said = sorted({found for label in labels for found in _YEAR_IN_NAME.findall(label)})
    return said if labels and len(said) == len(labels) else []


def _span(values: Sequence[str]) -> str:
    return "" if not values else values[0] if len(values) == 1 else f"{values[0]}-{values[-1]}"


def own_title(table: SurveyTable) -> str:
    """Return the title that a file gives itself, '' where that names the program that wrote it, or a file."""
    return "" if _NO_TITLE.search(table.title) else clean(table.title)


def survey_of_file(
    table: SurveyTable, profile: Profile | None, facts: FileFacts, countries: set[str]
) -> tuple[str, SurveyFacts]:
    """Return the name that a survey has in the store, and what is known about it.

    A programme's file is called after it, its wave or year, and its country where it is of one of several:
    `ess-9`, `afrobarometer-8-ken`.
    """
    when = facts.wave or facts.year
    if profile is None:
        return table.source.slug, SurveyFacts(own_title(table) or table.source.stem, wave=when or None)
    where = f"-{min(countries).lower()}" if len(countries) == 1 and not profile.country_is else ""
    survey_id = re.sub(r"[^a-z0-9]+", "-", f"{profile.programme}-{when}".lower()).strip("-") + where
    said = [part for part in (_of_wave(facts), min(countries) if where else "") if part]
    shown = ", ".join([f"{profile.title} {said[0]}" if said else f"{profile.title} (year unknown)", *said[1:]])
    return survey_id, SurveyFacts(
        shown,
        wave=when or None,
        source=profile.source,
        citation=profile.citation,
        licence=profile.licence,
        ai_policy=AiPolicy(profile.ai_policy),
    )


def _of_wave(facts: FileFacts) -> str:
    """Return `wave 9 (2018)`, `wave 9`, or `2018`."""
    if not facts.wave:
        return facts.year
    year = f" ({facts.year})" if facts.year and facts.year != facts.wave else ""
    return f"wave {facts.wave}{year}" if facts.wave != facts.year else facts.year
