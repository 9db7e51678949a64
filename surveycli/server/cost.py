"""About how many tokens a text is, before a server counts them."""

from __future__ import annotations

_ASCII_CHARACTERS_PER_TOKEN = 4.0  # English text in the vocabularies of current chat models


def estimate_tokens(text: str) -> float:
    """Return about how many tokens a text has: a quarter of its ASCII characters plus all others.

    >>> estimate_tokens("How happy are you?"), estimate_tokens("您有多幸福？")
    (4.5, 6.0)
    """
    ascii_characters = sum(character.isascii() for character in text)
    return ascii_characters / _ASCII_CHARACTERS_PER_TOKEN + len(text) - ascii_characters
