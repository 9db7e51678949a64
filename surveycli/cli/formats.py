"""The formats in which a table is printed, a row at a time: CSV and JSON exact, the others for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from surveycli.cli.layout import Heading, lay_out, render_heading, render_rows
from surveycli.cli.text import cell_text, exact_text, json_text
from surveycli.untrusted.text import plain

_SAMPLE = 1000  # rows that set the widths of a table's columns
Rows = Iterable[Sequence[object]]


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
    from surveycli.store.user_sql import distinct_names

    keys = [json_text(name, ascii_only=ascii_only) for name in distinct_names([h.name for h in headings])]
    yield "["
    line = None
    for row in rows:
        if line is not None:
            yield f"{line},"
        fields = (f"{key}: {json_text(value, ascii_only=ascii_only)}" for key, value in zip(keys, row, strict=True))
        line = f"{{{', '.join(fields)}}}"
    if line is not None:
        yield line
    yield "]"


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


def table_lines(headings: Sequence[Heading], rows: Rows, *, width: int | None, rule: str) -> Iterator[str]:
    """Yield the lines of a table for people, in the width of their terminal.

    Without a width rows are passed on as they come, in columns as wide as the first of them need.
    """
    shown = [Heading(plain(heading.name).replace("\n", " "), heading.is_number) for heading in headings]
    texts = ([cell_text(value) for value in row] for row in rows)
    sample = list(texts if width is not None else islice(texts, _SAMPLE))
    for number, block in enumerate(lay_out(shown, sample, width)):
        if number:
            yield ""
        yield from render_heading(shown, block, rule)
        yield from render_rows(shown, chain(sample, texts), block)
