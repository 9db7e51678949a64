"""Delimited text from strangers: rows of cells, each with the line in which it begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from surveycli.untrusted.text import UnreadableError


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
