"""Puts the files of one survey beside each other: more columns of the same respondents, found by who they are.

Everybody of the first file stays, in its order; of the other files what belongs to them is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch, ColumnTypes, Place, Skipped, typed_batch
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.files.text import TextHead
from surveycli.survey.several.called import listed_names

if TYPE_CHECKING:
    import polars as pl

_MOST_NAMED = 8
_NUMBER = r"^(-?\d{1,18})\.0*$"  # as spreadsheets write a whole number


@dataclass(frozen=True, slots=True)
class _Beside:
    """A file beside the first: its columns that the first lacks, and for each key the place of its row."""

    table: SurveyTable
    name: str
    columns: tuple[FileColumn, ...]
    already: tuple[str, ...]
    places: pl.DataFrame
    n_rows: int
    found: list[pl.Series] = field(default_factory=list)

    def typed(self, wanted: ColumnTypes) -> Batch:
        """Return the wanted columns of this file, in its own order."""
        import polars as pl

        types = {c.name: wanted.types[c.name] for c in self.columns if c.name in wanted.types}
        if not types:
            return Batch(pl.DataFrame())
        own = pl.concat([batch.respondents for batch in self.table.read(list(types))])
        return typed_batch(own, ColumnTypes(types, frozenset(wanted.strict & types.keys())), Place(self.name, "row", 1))

    def rows(self, keys: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
        """Return a row of this file for each of the keys, null where it has none."""
        import polars as pl

        place = keys.join(self.places, on=keys.columns, how="left", maintain_order="left")["place"]
        self.found.append(place)
        return own[place.cast(pl.UInt32)] if own.width else own


@dataclass(frozen=True, slots=True)
class _Join:
    first: SurveyTable
    beside: tuple[_Beside, ...]
    keys: tuple[str, ...]

    def rows(self, wanted: ColumnTypes) -> Iterator[Batch]:
        """Yield the rows of some columns of all files, as many as the first file has."""
        import polars as pl

        for other in self.beside:
            other.found.clear()
        beside = [other.typed(wanted) for other in self.beside]
        own = {name: kind for name, kind in wanted.types.items() if self.first.find(name) is not None}
        asked = own | dict.fromkeys(name for name in self.keys if name not in own)
        skipped = tuple(skip for part in beside for skip in part.skipped)
        for batch in self.first.read_typed(ColumnTypes(asked, wanted.strict & own.keys())):
            keys = _keys(batch.respondents, self.keys)
            pairs = zip(self.beside, beside, strict=True)
            added = [other.rows(keys, part.respondents) for other, part in pairs]
            frame = pl.concat([batch.respondents, *(part for part in added if part.width)], how="horizontal")
            yield Batch(frame.select(list(wanted.types)), (*batch.skipped, *skipped))
            skipped = ()


def join_tables(tables: Sequence[SurveyTable], keys: Sequence[str], source: SourceFile) -> SurveyTable:
    """Return the respondents of the first table with the columns of all, found by the columns `keys`.

    A column that two tables have is taken from the first of them. Raises SurveyError (exit 3) where a file lacks one of
    the keys, has a respondent twice, or none of the first file's.
    """
    names = listed_names([table.source for table in tables])
    first = tables[0]
    own_keys = tuple(first.require(key, "respondents").name for key in keys)
    taken = {column.name.lower() for column in first.columns}
    present = _read_keys(first, own_keys)
    beside = []
    for table, name in zip(tables[1:], names[1:], strict=True):
        columns = tuple(column for column in table.columns if column.name and column.name.lower() not in taken)
        already = tuple(c.name for c in table.columns if c.name.lower() in taken - {key.lower() for key in keys})
        places, n_rows = _places(table, name, keys, present, names[0])
        beside.append(_Beside(table, name, columns, already, places, n_rows))
        taken |= {column.name.lower() for column in columns}
    join = _Join(first, tuple(beside), own_keys)
    return SurveyTable(
        source,
        " and ".join(dict.fromkeys(table.kind for table in tables)),
        (*first.columns, *(column for other in beside for column in other.columns)),
        join.rows,
        _head(join, source),
        first.title,
        notes=lambda: _notes(join, names[0], present.height),
    )


def _head(join: _Join, source: SourceFile) -> TextHead | None:
    """Return first cells of all columns, where all files are text with one delimiter; a row is of several people."""
    tables = [(join.first, join.first.columns), *((other.table, other.columns) for other in join.beside)]
    heads = [table.head for table, _ in tables if table.head is not None]
    if len(heads) < len(tables) or len({head.delimiter for head in heads}) > 1:
        return None
    columns = []
    for head, (_, own) in zip(heads, tables, strict=True):
        places = {name: place for place, name in enumerate(head.columns)}
        columns += [[row[places[c.name]] if places[c.name] < len(row) else "" for row in head.rows] for c in own]
    names = tuple(column.name for _, own in tables for column in own)
    return TextHead(source, heads[0].delimiter, names, tuple(zip_longest(*columns, fillvalue="")), 0)


def _read_keys(table: SurveyTable, names: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return pl.concat([_keys(batch.respondents, names) for batch in table.read(list(names))])


def _keys(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return who respondents are, as text: 17, 17.0 and ` 17` are the same, 017 is not."""
    import polars as pl

    def text(series: pl.Series) -> pl.Series:
        if series.dtype.is_float():
            whole = series.cast(pl.Int64, strict=False)
            series = whole if (whole.cast(pl.Float64) == series).all() else series
        plain = series.cast(pl.String, strict=False).str.strip_chars().str.replace(_NUMBER, "$1")
        return plain.replace("", None)

    return pl.DataFrame([text(rows[name]).alias(f"key{place}") for place, name in enumerate(names)])


