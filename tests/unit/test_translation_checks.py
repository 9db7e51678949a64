"""Checks of translations: each fault is found, and faultless translations pass."""

from __future__ import annotations

import pytest

from surveycli.domain import Option
from surveycli.survey.items.codebook import load_codebook
from surveycli.translation.checks import LocalisedItem, check_translation, is_usable
from surveycli.translation.engine import GlossaryTerm
from surveycli.translation.language import find_language

SOURCE = ("How far do you trust people over 65 in [country]?", {1: "Not at all", 2: "Somewhat", 3: "Entirely"})
GOOD_ZH = ("您在多大程度上信任[country]65岁以上的人？", {1: "完全不信任", 2: "有些信任", 3: "完全信任"})
GOOD_DE = ("Wie sehr vertrauen Sie Menschen über 65 in [country]?", {1: "Gar nicht", 2: "Etwas", 3: "Völlig"})


def localised(language: str, wording: str, labels: dict[int, str]) -> LocalisedItem:
    return LocalisedItem(find_language(language), wording, tuple(Option(c, t) for c, t in labels.items()))


def found(language: str, wording: str, labels: dict[int, str], glossary: tuple[GlossaryTerm, ...] = ()) -> set[str]:
    target = localised(language, wording, labels)
    return {finding.check for finding in check_translation(localised("en", *SOURCE), target, glossary)}


def test_a_faultless_translation_passes() -> None:
    """Nothing is found in good Chinese or German."""
    assert found("zh", *GOOD_ZH) == set()
    assert found("de", *GOOD_DE) == set()


@pytest.mark.parametrize(
    ("check", "wording", "labels"),
    [
        ("options", GOOD_ZH[0], {1: "完全不信任", 2: "有些信任"}),
        ("options", GOOD_ZH[0], {**GOOD_ZH[1], 4: "不知道"}),
        ("order", GOOD_ZH[0], {2: "有些信任", 1: "完全不信任", 3: "完全信任"}),
        ("distinct", GOOD_ZH[0], {1: "信任", 2: "信任", 3: "完全信任"}),
        ("empty", " ", GOOD_ZH[1]),
        ("empty", GOOD_ZH[0], {**GOOD_ZH[1], 2: ""}),
        ("placeholders", "您在多大程度上信任该国65岁以上的人？", GOOD_ZH[1]),
        ("numbers", "您在多大程度上信任[country]老年人？", GOOD_ZH[1]),
        ("numbers", "您在多大程度上信任[country]65到80岁的人？", GOOD_ZH[1]),
        ("script", "Насколько вы доверяете людям старше 65 в [country]?", GOOD_ZH[1]),
        ("leftover", "您在多大程度上trust[country]65岁以上的人？", GOOD_ZH[1]),
        ("leftover", *SOURCE),
        ("length", "[country]65？", GOOD_ZH[1]),
        ("length", GOOD_ZH[0] + "请您仔细想一想再回答这个问题，不必着急，也不必在意别人的看法。", GOOD_ZH[1]),
    ],
)
def test_each_fault_is_found(check: str, wording: str, labels: dict[int, str]) -> None:
    """A translation with one fault is stopped by the check that is there for it."""
    assert check in found("zh", wording, labels)


@pytest.mark.parametrize(
    "wording",
    [
        "Wie sehr vertrauen Sie people over 65 in [country]?",
        SOURCE[0],
        "How far do you trust Menschen über 65 in [country]?",
    ],
)
def test_source_words_in_a_language_of_the_same_script_are_found(wording: str) -> None:
    """Words of the source in a row betray a half-translated text where the script cannot."""
    expected = {"leftover"} if wording != "Wie sehr vertrauen Sie people over 65 in [country]?" else set()
    assert found("de", wording, GOOD_DE[1]) == expected  # two words could be a coincidence


def test_untranslated_labels_are_found_but_one_equal_word_is_not() -> None:
    """A scale in the source's words is stopped; a word that two languages share is not."""
    assert found("de", GOOD_DE[0], SOURCE[1]) == {"leftover"}
    assert found("de", GOOD_DE[0], {1: "Gar nicht", 2: "Somewhat", 3: "Völlig"}) == set()


def test_digits_of_other_scripts_and_number_words_count() -> None:
    """Arabic digits are the same numbers, and a translation may write an English number word in digits."""
    arabic = ("إلى أي مدى تثق بالأشخاص فوق ٦٥ عامًا في [country]؟", {1: "لا أثق أبدًا", 2: "أثق قليلا", 3: "أثق تماما"})
    assert found("ar", *arabic) == set()
    source = localised("en", "Did this happen within the past twelve months?", {1: "Yes", 2: "No"})
    target = localised("zh", "在过去12个月里，是否发生过这种情况？", {1: "是", 2: "否"})
    assert check_translation(source, target) == ()


def test_names_and_acronyms_may_stay() -> None:
    """A name or an acronym of the source is not a leftover in another script."""
    source = localised("en", "Do you trust the UN, or news on Facebook?", {1: "Yes", 2: "No"})
    target = localised("zh", "您信任UN，还是Facebook上的新闻？", {1: "是", 2: "否"})
    assert check_translation(source, target) == ()


def test_the_glossary_is_kept() -> None:
    """A settled term must appear where its source term does, and nowhere else."""
    terms = (GlossaryTerm("trust", "信任"), GlossaryTerm("God", "神"))
    assert found("zh", *GOOD_ZH, terms) == set()
    assert found("zh", GOOD_ZH[0].replace("信任", "相信"), GOOD_ZH[1], terms) == {"glossary"}


def test_only_complete_translations_are_usable() -> None:
    """A person may accept a strange text, but not one that is missing."""
    strange = check_translation(localised("en", *SOURCE), localised("zh", "好？", GOOD_ZH[1]))
    missing = check_translation(localised("en", *SOURCE), localised("zh", GOOD_ZH[0], {1: "一"}))
    assert strange and is_usable(strange)
    assert missing and not is_usable(missing)


@pytest.mark.parametrize(("source", "target"), [("en", "zh"), ("zh", "en")])
def test_the_bundled_translation_passes(source: str, target: str) -> None:
    """All 258 items of the bundled survey pass in both directions: the checks do not cry wolf."""
    codebook = load_codebook("wvs7")
    for item in codebook:
        texts = {text.language: text for text in item.texts}
        sides = (
            localised(code, texts[code].wording, dict(zip(item.codes, texts[code].labels, strict=True)))
            for code in (source, target)
        )
        assert check_translation(*sides) == (), item.item_id
    assert len(codebook.items) == 258
