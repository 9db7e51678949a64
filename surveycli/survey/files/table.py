"""Respondents' answers in any kind of file, under one shape: named columns, their labels, and rows in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch, ColumnTypes, Place, Skipped, typed_batch
from surveycli.survey.files.cell import CellValue, cell_counts
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.text import TextHead

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column with what the file itself says about it: its label, its values' labels, which values are missing.

    `header` is how the file calls it, where that is more than its name, and `measure` the level that SPSS has for it:
    nominal, ordinal or scale.
    """

    name: str
    label: str = ""
    value_labels: Mapping[CellValue, str] = field(default_factory=dict)
    missing_ranges: tuple[tuple[float, float], ...] = ()
    header: str = ""
    measure: str = ""

    def is_missing(self, code: float) -> bool:
        """Tell whether the file declares a code as missing."""
        return any(low <= code <= high for low, high in self.missing_ranges)


@dataclass(frozen=True, slots=True)
class SurveyTable:
    """A file with one row per respondent, or per anything else. `rows` yields those of some columns, in order.

    `head` is there for delimited text, whose cells are all text. `title` is the name that the file gives itself, and
    `notes` what there is to say of it after its rows were read, where it is several files.
    """

    source: SourceFile
    kind: str
    columns: tuple[FileColumn, ...]
    rows: Callable[[ColumnTypes], Iterator[Batch]]
    head: TextHead | None = None
    title: str = ""
    notes: Callable[[], tuple[Skipped, ...]] = tuple
    _by_name: dict[str, FileColumn] = field(init=False, repr=False, compare=False, default_factory=dict)
    _counts: dict[str, dict[CellValue, int]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _n_rows: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({column.name.lower(): column for column in self.columns})

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.source.path.name

    def find(self, *names: str) -> FileColumn | None:
        """Return the first of these columns that is there, without regard to case."""
        return next((self._by_name[name.lower()] for name in names if name.lower() in self._by_name), None)

    def _header(self, name: str) -> str:
        column = self._by_name[name.lower()]
        return column.header or column.name

    def require(self, name: str, what: str) -> FileColumn:
        """Return a column that the user named. Raises SurveyError (exit 3) where it is not there."""
        column = self.find(name)
        if column is None:
            raise bad_input(
                f"{self.name} has no column {name!r} to take {what} from.",
                f"Its columns are {self.listed()}.",
            )
        return column

    def listed(self, most: int = 12) -> str:
        """Return the names of the first columns for a message."""
        names = [column.name[:30] for column in self.columns]
        return ", ".join(names[:most]) + (f"... ({len(names)} in all)" if len(names) > most else "")

    def read(self, names: Sequence[str]) -> Iterator[Batch]:
        """Yield the rows of some columns as they stand in the file."""
        return self.read_typed(ColumnTypes(dict.fromkeys(names)))

    def read_typed(self, wanted: ColumnTypes) -> Iterator[Batch]:
        """Yield the rows of some columns under types. Raises SurveyError (exit 3) for a wrong cell in a strict one."""
        headers = {name: self._header(name) for name in wanted.types}
        types = {headers[name]: kind for name, kind in wanted.types.items()}
        names = {header: name for name, header in headers.items()}
        for batch in self.rows(ColumnTypes(types, frozenset(headers[name] for name in wanted.strict))):
            skipped = tuple(replace(skip, subject=names.get(skip.subject, skip.subject)) for skip in batch.skipped)
            absent = frozenset(names[header] for header in batch.absent)
            yield Batch(batch.respondents.rename(names), skipped, absent)

    def frame(self) -> pl.DataFrame:
        """Return all columns and rows at once. Raises SurveyError (exit 3) where there are no rows."""
        import polars as pl

        names = [column.name for column in self.columns if column.name]
        frames = [batch.respondents for batch in self.read(names)]
        if not any(frame.height for frame in frames):
            raise bad_input(f"{self.name} has column names but no rows.", "Export the file again.")
        return pl.concat(frames)

    def counts(self, names: Sequence[str]) -> dict[str, Mapping[CellValue, int]]:
        """Return how often each different cell of each column stands there: numbers, or texts as they stand.

        Blank cells are left out. The file is read for those columns alone that have not been asked for before.
        """
        found: dict[str, dict[CellValue, int]] = {name: {} for name in names if name not in self._counts}
        n_rows = 0
        for batch in self.read(list(found)) if found else ():
            n_rows += batch.respondents.height
            for name, counts in found.items():
                for cell, n in cell_counts(batch.respondents[name]).items():
                    counts[cell] = counts.get(cell, 0) + n
        self._counts.update(found)
        self._n_rows.update(dict.fromkeys(found, n_rows))
        return {name: self._counts[name] for name in names}

    def n_rows(self, name: str) -> int:
        """Return how many rows a column has whose cells have been counted, blank ones too."""
        return self._n_rows[name]

    def present(self, names: Sequence[str]) -> dict[str, frozenset[CellValue]]:
        """Return the different cells of each column, blank ones aside."""
        return {name: frozenset(counts) for name, counts in self.counts(names).items()}

    def first_cells(self, names: Sequence[str]) -> dict[str, frozenset[CellValue]]:
        """Return the different cells of each column: in delimited text those of its first lines, else all of them."""
        if self.head is None:
            return self.present(names)
        places = {header: place for place, header in enumerate(self.head.columns)}
        return {name: self.head.cells(places[self._header(name)]) for name in names}


def rows_of_frames(
    file_name: str, frames: Callable[[list[str]], Iterable[pl.DataFrame]]
) -> Callable[[ColumnTypes], Iterator[Batch]]:
    """Return the rows of a table whose columns are frames already: `frames` yields those of some columns, in order."""

    def rows(wanted: ColumnTypes) -> Iterator[Batch]:
        n_before = 0
        for frame in frames(list(wanted.types)):
            yield typed_batch(frame, wanted, Place(file_name, "row", n_before + 1))
            n_before += frame.height

    return rows
