"""Countries: the bundled table, the names under which survey files know them, and those in every language."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from surveycli.bundled import read_yaml, resource
from surveycli.survey.files.cell import fold

if TYPE_CHECKING:
    import polars as pl


# Codes of the country table that are not ISO's, as CLDR writes them.
_CLDR_TERRITORY = {"XKX": "XK"}


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory and what is known about it from outside the surveys."""

    iso3: str
    name: str
    name_zh: str | None
    wvs_code: int | None
    un_subregion: str | None
    cultural_zone: str | None
    majority_religion: str | None
    income_group: str | None


@cache
def country_frame() -> pl.DataFrame:
    """Return the bundled table, one row per country, columns as in the file."""
    import polars as pl

    source = resource("countries.csv")
    return pl.read_csv(source.read_bytes(), schema_overrides={"wvs_code": pl.Int32}, infer_schema_length=None)


@cache
def countries() -> dict[str, Country]:
    """Return the countries by ISO-3 code."""
    fields = list(Country.__dataclass_fields__)
    return {row["iso3"]: Country(**row) for row in country_frame().select(fields).iter_rows(named=True)}


@cache
def iso3_by_wvs_code() -> dict[int, str]:
    """Return the ISO-3 code of each WVS country code (ISO numeric, but 909 for Northern Ireland)."""
    return {country.wvs_code: country.iso3 for country in countries().values() if country.wvs_code is not None}


@cache
def iso3_by_label() -> dict[str, str]:
    """Return the ISO-3 code of each country label, in lower case, that survey files are known to use."""
    import polars as pl

    source = resource("country_labels.csv")
    labels = pl.read_csv(source.read_bytes(), schema={"label": pl.String, "iso3": pl.String})
    named = {country.name.lower(): country.iso3 for country in countries().values()}
    return named | {label.strip().lower(): iso3 for label, iso3 in labels.iter_rows()}


def find_iso3(name: str) -> str | None:
    """Return the ISO-3 code of a code or label in a survey file, or None where it is unknown."""
    text = name.strip()
    return text.upper() if text.upper() in countries() else iso3_by_label().get(text.lower())


@cache
def iso3_by_iso2() -> dict[str, str]:
    """Return the ISO-3 code of each ISO-2 code, and of the two that the European Union writes its own way."""
    found = {_territory(iso3): iso3 for iso3 in countries()}
    return {iso2: iso3 for iso2, iso3 in found.items() if iso2} | {"UK": "GBR", "EL": "GRC"}


@cache
def iso3_by_foreign_name() -> dict[str, str]:
    """Return the ISO-3 code of each country name in the languages of the prompts, folded, with and without accents.

    A name that two countries share in some language is left out.
    """
    found: dict[str, set[str]] = {}
    languages = sorted(path.name.removesuffix(".yaml") for path in resource("prompts").iterdir())
    for language in languages:
        for iso3, country in countries().items():
            name = country_name(country, language) or ""
            for spelling in {fold(name), fold(_without_accents(name))} - {""}:
                found.setdefault(spelling, set()).add(iso3)
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}


def _without_accents(text: str) -> str:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return plain if plain.isascii() else ""


def country_name(country: Country, language: str) -> str | None:
    """Return the country's name in a language given by its BCP 47 tag, or None where it has none.

    English and Chinese names are those of the country table, the others CLDR's, as Babel carries them.

    >>> country_name(countries()["DEU"], "pt-BR"), country_name(countries()["DEU"], "tlh")
    ('Alemanha', None)
    """
    base = language.partition("-")[0]
    if language == "zh":
        return country.name_zh or country.name
    if base == "en":
        return country.name
    return _own_names().get(country.iso3, {}).get(base) or _cldr_names(language).get(_territory(country.iso3))


@cache
def _own_names() -> dict[str, dict[str, str]]:
    return read_yaml(resource("country_names.yaml"))


@cache
def _cldr_names(language: str) -> dict[str, str]:
    from babel import Locale, UnknownLocaleError

    try:
        return dict(Locale.parse(language, sep="-").territories)
    except (UnknownLocaleError, ValueError):
        return {}


def _territory(iso3: str) -> str:
    from babel.core import get_global

    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    return _CLDR_TERRITORY.get(iso3) or aliases.get(iso3, [""])[0]
