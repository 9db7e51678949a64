"""How values of every DuckDB type come into Python: numbers as numbers, what it has no type for as DuckDB's text."""

from __future__ import annotations

from decimal import Decimal

from duckdb.sqltypes import DuckDBPyType

from surveycli.store.connection import quote

_INTEGERS = ("tinyint", "smallint", "integer", "bigint", "hugeint")
_NUMBERS = frozenset((*_INTEGERS, *(f"u{name}" for name in _INTEGERS), "float", "double", "decimal"))
_PLAIN = _NUMBERS | {"boolean", "varchar", "enum", "sqlnull", '"null"'}


def is_number(kind: DuckDBPyType) -> bool:
    """Return whether values of this type are numbers."""
    return kind.id in _NUMBERS or is_long_number(kind)


def is_long_number(kind: DuckDBPyType) -> bool:
    """Return whether values of this type are integers of any length, which come as text."""
    return kind.id == "bignum"


def select_plain(place: int, kind: DuckDBPyType) -> str:
    """Return the SQL that selects the result's column number `place`, from 1, as values that Python has."""
    target = _plain_type(kind)
    return f"#{place}" if target is None else f"CAST(#{place} AS {target})"


def to_python(value: object, kind: DuckDBPyType) -> object:
    """Return a selected value; an integer of any length as Decimal, everything else as it came."""
    return Decimal(value) if is_long_number(kind) and isinstance(value, str) else value


def _plain_type(kind: DuckDBPyType) -> str | None:
    """Return the type to cast to, or None where Python has the values as they are.

    Dates and times outside Python's range, intervals of months, bits, blobs and geometries are what DuckDB prints.
    """
    if kind.id in _PLAIN:
        return None
    if kind.id in {"list", "array"}:
        inner = _plain_type(_members(kind)[0][1])
        return None if inner is None else f"{inner}[]"
    if kind.id == "map":
        value = _members(kind)[1][1]
        return f"MAP(VARCHAR, {_plain_type(value) or value})"
    if kind.id == "struct":
        return _plain_struct(kind)
    if kind.id == "union":
        members = [member for _, member in _members(kind)[1:]]  # the first is the tag that tells which one it is
        return None if all(_plain_type(member) is None for member in members) else "VARCHAR"
    return "VARCHAR"


def _plain_struct(kind: DuckDBPyType) -> str | None:
    targets = [(name, member, _plain_type(member)) for name, member in _members(kind)]
    if all(target is None for _, _, target in targets):
        return None
    if any(not name for name, _, _ in targets):  # a row of values without names has no type to cast to
        return "VARCHAR"
    return f"STRUCT({', '.join(f'{quote(name)} {target or member}' for name, member, target in targets)})"


def _members(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """Return names and types of what a nested type is made of."""
    return [(name, member) for name, member in kind.children if isinstance(member, DuckDBPyType)]
