"""Matches the country labels of a file with ISO-3 codes, all of them or none."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean, fold, is_number
from surveycli.survey.places.country import countries, find_iso3, iso3_by_wvs_code

CountryMap = tuple[tuple[str, str], ...]

# What files add to a country's name about who was interviewed there, and how often: "India (Old national sample)".
_SUFFIX = re.compile(
    r"\s*[(\[]([^)\]]*\b(?:sample|re-?field(?:ed)?|re-?contact|wave \d+|urban(?: only)?)\b[^)\]]*)[)\]]\s*$",
    re.IGNORECASE,
)
_MAP_COLUMNS = ("label", "iso3")
_MAX_SHOWN = 30


def split_sample(label: str) -> tuple[str, str]:
    """Return a country label without what it says about its sample, and that in lower case ('' where it says nothing).

    >>> split_sample("India (Old national sample)")
    ('India', 'old national sample')
    """
    text = clean(label)
    found = _SUFFIX.search(text)
    return (text[: found.start()].strip(), found[1].lower()) if found else (text, "")


def match_countries(labels: Iterable[str], country_map: CountryMap, where: str) -> dict[str, str]:
    """Return the ISO-3 code of each label: by the user's map, else by code, number of WVS, or a known name.

    Raises one SurveyError (exit 3) that lists every unknown label; `where` says in which file and column they stand.
    """
    given = {fold(label): iso3 for label, iso3 in country_map}
    found = {label: _match(label, given) for label in dict.fromkeys(labels)}
    unknown = [clean(label) or "(blank)" for label, iso3 in found.items() if iso3 is None]
    if unknown:
        more = f" and {len(unknown) - _MAX_SHOWN} more" if len(unknown) > _MAX_SHOWN else ""
        noun = "label" if len(unknown) == 1 else "labels"
        raise bad_input(
            f"{where} holds {len(unknown)} unknown country {noun}: {'; '.join(unknown[:_MAX_SHOWN])}{more}.",
            "Say which countries they are with --country-map FILE, a CSV with the columns label,iso3;"
            " an empty iso3 leaves the label's respondents out.",
        )
    return {label: iso3 for label, iso3 in found.items() if iso3 is not None}


def _match(label: str, given: Mapping[str, str]) -> str | None:
    """Return the ISO-3 code of a label, '' where the user leaves it out, None where nobody knows it."""
    name = split_sample(label)[0]
    for text in (label, name):
        if fold(text) in given:
            return given[fold(text)]
    if is_number(name):
        return iso3_by_wvs_code().get(int(float(name)))
    return find_iso3(clean(label)) or find_iso3(name)


def read_country_map(path: Path) -> CountryMap:
    """Return the labels of a CSV with the columns label and iso3. Raises SurveyError (exit 3) where it is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise bad_input(
            f"Cannot read the country map {path}: {reason}.", "It is a CSV in UTF-8: label,iso3."
        ) from error
    if not rows or tuple(name.strip().lower() for name in rows[0]) != _MAP_COLUMNS:
        found = ", ".join(rows[0]) if rows else "nothing"
        raise bad_input(f"{path}: expected the columns label,iso3, found {found}.", "Name them in the first line.")
    return tuple(_map_row(row, line, path) for line, row in enumerate(rows[1:], 2))


def _map_row(row: list[str], line: int, path: Path) -> tuple[str, str]:
    iso3 = row[1].strip().upper() if len(row) == 2 else ""
    if len(row) != 2 or (iso3 and iso3 not in countries()):
        raise bad_input(
            f"{path}: line {line}: expected a label and an ISO-3 code, found {','.join(row)!r}.",
            f'Known are the {len(countries())} codes of `surveycli sql "select iso3, name from country"`.',
        )
    return row[0], iso3
