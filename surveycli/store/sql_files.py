"""Finds the SQL files, wherever the package was installed from."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the text, recorded when the migration is applied."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def sql_root() -> Path:
    """Return the folder of SQL files: inside the package (a wheel) or beside it (a checkout)."""
    for folder in (_PACKAGE / "sql", _PACKAGE.parent / "sql"):
        if (folder / "schema").is_dir():
            return folder
    raise FileNotFoundError(f"no sql/ folder in {_PACKAGE} or beside it: the installation is incomplete")


@cache
def read_sql(name: str) -> str:
    """Return the text of `sql/<name>.sql`, such as `score/by_part`."""
    return (sql_root() / f"{name}.sql").read_text(encoding="utf-8")


@cache
def migrations() -> tuple[Migration, ...]:
    """Return the migrations in order; a gap or a doubled number is a mistake in the package."""
    found = []
    for path in sorted((sql_root() / "schema").glob("*.sql")):
        match = re.fullmatch(r"(\d{3})_(\w+)", path.stem)
        if match is None:
            raise ValueError(f"{path.name}: a migration is named NNN_name.sql")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations are not numbered 1..{len(found)}: {[m.number for m in found]}")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ExampleQuery:
    """A query that comes with the package, to run by its name or to copy: what it answers, and its text."""

    name: str
    purpose: str
    text: str


@cache
def example_queries() -> dict[str, ExampleQuery]:
    """Return the queries of `sql/examples`, by name."""
    found = {}
    for path in sorted((sql_root() / "examples").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        purpose = re.match(r"-- Purpose: (.+)", text)
        found[path.stem] = ExampleQuery(path.stem, purpose[1] if purpose else "", text)
    return found
