"""Lays out a table of texts: whole columns in the width there is, never a line's end within a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile, zip_longest

from surveycli.row_text import Heading, Rows
from surveycli.untrusted.text import plain
from surveycli.value_text import cell_text

_SAMPLE = 1000  # rows that set the widths of a table's columns
_UNBROKEN = 24  # texts up to this width stay on one line
_GAP = "  "
_NAME_PARTS = r"(?<=[ _])"


@dataclass(frozen=True, slots=True)
class ColumnBlock:
    """Some of a table's columns, by number, with their widths in characters."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]


def lay_out(headings: Sequence[Heading], sample: Sequence[Sequence[str]], width: int | None) -> tuple[ColumnBlock, ...]:
    """Divide the width among the columns; where they do not fit side by side, make several blocks of them.

    Every block but the first repeats the texts at the beginning, so that rows can be told apart. Without a width every
    text stays on one line.
    """
    texts = [[row[at] for row in sample] for at in range(len(headings))]
    widest = [max(map(_text_width, (h.name, "-", *column))) for h, column in zip(headings, texts, strict=True)]
    if width is None or _total(widest) <= width:
        return (ColumnBlock(tuple(range(len(headings))), tuple(widest)),)
    least = [min(w, _least_width(h, c, width)) for h, c, w in zip(headings, texts, widest, strict=True)]
    return tuple(_fitted(block, least, widest, width) for block in _blocks(headings, least, width))


def render_rows(headings: Sequence[Heading], rows: Iterable[Sequence[str]], block: ColumnBlock) -> Iterator[str]:
    """Yield the lines of the rows in a block."""
    for row in rows:
        cells = [
            [row[at]] if headings[at].is_number else wrap(row[at], width)
            for at, width in zip(block.columns, block.widths, strict=True)
        ]
        for parts in zip_longest(*cells, fillvalue=""):
            yield _line(parts, headings, block)


def render_heading(headings: Sequence[Heading], block: ColumnBlock, rule: str = "─") -> Iterator[str]:
    """Yield the lines above a block's rows: the names, broken at underscores where need be, and a rule."""
    names = [wrap(headings[at].name, width, _NAME_PARTS) for at, width in zip(block.columns, block.widths, strict=True)]
    height = max(map(len, names), default=0)
    for parts in zip(*([""] * (height - len(name)) + name for name in names), strict=True):
        yield _line(parts, headings, block)
    yield rule * _total(block.widths)


def wrap(text: str, width: int, between: str = r"(?<= )", *, whole_words: bool = False) -> list[str]:
    """Break a text into lines of a width: at its own line ends, then between words, in a word where one is wider.

    `whole_words`: a word that is wider has a line of its own instead.
    """
    lines = []
    for part in text.split("\n"):
        line = ""
        for word in re.split(between, part) if _text_width(part) > width else [part]:
            if line and _text_width((line + word).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            *full, rest = [word] if whole_words or _text_width(word.rstrip()) <= width else _chop(word, width)
            lines += full
            line += rest
        lines.append(line.rstrip())
    return lines


def table_lines(
    headings: Sequence[Heading],
    rows: Rows,
    *,
    width: int | None,
    rule: str,
    left_out: list[str] | None = None,
) -> Iterator[str]:
    """Yield the lines of a table for people, in the width of their terminal.

    Without a width rows are passed on as they come, in columns as wide as the first of them need. Where `left_out` is a
    list, columns that do not fit beside the first ones are not shown, and their names are put there.
    """
    shown = [Heading(plain(heading.name).replace("\n", " "), heading.is_number) for heading in headings]
    texts = ([cell_text(value) for value in row] for row in rows)
    sample = list(texts if width is not None else islice(texts, _SAMPLE))
    blocks = lay_out(shown, sample, width)
    if left_out is not None:
        blocks = (_whole_intervals(shown, blocks[0]),)
        left_out.extend(heading.name for at, heading in enumerate(shown) if at not in blocks[0].columns)
    for number, block in enumerate(blocks):
        if number:
            yield ""
        yield from render_heading(shown, block, rule)
        yield from render_rows(shown, chain(sample, texts), block)


def _whole_intervals(headings: Sequence[Heading], block: ColumnBlock) -> ColumnBlock:
    """Return a block without a last column that is the lower end of an interval whose upper end has no room."""
    names = [heading.name for heading in headings]
    last = block.columns[-1]
    if len(block.columns) > 1 and names[last].startswith("low") and last + 1 < len(names):
        return ColumnBlock(block.columns[:-1], block.widths[:-1])
    return block


def _chop(word: str, width: int) -> list[str]:
    from rich.cells import chop_cells

    return chop_cells(word, max(width, 2))  # a Chinese character takes two


def _text_width(text: str) -> int:
    """Return the columns that a terminal needs for a text, two for a Chinese character; of several lines the most."""
    if "\n" in text:
        return max(map(_text_width, text.split("\n")))
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * max(0, len(widths) - 1)


def _least_width(heading: Heading, texts: Sequence[str], width: int) -> int:
    """Return how narrow a column may become: numbers and short texts stay whole, and so do the parts of its name."""
    name = max(_text_width(part.rstrip()) for part in re.split(_NAME_PARTS, heading.name))
    cells = max(map(_text_width, texts), default=0)
    return max(min(name, width), cells if heading.is_number else min(cells, _UNBROKEN, width))


def _blocks(headings: Sequence[Heading], least: Sequence[int], width: int) -> Iterator[tuple[int, ...]]:
    """Yield the columns of each block, as many as fit.

    The texts before the first number are repeated as far as they take up half the width, the first one at least where
    there is room for it.
    """
    names = tuple(takewhile(lambda at: not headings[at].is_number, range(len(headings))))
    names = tuple(at for at in names if _total(least[: at + 1]) <= width // 2) or (0,)
    block: tuple[int, ...] = (0,)
    for column in range(1, len(least)):
        if _total([least[at] for at in (*block, column)]) <= width:
            block = (*block, column)
            continue
        yield block
        again = [(*kept, column) for kept in (names, (0,)) if column not in kept]
        block = next((some for some in again if _total([least[at] for at in some]) <= width), (column,))
    yield block


def _fitted(block: tuple[int, ...], least: Sequence[int], widest: Sequence[int], width: int) -> ColumnBlock:
    """Give what is left of the width to the columns that could use it, the same to each in turn."""
    widths = [least[at] for at in block]
    spare = width - _total(widths)
    while spare > 0 and (wanting := [at for at, column in enumerate(block) if widths[at] < widest[column]]):
        share = max(1, spare // len(wanting))
        for at in wanting[:spare]:
            given = min(share, widest[block[at]] - widths[at])
            widths[at] += given
            spare -= given
    return ColumnBlock(block, tuple(widths))


def _line(parts: Sequence[str], headings: Sequence[Heading], block: ColumnBlock) -> str:
    cells = (
        " " * (width - _text_width(text)) + text if headings[at].is_number else text + " " * (width - _text_width(text))
        for text, at, width in zip(parts, block.columns, block.widths, strict=True)
    )
    return _GAP.join(cells).rstrip()
