"""Files as R writes them: data frames whose columns have attributes, made object by object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rdata.parser import CharFlags, RData, RExtraInfo, RObject, RObjectInfo, RObjectType, RVersions
from rdata.unparser import unparse_file

NOTHING = RObject(RObjectInfo(RObjectType.NILVALUE, False, False, False, 0, 0), None, None)
# What R 4.3 writes, and what can read it.
_VERSIONS = RVersions(3, 0x040300, 0x030500)


def text(value: str | None, flag: CharFlags = CharFlags.UTF8) -> RObject:
    """Return one string, of bytes that are marked as UTF-8, or as Latin-1; None is NA."""
    raw = None if value is None else value.encode("utf-8" if flag == CharFlags.UTF8 else "latin-1")
    return RObject(RObjectInfo(RObjectType.CHAR, False, False, False, 0 if raw is None else flag, 0), raw, None)


def pairs(values: Mapping[str, RObject]) -> RObject | None:
    """Return a pair list, as attributes and workspaces are."""
    found: RObject | None = None
    for name, value in reversed([*values.items()]):
        symbol = RObject(RObjectInfo(RObjectType.SYM, False, False, False, 0, 0), text(name), None)
        info = RObjectInfo(RObjectType.LIST, False, False, True, 0, 0)
        found = RObject(info, (value, found or NOTHING), None, symbol)
    return found


def vector(values: Sequence[Any], **attributes: RObject) -> RObject:
    """Return a vector with attributes: texts, whole numbers, truth values, numbers or other objects."""
    first = next((value for value in values if value is not None), None)
    content: Any
    if isinstance(first, RObject):
        kind, content = RObjectType.VEC, list(values)
    elif isinstance(first, str):
        kind, content = RObjectType.STR, [text(value) for value in values]
    elif isinstance(first, bool | int):
        kind = RObjectType.LGL if isinstance(first, bool) else RObjectType.INT
        content = np.ma.array(
            [value or 0 for value in values], mask=[value is None for value in values], dtype=np.int32
        )
    else:
        kind, content = RObjectType.REAL, np.array([np.nan if value is None else value for value in values])
    own = pairs(attributes)
    info = RObjectInfo(kind, "class" in attributes, own is not None, False, 0, 0)
    return RObject(info, content, own)


def labelled(values: Sequence[Any], labels: Mapping[str, float], label: str = "", **more: RObject) -> RObject:
    """Return a column of haven: codes with the labels of some."""
    codes = vector(list(labels.values()), names=vector(list(labels)))
    own = {"label": vector([label])} if label else {}
    return vector(values, **own, labels=codes, **more, **{"class": vector(["haven_labelled", "vctrs_vctr", "double"])})


def factor(values: Sequence[int | None], levels: Sequence[str], *, ordered: bool = False, label: str = "") -> RObject:
    """Return a factor: places among its levels, from 1."""
    own = {"label": vector([label])} if label else {}
    kind = vector(["ordered", "factor"] if ordered else ["factor"])
    return vector(values, levels=vector(list(levels)), **own, **{"class": kind})


def frame(columns: Mapping[str, RObject], **attributes: RObject) -> RObject:
    """Return a data frame."""
    n_rows = len(next(iter(columns.values())).value)
    own = {
        "names": vector(list(columns)),
        "class": vector(["data.frame"]),
        "row.names": vector([*range(1, n_rows + 1)]),
    }
    return vector(list(columns.values()), **own, **attributes)


def write_r(path: Path, content: RObject) -> Path:
    """Write an object as R does: one (.rds), or a workspace's pair list of several (.rda)."""
    kind: Any = "rds" if path.suffix == ".rds" else "rda"
    unparse_file(path, RData(_VERSIONS, RExtraInfo("UTF-8"), content), file_type=kind)
    return path
