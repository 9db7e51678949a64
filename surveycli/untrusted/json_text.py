"""JSON from strangers: bounded in depth and digits, without NaN, doubled keys or half characters."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from surveycli.untrusted.number import MOST_DIGITS
from surveycli.untrusted.text import UnreadableError, doubled, shown

MOST_DEPTH = 40
_HALF = re.compile("[\ud800-\udfff]")


def parse_json(text: str) -> Any:
    """Return the value of a JSON text. Raises UnreadableError with the reason for anything else.

    >>> parse_json('{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    """
    try:
        value = json.loads(
            text,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise UnreadableError(f"{error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check(value)
    return value


def _too_deep() -> UnreadableError:
    return UnreadableError(f"it is nested deeper than {MOST_DEPTH} levels")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise UnreadableError(f"a number has {len(digits):,} digits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise UnreadableError(f"the number {digits[:20]} is beyond all bounds")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise UnreadableError(f"the key {shown(doubled(name for name, _ in pairs)[0])} occurs twice")
    return fields


def _check(value: object) -> None:
    """Raise UnreadableError where a value is nested too deep or a text of it has half a character."""
    open_values = [(value, 1)]
    while open_values:
        inner, depth = open_values.pop()
        if depth > MOST_DEPTH:
            raise _too_deep()
        if isinstance(inner, dict):
            open_values += [(part, depth + 1) for pair in inner.items() for part in pair]
        elif isinstance(inner, list):
            open_values += [(part, depth + 1) for part in inner]
        elif isinstance(inner, str) and _HALF.search(inner):
            raise UnreadableError("a text has half a character (a lone surrogate)")
