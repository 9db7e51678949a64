"""Delimited text from strangers: rows of cells under named columns, each with the line in which it begins."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from surveycli.untrusted.text import UnreadableError, excerpt, plain

_QUOTED = re.compile(r'"[^"]*"')


def parse_rows(text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a delimited text that are not blank, each with its first line.

    Raises UnreadableError with the line of what is wrong.

    >>> list(parse_rows("a,b\\n\\n1,'x'"))
    [(1, ['a', 'b']), (3, ['1', "'x'"])]
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"{error} in line {line}") from error


def parse_table(text: str, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows under a header, each with its first line and its cells by column in lower case.

    Cells are without controls and spaces around them; commas, semicolons or tabs separate them. Raises UnreadableError
    where a needed column is missing, a column stands there twice, a row has fewer or more cells than the header (blank
    ones at its end aside), and for a damaged text.

    >>> list(parse_table("Term;Note\\nGod;", ["term"]))
    [(2, {'term': 'God', 'note': ''})]
    """
    rows = parse_rows(text, _delimiter(text))
    _, header = next(rows, (1, []))
    names = [plain(name).strip().lower() for name in header]
    if not set(needed) <= set(names):
        found = excerpt(",".join(header)) or "nothing"
        raise UnreadableError(f"expected the columns {','.join(needed)}, found {found}")
    doubled = [name for name, n in Counter(names).items() if name and n > 1]
    if doubled:
        raise UnreadableError(f"the column {excerpt(doubled[0])} stands there twice")
    for line, row in rows:
        cells = [plain(cell).strip() for cell in row]
        if len(cells) < len(names) or any(cells[len(names) :]):
            raise UnreadableError(
                f"expected {len(names)} cells, found {len(row)} in line {line}"
                " (a text with a comma stands in quotation marks)"
            )
        yield line, dict(zip(names, cells, strict=False))


def _delimiter(text: str) -> str:
    """Return what separates the cells of the first line: the most frequent of comma, semicolon and tab."""
    first = _QUOTED.sub("", text.lstrip("\r\n").partition("\n")[0])
    return max(",;\t", key=first.count)
