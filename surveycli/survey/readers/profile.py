"""Profiles: how a survey programme writes its files, read from YAML, and told from a file's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.domain import MISSING_CODES, AiPolicy
from surveycli.errors import SurveyError, bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.table import SurveyTable
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.text import UnreadableError, excerpt, shown
from surveycli.untrusted.yaml_text import parse_yaml

_FOLDER = "profiles"
_HINT = "`surveycli/resources/profiles` has one for each programme to start from; docs/ingest.md explains the fields."


@dataclass(frozen=True, slots=True)
class Profile:
    """How a programme writes its files, from its own documentation (`source`).

    `all_of` are patterns of column names that each have to be there, `any_of` patterns of which one has to, and
    `title_is` one of the file's name or title that does instead of them. `country`, `wave`, `year`, `strata`, `psu` are
    names of columns, the first that is there counts; `weight` may have products such as `pspwght * pweight`, and
    `replicates` is a pattern of weights whose variance `replicate_method` makes. `country_is` is everybody's country.
    `codes` gives the status of missing codes, `digits` that of codes without a label that stand apart, by the digit
    that they repeat, and `blank` that of a blank cell. `no_items` are the columns that are no questions.
    """

    programme: str
    title: str
    source: str
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    title_is: str = ""
    country: tuple[str, ...] = ()
    country_is: str | None = None
    weight: tuple[str, ...] = ()
    wave: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    psu: tuple[str, ...] = ()
    replicates: str = ""
    replicate_method: str = "brr"
    codes: Mapping[int, str] = field(default_factory=dict)
    digits: Mapping[int, str] = field(default_factory=dict)
    blank: str | None = None
    languages: tuple[str, ...] = ()
    no_items: tuple[str, ...] = ()
    licence: str | None = None
    citation: str | None = None
    ai_policy: str = AiPolicy.UNKNOWN.value

    def fits(self, table: SurveyTable) -> bool:
        """Tell whether a table's columns, or its name and title, are those of the programme."""
        names = [column.name for column in table.columns]
        has_all = bool(self.all_of) and all(_some(pattern, names) for pattern in self.all_of)
        has_any = not self.any_of or any(_some(pattern, names) for pattern in self.any_of)
        said = f"{table.source.stem} {table.title}".replace("_", " ")
        titled = bool(self.title_is) and re.search(self.title_is, said, re.IGNORECASE) is not None
        return has_all and (has_any or titled)


def _some(pattern: str, names: list[str]) -> bool:
    return any(re.fullmatch(pattern, name, re.IGNORECASE) for name in names)


@cache
def profiles() -> tuple[Profile, ...]:
    """Return the profiles of the package, in the order in which they are tried: those that ask for most come first."""
    found = [
        profile_of(read_yaml(path), path.name.removesuffix(".yaml"))
        for path in sorted(resource(_FOLDER).iterdir(), key=lambda path: path.name)
        if path.name.endswith(".yaml")
    ]
    return tuple(sorted(found, key=lambda profile: (-len(profile.all_of), profile.programme)))


def find_profile(table: SurveyTable, options: IngestOptions) -> Profile | None:
    """Return the profile that the user named, else the one whose columns the table has, or None."""
    if options.profile is not None:
        return read_profile(options.profile)
    return next((profile for profile in profiles() if profile.fits(table)), None)


def read_profile(path: Path) -> Profile:
    """Return the profile of a user's file. Raises SurveyError (exit 3) that names the field that is wrong."""
    text = read_small_file(path, "profile", "a YAML file")
    try:
        content = parse_yaml(text)
    except UnreadableError as error:
        raise bad_input(f"The profile {path} cannot be read: {error}.", _HINT) from error
    if not isinstance(content, dict):
        raise _wrong(path.name, "the file", "a mapping (name: content)", content)
    return profile_of(content, path.stem)


def profile_of(content: Mapping[str, Any], name: str) -> Profile:
    """Return the profile that a mapping says. Raises SurveyError (exit 3) that names the field that is wrong."""
    kinds = {f.name: str(f.type) for f in fields(Profile)}
    for key in content:
        if key not in kinds:
            raise _wrong(name, str(key), f"one of {', '.join(kinds)}", key)
    said = {"programme": name, "title": name, "source": ""} | dict(content)
    return Profile(**{key: _value(name, key, kinds[key], value) for key, value in said.items()})


def _value(name: str, key: str, kind: str, value: object) -> Any:
    """Return the value of a field as its type; a single text does for a list."""
    if kind.startswith("tuple"):
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            raise _wrong(name, key, "a text or a list of texts", value)
        _check_patterns(name, key, texts)
        return tuple(texts)
    if kind.startswith("Mapping"):
        return _statuses(name, key, value)
    if value is not None and not isinstance(value, str):
        raise _wrong(name, key, "a text", value)
    if key == "ai_policy" and value not in list(AiPolicy):
        raise _wrong(name, key, f"one of {', '.join(AiPolicy)}", value)
    if key == "blank" and value is not None and value not in MISSING_CODES:
        raise _wrong(name, key, f"one of {', '.join(MISSING_CODES)}", value)
    if key == "title_is" and value:
        _check_patterns(name, key, [value])
    return value


def _check_patterns(name: str, key: str, texts: list[str]) -> None:
    if key not in ("all_of", "any_of", "title_is"):
        return
    for text in texts:
        try:
            re.compile(text)
        except re.error as error:
            raise _wrong(name, key, "a regular expression", text) from error


def _statuses(name: str, key: str, value: object) -> dict[int, str]:
    if not isinstance(value, dict):
        raise _wrong(name, key, "codes and statuses", value)
    for code, status in value.items():
        if not isinstance(code, int) or isinstance(code, bool) or status not in MISSING_CODES:
            raise _wrong(name, f"{key}.{code}", f"a whole code and one of {', '.join(MISSING_CODES)}", status)
    return dict(value)


def _wrong(name: str, place: str, expected: str, found: object) -> SurveyError:
    return bad_input(f"Profile {name}: {excerpt(place)}: expected {expected}, found {shown(found)}.", _HINT)
