"""Respondents' answers in any kind of file, under one shape: named columns, their labels, and rows in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch
from surveycli.survey.files.cell import Cell, different_cells
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.text import TextHead

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """A column with what the file itself says about it: its label, its values' labels, which values are missing."""

    name: str
    label: str = ""
    value_labels: Mapping[Cell, str] = field(default_factory=dict)
    missing_ranges: tuple[tuple[float, float], ...] = ()

    def is_missing(self, code: float) -> bool:
        """Tell whether the file declares a code as missing."""
        return any(low <= code <= high for low, high in self.missing_ranges)


@dataclass(frozen=True, slots=True)
class SurveyTable:
    """A file with one row per respondent, or per anything else. `read` yields the rows of some columns, in order.

    `head` is there for delimited text, whose cells are all text. `title` is the name that the file gives itself.
    """

    source: SourceFile
    kind: str
    columns: tuple[Column, ...]
    read: Callable[[Sequence[str]], Iterator[Batch]]
    head: TextHead | None = None
    title: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.source.path.name

    def find(self, *names: str) -> Column | None:
        """Return the first of these columns that is there, without regard to case."""
        by_name = {column.name.lower(): column for column in self.columns}
        return next((by_name[name.lower()] for name in names if name.lower() in by_name), None)

    def require(self, name: str, what: str) -> Column:
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

    def frame(self) -> pl.DataFrame:
        """Return all columns and rows at once. Raises SurveyError (exit 3) where there are no rows."""
        import polars as pl

        names = [column.name for column in self.columns if column.name]
        frames = [batch.respondents for batch in self.read(names)]
        if not any(frame.height for frame in frames):
            raise bad_input(f"{self.name} has column names but no rows.", "Export the file again.")
        return pl.concat(frames)

    def present(self, names: Sequence[str]) -> dict[str, frozenset[Cell]]:
        """Return the different cells of each column: numbers, or texts as they stand. Blank cells are left out."""
        found: dict[str, set[Cell]] = {name: set() for name in names}
        for batch in self.read(names) if names else ():
            for name in names:
                found[name].update(different_cells(batch.respondents[name]))
        return {name: frozenset(cells) for name, cells in found.items()}
