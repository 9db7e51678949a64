"""Groups respondents into populations: readable demographics, population ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from surveycli.errors import SurveyError, usage
from surveycli.survey.files.cell import as_number
from surveycli.survey.population.demographics import Roles
from surveycli.survey.population.group_column import GroupColumn, number_text
from surveycli.survey.population.population import escaped

if TYPE_CHECKING:
    import polars as pl

# More different values than this in one country are not groups of people that a survey can tell apart.
_MOST_VALUES = 30


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
