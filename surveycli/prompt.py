"""Prompts: a question, its lettered options and a population, in the order and language a run asked for."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from surveycli.bundled import read_yaml, resource
from surveycli.domain import Population, Question
from surveycli.errors import bad_input, not_found
from surveycli.setting import setting
from surveycli.untrusted.text import excerpt, shown

# The day that chat templates are told which ask for one: the one that Llama 3's templates fall back on themselves.
TEMPLATE_DATE = "2024-07-26"
LETTERS = string.ascii_uppercase


class PromptOrder(StrEnum):
    """What comes first in a prompt. Another order is another prompt, with other answers."""

    COUNTRY_FIRST = "country-first"
    ITEM_FIRST = "item-first"
    SHORT_SUFFIX = "short-suffix"


class Describe(StrEnum):
    """How much a prompt says about the population."""

    NAME = "name"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """The choices that turn a cell into a prompt. `template_date` is the day that a chat template is told."""

    order: PromptOrder = setting(
        PromptOrder.COUNTRY_FIRST, "Country or question first.", shown="the preset's or the run's", group="Prompt"
    )
    describe: Describe = setting(
        Describe.NAME, "How much is said about the population.", shown="the preset's or the run's", group="Prompt"
    )
    chat_template: bool = setting(
        True,
        "Ask in the turns of the model's chat template, if it has one.",
        flag="--chat-template/--no-chat-template",
        shown="on, or as the run does",
        group="Prompt",
    )
    template_date: str = TEMPLATE_DATE


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in two parts: what the user says, and how the answer begins."""

    user: str
    stem: str

    @property
    def text(self) -> str:
        """The whole prompt for a model without turns."""
        return f"{self.user}\n{self.stem}"


@dataclass(frozen=True, slots=True)
class PromptFrame:
    """The sentences of one language."""

    language: str
    option: str
    context: dict[PromptOrder, str]
    user: dict[PromptOrder, str]
    stem: dict[PromptOrder, str]
    json: dict[str, str]


_FRAME_HINT = "`surveycli translate --to LANGUAGE --write-prompt-frame FILE` writes one that has everything."


@cache
def load_frame(language: str) -> PromptFrame:
    """Return the package's prompt sentences of a language; a region (`pt-BR`) falls back on its language.

    Raises SurveyError (exit 4) where there are none.
    """
    known = prompt_languages()
    name = language if language in known else _without_region(language)
    if name not in known:
        raise not_found(
            f"There are no prompt sentences in {language!r}; the package has {', '.join(known)}.",
            f"`surveycli translate --to {language} --write-prompt-frame FILE` writes a file to put yours in.",
        )
    source = resource("prompts", f"{name}.yaml")
    frame = parse_frame(read_yaml(source), source.name)
    return replace(frame, language=language)


def _without_region(language: str) -> str:
    """Return the language of a tag with a region, else the tag. Regions of Chinese differ in their script."""
    base, _, rest = language.partition("-")
    return base if len(rest) == 2 and rest.isupper() and base != "zh" else language


def has_frame(language: str) -> bool:
    """Return whether the package has prompt sentences in a language."""
    return {language, _without_region(language)}.intersection(prompt_languages()) != set()


def prompt_languages() -> tuple[str, ...]:
    """Return the languages that the package itself has prompt sentences in."""
    folder = resource("prompts")
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


def parse_frame(content: object, place: str) -> PromptFrame:
    """Return the sentences that a prompt frame holds, the plain values of a YAML file as `resources/prompts` has them.

    Raises SurveyError (exit 3) for a key or field that is missing or unknown, sentences in another order than their
    key says, or a stem that does not end right before a letter. `place` names the frame in messages.
    """
    top = _section(content, place, {"language", "option", "context", "json", *PromptOrder}, optional={"context"})
    orders = {order: _section(top[order], f"{place}, {order}", {"user", "stem", "context"}) for order in PromptOrder}
    in_words = _section(top["json"], f"{place}, json", {"context", "user", "percentage", "stem"}, optional=set())
    frame = PromptFrame(
        language=_text(top["language"], f"{place}, language"),
        option=_sentence(top["option"], f"{place}, option", {"letter", "label"}),
        context={order: _context_of(section, top, f"{place}, {order}") for order, section in orders.items()},
        user={order: _text(section["user"], f"{place}, {order}, user") for order, section in orders.items()},
        stem={order: _text(section["stem"], f"{place}, {order}, stem") for order, section in orders.items()},
        json={
            "context": _sentence(in_words["context"], f"{place}, json, context", {"context"}),
            "user": _sentence(in_words["user"], f"{place}, json, user", {*_ALWAYS, "description", "form"}),
            "percentage": _sentence(in_words["percentage"], f"{place}, json, percentage", set()),
            "stem": _sentence(in_words["stem"], f"{place}, json, stem", set()),
        },
    )
    for order in PromptOrder:
        _check_order(frame, order, f"{place}, {order}")
    return frame


_ALWAYS = {"question", "options", "context"}
_WHO = {"name", "description"}


def _section(value: object, place: str, keys: set[str], optional: set[str] | None = None) -> dict[str, object]:
    optional = {"context"} if optional is None else optional
    if not isinstance(value, dict):
        raise bad_input(f"{place}: expected {', '.join(sorted(keys))}, found {shown(value)}.", _FRAME_HINT)
    lacking, unknown = sorted(keys - optional - set(value)), sorted(map(str, set(value) - keys))
    if lacking or unknown:
        both = (("lacks", lacking), ("has an unknown", unknown))
        found = " and ".join(f"{what} {excerpt(', '.join(names))}" for what, names in both if names)
        raise bad_input(f"{place}: the frame {found}.", _FRAME_HINT)
    return value


