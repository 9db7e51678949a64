"""Matches the country labels of a file with ISO-3 codes, all of them or none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean, fold
from surveycli.survey.places.country import (
    countries,
    find_iso3,
    iso3_by_foreign_name,
    iso3_by_iso2,
    iso3_by_wvs_code,
)
from surveycli.untrusted.number import read_whole
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.table_text import parse_table
from surveycli.untrusted.text import UnreadableError, excerpt, shown

CountryMap = tuple[tuple[str, str], ...]

# What files add to a country's name about who was interviewed there, and how often: "India (Old national sample)".
_SUFFIX = re.compile(
    r"\s*[(\[]([^)\]]*\b(?:sample|re-?field(?:ed)?|re-?contact|wave \d+|urban(?: only)?)\b[^)\]]*)[)\]]\s*$",
    re.IGNORECASE,
)
# `[%152%] Chile`, `404. Kenya`, `GB - United Kingdom`: what files write before a country's name.
_PREFIX = re.compile(r"^(?:\[%?\d+%?\]|\(?\d{1,4}\)?[.:)=\s–-]+)\s*(?=[^\W\d])")
_CODE_AND_NAME = re.compile(r"^([A-Z]{2,3})(?:\s*[-–:]\s*|\s+)(\S.*)$")
# `DE-E`, `GB-GBN`, `BE/FL`: samples within a country. Some of them the country table knows by themselves.
_WITHIN = re.compile(r"^([A-Z]{2})[-/_]([A-Z]{1,3})$")
_OWN_COUNTRY = {"GB-NIR": "NIR"}
_MAP_COLUMNS = ("label", "iso3")
_MAP_FORM = "a CSV with the columns label,iso3"
_MAX_SHOWN = 30
_LONGEST_LABEL = 300  # no country has a longer one


def split_sample(label: str) -> tuple[str, str]:
    """Return a country label without what it says about its sample, and that in lower case ('' where it says nothing).

    >>> split_sample("India (Old national sample)")
    ('India', 'old national sample')
    """
    text = clean(label)
    found = _SUFFIX.search(text) if len(text) <= _LONGEST_LABEL else None
    return (text[: found.start()].strip(), found[1].lower()) if found else (text, "")


def match_countries(labels: Iterable[str], country_map: CountryMap, where: str) -> dict[str, str]:
    """Return the ISO-3 code of each label: by the user's map, else by code, number of WVS, or a known name.

    Raises one SurveyError (exit 3) that lists every unknown label; `where` says in which file and column they stand.
    """
    given = {fold(label): iso3 for label, iso3 in country_map}
    found = {label: _match(label, given) for label in dict.fromkeys(labels)}
    unknown = [excerpt(label, 60) or "(blank)" for label, iso3 in found.items() if iso3 is None]
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
    """Return the ISO-3 code of a label, '' where the user leaves it out, None where it is unknown."""
    name = split_sample(label)[0]
    for text in (label, name):
        if fold(text) in given:
            return given[fold(text)]
    return find_country(label)


@lru_cache(maxsize=20_000)
def find_country(label: str) -> str | None:
    """Return the ISO-3 code of what stands for a country in a survey's file, or None where it is not known.

    It is a number of ISO or WVS, an ISO code of two or three letters, a part of a country such as DE-E, or a name in
    one of the languages of the prompts, with a number or a note on the sample around it.

    >>> [find_country(text) for text in ("[%152%] Chile", "DE-E", "Alemania", "India (refield)", "410", "no")]
    ['CHL', 'DEU', 'DEU', 'IND', 'KOR', None]
    """
    text = clean(label)
    name = split_sample(text)[0]
    number = read_whole(name)
    if number is not None:
        return iso3_by_wvs_code().get(number)
    if len(name) > _LONGEST_LABEL:
        return None
    bare = _PREFIX.sub("", name)
    return find_iso3(text) or find_iso3(name) or find_iso3(bare) or _by_code(bare) or _by_name(bare)


def _by_code(name: str) -> str | None:
    within, both = _WITHIN.match(name), _CODE_AND_NAME.match(name)
    if within is not None:
        return _OWN_COUNTRY.get(f"{within[1]}-{within[2]}") or iso3_by_iso2().get(within[1])
    if both is not None:
        return find_iso3(both[2]) or _by_name(both[2])
    return iso3_by_iso2().get(name)


def _by_name(name: str) -> str | None:
    return iso3_by_foreign_name().get(fold(name)) if len(name) > 2 or not name.isascii() else None


def read_country_map(path: Path) -> CountryMap:
    """Return the labels of a CSV with the columns label and iso3. Raises SurveyError (exit 3) for any other file."""
    try:
        rows = list(parse_table(read_small_file(path, "country map", _MAP_FORM), _MAP_COLUMNS))
    except UnreadableError as error:
        raise bad_input(f"Cannot read the country map {path}: {error}.", f"It is {_MAP_FORM}.") from error
    return tuple(_map_row(cells, line, path) for line, cells in rows)


def _map_row(cells: Mapping[str, str], line: int, path: Path) -> tuple[str, str]:
    label, iso3 = cells["label"], cells["iso3"].upper()
    if iso3 and iso3 not in countries():
        raise bad_input(
            f"{path}: line {line}: expected a label and an ISO-3 code, found {shown(iso3)}.",
            f'Known are the {len(countries())} codes of `surveycli sql "select iso3, name from country"`.',
        )
    return label, iso3
