"""Reads response labels of other people's files: which are not answers, and what is a note to the interviewer."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.survey.files.cell import fold

# `No sabe (Don't know)`: Pew's national questions have the answer in their own language first.
_TRANSLATION = re.compile(r".+\(([^()]+)\)")
# `5 Refused`, `-9. Refused`, `1=Yes`: some files begin a label with its own code.
_OWN_CODE = re.compile(r"^([-+]?\d{1,4})(?:\s*([.:)=–-])\s*|\s+)(?=[^\W\d(])")
# A missing word ends with its label, or before one of these.
_END = r"(?=$|[\s,;:.()/\[\]–-])"
_SHORT = 3  # abbreviations such as NS have to be the whole label
_UNPARTED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")  # signs that follow each other without spaces


@cache
def label_rules() -> dict[str, Any]:
    """Return how labels are read."""
    return read_yaml(resource("label_rules.yaml"))


@cache
def _notes() -> re.Pattern[str]:
    return re.compile("|".join(label_rules()["volunteered"]))


def has_missing_words(language: str) -> bool:
    """Tell whether it is known how surveys in a language call a missing answer.

    >>> has_missing_words("en"), has_missing_words("pt-BR"), has_missing_words("is")
    (True, True, False)
    """
    return language.split("-", maxsplit=1)[0] in {"en", *read_yaml(resource("missing_words.yaml"))}


@cache
def _missing() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the patterns of each status: those of English first, then the words of other languages."""
    english = [(status, re.compile("|".join(patterns))) for status, patterns in label_rules()["missing"].items()]
    words: dict[str, set[str]] = {}
    for statuses in read_yaml(resource("missing_words.yaml")).values():
        for status, phrases in statuses.items():
            words.setdefault(status, set()).update(_phrase(text) for phrase in phrases for text in _spellings(phrase))
    return (*english, *((status, re.compile("|".join(sorted(found)))) for status, found in words.items()))


def _spellings(phrase: str) -> set[str]:
    """Return a phrase as it is compared, with its accents and without them."""
    text = fold(phrase)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return {text, plain} if plain.isascii() else {text}


def _phrase(text: str) -> str:
    if _UNPARTED.search(text):
        return re.escape(text)
    return re.escape(text) + (r"\.?$" if len(text) <= _SHORT else _END)


@lru_cache(maxsize=50_000)
def status_of_label(label: str) -> str | None:
    """Return the missing status that a label stands for, or None where it is a response option.

    >>> status_of_label("Don’t know (DO NOT READ)"), status_of_label("Refused"), status_of_label("None at all")
    ('dont_know', 'refused', None)
    >>> status_of_label("Both equally (VOL)"), status_of_label("No sabe (Don't know)"), status_of_label("No contesta")
    ('missing_other', 'dont_know', 'no_answer')
    """
    return _known_status(label) or (str(label_rules()["volunteered_status"]) if _has_note(label) else None)


def is_volunteered(label: str) -> bool:
    """Tell whether a label is an answer of its own that was not read out, not one of those that say nothing.

    >>> is_volunteered("Both equally (VOL)"), is_volunteered("Refused (VOL)")
    (True, False)
    """
    return _has_note(label) and _known_status(label) is None


def without_notes(label: str) -> str:
    """Return a label as it is compared, without notes to the interviewer."""
    return _notes().sub(" ", fold(label)).strip()


def _has_note(label: str) -> bool:
    return _notes().search(fold(label)) is not None


def _known_status(label: str) -> str | None:
    text = _notes().sub(" ", _OWN_CODE.sub("", fold(label))).strip()
    translation = _TRANSLATION.fullmatch(text)
    own = _unanswered(translation[1]) if translation else None
    return own or _status(text.strip(" -:;,.()[]/") or fold(label))


def _status(text: str) -> str | None:
    return next((status for status, pattern in _missing() if pattern.match(text)), None)


def _unanswered(text: str) -> str | None:
    """Return `dont_know`, `refused` or `no_answer` where the whole text says so."""
    found = ((status, pattern) for status, pattern in _missing() if status in ("dont_know", "refused", "no_answer"))
    return next((status for status, pattern in found if pattern.fullmatch(text)), None)


def without_own_code(labels: dict[int, str]) -> dict[int, str]:
    """Return labels without the code of their own that they begin with, where all of them do.

    >>> without_own_code({1: "1. Yes", 2: "2. No"}), without_own_code({1: "1 child", 2: "2 children", 3: "3 children"})
    ({1: 'Yes', 2: 'No'}, {1: '1 child', 2: '2 children', 3: '3 children'})
    """
    found = {code: _OWN_CODE.match(label) for code, label in labels.items()}
    own = {code: label[match.end() :] for code, label in labels.items() if (match := found[code]) is not None}
    mine = all(match is not None and int(match[1]) == code for code, match in found.items())
    return own if mine and len(set(map(fold, own.values()))) == len(labels) else labels