def _context_of(section: dict[str, object], top: dict[str, object], place: str) -> str:
    sentence = section.get("context", top.get("context"))
    return _sentence(sentence, f"{place}, context", {"context"})


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise bad_input(f"{place}: expected a text, found {shown(value)}.", _FRAME_HINT)
    return value


def _sentence(value: object, place: str, fields: set[str]) -> str:
    """Return a text that has exactly these fields."""
    text = _text(value, place)
    found = set(_fields_of(text, place))
    if found != fields:
        raise bad_input(
            f"{place}: expected {_braced(fields)}, found {_braced(found)}.",
            _FRAME_HINT,
        )
    return text


def _check_order(frame: PromptFrame, order: PromptOrder, place: str) -> None:
    user, stem = frame.user[order], frame.stem[order]
    fields = [*_fields_of(user, place), *_fields_of(stem, place)]
    if set(fields) - _WHO != _ALWAYS or not _WHO.intersection(fields):
        wanted = f"{_braced(_ALWAYS)} and {{description}} or {{name}}"
        raise bad_input(f"{place}: expected {wanted}, found {_braced(set(fields))}.", _FRAME_HINT)
    if not stem.endswith("("):
        raise bad_input(
            f"{place}, stem: {stem!r} does not end with an opening parenthesis.",
            "The model's answer is the letter that comes next.",
        )
    who = min(index for index, name in enumerate(fields) if name in _WHO)
    if order is PromptOrder.COUNTRY_FIRST and who > fields.index("question"):
        raise bad_input(f"{place}: expected the population before {{question}} and {{options}}.", _FRAME_HINT)
    if order is not PromptOrder.COUNTRY_FIRST and who < max(fields.index("question"), fields.index("options")):
        raise bad_input(f"{place}: expected the population after {{question}} and {{options}}.", _FRAME_HINT)


def _fields_of(text: str, place: str) -> list[str]:
    try:
        return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise bad_input(f"{place}: {error}.", "A brace that is meant to be one is written twice.") from error


def _braced(fields: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(fields)) or "no field"


def plain_frame(frame: PromptFrame) -> dict[str, object]:
    """Return the plain values that parse_frame reads back into the same frame."""
    return {
        "language": frame.language,
        "option": frame.option,
        **{
            order.value: {
                "context": frame.context[order],
                "user": frame.user[order],
                "stem": frame.stem[order],
            }
            for order in PromptOrder
        },
        "json": dict(frame.json),
    }


def render_prompt(
    question: Question,
    population: Population,
    style: PromptStyle,
    permutation: Sequence[int] | None = None,
    frame: PromptFrame | None = None,
) -> Prompt:
    """Return the prompt for one cell, in the sentences of `frame`, by default the package's in its language.

    `permutation[i]` is the index, in code order, of the option shown under the i-th letter; None keeps code order.
    Raises SurveyError (exit 3) for more options than letters.

    >>> from surveycli.domain import Option, Scale
    >>> question = Question("s", "q", "en", "Tea or coffee?", (Option(1, "Tea"), Option(2, "Coffee")), Scale.BINARY)
    >>> print(render_prompt(question, Population("KEN", "en", "Kenya", "people in Kenya"), PromptStyle()).text)
    A survey is put to people in Kenya. Which answer would they give?
    Question: Tea or coffee?
    (A) Tea
    (B) Coffee
    Their answer: (
    """
    frame = frame or load_frame(question.language)
    fields = _prompt_fields(frame, question, population, permutation)
    fields["context"] = _context(frame.context[style.order], population, style)
    return Prompt(frame.user[style.order].format(**fields), frame.stem[style.order].format(**fields))


def render_json_prompt(
    question: Question, population: Population, style: PromptStyle, frame: PromptFrame | None = None
) -> Prompt:
    """Return the prompt that asks for all shares of one cell at once, as a JSON object from letter to percentage.

    Options are in code order. Of the style, only how much is said about the population matters. Raises SurveyError
    (exit 3) for more options than letters.
    """
    frame = frame or load_frame(question.language)
    fields = _prompt_fields(frame, question, population, None)
    fields["context"] = _context(frame.json["context"], population, style)
    percentage = frame.json["percentage"]
    pairs = (f'"{letter}": {percentage}' for letter in LETTERS[: len(question.options)])
    fields["form"] = "{" + ", ".join(pairs) + "}"
    return Prompt(frame.json["user"].format(**fields), frame.json["stem"].format(**fields))


def _prompt_fields(
    frame: PromptFrame, question: Question, population: Population, permutation: Sequence[int] | None
) -> dict[str, str]:
    if len(question.options) > len(LETTERS):
        raise bad_input(
            f"{question.item_id} has {len(question.options)} options; prompts letter at most {len(LETTERS)}."
        )
    order = permutation if permutation is not None else range(len(question.options))
    labels = [question.options[index].label for index in order]
    return {
        "name": population.name,
        "description": population.description,
        "question": question.wording,
        "options": "\n".join(
            frame.option.format(letter=letter, label=label) for letter, label in zip(LETTERS, labels, strict=False)
        ),
    }


def _context(sentence: str, population: Population, style: PromptStyle) -> str:
    if style.describe is Describe.NAME or not population.context:
        return ""
    return sentence.format(context=population.context)
