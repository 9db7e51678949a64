"""Glossaries: terms whose translation is settled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from surveycli.errors import bad_input
from surveycli.translation.engine import GlossaryTerm
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.table_text import parse_table
from surveycli.untrusted.text import UnreadableError

_COLUMNS = ("term", "translation")
_FORM = "a CSV with the columns term,translation"


def read_glossary(path: Path) -> tuple[GlossaryTerm, ...]:
    """Return the terms of a CSV file with the columns term and translation; no translation means that the term stays.

    Raises SurveyError (exit 3) where there is no file, or it is no such table.
    """
    try:
        rows = list(parse_table(read_small_file(path, "glossary", _FORM), _COLUMNS))
    except UnreadableError as error:
        raise bad_input(f"The glossary {path} cannot be read: {error}.", f"It is {_FORM}.") from error
    named = ((cells["term"], cells["translation"]) for _, cells in rows)
    return tuple(GlossaryTerm(term, translation or term) for term, translation in named if term)


def terms_in(glossary: Sequence[GlossaryTerm], text: str) -> tuple[GlossaryTerm, ...]:
    """Return the terms that occur in a text as whole words, whatever their case.

    >>> glossary = GlossaryTerm("God", "神"), GlossaryTerm("state", "国家")
    >>> [term.term for term in terms_in(glossary, "Is there a god? I stated so.")]
    ['God']
    """
    return tuple(term for term in glossary if _occurs(term.term, text))


def _occurs(term: str, text: str) -> bool:
    start = r"(?<!\w)" if term[0].isascii() else ""
    end = r"(?!\w)" if term[-1].isascii() else ""
    return re.search(start + re.escape(term) + end, text, re.IGNORECASE) is not None


def glossary_sha256(glossary: Sequence[GlossaryTerm]) -> str | None:
    """Return a hash of the terms whatever their order, or None for no glossary."""
    if not glossary:
        return None
    lines = sorted(f"{term.term}\t{term.translation}" for term in glossary)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
