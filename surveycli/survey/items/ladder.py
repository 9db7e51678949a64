"""Tells whether response options lie on one line, from their labels: numbers, known ladders, degrees times sides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.domain import Scale
from surveycli.survey.files.cell import fold
from surveycli.survey.items.label_rules import label_rules, without_notes

# `7`, `7.0`, `0 - Worst`, `10 Best`, but not 3.5 or 18-29.
_LEADING_NUMBER = re.compile(r"\s*([-+]?\d+)(?:\.0+)?(?=$|[\s:=)–-])(?!\s*[–-]\s*\d)")
# How many labels of a numbered scale may be words: both ends, and a middle.
_MAX_WORDS_IN_NUMBERS = 3
_BREAKS = re.compile(r"[\s,;:.()/\[\]\"“”!?–—-]+")
_UNPARTED = frozenset({"zh", "ja", "ko"})  # languages in which words are not parted by spaces alone
_SIDE_ALONE = 5.0  # `agree` without a word of degree
_MOST_LABELS = 30


def scale_of_labels(labels: Sequence[str]) -> Scale:
    """Return the scale of response options from their labels, in code order.

    Two are binary. Numbers in order, with words at the ends and in the middle at most, and labels that climb or descend
    a ladder are ordinal. Everything else is nominal: an order is never guessed.

    >>> scale_of_labels(["Very good", "Somewhat good", "Somewhat bad", "Very bad"]).value
    'ordinal'
    >>> scale_of_labels(["France", "China", "India"]).value
    'nominal'
    """
    if len(labels) == 2:
        return Scale.BINARY
    return Scale.ORDINAL if are_numbers(labels) or on_ladder(labels) else Scale.NOMINAL


def are_numbers(labels: Sequence[str]) -> bool:
    """Tell whether labels are numbers in order, with words at most at both ends and in the middle."""
    if any(label.strip()[:1].isdigit() for label in labels if not _LEADING_NUMBER.match(label)):
        return False  # fractions and ranges are not steps of one
    found = [_LEADING_NUMBER.match(label) for label in labels]
    places = {place: int(match[1]) for place, match in enumerate(found) if match}
    words = set(range(len(labels))) - set(places)
    may_be_words = {0, len(labels) // 2, (len(labels) - 1) // 2, len(labels) - 1}
    steps = {(b - a) / (j - i) for (i, a), (j, b) in pairwise(places.items())}
    if len(words) > _MAX_WORDS_IN_NUMBERS or not words <= may_be_words or len(places) < len(labels) - len(words):
        return False
    return len(places) >= 2 and steps in ({1}, {-1})


def on_ladder(labels: Sequence[str]) -> bool:
    """Tell whether labels climb or descend some ladder, each a step of its own."""
    return any(len({b > a for a, b in pairwise(heights)}) == 1 for heights in _heights(tuple(map(_plain, labels))))


def ladder_order(labels: Sequence[str]) -> list[str] | None:
    """Return labels, given in any order, from the top of the first ladder that has them all; None where none has.

    >>> ladder_order(["Agree", "Disagree", "Strongly agree"])
    ['Strongly agree', 'Agree', 'Disagree']
    """
    for heights in _heights(tuple(map(_plain, labels))):
        return [label for _, label in sorted(zip(heights, labels, strict=True), reverse=True)]
    return None


def side_of_label(label: str) -> int | None:
    """Return 1 for a label on the positive side of a line, -1 for one on the other, None where it is on none.

    >>> side_of_label("Very much"), side_of_label("None at all"), side_of_label("France")
    (1, -1, None)
    """
    height = next((heights[0] for heights in _of_words((_plain(label),)) if heights[0]), None)
    return None if height is None else (1 if height > 0 else -1)


def _plain(label: str) -> str:
    return without_notes(label).strip(" .")


@lru_cache(maxsize=20_000)
def _heights(texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
    """Return, for each ladder that has all labels on different steps, the height of each."""
    if not texts or len(texts) > _MOST_LABELS or not all(texts):
        return ()
    found = (*_of_whole_ladders(texts), *_of_words(texts))
    return tuple(heights for heights in found if len(set(heights)) == len(texts))


@cache
def _ladders() -> tuple[tuple[tuple[re.Pattern[str], ...], ...], ...]:
    ladders = label_rules()["ladders"]
    return tuple(tuple(tuple(map(_pattern, rung)) for rung in ladder) for ladder in ladders)


def _pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase in which `*` stands for anything."""
    return re.compile(".*".join(map(re.escape, fold(phrase).split("*"))))


def _of_whole_ladders(texts: Sequence[str]) -> Iterator[tuple[float, ...]]:
    for ladder in _ladders():
        rungs = [next((n for n, rung in enumerate(ladder) if any(p.fullmatch(t) for p in rung)), None) for t in texts]
        known = tuple(-float(rung) for rung in rungs if rung is not None)
        if len(known) == len(texts):
            yield known


