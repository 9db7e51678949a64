"""Where a file tells its design: strata, sampling units, replicate weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from surveycli.distribution.design import replicate_factor
from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.columns import column_rules

if TYPE_CHECKING:
    import polars as pl

STRATUM, UNIT, REPLICATE = "__design_stratum", "__design_unit", "__design_replicate_"
NO_COLUMN = "none"
_LEAST_REPLICATES = 2


@dataclass(frozen=True, slots=True)
class DesignColumns:
    """The columns of strata and sampling units, and those of replicate weights with their variance's `method`."""

    stratum: str | None = None
    unit: str | None = None
    replicates: tuple[str, ...] = ()
    method: str = ""

    def __bool__(self) -> bool:
        return bool(self.unit or self.stratum or self.replicates)

    @property
    def shown(self) -> str:
        """The design in words: `strata vstrat, units vpsu`."""
        named = (("strata", self.stratum), ("units", self.unit))
        parts = [f"{what} {column}" for what, column in named if column]
        return ", ".join([*parts, *([f"{len(self.replicates)} replicate weights"] if self.replicates else [])])

    @property
    def raw(self) -> tuple[tuple[str, str], ...]:
        """Each column of the file that has to be read, with the name that the respondents have it under."""
        named = ((self.stratum, STRATUM), (self.unit, UNIT))
        numbered = ((name, f"{REPLICATE}{number}") for number, name in enumerate(self.replicates))
        return (*((column, name) for column, name in named if column), *numbered)

    @property
    def factor(self) -> float:
        """What the sum of squared distances of the replicates is multiplied by."""
        n = len(self.replicates)
        return replicate_factor(self.method, n) if n else 1.0


UNKNOWN_DESIGN = DesignColumns()


def find_design(
    table: SurveyTable, options: IngestOptions, strata: Sequence[str] = (), psu: Sequence[str] = ()
) -> DesignColumns:
    """Return the design that a file tells, by the columns named or by names that surveys give them.

    `strata` and `psu` are the names of a programme, before those of all surveys. Strata of a known name are taken
    beside units only: alone they would make a sample more precise than it is. Raises SurveyError: 2 for a method that
    is not known or has no weights, 3 for a column that is not there.
    """
    if options.replicates:
        replicates = _matching(table, options.replicates)
        replicate_factor(options.replicate_method, len(replicates))
        return DesignColumns(replicates=replicates, method=options.replicate_method)
    rules = column_rules()["design"]
    unit = _column(table, options.psu, (*psu, *rules["psu"]), "units")
    usual = (*strata, *rules["strata"]) if unit else ()
    return DesignColumns(_column(table, options.strata, usual, "strata"), unit)


def _column(table: SurveyTable, named: str | None, usual: Sequence[str], what: str) -> str | None:
    if named == NO_COLUMN:
        return None
    if named is not None:
        return table.require(named, f"the {what} of the sample").name
    found = table.find(*usual)
    return found.name if found else None


def _matching(table: SurveyTable, pattern: str) -> tuple[str, ...]:
    """Return the columns that a pattern such as `repwt*` names, in the file's order."""
    found = tuple(column.name for column in table.columns if fnmatchcase(column.name.lower(), pattern.lower()))
    if len(found) < _LEAST_REPLICATES:
        raise bad_input(
            f"{table.name}: expected columns {pattern} of replicate weights, found {len(found)}.",
            f"Its columns are {table.listed()}.",
        )
    return found


def design_labels(cells: pl.Series) -> pl.Series:
    """Return what a column of strata or units holds as text; blank cells and negative codes are null.

    >>> import polars as pl
    >>> design_labels(pl.Series("u", [3.0, -4.0, None])).to_list(), design_labels(pl.Series(["a 1", " "])).to_list()
    (['3', None, None], ['a 1', None])
    """
    import polars as pl

    text = cells.cast(pl.String, strict=False).str.strip_chars()
    missing = text.str.contains(r"^$|^(?i:nan)$|^-\d+(\.\d*)?$").fill_null(True)
    return text.set(missing, None).str.replace(r"\.0*$", "")
