"""Groups respondents into populations: what users ask for, readable demographics, population ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from surveycli.errors import SurveyError, usage
from surveycli.survey.files.cell import as_number
from surveycli.survey.population.demographics import Roles
from surveycli.survey.population.group_column import GroupColumn, number_text
from surveycli.survey.population.population import escaped
from surveycli.survey.request import Band

if TYPE_CHECKING:
    import polars as pl

# More different values than this in one country are no groups of people that a survey can tell apart.
_MOST_VALUES = 30
_EXAMPLE = "For instance --bands age=18-29,30-44,45+ or --bands Q240=1-4,5-6,7-10."
_BAND = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?)|\+)")


def parse_groupings(texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groupings of texts such as `country` and `country,sex,Q57`, in lower case.

    Raises SurveyError (exit 2) where one does not begin with country, or names a column twice.

    >>> parse_groupings(["country", "country,sex"])
    (('country',), ('country', 'sex'))
    """
    groupings = tuple(tuple(name.strip().lower() for name in text.split(",")) for text in texts)
    for grouping in groupings:
        if grouping[0] != "country" or len(set(grouping)) < len(grouping) or not all(grouping):
            raise usage(
                f"--by expected columns that begin with country, each once, found {','.join(grouping)!r}.",
                "For instance --by country,sex,age.",
            )
    return tuple(dict.fromkeys(groupings))


def parse_bands(texts: Sequence[str]) -> tuple[tuple[str, tuple[Band, ...]], ...]:
    """Return the bands of texts such as `age=18-29,30+`, by name in lower case.

    Raises SurveyError (exit 2) where one is no such text, and where two are for the same name.

    >>> [(name, [band.label for band in bands]) for name, bands in parse_bands(["Q240=1-5,6-10"])]
    [('q240', ['1-5', '6-10'])]
    """
    split = [tuple(part.strip() for part in text.rpartition("=")[::2]) for text in texts]
    found = [(name.lower(), _bands(bands, name)) for name, bands in split]
    names = [name for name, _ in found]
    if not all(names) or len(set(names)) < len(names):
        raise usage(f"--bands expected a column, = and its bands, each column once, found {texts[-1]!r}.", _EXAMPLE)
    return tuple(found)


def _bands(text: str, name: str) -> tuple[Band, ...]:
    bands = tuple(_band(part.strip(), name) for part in text.split(","))
    for band, following in pairwise(bands):
        if band.high is None or following.low <= band.high:
            raise usage(f"--bands {name}: expected bands in order without overlap, found {text!r}.", _EXAMPLE)
    return bands


def _band(part: str, name: str) -> Band:
    found = _BAND.fullmatch(part)
    low, high = (float(found[1]), float(found[2]) if found[2] else None) if found else (0.0, -1.0)
    if high is not None and high < low:
        raise usage(f"--bands {name}: expected bands such as 18-29 or 60+, found {part!r}.", _EXAMPLE)
    return Band(low, high)


def add_demographics(respondents: pl.DataFrame, roles: Roles) -> pl.DataFrame:
    """Return the respondents with one readable column per demographic (sex, age...), null where it is not known."""
    import polars as pl

    columns = []
    for name, demographic in roles.demographics.items():
        column = pl.col(demographic.column)
        if demographic.values is None:
            columns.append(pl.when(column >= 0).then(column).cast(pl.Int16, strict=False).alias(name))
        else:
            columns.append(column.replace_strict(demographic.values, default=None, return_dtype=pl.String).alias(name))
    return respondents.with_columns(columns)


def population_ids(iso3: pl.Series, values: Iterable[pl.Series]) -> pl.Series:
    """Return each respondent's population, such as `KEN|sex=female|age=18-29`; null where a value is not known.

    `values` are the grouping columns' values, each series named like its grouping.
    """
    import polars as pl

    parts = [iso3.alias("iso3"), *(_part(series) for series in values)]
    return pl.DataFrame(parts).select(population_id=pl.concat_str(pl.all()))["population_id"]


def _part(values: pl.Series) -> pl.Series:
    import polars as pl

    known = {value: f"|{escaped(values.name)}={escaped(value)}" for value in values.drop_nulls().unique().to_list()}
    return values.replace_strict(known, default=None, return_dtype=pl.String)


class OpenValues:
    """The different values of open columns in each country, seen so far."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], set[str]] = {}

    def add(self, iso3: pl.Series, values: Mapping[str, pl.Series], columns: Iterable[GroupColumn]) -> None:
        """Take in some respondents. Raises SurveyError (exit 2) where a column has too many values to be groups."""
        import polars as pl

        for column in columns:
            if not column.is_open:
                continue
            pairs = pl.DataFrame([iso3.alias("iso3"), values[column.name].alias("value")]).drop_nulls().unique()
            for country, value in pairs.iter_rows():
                self._seen.setdefault((column.name, country), set()).add(value)
            for (name, country), seen in self._seen.items():
                if name == column.name and len(seen) > _MOST_VALUES:
                    raise _too_many(column, country, seen)


def _too_many(column: GroupColumn, country: str, seen: set[str]) -> SurveyError:
    numbers = sorted(number for value in seen if (number := as_number(value)) is not None)
    some = ", ".join(sorted(seen)[:3])
    name = column.name
    return usage(
        f"--by country,{name}: expected at most {_MOST_VALUES} different values in a country, found {len(seen)} or more"
        f" in {country} ({some}...).",
        f"Make groups of them with --bands {name}=LOW-HIGH,LOW-HIGH,LOW+ (they begin at {number_text(numbers[0])})."
        if len(numbers) == len(seen)
        else f"Group by another column, or give {name} fewer values in the file.",
    )
