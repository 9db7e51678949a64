"""Finds the country of every respondent: a column of codes, labels or names, or the one country of a whole file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, clean
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.places.match import match_countries


@dataclass(frozen=True, slots=True)
class CountryColumn:
    """Where a respondent's country stands. Without a column, all of them are of `everyone`."""

    column: str | None
    iso3: Mapping[CellValue, str] = field(default_factory=dict)
    everyone: str = ""

    def all_of_them(self) -> set[str]:
        """Return the countries of all respondents."""
        return {iso3 for iso3 in (*self.iso3.values(), self.everyone) if iso3}


@dataclass(frozen=True, slots=True)
class Countries:
    """The country of every respondent, and which countries stand in the file more than once."""

    column: CountryColumn
    skipped: tuple[Skipped, ...]


def read_countries(table: SurveyTable, column: FileColumn, options: IngestOptions) -> Countries:
    """Return the ISO-3 code of each country code in the file, by its value label or, without one, by itself.

    Codes of the same country (it was polled twice) are pooled, and named in `skipped`. Raises one SurveyError (exit 3)
    that lists all unknown labels.
    """
    labels = {cell: _label(cell, column) for cell in table.present([column.name])[column.name]}
    if not labels:
        raise bad_input(
            f"{table.name}: column {column.name} is blank everywhere, or there are no rows.",
            "Name another --country-column, or give --country; or fetch the file again.",
        )
    iso3 = match_countries(sorted(labels.values()), options.country_map, f"{table.name}: column {column.name}")
    by_cell = {cell: iso3[label] for cell, label in labels.items()}
    skipped = _pooled(by_cell, labels)
    left_out = sum(not country for country in by_cell.values())
    if left_out:
        skipped += (Skipped("left out by the country map", "country labels", left_out),)
    return Countries(CountryColumn(column.name, by_cell), skipped)


def _label(cell: CellValue, column: FileColumn) -> str:
    return clean(column.value_labels.get(cell) or (f"{cell:g}" if isinstance(cell, float) else str(cell)))


def _pooled(by_cell: Mapping[CellValue, str], labels: Mapping[CellValue, str]) -> tuple[Skipped, ...]:
    counts = Counter(country for country in by_cell.values() if country)
    reason = "not left out: samples of one country under several labels, pooled"
    return tuple(
        Skipped(f"{reason} ({'; '.join(sorted(labels[c] for c, i in by_cell.items() if i == country))})", country, n)
        for country, n in sorted(counts.items())
        if n > 1
    )