@dataclass(frozen=True, slots=True)
class _Words:
    """What the words of one language are worth on the line of degrees."""

    language: str
    degrees: Mapping[str, float]
    around: tuple[tuple[re.Pattern[str], float], ...]
    denial: frozenset[str]
    sides: tuple[tuple[str, str], ...]
    middle: tuple[re.Pattern[str], ...]
    parted: bool


@cache
def _vocabulary() -> dict[str, _Words]:
    content = read_yaml(resource("ladders.yaml"))
    return {language: _words(language, words) for language, words in content.items()}


def _words(language: str, words: Mapping[str, Any]) -> _Words:
    degrees = {fold(phrase): float(worth) for worth, phrases in words["degrees"].items() for phrase in phrases}
    around = tuple(
        (re.compile(rf"(?<!\w){'(.*)'.join(map(re.escape, phrase.split('*')))}(?!\w)"), worth)
        for phrase, worth in degrees.items()
        if "*" in phrase
    )
    return _Words(
        language,
        {phrase: worth for phrase, worth in degrees.items() if "*" not in phrase},
        around,
        frozenset(map(fold, words["denial"])),
        tuple((fold(up), fold(down)) for up, down in words["sides"]),
        tuple(map(_pattern, words["middle"])),
        language not in _UNPARTED,
    )


def _of_words(texts: Sequence[str]) -> Iterator[tuple[float, ...]]:
    """Yield the heights of labels made of one language's degrees, with no side or with one pair of them."""
    for words in _vocabulary().values():
        pairs = [(up, down) for up, down in words.sides if any(up in t or down in t for t in texts)]
        for pair in (*pairs, None):
            steps = [_step(text, pair, words) for text in texts]
            known = [step for step in steps if step is not None]
            if len(known) == len(texts) and _one_thing(known):
                yield tuple(step.height for step in known)


@dataclass(frozen=True, slots=True)
class _Step:
    """A label's height, what is left of it, and whether a word of degree, side or middle gave the height."""

    height: float
    rest: frozenset[str]
    is_said: bool


def _one_thing(steps: Sequence[_Step]) -> bool:
    """Tell whether what labels leave is of one thing: all that any of them has is in the longest.

    One label may say nothing but the thing itself (`like me`), where another one says how much of it.
    """
    longest = max((step.rest for step in steps), key=len)
    silent = [step for step in steps if not step.is_said]
    named = any(step.is_said and step.rest for step in steps)
    return all(step.rest <= longest for step in steps) and (not silent or (len(silent) == 1 and named))


def _step(text: str, pair: tuple[str, str] | None, words: _Words) -> _Step | None:
    """Return where a label stands with one pair of sides, or with none; None where its words do not go together."""
    if any(pattern.fullmatch(text) for pattern in words.middle):
        return _Step(0.0, frozenset(), is_said=True)
    degrees: list[float] = []
    for pattern, worth in words.around:
        if found := pattern.search(text):
            degrees.append(worth)
            text = f"{text[: found.start()]} {found[1]} {text[found.end() :]}"
            break
    side, denied, rest = 0, False, ""
    at = 0
    for found in _matcher(words.language, pair).finditer(text):
        phrase = " ".join(found[0].split())
        rest += text[at : found.start()] + " "
        at = found.end()
        if pair is not None and phrase in pair:
            side = 1 if phrase == pair[0] else -1
        elif phrase in words.denial:
            denied = True
        else:
            degrees.append(words.degrees[phrase])
    rest += text[at:]
    left = frozenset(filter(None, _BREAKS.split(rest))) if words.parted else frozenset(_BREAKS.sub("", rest))
    if len(degrees) > 1 or (pair is not None and not side and not degrees):
        return None
    turned = denied and not (side < 0 and pair is not None and pair[1] in words.denial)
    sign = (side or 1) * (-1 if turned else 1)
    if degrees and degrees[0] < 0 and words.language != "en":
        sign = 1  # a second no says the first again
    return _Step(sign * (degrees[0] if degrees else _SIDE_ALONE), left, is_said=bool(degrees or side or denied))


@cache
def _matcher(language: str, pair: tuple[str, str] | None) -> re.Pattern[str]:
    """Return the pattern of all phrases that count, the longest first."""
    words = _vocabulary()[language]
    phrases = sorted({*words.degrees, *words.denial, *(pair or ())}, key=len, reverse=True)
    any_of = "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    edge = r"[^\s,;:.()/\[\]\"“”!?–—-]"
    return re.compile(rf"(?<!{edge})(?:{any_of})(?!{edge})" if words.parted else any_of)
