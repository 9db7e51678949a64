"""Tables as text, a row at a time: CSV and JSON exact, Markdown and LaTeX for people, with the digits they allow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from surveycli.untrusted.text import plain
from surveycli.value_text import cell_text, exact_text, fixed, json_text

if TYPE_CHECKING:
    import polars as pl

Rows = Iterable[Sequence[object]]
_DECIMALS = 4  # at most


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's name, and whether it holds numbers, which stand on the right."""

    name: str
    is_number: bool = False


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return the names, the second and further ones of a kind with `_1`, `_2`... behind them, as DuckDB does.

    >>> distinct_names(["a", "a", "b"])
    ['a', 'a_1', 'b']
    """
    found: list[str] = []
    for name in names:
        place, given = 0, name
        while given in found:
            place += 1
            given = f"{name}_{place}"
        found.append(given)
    return found


def rounded_by_error(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame for people, in which estimates have the decimals that their intervals allow, as texts.

    Two digits of the narrowest half-width are shown, of `low` and `high`, of `low_x` and `high_x`, and of the fractions
    right before them; of other fractions one digit more, three at least. A frame without intervals stays as it is.
    """
    import polars as pl

    kinds = frame.schema
    fractions = [name for name, kind in kinds.items() if kind.is_float()]
    decimals: dict[str, int] = {}
    for low in [name for name in fractions if re.match(r"low(_|$)", name)]:
        high = "high" + low.removeprefix("low")
        widths = (frame[high] - frame[low]).drop_nulls() if high in fractions else pl.Series([], dtype=pl.Float64)
        widths = widths.filter(widths.is_finite() & (widths > 0))
        if widths.len():
            free = [name for name in fractions if name not in decimals]
            before = takewhile(free.__contains__, reversed(list(kinds)[: list(kinds).index(low)]))
            shown = min(_DECIMALS, max(0, 1 - math.floor(math.log10(float(widths.min()) / 2))))  # type: ignore[arg-type]
            decimals |= dict.fromkeys((low, high, *before), shown)
    if not decimals:
        return frame
    others = min(_DECIMALS, max(2, *decimals.values()) + 1)
    texts = {
        name: [None if value is None else fixed(value, decimals.get(name, others)) for value in frame[name]]
        for name in fractions
    }
    return frame.with_columns(pl.Series(name, column, dtype=pl.String) for name, column in texts.items())


def csv_lines(headings: Sequence[Heading], rows: Rows, *, shown: bool) -> Iterator[str]:
    """Yield lines of CSV (RFC 4180, \\n between rows); NULL is an empty field, an empty text is two quotes.

    `shown`: the lines go to a terminal, and control characters go.
    """
    as_text: Callable[[object], str] = (lambda value: plain(exact_text(value))) if shown else exact_text
    yield ",".join(_csv_field(heading.name, heading.name) for heading in headings)
    for row in rows:
        yield ",".join(_csv_field(as_text(value), value) for value in row)


def _csv_field(text: str, value: object) -> str:
    if value is None:
        return ""
    if text and not any(character in text for character in ',"\n\r'):
        return text
    return '"' + text.replace('"', '""') + '"'


def json_lines(headings: Sequence[Heading], rows: Rows, *, ascii_only: bool) -> Iterator[str]:
    """Yield the lines of a JSON array with an object for each row."""
    yield "["
    line = None
    for following in json_objects(headings, rows, ascii_only=ascii_only):
        if line is not None:
            yield f"{line},"
        line = following
    if line is not None:
        yield line
    yield "]"


def json_objects(headings: Sequence[Heading], rows: Rows, *, ascii_only: bool = False) -> Iterator[str]:
    """Yield each row as a JSON object on a line of its own."""
    keys = [json_text(name, ascii_only=ascii_only) for name in distinct_names([h.name for h in headings])]
    for row in rows:
        fields = (f"{key}: {json_text(value, ascii_only=ascii_only)}" for key, value in zip(keys, row, strict=True))
        yield f"{{{', '.join(fields)}}}"


def markdown_lines(headings: Sequence[Heading], rows: Rows) -> Iterator[str]:
    """Yield the lines of a Markdown table; a bar is escaped, a line's end within a cell is <br>."""
    yield _markdown_line(heading.name for heading in headings)
    yield "|" + "|".join(" ---: " if heading.is_number else " --- " for heading in headings) + "|"
    for row in rows:
        yield _markdown_line(map(cell_text, row))


def _markdown_line(texts: Iterable[str]) -> str:
    cells = (plain(text).replace("|", "\\|").replace("\n", "<br>") for text in texts)
    return "| " + " | ".join(cells) + " |"


def latex_lines(headings: Sequence[Heading], rows: Rows) -> Iterator[str]:
    """Yield the lines of a LaTeX tabular with the rules of booktabs."""
    yield rf"\begin{{tabular}}{{{''.join('r' if heading.is_number else 'l' for heading in headings)}}}"
    yield r"\toprule"
    yield _latex_line(heading.name for heading in headings)
    yield r"\midrule"
    for row in rows:
        yield _latex_line(map(cell_text, row))
    yield r"\bottomrule"
    yield r"\end{tabular}"


_LATEX = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\n": " "}
    | {character: "\\" + character for character in "&%$#_{}"}
)


def _latex_line(texts: Iterable[str]) -> str:
    return " & ".join(plain(text).translate(_LATEX) for text in texts) + r" \\"
