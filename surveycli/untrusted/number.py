"""Numbers in strangers' texts: finite, and of no more digits than a number of a survey has."""

from __future__ import annotations

import math
import re

MOST_DIGITS = 25
_WHOLE = re.compile(rf"[-+]?\d{{1,{MOST_DIGITS}}}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?", re.ASCII)


def read_number(text: str) -> float | None:
    """Return the number that a text holds (`2`, `2.0`, `1e-3`), or None where it holds none or one that is not finite.

    >>> read_number(" 2.5 "), read_number("1e999"), read_number("nan"), read_number("1_000")
    (2.5, None, None, None)
    """
    found = _NUMBER.fullmatch(text.strip())
    number = float(found[0]) if found else math.nan
    return number if math.isfinite(number) else None


def read_whole(text: str) -> int | None:
    """Return the whole number that a text holds, `2` or `2.0` as spreadsheets write it, or None.

    >>> read_whole("-3"), read_whole("2.0"), read_whole("2.5"), read_whole("9" * 5000)
    (-3, 2, None, None)
    """
    bare = re.sub(r"\.0*$", "", text.strip())
    return int(bare) if _WHOLE.fullmatch(bare) else None
