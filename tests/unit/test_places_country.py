"""Countries are named in any language, offline."""

from __future__ import annotations

import pytest

from surveycli.prompt import prompt_languages
from surveycli.survey.places.country import countries, country_name
from surveycli.survey.population.population import PopulationSpec, describe_population


@pytest.mark.parametrize("language", prompt_languages())
def test_every_country_has_a_name_in_every_language_with_prompts(language: str) -> None:
    """No country of the table is left out, no two share a name, and none has an English leftover in another script."""
    names = [country_name(country, language) for country in countries().values()]
    assert all(names) and len(set(names)) == len(names)
    if language in {"ar", "hi", "ja", "ko", "ru", "zh"}:
        assert not [name for name in names if name and any("a" <= letter <= "z" for letter in name)]


@pytest.mark.parametrize(
    ("iso3", "language", "name"),
    [
        ("DEU", "fr", "Allemagne"),
        ("DEU", "pt-BR", "Alemanha"),
        ("USA", "de", "Vereinigte Staaten"),
        ("XKX", "de", "Kosovo"),
        ("KEN", "ru", "Кения"),
        ("JPN", "ar", "اليابان"),
        ("NIR", "tr", "Kuzey İrlanda"),
        ("HKG", "de", "Hongkong"),
        ("CHE", "sw", "Uswisi"),
    ],
)
def test_names_are_those_of_the_language(iso3: str, language: str, name: str) -> None:
    """Names that are common knowledge, in languages of several families."""
    assert country_name(countries()[iso3], language) == name


def test_a_language_that_nobody_knows_has_no_names() -> None:
    """No country is named in a language without names, rather than in another one."""
    assert country_name(countries()["KEN"], "tlh") is None
    assert describe_population(PopulationSpec("KEN"), ["tlh"]) == ()


def test_subgroups_are_described_where_there_are_phrases_only() -> None:
    """A country is its bare name in German; its women are described in English and Chinese alone."""
    (kenya,) = describe_population(PopulationSpec("KEN"), ["de"])
    assert (kenya.name, kenya.description, kenya.context) == ("Kenia", "Kenia", "")
    women = PopulationSpec("KEN", (("sex", "female"),))
    assert [population.language for population in describe_population(women, ["de", "en", "zh"])] == ["en", "zh"]
