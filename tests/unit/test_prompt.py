"""Prompts say what they should, in every order and language."""

from __future__ import annotations

import pytest

from surveycli.domain import Option, Population, Question, Scale
from surveycli.errors import ExitCode, SurveyError
from surveycli.prompt import Describe, PromptOrder, PromptStyle, load_frame, prompt_languages, render_prompt

QUESTION = Question(
    "s", "q", "en", "Tea or coffee?", (Option(0, "Tea"), Option(1, "Coffee"), Option(2, "Both")), Scale.NOMINAL
)
KENYA = Population("KEN", "en", "Kenya", "people in Kenya", "Eastern Africa; mostly Protestant")


@pytest.mark.parametrize("language", prompt_languages())
@pytest.mark.parametrize("order", PromptOrder)
@pytest.mark.parametrize("describe", Describe)
def test_every_prompt_names_all_it_should_and_ends_before_the_letter(
    language: str, order: PromptOrder, describe: Describe
) -> None:
    """Question, labels in order, population and (if asked for) context are there; the stem ends with a parenthesis."""
    question = Question("s", "q", language, "Tea or coffee?", QUESTION.options, Scale.NOMINAL)
    population = Population("KEN", language, "Kenya", "people in Kenya", "Eastern Africa")
    prompt = render_prompt(question, population, PromptStyle(order, describe))
    assert prompt.text.endswith("(")
    assert prompt.text.index("(A) Tea") < prompt.text.index("(B) Coffee") < prompt.text.index("(C) Both")
    assert "Tea or coffee?" in prompt.text
    assert "Kenya" in prompt.text
    assert ("Eastern Africa" in prompt.text) is (describe is Describe.CONTEXT)
    assert "{" not in prompt.text


def test_the_population_comes_first_or_last_as_the_order_says() -> None:
    """Country first puts the population before the question, the other orders after it."""
    for order in PromptOrder:
        text = render_prompt(QUESTION, KENYA, PromptStyle(order)).text
        assert (text.index("Kenya") < text.index("Tea or coffee?")) is (order is PromptOrder.COUNTRY_FIRST)


def test_prompts_of_one_item_share_all_but_the_population_when_the_item_comes_first() -> None:
    """Up to the population's own words, item-first prompts of two populations are the same text."""
    peru = Population("PER", "en", "Peru", "people in Peru")
    for order in (PromptOrder.ITEM_FIRST, PromptOrder.SHORT_SUFFIX):
        one, other = (render_prompt(QUESTION, p, PromptStyle(order)).text for p in (KENYA, peru))
        shared = next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
        assert "(C) Both" in one[:shared]


def test_a_permutation_moves_labels_and_leaves_letters() -> None:
    """permutation[i] is the option behind the i-th letter."""
    text = render_prompt(QUESTION, KENYA, PromptStyle(), (2, 0, 1)).text
    assert "(A) Both\n(B) Tea\n(C) Coffee" in text


def test_an_unknown_language_is_not_found() -> None:
    """A language without a frame is exit 4 and names those that there are."""
    with pytest.raises(SurveyError) as caught:
        load_frame("tlh")
    assert caught.value.code is ExitCode.NOT_FOUND
    assert "tr, vi, zh" in caught.value.message
    assert "--write-prompt-frame" in caught.value.hint


def test_more_options_than_letters_are_refused() -> None:
    """27 options cannot be lettered: exit 3, naming the item and the number."""
    many = Question("s", "q27", "en", "?", tuple(Option(i, str(i)) for i in range(27)), Scale.NOMINAL)
    with pytest.raises(SurveyError, match="q27 has 27 options"):
        render_prompt(many, KENYA, PromptStyle())
