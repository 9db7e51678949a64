"""Languages: what engines call them, and the scripts they are written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.errors import bad_input


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its BCP 47 tag. `scripts` is empty and `flores` None where the package does not know it."""

    code: str
    name: str
    scripts: tuple[str, ...] = ()
    iso3: tuple[str, ...] = ()
    flores: str | None = None

    @property
    def is_compact(self) -> bool:
        """Whether a word is one to three characters, as in Chinese, so that a text is much shorter than in English."""
        return bool({"CJK", "HANGUL"} & set(self.scripts))


@cache
def _known() -> dict[str, dict[str, Any]]:
    return read_yaml(resource("languages.yaml"))


def find_language(code: str) -> Language:
    """Return the language of a tag such as `de` or `zh-Hant`; a region (`pt-BR`) falls back on its language.

    Raises SurveyError (exit 3) for what is not a language tag.

    >>> find_language("zh").name, find_language("pt-BR").scripts
    ('Simplified Chinese', ('LATIN',))
    """
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", code):
        raise bad_input(f"{code!r} is not a language tag.", "Give one such as de, zh or pt-BR.")
    facts = _known().get(code) or _known().get(code.partition("-")[0])
    if facts is None:
        return Language(code, code)
    name = facts["name"] if code in _known() else f"{facts['name']} ({code})"
    return Language(code, name, tuple(facts["scripts"]), tuple(facts["iso3"]), facts["flores"])
