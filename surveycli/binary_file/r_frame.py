"""Reads the data frame of a file that R wrote, with what its columns say of themselves; part of the program `child.py`.

Labels stand in attributes: `label`, `labels`, `na_values` and `na_range` of haven, labelled, Hmisc and sjlabelled,
`value.labels` and `variable.labels` of foreign, and the levels of factors. Nothing of surveycli is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from rdata.conversion import convert_char
from rdata.parser import RObject, RObjectType, parse_file

# In a native encoding R does not say which: it is nearly always this one.
_ENCODING = "utf-8"
_FALLBACK_ENCODING = "cp1252"
_MOST_NAMED = 5
_DEEPEST = 3


def read_frame(path: str) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Return the rows and the columns of the one data frame in a file. Raises ValueError where there is not one.

    A workspace has objects by name; a list, or an object of a package, may have a data frame within it.
    """
    try:
        root = parse_file(path).object
    except (NotImplementedError, AssertionError, LookupError, RecursionError, EOFError) as error:
        raise ValueError(f"R wrote what cannot be read: {error or type(error).__name__}") from error
    frames = list(_frames(root, "", _DEEPEST))
    if len(frames) != 1:
        names = ", ".join(name or "?" for name, _ in frames[:_MOST_NAMED])
        raise ValueError(f"expected one data frame, found {len(frames)}{f': {names}' if names else ''}")
    return _read(frames[0][1])


def _frames(found: RObject, name: str, depth: int) -> Iterator[tuple[str, RObject]]:
    """Yield the data frames in an object, each with its name."""
    found = _followed(found)
    if found.info.type is RObjectType.LIST:
        for tag, value in _pairs(found):
            yield from _frames(value, tag, depth)
    elif found.info.type is RObjectType.VEC:
        own = _attributes(found)
        if "data.frame" in _texts(own.get("class")):
            yield name, found
        elif depth:
            names = _texts(own.get("names"))
            for place, value in enumerate(found.value):
                yield from _frames(value, (names[place] or "") if place < len(names) else "", depth - 1)


def _read(frame: RObject) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    own = _attributes(frame)
    names = [name or f"V{place}" for place, name in enumerate(_texts(own.get("names")), 1)]
    said = _named(own.get("variable.labels"))
    in_order = _texts(own.get("var.labels"))
    series, columns = [], []
    for place, (name, value) in enumerate(zip(names, map(_followed, frame.value), strict=True)):
        label = said.get(name) or (in_order[place] if place < len(in_order) else "")
        rows = _series(name, value)
        if rows is not None:
            series.append(rows)
            columns.append(_column(name, value, str(label or "")))
    return pl.DataFrame(series), columns


def _column(name: str, value: RObject, label: str) -> dict[str, Any]:
    own = _attributes(value)
    classes = _texts(own.get("class"))
    levels = _texts(own.get("levels"))
    labels: list[list[Any]] = [[code, level] for code, level in enumerate(levels, 1)] if "factor" in classes else []
    if value.info.type is RObjectType.LGL:
        labels = [[0, "FALSE"], [1, "TRUE"]]
    for text, code in _named(own.get("labels") or own.get("value.labels")).items():
        number = _number(code) if value.info.type is not RObjectType.STR else str(code)
        if number is not None:
            labels.append([number, text])
    ordered = "ordered" in classes
    return {
        "name": name,
        "label": next((text for text in _texts(own.get("label")) if text), label),
        "measure": "ordinal" if ordered else "nominal" if "factor" in classes else "",
        "value_labels": labels,
        "missing_ranges": _missing_ranges(own),
    }


def _missing_ranges(own: Mapping[str, RObject]) -> list[list[float]]:
    codes = [number for code in _values(own.get("na_values")) if (number := _number(code)) is not None]
    ends = [_number(code) for code in _values(own.get("na_range"))]
    ranges = [[code, code] for code in codes]
    if len(ends) == 2 and ends[0] is not None and ends[1] is not None and ends[0] <= ends[1]:
        ranges.append([ends[0], ends[1]])
    return ranges


def _series(name: str, value: RObject) -> pl.Series | None:
    """Return a column as numbers or text, None for one of lists; days and times become text."""
    classes = _texts(_attributes(value).get("class"))
    if value.info.type is RObjectType.STR:
        return pl.Series(name, _texts(value), dtype=pl.String)
    if value.info.type not in (RObjectType.INT, RObjectType.LGL, RObjectType.REAL) or _texts_of_dim(value):
        return None
    cells = value.value
    gone = np.ma.getmaskarray(cells) | np.isnan(np.ma.getdata(cells).astype(np.float64))
    numbers = pl.Series(name, np.ma.getdata(cells).astype(np.float64)).set(pl.Series(gone), None)
    if "Date" in classes:
        return numbers.cast(pl.Int32, strict=False).cast(pl.Date).cast(pl.String)
    if "POSIXct" in classes:
        return (numbers * 1e6).cast(pl.Int64, strict=False).cast(pl.Datetime("us")).cast(pl.String)
    return numbers if value.info.type is RObjectType.REAL else numbers.cast(pl.Int64)


def _texts_of_dim(value: RObject) -> bool:
    """Tell whether a column is a matrix, which is several."""
    return "dim" in _attributes(value)


def _followed(found: RObject) -> RObject:
    return found.referenced_object if found.info.type is RObjectType.REF and found.referenced_object else found


def _pairs(found: RObject | None) -> Iterator[tuple[str, RObject]]:
    """Yield the tags and values of a pair list."""
    while found is not None and found.info.type is RObjectType.LIST:
        yield _tag(found), found.value[0]
        found = found.value[1]


def _tag(pair: RObject) -> str:
    symbol = _followed(pair.tag) if pair.tag is not None else None
    return _text(symbol.value) or "" if symbol is not None else ""


def _attributes(found: RObject) -> dict[str, RObject]:
    return {tag: _followed(value) for tag, value in _pairs(found.attributes)}


def _texts(found: RObject | None) -> list[str | None]:
    if found is None or found.info.type is not RObjectType.STR:
        return []
    return [_text(cell) for cell in found.value]


def _text(cell: RObject) -> str | None:
    raw = cell.value
    if not isinstance(raw, bytes):
        return None
    try:
        found = convert_char(cell, default_encoding=_ENCODING)
    except UnicodeDecodeError:
        found = raw
    return raw.decode(_FALLBACK_ENCODING, errors="replace") if isinstance(found, bytes) else found


def _values(found: RObject | None) -> list[Any]:
    if found is None:
        return []
    return list(_texts(found)) if found.info.type is RObjectType.STR else np.ma.getdata(found.value).tolist()


def _named(found: RObject | None) -> dict[str, Any]:
    """Return the values of a vector under their names."""
    names = _texts(_attributes(found).get("names")) if found is not None else []
    return {name: value for name, value in zip(names, _values(found), strict=False) if name}


def _number(code: Any) -> float | None:
    """Return a code as a number, None for NA and for what is none."""
    try:
        number = float(code)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
