"""Columns that respondents are grouped by: which value a cell has, and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.request.ingest import Band
from surveycli.survey.files.cell import CellValue, as_number, clean, different_cells
from surveycli.survey.files.table import FileColumn
from surveycli.survey.items.codebook import ItemSpec
from surveycli.survey.items.label_rules import status_of_label

if TYPE_CHECKING:
    import polars as pl


def number_text(number: float) -> str:
    """Return a number as it stands in an id: whole ones in full, others to six digits.

    >>> number_text(404001.0), number_text(0.10000000149)
    ('404001', '0.1')
    """
    return str(int(number)) if number == int(number) else f"{number:.6g}"


@dataclass(frozen=True, slots=True)
class GroupText:
    """What a value of a grouping means: of which item it is an answer (its codes from `low` to `high`), or in words."""

    grouping: str
    value: str
    item_id: str | None
    low_code: int | None
    high_code: int | None
    label: str
    value_label: str


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """A column of the respondents as it is grouped by, under the name that population ids have.

    `values` gives each code's value, and any other cell has none. Where it is None, a cell's value is the band that its
    number falls into, else what `source` labels it, else what stands there; negative codes and what is labelled or
    declared missing have none. `items` are those whose answers the column holds: their shares are not a finding there.
    """

    name: str
    column: str
    values: Mapping[int, str] | None = None
    bands: tuple[Band, ...] = ()
    source: FileColumn | None = None
    label: str = ""
    item: ItemSpec | None = None
    items: tuple[str, ...] = ()
    is_time: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether nothing bounds how many values there are: of waves and years there may be many."""
        return self.values is None and not self.bands and not self.is_time

    def value(self, cell: CellValue) -> str | None:
        """Return the value of a cell, or None where it is a missing answer or outside every band."""
        number = as_number(cell)
        if self.values is not None:
            return self.values.get(int(number)) if number is not None and number == int(number) else None
        label = self.source.value_labels.get(cell) if self.source else None
        text = clean(str(cell) if label is None else label)
        if not text or status_of_label(text) is not None or self._is_missing(cell, number):
            return None
        if self.bands:
            return next((band.label for band in self.bands if number is not None and band.holds(number)), None)
        return text if number is None or label is not None else number_text(number)

    def _is_missing(self, cell: CellValue, number: float | None) -> bool:
        """Tell whether a code is negative, declared missing, or one of Stata's letters in a column of numbers."""
        if number is None:
            labelled = self.source is not None and any(not isinstance(key, str) for key in self.source.value_labels)
            return labelled and len(str(cell).strip(". ")) == 1
        return number < 0 or (self.source is not None and self.source.is_missing(number))

    def values_of(self, respondents: pl.DataFrame) -> pl.Series:
        """Return each respondent's value, null where there is none."""
        import polars as pl

        series = respondents[self.column]
        known = {cell: self.value(cell) for cell in different_cells(series)}
        plain = series if series.dtype.is_numeric() else series.cast(pl.String, strict=False)
        return plain.replace_strict(known, default=None, return_dtype=pl.String).alias(self.name)

    def text(self, value: str) -> GroupText | None:
        """Return what a value means, or None where every survey means the same by it (sex, age...)."""
        if self.item is None:
            return GroupText(self.name, value, None, None, None, self.label, value) if self.source else None
        codes = [code for code, name in (self.values or {}).items() if name == value]
        text = self.item.texts[0]
        labels = dict(zip(self.item.codes, text.labels, strict=True))
        ends = dict.fromkeys((min(codes), max(codes)))
        words = " - ".join(labels[code] for code in ends)
        return GroupText(self.name, value, self.item.item_id, min(codes), max(codes), text.wording, words)


@dataclass(frozen=True, slots=True)
class Groups:
    """The groupings that the user wants, under the names of ids, and their columns.

    `raw` are the columns of the file, with the names that the respondents have them under, that no other column reads.
    """

    by: tuple[tuple[str, ...], ...] = (("country",),)
    columns: Mapping[str, GroupColumn] = field(default_factory=dict)
    raw: tuple[tuple[str, str], ...] = ()

    def columns_of(self, grouping: Sequence[str]) -> list[GroupColumn]:
        """Return the columns of a grouping but for the country."""
        return [self.columns[name] for name in grouping[1:]]
