"""What a model wrote when it was asked for a distribution: read strictly, and every failure named.

A reply holds its answer in its first JSON object, wherever that stands: alone, in a code fence, after a sentence. The
object must have exactly the option letters as its keys and a number for each. Tolerated are lower-case letters, letters
in parentheses, and numbers in quotation marks, with or without a percent sign. Percentages and fractions need
not be told apart: the numbers are divided by their sum.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_END_OF_THOUGHT = "</think>"
_BEGINNING_OF_THOUGHT = "<think>"
_QUOTED_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*[%％]?\s*", re.ASCII)


class ReplyFailure(StrEnum):
    """Why a reply gives no distribution."""

    NO_JSON = "no JSON object"
    TRUNCATED = "cut off before its JSON object ended"
    WRONG_KEYS = "keys are not the option letters"
    NOT_NUMBERS = "values are not finite numbers"
    NEGATIVE = "a number is negative"
    ZERO_SUM = "numbers sum to zero"


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """Either `probabilities`, in the order of the letters and summing to 1, or why there are none."""

    probabilities: tuple[float, ...] | None
    failure: ReplyFailure | None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as written, twice where they were written twice."""


# Every number as a float: an integer of thousands of digits becomes inf instead of an error of Python's.
_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=float)


def parse_distribution(text: str, letters: Sequence[str], *, truncated: bool = False) -> ParsedReply:
    """Return the distribution that a reply states over `letters`, or why it states none. Never raises, for any text.

    `truncated` says that the model was stopped by the limit on tokens, not by itself.

    >>> parse_distribution('Here you are: {"A": 75, "b": "25%"}', "AB").probabilities
    (0.75, 0.25)
    >>> parse_distribution('{"A": 75', "AB", truncated=True).failure.value
    'cut off before its JSON object ended'
    """
    found = find_object(text)
    if found is None:
        return _failed(ReplyFailure.TRUNCATED if truncated and _has_begun(text) else ReplyFailure.NO_JSON)
    values = {_letter(key): value for key, value in found}
    if len(found) != len(letters) or set(values) != set(letters):
        return _failed(ReplyFailure.WRONG_KEYS)
    numbers = [_number(values[letter]) for letter in letters]
    return _distribution([number for number in numbers if number is not None], len(letters))


def find_object(text: str) -> list[tuple[str, Any]] | None:
    """Return the keys and values of the first JSON object in a reply, thoughts left out; None where there is none."""
    said = spoken(text)
    if said is None:
        return None
    for brace in re.finditer(r"\{", said):
        try:
            found, _ = _DECODER.raw_decode(said, brace.start())
        except ValueError:  # no JSON here
            continue
        except RecursionError:  # nested deeper than any answer, and the next brace is no better
            return None
        return list(found)
    return None


def spoken(text: str) -> str | None:
    """Return a reply without the thoughts before it; None where the model is still thinking.

    >>> spoken("<think>Two options.</think> Here you are."), spoken("<think>Two opt")
    (' Here you are.', None)
    """
    said = text.rpartition(_END_OF_THOUGHT)[2]
    return None if _BEGINNING_OF_THOUGHT in said else said


def _has_begun(text: str) -> bool:
    """Return whether a reply without an object was on its way to one, or still thinking."""
    said = spoken(text)
    return said is None or "{" in said or _BEGINNING_OF_THOUGHT in text


def _letter(key: str) -> str:
    return key.strip().strip("()").upper()


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        quoted = _QUOTED_NUMBER.fullmatch(value)
        value = float(quoted[1]) if quoted else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _distribution(numbers: Sequence[float], n_letters: int) -> ParsedReply:
    if len(numbers) < n_letters:
        return _failed(ReplyFailure.NOT_NUMBERS)
    if min(numbers) < 0:
        return _failed(ReplyFailure.NEGATIVE)
    largest = max(numbers)
    if largest == 0:
        return _failed(ReplyFailure.ZERO_SUM)
    scaled = [abs(number) / largest for number in numbers]  # so that the sum of huge numbers stays finite
    total = math.fsum(scaled)
    return ParsedReply(tuple(value / total for value in scaled), None)


def _failed(failure: ReplyFailure) -> ParsedReply:
    return ParsedReply(None, failure)
