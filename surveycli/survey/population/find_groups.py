"""Finds the columns that the user wants populations of, in any file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from surveycli.errors import SurveyError, usage
from surveycli.request.ingest import Band, IngestOptions
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.items.codebook import Codebook, ItemSpec
from surveycli.survey.items.columns import wording_of_column
from surveycli.survey.population.demographics import Demographic, DemographicColumns
from surveycli.survey.population.group_column import GroupColumn, Groups

if TYPE_CHECKING:
    from surveycli.survey.population.group_column import Groups


DEFAULT_AGE_BANDS = (Band(18, 29), Band(30, 44), Band(45, 59), Band(60, None))


_MAX_MATCHES = 5
# What a respondent table has beside the columns of the file.
_RESERVED = frozenset({"respondent_id", "iso3", "weight"})


@dataclass(frozen=True, slots=True)
class Groupable:
    """What a file can be grouped by.

    `stored` has the names of the columns that respondents are read with anyway (items, demographics), each with the
    file's own column behind it. `withheld` are columns that are not read, since they could identify a respondent, and
    `times` the columns of wave and year by these names.
    """

    file_name: str
    columns: Sequence[FileColumn]
    stored: Mapping[str, str]
    codebook: Codebook
    demographics: Mapping[str, Demographic]
    withheld: Sequence[str] = ()
    times: Mapping[str, str] = field(default_factory=dict)

    def items(self) -> dict[str, ItemSpec]:
        """Return the items that have a column, by the names in lower case of themselves and of their columns."""
        present = [item for item in self.codebook if item.item_id in self.stored]
        return {self.stored[item.item_id].lower(): item for item in present} | {
            item.item_id.lower(): item for item in present
        }

    def items_of(self, column: str) -> tuple[str, ...]:
        """Return the items whose answers stand in the same column of the file as a stored one."""
        own = self.stored[column].lower()
        return tuple(item.item_id for item in self.codebook if self.stored.get(item.item_id, "").lower() == own)


def find_groups(options: IngestOptions, file: Groupable) -> Groups:
    """Return the columns of the groupings that the user wants.

    A name is that of a demographic (sex, age...), else that of an item, else that of a column, case aside; the column
    behind a demographic stands for it. Raises SurveyError (exit 2) for any other name, for bands that no grouping
    needs or that their column cannot have, and for a column named twice.
    """
    bands = dict(options.bands)
    found = {name: _find(name, bands.get(name, ()), file) for name in dict.fromkeys(_names(options))}
    for name in bands:
        if name not in found:
            raise usage(f"--bands {name}: no --by names it.", f"For instance --by country,{name}.")
    by = tuple(("country", *(found[name].name for name in grouping[1:])) for grouping in options.by)
    for asked, grouping in zip(options.by, by, strict=True):
        if len(set(grouping)) < len(grouping):
            raise usage(f"--by {','.join(asked)} names one column twice.", "For instance --by country,sex,age.")
    columns = {column.name: column for column in found.values()}
    stored = {name.lower() for name in file.stored}
    raw = tuple((c.source.name, c.column) for c in columns.values() if c.source and c.column.lower() not in stored)
    return Groups(tuple(dict.fromkeys(by)), columns, raw)


def groups_of_table(
    table: SurveyTable,
    codebook: Codebook,
    answers: Sequence[AnswerColumn],
    demographics: DemographicColumns,
    options: IngestOptions,
    times: Mapping[str, str] | None = None,
) -> Groups:
    """Return the columns of a table that the user wants populations of.

    `answers` are those that it is read for, `times` the columns of wave and year by these names.
    """
    stored = {answer.name: answer.column for answer in answers}
    known = demographics.demographics
    return find_groups(options, Groupable(table.name, table.columns, stored, codebook, known, times=times or {}))


def _names(options: IngestOptions) -> Iterator[str]:
    return (name for grouping in options.by for name in grouping[1:])


def _find(name: str, bands: tuple[Band, ...], file: Groupable) -> GroupColumn:
    items = file.items()
    demographic = name if name in file.demographics else None
    if demographic is None and name not in items:
        behind = {file.stored[part.column].lower(): known for known, part in file.demographics.items()}
        demographic = behind.get(name)
    if demographic is not None:
        return _of_demographic(demographic, bands, file)
    if name in items:
        return _of_item(items[name], bands)
    if name in {withheld.lower() for withheld in file.withheld}:
        raise usage(
            f"--by country,{name}: {name} could identify a respondent, and is not read.", "--keep-private reads it."
        )
    behind_name = file.times.get(name, name).lower()
    column = next((column for column in file.columns if column.name.lower() == behind_name), None)
    if column is None:
        raise _unknown(name, file)
    found = _of_column(column, bands, file)
    return replace(found, name=name, is_time=True) if name in file.times else found


def _of_demographic(name: str, bands: tuple[Band, ...], file: Groupable) -> GroupColumn:
    part = file.demographics[name]
    if bands and part.values is not None:
        raise usage(
            f"--bands {name}: its values are {', '.join(dict.fromkeys(part.values.values()))}, not numbers.",
            f"Leave the bands out, or group by another column than {name}.",
        )
    own = bands or (DEFAULT_AGE_BANDS if part.values is None else ())
    return GroupColumn(name, part.column, part.values, own, items=file.items_of(part.column))


def _of_item(item: ItemSpec, bands: tuple[Band, ...]) -> GroupColumn:
    """Return the column of an item, its values being its option codes or the bands that hold them."""
    values = {code: str(code) for code in item.codes}
    if bands:
        held = ((code, next((band.label for band in bands if band.holds(code)), None)) for code in item.codes)
        values = {code: label for code, label in held if label is not None}
    return GroupColumn(item.item_id.lower(), item.item_id, values, item=item, items=(item.item_id,))


def _of_column(column: FileColumn, bands: tuple[Band, ...], file: Groupable) -> GroupColumn:
    """Return a column of the file that is neither demographic nor item, under a name that the store has free."""
    stored = {own.lower(): name for name, own in file.stored.items()}
    taken = _RESERVED | {name.lower() for name in (*file.stored, *file.demographics)}
    free = f"{column.name}_group" if column.name.lower() in taken else column.name
    name = stored.get(column.name.lower(), free)
    return GroupColumn(column.name.lower(), name, bands=bands, source=column, label=wording_of_column(column))


def _unknown(name: str, file: Groupable) -> SurveyError:
    items = (item.item_id for item in file.items().values())
    names = {known.lower(): known for known in (*(c.name for c in file.columns), *items, *file.demographics)}
    close = [names[match] for match in get_close_matches(name, names, _MAX_MATCHES)]
    alike = f" Columns with a name like it: {', '.join(close)}." if close else ""
    return usage(
        f"--by country,{name}: {file.file_name} has no column {name} to group by.{alike}",
        f"It can be grouped by {', '.join(['country', *file.demographics])}, or by any of its columns.",
    )
