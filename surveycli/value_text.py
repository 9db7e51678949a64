"""How values are shown: for people, with what controls a terminal taken out, and exactly, as text and as JSON."""

from __future__ import annotations

import json
import math
from datetime import datetime
from decimal import Decimal

from surveycli.untrusted.text import plain


def cell_text(value: object) -> str:
    """Return a table cell for people: four decimals, nothing for NULL, no control characters but lines' ends."""
    if value is None:
        return ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return fixed(value, 4 if abs(value) < 1000 else 1)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return plain(exact_text(value)).replace("\t", " ")


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals; what rounds to zero has no sign.

    >>> fixed(1234.5, 1), fixed(-0.00004, 4)
    ('1,234.5', '0.0000')
    """
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def exact_text(value: object) -> str:
    """Return a value as exact text: lists and structs as JSON, nothing for NULL."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict | list | tuple):
        return json_text(value)
    if isinstance(value, bytes):
        return value.decode("ascii", errors="backslashreplace")
    return str(value)


def json_text(value: object, *, ascii_only: bool = False) -> str:
    """Return a value as JSON: numbers as numbers, NULL and what JSON has no number for (NaN, Infinity) as null."""
    if isinstance(value, dict):
        pairs = ((_quoted(exact_text(k), ascii_only), json_text(v, ascii_only=ascii_only)) for k, v in value.items())
        return f"{{{', '.join(f'{key}: {inner}' for key, inner in pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(json_text(inner, ascii_only=ascii_only) for inner in value)}]"
    if value is None or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        return "null"
    if isinstance(value, float):
        return repr(value)
    return exact_text(value) if isinstance(value, int | Decimal) else _quoted(exact_text(value), ascii_only)


def _quoted(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)
