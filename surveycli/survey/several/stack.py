"""Puts the files of one survey below each other: a file per country, wave or region, with much the same columns.

Columns are united by name, case aside. What a file lacks the column of was not asked there. Where files give one code
two meanings, the cells are read as the words that they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch, ColumnTypes, Skipped
from surveycli.survey.files.cell import clean
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.files.text import TextHead
from surveycli.survey.several.agree import disagreement, united_column
from surveycli.survey.several.called import listed_names, told_apart

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType as PolarsType

FILE_COLUMN = "file"
_LEAST_SHARED, _LEAST_SHARE = 2, 0.1
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the stack, with what each file has of it: None where a file lacks it.

    `differs` says, in words, how the files mean different things by it; its cells are then read as words.
    """

    column: FileColumn
    parts: tuple[FileColumn | None, ...]
    differs: str = ""


@dataclass(frozen=True, slots=True)
class _Stack:
    """Tables below each other, each with its name for the account and what tells it apart in the column `file`.

    `n_rows` counts what was read of each, `kinds` are the types of columns whose cells were asked for as they stand.
    """

    tables: tuple[SurveyTable, ...]
    columns: Mapping[str, _Column]
    names: tuple[str, ...]
    apart: tuple[str, ...]
    n_rows: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, PolarsType] = field(default_factory=dict)

    def rows(self, wanted: ColumnTypes) -> Iterator[Batch]:
        """Yield the rows of some columns, file by file."""
        self._find_kinds([name for name, kind in wanted.types.items() if kind is None])
        for number, _ in enumerate(self.tables):
            n_rows = 0
            for batch in self._rows_of(number, wanted):
                n_rows += batch.respondents.height
                yield batch
            self.n_rows[self.names[number]] = n_rows

    def _rows_of(self, number: int, wanted: ColumnTypes) -> Iterator[Batch]:
        import polars as pl

        own = {name: part.name for name in wanted.types if (part := self._part(name, number)) is not None}
        types = {own[name]: None if self._in_words(name) else wanted.types[name] for name in own}
        strict = frozenset(own[name] for name in wanted.strict if name in own)
        asked = ColumnTypes(types or {self.tables[number].columns[0].name: None}, strict)
        names = {own_name: name for name, own_name in own.items()}
        absent = frozenset(wanted.types) - frozenset(own) - {FILE_COLUMN}
        for batch in self.tables[number].read_typed(asked):
            series = [self._series(name, kind, number, batch.respondents) for name, kind in wanted.types.items()]
            skipped = (Skipped(s.reason, names.get(s.subject, s.subject), s.n_skipped) for s in batch.skipped)
            yield Batch(pl.DataFrame(series), tuple(skipped), absent)

    def _part(self, name: str, number: int) -> FileColumn | None:
        return self.columns[name].parts[number] if name in self.columns else None

    def _in_words(self, name: str) -> bool:
        return bool(self.columns[name].differs)

    def _series(self, name: str, kind: PolarsType | None, number: int, rows: pl.DataFrame) -> pl.Series:
        import polars as pl

        if name not in self.columns:
            return pl.repeat(self.apart[number], rows.height, eager=True, dtype=pl.String).alias(name)
        part, wanted = self.columns[name].parts[number], kind or self.kinds[name]
        if part is None:
            return pl.repeat(None, rows.height, eager=True, dtype=wanted).alias(name)
        series = rows[part.name]
        if self._in_words(name):
            series = _words(series, part)
        return _as(series, wanted).alias(name)

    def _find_kinds(self, names: Sequence[str]) -> None:
        """Find the type of columns that holds what stands in every file: text where some file has text."""
        import polars as pl

        todo = [name for name in names if name not in self.kinds and name in self.columns]
        seen: dict[str, set[PolarsType]] = {name: set() for name in todo}
        for number, table in enumerate(self.tables):
            own = {name: part.name for name in todo if (part := self._part(name, number)) is not None}
            if table.head is not None or not own:
                for name in own:
                    seen[name].add(pl.String())
                continue
            for batch in table.read(list(own.values())):
                for name, own_name in own.items():
                    series = batch.respondents[own_name]
                    if series.null_count() < series.len():
                        seen[name].add(series.dtype)
        for name in todo:
            text = self._in_words(name) or not all(kind.is_numeric() for kind in seen[name])
            whole = seen[name] and all(kind.is_integer() for kind in seen[name])
            self.kinds[name] = pl.String() if text else pl.Int64() if whole else pl.Float64()