def _places(
    table: SurveyTable, name: str, keys: Sequence[str], present: pl.DataFrame, first: str
) -> tuple[pl.DataFrame, int]:
    """Return the keys of a table with the place of each row, each key once, and how many rows it has."""
    own = _read_keys(table, [table.require(key, "respondents").name for key in keys])
    rows = own.with_row_index("place").drop_nulls()
    twice = rows.filter(rows.select(own.columns).is_duplicated())
    if twice.height:
        who = ", ".join(str(cell) for cell in twice.row(0)[1:])
        raise bad_input(
            f"{name} has {', '.join(keys)} = {who} in {twice.filter(twice['key0'] == twice['key0'][0]).height} rows.",
            "Name columns that tell its respondents apart, for instance --join-on cntry,idno.",
        )
    if not rows.join(present, on=own.columns, how="semi").height:
        one, other = (", ".join(map(str, frame.drop_nulls().row(0))) for frame in (present, own))
        raise bad_input(
            f"{name} has nobody of {first}: {', '.join(keys)} begins with {other} there, with {one} here.",
            "Name another column with --join-on; without it the files are put below each other.",
        )
    return rows, own.height


def _notes(join: _Join, first: str, n_rows: int) -> tuple[Skipped, ...]:
    """Return the account: whom the files share, and the columns that were taken from an earlier one."""
    import polars as pl

    notes = [Skipped("not left out: rows of a file", first, n_rows)]
    notes += [note for table in (join.first, *(other.table for other in join.beside)) for note in table.notes()]
    for other in join.beside:
        places = pl.concat(other.found)
        n_used, n_own = places.drop_nulls().n_unique(), other.n_rows
        notes.append(Skipped("not left out: rows of a file", other.name, n_own))
        if n_own > n_used:
            notes.append(Skipped(f"row of nobody in {first}", other.name, n_own - n_used))
        if places.null_count():
            reason = "not left out: respondents whom a file lacks, whose answers in it are missing"
            notes.append(Skipped(reason, other.name, places.null_count()))
        if other.already:
            more = f" and {len(other.already) - _MOST_NAMED} more" if len(other.already) > _MOST_NAMED else ""
            reason = "not left out: columns of a file that an earlier one has, taken from there"
            subject = f"{other.name}: {', '.join(other.already[:_MOST_NAMED])}{more}"
            notes.append(Skipped(reason, subject, len(other.already)))
    return tuple(notes)
