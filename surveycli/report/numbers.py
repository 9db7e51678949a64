"""Numbers as a reader wants them: with the digits that mean something."""

from __future__ import annotations

import math


def write_value(value: object) -> str:
    """Return a table's value as text: a dash for what is missing, at most four significant digits after the point.

    >>> [write_value(value) for value in (None, 1234567, 0.87654, 12.3456, float("inf"), "Kenya")]
    ['–', '1,234,567', '0.877', '12.3', '∞', 'Kenya']
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3f}"