def stack_tables(tables: Sequence[SurveyTable], source: SourceFile, *, by_code: bool = False) -> SurveyTable:
    """Return the rows of several files as one table, with a column `file` that tells them apart.

    With `by_code` a code is the same answer in every file, whatever its label. Raises SurveyError (exit 3) where a file
    shares next to no columns with the others, or most labelled columns mean different things.
    """
    _refuse_strangers(tables)
    spelling = {column.name.lower(): column.name for table in reversed(tables) for column in table.columns}
    order = dict.fromkeys(column.name.lower() for table in tables for column in table.columns)
    names = listed_names([table.source for table in tables])
    columns = {spelling[key]: _united(key, tables, names, by_code=by_code) for key in order}
    _refuse_other_meanings(columns, tables)
    stack = _Stack(tuple(tables), columns, names, told_apart([name.rpartition(".")[0] or name for name in names]))
    own = () if FILE_COLUMN in order else (FileColumn(FILE_COLUMN, "File"),)
    return SurveyTable(
        source,
        " and ".join(dict.fromkeys(table.kind for table in tables)),
        (*(column.column for column in columns.values()), *own),
        stack.rows,
        _head(stack, source, own),
        tables[0].title if len({table.title for table in tables}) == 1 else "",
        notes=lambda: _notes(stack),
    )


def _united(key: str, tables: Sequence[SurveyTable], names: Sequence[str], *, by_code: bool) -> _Column:
    parts = tuple(table.find(key) for table in tables)
    differs = "" if by_code else disagreement(parts, names)
    return _Column(united_column([part for part in parts if part], in_words=bool(differs)), parts, differs)


def _refuse_strangers(tables: Sequence[SurveyTable]) -> None:
    for number, table in reversed([*enumerate(tables)]):
        own = {column.name.lower() for column in table.columns}
        others = {c.name.lower() for other in (*tables[:number], *tables[number + 1 :]) for c in other.columns}
        shared = len(own & others)
        if shared < min(_LEAST_SHARED, len(own)) or shared < _LEAST_SHARE * len(own):
            raise bad_input(
                f"{table.name} shares {shared} of its {len(own)} columns with the other files: it is another survey,"
                " or has other columns of the same respondents.",
                "Leave it out, or name the column that says who a respondent is: --join-on COLUMN.",
            )


def _refuse_other_meanings(columns: Mapping[str, _Column], tables: Sequence[SurveyTable]) -> None:
    labelled = [c for c in columns.values() if sum(bool(part and part.value_labels) for part in c.parts) > 1]
    differing = [column for column in labelled if column.differs]
    if len(labelled) > 1 and 2 * len(differing) > len(labelled):
        raise bad_input(
            f"{tables[0].name} and {len(tables) - 1} more: {len(differing)} of {len(labelled)} labelled columns mean"
            f" different things in them, first {differing[0].column.name} ({differing[0].differs}).",
            "Are they one survey? Where only the languages differ, `surveycli codebook` of one file, then --codebook:"
            " codes then mean the same in all.",
        )


def _words(series: pl.Series, column: FileColumn) -> pl.Series:
    """Return cells as the labels that they stand for; those without one as text."""
    import polars as pl

    texts = {code: clean(label) for code, label in column.value_labels.items()}
    different = series.drop_nulls().unique().to_list()
    known = {cell: texts.get(cell, f"{cell:g}" if isinstance(cell, float) else str(cell)) for cell in different}
    return series.replace_strict(known, default=None, return_dtype=pl.String)


def _as(series: pl.Series, kind: PolarsType) -> pl.Series:
    """Return cells under a type that holds them; a whole number becomes a text without a point."""
    import polars as pl

    if kind == series.dtype:
        return series
    if kind == pl.String and series.dtype.is_float():
        whole = (series == series.floor()).all() and series.is_finite().all()
        series = series.cast(pl.Int64, strict=False) if whole else series
    return series.cast(kind, strict=False)


def _head(stack: _Stack, source: SourceFile, own: Sequence[FileColumn]) -> TextHead | None:
    """Return the first lines of all files under the united columns, where all are text with one delimiter."""
    heads = [table.head for table in stack.tables if table.head is not None]
    if len(heads) < len(stack.tables) or len({head.delimiter for head in heads}) > 1:
        return None
    rows = []
    for number, head in enumerate(heads):
        places = {name: place for place, name in enumerate(head.columns)}
        for row in head.rows:
            parts = (column.parts[number] for column in stack.columns.values())
            cells = [row[places[part.name]] if part and places[part.name] < len(row) else "" for part in parts]
            rows.append((*cells, *(stack.apart[number] for _ in own)))
    names = (*stack.columns, *(column.name for column in own))
    return TextHead(source, heads[0].delimiter, names, tuple(rows), 0)


def _notes(stack: _Stack) -> tuple[Skipped, ...]:
    """Return the account of the files: rows of each, the columns that one lacks, and what means different things."""
    rows = [Skipped("not left out: rows of a file", name, n) for name, n in stack.n_rows.items()]
    lacking = []
    for number, file in enumerate(stack.names):
        names = [name for name, column in stack.columns.items() if column.parts[number] is None]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        subject = f"{file}: {', '.join(names[:_MOST_NAMED])}{more}"
        lacking += (
            [Skipped("not left out: columns that a file lacks, not asked there", subject, len(names))] if names else []
        )
    differing = [column for column in stack.columns.values() if column.differs]
    apart = [Skipped("means different things in the files: no item", c.column.name, 1) for c in differing]
    why = "not left out: means different things in the files, read as words"
    own = (note for table in stack.tables for note in table.notes())
    return (*rows, *own, *lacking, *apart, *(Skipped(why, f"{c.column.name}: {c.differs}", 1) for c in differing))
