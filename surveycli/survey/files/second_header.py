"""Finds the questions' wordings where survey platforms put them: in a row below the columns' names, or behind them.

Such a row is told by its content: texts that stand nowhere else in their columns, which hold numbers or few different
answers otherwise. Qualtrics adds a row of its own ids; SurveyMonkey writes `Response` below the wordings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from surveycli.survey.files.cell import CellValue, as_number, clean
from surveycli.survey.files.table import FileColumn

_IMPORT_ID = '{"ImportId"'
_RESPONSE = frozenset({"response", "open-ended response"})
_LEAST_ROWS = 5
_LEAST_FILLED = 0.8  # of the columns: a second row of headers has few blank cells
_LEAST_WORDY = 0.5  # of the columns, that a question stands above
_MOST_DIFFERENT = 1 / 3  # of a closed question's cells
# `G01Q02. How much...`, `G01Q03[SQ001]. Drinks [Tea]`, `Q1: Trust`: a code of a word, and what it stands for.
_CODED = re.compile(r"([A-Za-z]\w{0,19}(?:\[\w+\])*)[.:]\s+(\S.*)", re.DOTALL)
_LEAST_CODED = 0.8  # of the columns
_LONG = 12  # letters that make a text of one word a wording

FirstRows = Sequence[Sequence[str | None]]
CellCounter = Callable[[Sequence[str]], Mapping[str, Mapping[CellValue, int]]]


def n_header_rows(names: Sequence[str], first: FirstRows, counts: CellCounter) -> int:
    """Return how many of a table's first rows are headers, too: 0, or 1 or 2.

    `first` are the first rows, and `counts` counts the cells of columns, for which the whole table is read: it is asked
    only where the first row looks like wordings.
    """
    if len(first) < 2 or not names:
        return 0
    texts = [clean(cell or "") for cell in first[0]]
    responses = {name: text for name, text in zip(names, texts, strict=False) if name and text.lower() in _RESPONSE}
    if responses:
        cells = counts(list(responses))
        return int(all(_n_alike(text, cells[name]) == 1 for name, text in responses.items()))
    filled = [name for name, text in zip(names, texts, strict=False) if text]
    wordy = {name: text for name, text in zip(names, texts, strict=False) if name and _is_wording(text, name)}
    if len(filled) < _LEAST_FILLED * len(names) or len(wordy) < max(2, _LEAST_WORDY * len(names)):
        return 0
    ids = sum(any((cell or "").startswith(_IMPORT_ID) for cell in row) for row in first[1:2])
    found = counts(list(wordy))
    closed = [name for name, text in wordy.items() if _stands_above(text, found[name], ids)]
    again = [name for name, text in wordy.items() if _n_alike(text, found[name]) > 1]
    return 1 + ids if len(closed) >= _LEAST_WORDY * len(wordy) and not again else 0


def _is_wording(text: str, name: str) -> bool:
    if as_number(text) is not None or not any(letter.isalpha() for letter in text):
        return False
    return len(text.split()) > 1 or len(text) >= _LONG or text.lower() == name.lower()


def _n_alike(text: str, counts: Mapping[CellValue, int]) -> int:
    return sum(n for cell, n in counts.items() if clean(str(cell)) == text)


def _stands_above(text: str, counts: Mapping[CellValue, int], ids: int) -> bool:
    """Tell whether a text stands once above numbers, or above answers that come again and again."""
    below = {
        cell: n
        for cell, n in counts.items()
        if clean(str(cell)) != text and not (ids and str(cell).startswith(_IMPORT_ID))
    }
    n_below = sum(below.values())
    if n_below < _LEAST_ROWS:
        return False
    return all(as_number(cell) is not None for cell in below) or len(below) <= _MOST_DIFFERENT * n_below


def with_wordings(columns: Sequence[FileColumn], row: Sequence[str | None]) -> tuple[FileColumn, ...]:
    """Return columns whose labels are the texts below their names, where these are wordings."""
    texts = (clean(text or "") for text in row)
    said = ("" if text.lower() in _RESPONSE else text for text in texts)
    return tuple(replace(column, label=column.label or text) for column, text in zip(columns, said, strict=False))


def with_codes(columns: Sequence[FileColumn]) -> tuple[FileColumn, ...]:
    """Return columns called by the codes that their headers begin with, the rest as labels, where nearly all have one.

    >>> headers = ["id. Response ID", "G01Q03[SQ1]. Drinks [Tea]", "G01Q04. How old are you?"]
    >>> [(column.name, column.label) for column in with_codes([FileColumn(header) for header in headers])]
    [('id', 'Response ID'), ('G01Q03_SQ1', 'Drinks [Tea]'), ('G01Q04', 'How old are you?')]
    """
    found = [_CODED.fullmatch(column.name) for column in columns]
    called = [_code(match[1]) if match else column.name for match, column in zip(found, columns, strict=True)]
    n_coded = sum(match is not None for match in found)
    named = [name.lower() for name in called if name]
    if n_coded < max(2, _LEAST_CODED * len(named)) or len(set(named)) < len(named):
        return tuple(columns)
    return tuple(
        replace(column, name=name, label=column.label or clean(match[2]), header=column.name) if match else column
        for column, name, match in zip(columns, called, found, strict=True)
    )


def _code(text: str) -> str:
    return text.replace("[", "_").replace("]", "")
