"""Populations: their ids, and how they are written in each language."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.domain import Population
from surveycli.survey.places.country import Country, countries, country_name
from surveycli.survey.population.phrase import Wordbook, group_sentence

_CONTEXT_FIELDS = ("un_subregion", "cultural_zone", "majority_religion", "income_group")


@dataclass(frozen=True, slots=True)
class PopulationSpec:
    """A country, or the respondents of a country that share the values of some grouping columns."""

    iso3: str
    groups: tuple[tuple[str, str], ...] = ()

    @property
    def population_id(self) -> str:
        """The ISO-3 code, then each grouping and its value: `KEN|sex=female|age=18-29`."""
        return "|".join([self.iso3, *(f"{escaped(name)}={escaped(value)}" for name, value in self.groups)])

    @property
    def kind(self) -> str:
        """`country` or `subgroup`."""
        return "subgroup" if self.groups else "country"

    def definition(self) -> dict[str, str]:
        """Return the value of each grouping column."""
        return {"country": self.iso3, **dict(self.groups)}


@dataclass(frozen=True, slots=True)
class TextPopulation:
    """People whom a data set describes in words of its own, in English, without saying where they live."""

    text: str
    kind: str = "subgroup"
    iso3: None = None

    @property
    def population_id(self) -> str:
        """`people-` and a hash of the description."""
        return f"people-{hashlib.sha256(self.text.encode()).hexdigest()[:10]}"

    def definition(self) -> dict[str, str]:
        """Return the description."""
        return {"description": self.text}

    def described(self) -> Population:
        """Return the people as a prompt in English writes them."""
        quoted = self.text.replace('"', "'")
        return Population(self.population_id, "en", self.text, f'people of whom this is true: "{quoted}"', "")


def escaped(text: str) -> str:
    """Return a grouping's name or value as it stands in an id: `|`, `=`, `%` and line breaks by their number.

    >>> escaped("50% | more")
    '50%25 %7C more'
    """
    return re.sub(r"[%|=\x00-\x1f\x7f]", lambda match: f"%{ord(match[0]):02X}", text)


def _unescaped(text: str) -> str:
    return re.sub(r"%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), text)


def parse_population_id(text: str) -> PopulationSpec | None:
    """Return the population of an id such as `KEN` or `KEN|sex=female`, or None where it is not one.

    >>> parse_population_id("KEN|q240=7-10").groups
    (('q240', '7-10'),)
    """
    iso3, *rest = text.split("|")
    parts = [part.partition("=") for part in rest]
    spec = PopulationSpec(iso3, tuple((_unescaped(name).lower(), _unescaped(value)) for name, _, value in parts))
    named = all(name and value for name, value in spec.groups) and len(dict(spec.groups)) == len(spec.groups)
    return spec if iso3 in countries() and named and spec.population_id == text else None


@cache
def _phrases() -> dict[str, Any]:
    """Return the phrases of each language, with those for groups of any kind."""
    more = read_yaml(resource("group_phrases.yaml"))
    return {
        language: {**more[language], **words, "groups": words["groups"] | more[language]["groups"]}
        for language, words in read_yaml(resource("phrases.yaml")).items()
    }


def dont_know_label(language: str) -> str:
    """Return the label of the answer "don't know" in a language, in English where that language has none."""
    phrases = _phrases()
    return str(phrases.get(language, phrases["en"])["dont_know"])


def phrase_languages() -> tuple[str, ...]:
    """Return the languages that subgroups, too, can be written in."""
    return tuple(_phrases())


def describe_population(
    spec: PopulationSpec | TextPopulation,
    languages: Iterable[str] | None = None,
    words: Mapping[str, Wordbook] | None = None,
) -> tuple[Population, ...]:
    """Return the population as each language writes it: name, description for a sentence, context.

    `languages` are by default those with phrases. Elsewhere a country's description is its bare name and its context
    is empty; a subgroup, or a country without a name in that language, is left out, and people described in English
    alone are described in no other. `words` has what columns of the
    survey's own are called by language.

    >>> describe_population(PopulationSpec("USA", (("sex", "female"), ("age", "18-29"))))[0].description
    'women aged 18-29 in the United States'
    >>> [p.description for p in describe_population(PopulationSpec("USA"), ["de", "pt-BR"])]
    ['Vereinigte Staaten', 'Estados Unidos']
    """
    if isinstance(spec, TextPopulation):
        return (spec.described(),) if languages is None or "en" in languages else ()
    described = (_describe(spec, code, (words or {}).get(code, {})) for code in languages or phrase_languages())
    return tuple(population for population in described if population is not None)


def _describe(spec: PopulationSpec, language: str, book: Wordbook) -> Population | None:
    country = countries()[spec.iso3]
    name = country_name(country, language)
    words = _phrases().get(language)
    if name is None or (words is None and spec.groups):
        return None
    if words is None:
        return Population(spec.population_id, language, name, name)
    place = words["article"] + name if spec.iso3 in words["with_article"] else name
    description = group_sentence(spec.groups, place, words, book)
    context = words["between"].join(filter(None, (_known(country, field, words[field]) for field in _CONTEXT_FIELDS)))
    return Population(spec.population_id, language, description if spec.groups else name, description, context)


def _known(country: Country, field: str, phrases: Mapping[str, str] | str) -> str | None:
    """Return the phrase for what is known of a country, or None where nothing is."""
    value: str | None = getattr(country, field)
    if value is None:
        return None
    if isinstance(phrases, str):
        return phrases.format(value.lower() if field == "income_group" else value)
    return phrases.get(value, value)
