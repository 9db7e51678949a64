"""Prompt frames: the package's are whole in every language, and a user's is checked before it is used."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_survey import small_store

from surveycli.domain import Option, Population, Question, Scale
from surveycli.errors import ExitCode, SurveyError
from surveycli.prompt import (
    LETTERS,
    Describe,
    PromptOrder,
    PromptStyle,
    load_frame,
    parse_frame,
    plain_frame,
    prompt_languages,
    render_json_prompt,
    render_prompt,
)
from surveycli.store import ad_hoc, open_store
from surveycli.survey import name_populations
from surveycli.survey.places.country import countries
from surveycli.survey.population.population import PopulationSpec, describe_population
from surveycli.translation import known_frame, save_prompt_frame, write_prompt_frame

FOLDER = Path(__file__).resolve().parents[2] / "surveycli" / "resources" / "prompts"
# Wordings and labels in the languages' own scripts, so that a frame that mangles text is seen.
LABELS = ("Да", "不知道", "شاي", "क")


def question(language: str, n_options: int = len(LABELS)) -> Question:
    labels = (*LABELS, *(f"label {number}" for number in range(26)))[:n_options]
    options = tuple(Option(code, label) for code, label in enumerate(labels))
    return Question("s", "q", language, "Чай или кофе?", options, Scale.NOMINAL)


@pytest.mark.parametrize("language", prompt_languages())
@pytest.mark.parametrize("order", PromptOrder)
@pytest.mark.parametrize("describe", Describe)
def test_every_frame_renders_real_populations(language: str, order: PromptOrder, describe: Describe) -> None:
    """Each language asks about each country in each order: letters, labels, question and country are all there."""
    asked = question(language, 26)
    for iso3 in countries():
        (population,) = describe_population(PopulationSpec(iso3), [language])
        prompt = render_prompt(asked, population, PromptStyle(order, describe))
        for letter, option in zip(LETTERS, asked.options, strict=True):
            assert f"({letter}) {option.label}" in prompt.user
        shown = population.name if order is PromptOrder.SHORT_SUFFIX else population.description
        assert shown in prompt.text and asked.wording in prompt.user
        assert prompt.stem.endswith("(") and "{" not in prompt.text
        in_words = render_json_prompt(asked, population, PromptStyle(order, describe))
        assert population.description in in_words.user and '"Z": <' in in_words.user


@pytest.mark.parametrize("language", prompt_languages())
def test_frames_differ_between_languages_and_have_their_script(language: str) -> None:
    """No frame is left in English: its sentences share no line with the English ones, apart from the options."""
    if language == "en":
        return
    ours, english = (yaml.safe_load((FOLDER / f"{code}.yaml").read_text("utf-8")) for code in (language, "en"))
    for order in PromptOrder:
        lines = set(ours[order]["user"].splitlines()) & set(english[order]["user"].splitlines())
        assert lines <= {"{options}"}
    assert not set(ours["json"]["user"].splitlines()) & set(english["json"]["user"].splitlines()) - {"{options}"}


@pytest.mark.parametrize("language", prompt_languages())
def test_a_template_survives_as_plain_values(language: str) -> None:
    """What a run folder keeps of a frame is read back into the same frame."""
    assert parse_frame(plain_frame(load_frame(language)), "here") == load_frame(language)


def test_a_region_falls_back_on_its_language() -> None:
    """Brazilian Portuguese has the Portuguese sentences under its own tag; Chinese of another script has none."""
    assert load_frame("pt-BR").user == load_frame("pt").user
    assert load_frame("pt-BR").language == "pt-BR"
    for language in ("zh-TW", "zh-Hant", "sr-Latn"):
        with pytest.raises(SurveyError, match="no prompt sentences"):
            load_frame(language)


def english() -> dict[str, Any]:
    frame: dict[str, Any] = deepcopy(yaml.safe_load((FOLDER / "en.yaml").read_text("utf-8")))
    return frame


def without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(frame: dict[str, Any]) -> None:
        *inner, last = path
        for key in inner:
            frame = frame[key]
        del frame[last]

    return change


def with_text(text: object, *path: str) -> Callable[[dict[str, Any]], None]:
    def change(frame: dict[str, Any]) -> None:
        *inner, last = path
        for key in inner:
            frame = frame[key]
        frame[last] = text

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("json"), "lacks json"),
        (without("item-first"), "lacks item-first"),
        (without("item-first", "stem"), "lacks stem"),
        (without("json", "percentage"), "lacks percentage"),
        (without("context"), "context: expected a text"),
        (with_text("x", "greeting"), "unknown greeting"),
        (with_text("{letter}", "option"), r"expected \{label\}, \{letter\}"),
        (with_text("Answer: ", "country-first", "stem"), "opening parenthesis"),
        (with_text("{description}{context} {question}", "country-first", "user"), "expected"),
        (with_text("{question} {options} {description}{context}", "country-first", "user"), "population before"),
        (with_text("{description}{context} {question} {options}", "item-first", "user"), "population after"),
        (with_text("{description}{context} {question} {options} {x}", "country-first", "user"), "expected"),
        (with_text("{description {", "country-first", "user"), "country-first"),
        (with_text("{question} {options} {description}{context}", "json", "user"), "form"),
        (with_text("", "json", "stem"), "expected a text"),
        (with_text(["a"], "short-suffix"), "expected"),
    ],
)
def test_a_frame_that_lacks_something_is_refused(change: Callable[[dict[str, Any]], None], message: str) -> None:
    """Every missing or unknown key and field is named, with the place it stands in: exit 3."""
    frame = english()
    change(frame)
    with pytest.raises(SurveyError, match=message) as caught:
        parse_frame(frame, "mine.yaml")
    assert caught.value.code is ExitCode.BAD_INPUT
    assert caught.value.message.startswith("mine.yaml")


@pytest.mark.parametrize("frame", [None, "text", [], {"language": "sw"}])
def test_what_is_no_frame_is_refused(frame: object) -> None:
    """An empty file, a text or a list is exit 3 like any other wrong frame."""
    with pytest.raises(SurveyError) as caught:
        parse_frame(frame, "mine.yaml")
    assert caught.value.code is ExitCode.BAD_INPUT


def test_a_frame_is_written_changed_and_kept(tmp_path: Path) -> None:
    """The file to begin with is the English frame; what a user makes of it is what prompts are made of."""
    store, file = small_store(tmp_path / "s.duckdb"), tmp_path / "sw.yaml"
    write_prompt_frame(file, "sw")
    file.write_text(file.read_text("utf-8").replace("Their answer: (", "Jibu lao: ("), encoding="utf-8")
    save_prompt_frame(store, file, "sw")
    with open_store(store) as opened:
        frame = known_frame(opened, "sw")
    assert frame is not None and frame.language == "sw"
    asked = Population("KEN", "sw", "Kenya", "Kenya")
    prompt = render_prompt(question("sw"), asked, PromptStyle(), frame=frame)
    assert prompt.stem == "Jibu lao: ("


def test_a_frame_in_use_is_replaced_on_request_only(tmp_path: Path) -> None:
    """Other sentences for a language that has some, the package's or a user's, are exit 5 unless redo is set."""
    store = small_store(tmp_path / "s.duckdb")
    for language in ("de", "sw"):
        file = tmp_path / f"{language}.yaml"
        write_prompt_frame(file, language)
        save_prompt_frame(store, file, language)
        file.write_text(file.read_text("utf-8").replace('("\n', ' ("\n'), encoding="utf-8")
        with pytest.raises(SurveyError) as caught:
            save_prompt_frame(store, file, language)
        assert caught.value.code is ExitCode.CONFLICT
        assert save_prompt_frame(store, file, language, redo=True).frame.stem[PromptOrder.ITEM_FIRST].endswith(" (")
        with pytest.raises(SurveyError, match="already exists"):
            write_prompt_frame(file, language)


def test_a_frame_of_another_language_is_refused(tmp_path: Path) -> None:
    """A German frame is no Danish one, and a file that is not there is bad input."""
    store, file = small_store(tmp_path / "s.duckdb"), tmp_path / "de.yaml"
    write_prompt_frame(file, "de")
    with pytest.raises(SurveyError, match="sentences in 'de', not in 'da'"):
        save_prompt_frame(store, file, "da")
    with pytest.raises(SurveyError) as caught:
        save_prompt_frame(store, tmp_path / "none.yaml", "da")
    assert caught.value.code is ExitCode.BAD_INPUT


def test_a_frame_names_populations_that_the_package_does_not(bundled_store_path: Path, tmp_path: Path) -> None:
    """Names in a frame file are kept, also through a later naming; a population of no survey is exit 4."""
    file = tmp_path / "tlh.yaml"
    write_prompt_frame(file, "tlh")
    text = file.read_text("utf-8")
    file.write_text(text + "populations:\n  KEN: qenya\n", encoding="utf-8")
    with open_store(bundled_store_path, write=True) as opened:
        assert "KEN" in name_populations(opened, "tlh")
    save_prompt_frame(bundled_store_path, file, "tlh")
    with open_store(bundled_store_path, write=True) as opened:
        assert "KEN" not in name_populations(opened, "tlh")
    names = ad_hoc(bundled_store_path, "SELECT population_id, description FROM population_text WHERE language = 'tlh'")
    assert names.rows() == [("KEN", "qenya")]
    file.write_text(text + "populations:\n  XXX: no such place\n", encoding="utf-8")
    with pytest.raises(SurveyError, match="not in the store: XXX") as caught:
        save_prompt_frame(bundled_store_path, file, "tlh")
    assert caught.value.code is ExitCode.NOT_FOUND
