"""Text from strangers, as a store, a terminal and a file of our own can hold it."""

from __future__ import annotations

import re
import reprlib
from collections import Counter
from collections.abc import Iterable


class UnreadableError(ValueError):
    """Content is not what it should be, or beyond its bounds. The message says what, and in which line."""


# Every way of ending a line, and the separators that Unicode and old printers add.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\u2028\u2029]")
# Controls but tab and line feed, marks that turn the direction of what follows, and a byte order mark inside a text.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
# Half a character: no encoding has it.
_SURROGATES = re.compile("[\ud800-\udfff]")
# Text of Windows that was read as Latin-1 has its quotation marks and dashes among the controls from 0x80.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def plain(text: str) -> str:
    """Return a text that can be shown, stored and encoded: lines end in line feeds, and there are no other controls.

    Half characters become U+FFFD.

    >>> plain("\\x1b[31mred\\x07 \\x93tea\\x94\\ud800\\r\\n")
    '[31mred “tea”\\ufffd\\n'
    """
    if text.isprintable():
        return text
    spaced = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).translate(_WINDOWS)
    return _SURROGATES.sub("\ufffd", spaced)


def is_plain(text: str) -> bool:
    """Tell whether a text has nothing that `plain` would change or had to mend."""
    return plain(text) == text and "\ufffd" not in text


def one_line(text: str) -> str:
    """Return a text on one line, with plain spaces (NBSP too) and nothing around it.

    >>> one_line(" Very\\xa0good\\n")
    'Very good'
    """
    return " ".join(plain(text).split())


def excerpt(text: str, most: int = 200) -> str:
    """Return the beginning of a text on one line, at most `most` characters of it.

    >>> excerpt("tea or coffee", 5)
    'tea o...'
    """
    line = one_line(text[: 4 * most])
    return line if len(line) <= most and len(text) <= 4 * most else line[:most] + "..."


_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxtuple, _SHORT.maxset = 2, 3, 4, 4, 4
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60


def shown(value: object) -> str:
    """Return any value for a message: short, however large and deep it is.

    >>> shown([[["tea"]]] * 9)
    '[[[...]], [[...]], [[...]], [[...]], ...]'
    """
    text = _SHORT.repr(value)
    return text if len(text) <= 100 else text[:100] + "..."


def doubled(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in the order of their first places.

    >>> doubled(["b", "a", "c", "a", "b"])
    ['b', 'a']
    """
    return [name for name, n in Counter(names).items() if n > 1]
