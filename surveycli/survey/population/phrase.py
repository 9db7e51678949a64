"""Writes who the people of a population are, from the phrases of a language and the survey's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

_AGES = re.compile(r"(\d+)(?:-(\d+)|\+)")


@dataclass(frozen=True, slots=True)
class GroupWords:
    """What a grouping and its value are called in a language.

    Of an answer, `label` is the question, and `value` and `high` are the answers at the ends of its band, each with its
    code; `high` is None where it is one answer alone.
    """

    label: str
    value: str
    high: str | None = None
    is_answer: bool = False


# What groupings are called, by grouping and value.
Wordbook: TypeAlias = Mapping[tuple[str, str], GroupWords]


def group_sentence(groups: tuple[tuple[str, str], ...], place: str, words: Mapping[str, Any], book: Wordbook) -> str:
    """Return the people of a place who share the values of some groupings: `women aged 18-29 in Kenya`.

    `words` are the phrases of one language. What neither they nor `book` know stands there as it is.
    """
    left = dict(groups)
    who = words["groups"]["sex"].get(left.get("sex"), None)
    ages = _AGES.fullmatch(left.get("age", ""))
    if who is not None:
        del left["sex"]
    if ages:
        del left["age"]
    known = {pair: book.get(pair, GroupWords(*pair)) for pair in left.items()}
    plain = [_plain(pair, group, words) for pair, group in known.items() if not group.is_answer]
    answers = [_answer(group, words) for group in known.values() if group.is_answer]
    more = "".join(plain) + str(words["and"]).join(answers)
    age = _age(ages, words["groups"]["age"]) if ages else ""
    return str(words["description"].format(who=who or words["people"], age=age, place=place, more=more))


def _age(ages: re.Match[str], phrases: Mapping[str, str]) -> str:
    return phrases["range" if ages[2] else "open"].format(low=ages[1], high=ages[2])


def _plain(pair: tuple[str, str], group: GroupWords, words: Mapping[str, Any]) -> str:
    name, value = pair
    own = str(words["other"]).format(label=group.label, value=group.value)
    return str(words["groups"].get(name, {}).get(value, own))


def _answer(group: GroupWords, words: Mapping[str, Any]) -> str:
    one = group.high is None
    low = group.value.replace('"', "'") if one else group.value
    answer = str(words["one_answer" if one else "some_answers"]).format(low=low, high=group.high)
    return str(words["answer"]).format(label=group.label.replace('"', "'"), answer=answer)
