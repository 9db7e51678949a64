"""Python literals from strangers: lists, dictionaries, texts and numbers, read and never evaluated."""

from __future__ import annotations

import ast
import re

from surveycli.untrusted.number import MOST_DIGITS
from surveycli.untrusted.text import UnreadableError

MOST_CHARACTERS = 1 << 20
MOST_DEPTH = 10
# All that a literal may be made of, with a mark between two values: nothing to evaluate, and no chain of signs.
_TOKEN = re.compile(
    rf"""(?P<open>[\[{{(]) | (?P<close>[\]}})]) | (?P<mark>[,:]) | \s+
      | (?P<value>'(?:[^'\\\n]|\\[^\n])*' | "(?:[^"\\\n]|\\[^\n])*"
      | [-+]?(?:\d{{1,{MOST_DIGITS}}}\.?\d{{0,{MOST_DIGITS}}}|\.\d{{1,{MOST_DIGITS}}})(?:[eE][-+]?\d{{1,3}})?(?![\w.])
      | (?:None|True|False)\b)""",
    re.VERBOSE | re.ASCII,
)


def parse_literal(text: str) -> object:
    """Return the value of a Python literal. Raises UnreadableError for anything else, and beyond the bounds.

    >>> parse_literal("{'Kenya': [0.25, 0.75]}")
    {'Kenya': [0.25, 0.75]}
    """
    stripped = text.strip()
    if len(stripped) > MOST_CHARACTERS:
        raise UnreadableError(f"it has more than {MOST_CHARACTERS:,} characters")
    _check_tokens(stripped)
    try:
        return ast.literal_eval(stripped)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UnreadableError("it is not a literal") from error


def _check_tokens(text: str) -> None:
    place = depth = 0
    after_value = False
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or (after_value and (token["value"] or token["open"])):
            raise UnreadableError(f"{text[place : place + 20]!r} is not part of a literal")
        after_value = bool(token["value"] or token["close"]) or (after_value and token[0].isspace())
        depth += (token["open"] is not None) - (token["close"] is not None)
        if depth > MOST_DEPTH:
            raise UnreadableError(f"it is nested deeper than {MOST_DEPTH} levels")
        place = token.end()
