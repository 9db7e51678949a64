"""Gives answers the codes they have in the store, whatever the file writes: codes, numbers as text, labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.domain import MISSING_CODES, STATUS_BY_CODE
from surveycli.survey.files.cell import CellValue, as_number, different_cells, fold
from surveycli.survey.items.label_rules import status_of_label

if TYPE_CHECKING:
    import polars as pl

# What a cell becomes that is neither an option nor a known missing answer; it is counted under its item.
UNLISTED = -99
HIGHEST_CODE = 32_767


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """How one column becomes answers: file code, or folded label, to the code in the store.

    `blank` is the store's code of a blank cell; None leaves it null, a missing answer of unknown kind.
    """

    column: str
    name: str
    codes: Mapping[int, int]
    labels: Mapping[str, int] = field(default_factory=dict)
    blank: int | None = None

    def code(self, cell: CellValue) -> int | None:
        """Return the store's code of a cell: by its number, by its label, or by what its text says of a missing answer.

        >>> AnswerColumn("q", "q", {1: 1, 8: -1}, {"no": 2}).code("1.0")
        1
        """
        text = fold(str(cell))
        number = as_number(cell)
        if number is None:
            status = status_of_label(text) if text else None
            missing = MISSING_CODES[status] if status else UNLISTED
            return self.labels.get(text, missing) if text else self.blank
        if number != math.floor(number):
            return UNLISTED
        whole = int(number)
        return self.codes[whole] if whole in self.codes else self.labels.get(text, self._unknown(whole))

    def _unknown(self, whole: int) -> int:
        """Return an unknown code as it stands, where the store has it for nothing else."""
        taken = whole in STATUS_BY_CODE or whole in self.codes.values()
        return whole if 0 <= whole <= HIGHEST_CODE and not taken else UNLISTED

    def answers(self, series: pl.Series) -> pl.Series:
        """Return a column of the file as 16-bit codes of the store, under the item's name."""
        import polars as pl

        known = {cell: self.code(cell) for cell in different_cells(series)}
        plain = series if series.dtype.is_numeric() else series.cast(pl.String, strict=False)
        result = plain.replace_strict(known, default=None, return_dtype=pl.Int16).alias(self.name)
        return result if self.blank is None else result.fill_null(self.blank)
