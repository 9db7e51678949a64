"""The name of a country in any language that CLDR knows, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from surveycli.bundled import read_yaml, resource
from surveycli.survey.places.country import Country

# Codes of the country table that are not ISO's, as CLDR writes them.
_CLDR_TERRITORY = {"XKX": "XK"}


def country_name(country: Country, language: str) -> str | None:
    """Return the country's name in a language given by its BCP 47 tag, or None where nobody has one.

    English and Chinese names are those of the country table, the others CLDR's, as Babel carries them.

    >>> from surveycli.survey.places.country import countries
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
