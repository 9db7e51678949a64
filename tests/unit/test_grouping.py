"""Groupings and bands as users write them, and the populations that they make."""

from __future__ import annotations

import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.survey import Band, parse_bands, parse_groupings
from surveycli.survey.population.group_column import GroupColumn
from surveycli.survey.population.grouping import OpenValues, population_ids


def test_groupings_are_lists_of_columns() -> None:
    """Commas separate columns, case and spaces do not matter, a doubled grouping counts once."""
    assert parse_groupings(["country", "Country, sex, Q57", "country"]) == (("country",), ("country", "sex", "q57"))


@pytest.mark.parametrize("text", ["", "sex", "country,", "country,sex,sex"])
def test_a_grouping_begins_with_country(text: str) -> None:
    """Anything else is a usage error."""
    with pytest.raises(SurveyError) as caught:
        parse_groupings([text])
    assert caught.value.code is ExitCode.USAGE


def test_bands_are_read_in_order() -> None:
    """Each text has a column and its bands, of whole numbers or others; the last band may be open."""
    assert parse_bands(["age=18-29, 30-59,60+", "Q240 = 1-4,5-10", "x=0-0.5,0.75+"]) == (
        ("age", (Band(18, 29), Band(30, 59), Band(60, None))),
        ("q240", (Band(1, 4), Band(5, 10))),
        ("x", (Band(0, 0.5), Band(0.75, None))),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("age=", "age=18", "age=29-18", "age=18-29,29-40", "age=60+,18-29", "age=a-b", "age=-5", "age=18-29,"),
        *("", "18-29", "=18-29"),
    ],
)
def test_other_bands_are_usage_errors(text: str) -> None:
    """Bands without a column or two ends, backwards, overlapping or out of order are refused, with an example."""
    with pytest.raises(SurveyError) as caught:
        parse_bands([text])
    assert caught.value.code is ExitCode.USAGE
    assert "--bands age=18-29" in caught.value.hint


def test_bands_of_one_column_stand_in_one_place() -> None:
    """The same column twice, case aside, is a usage error."""
    with pytest.raises(SurveyError, match="each column once"):
        parse_bands(["Q240=1-5", "q240=6-10"])


def test_a_respondent_without_a_value_has_no_population() -> None:
    """Ages between or below the bands, and unknown values, give null."""
    people = pl.DataFrame(
        {"iso3": ["KEN"] * 5, "sex": [1, 1, None, 2, 2], "age": [18, 17, 40, 99, None]},
        schema_overrides={"age": pl.Int16},
    )
    columns = [
        GroupColumn("sex", "sex", {1: "male", 2: "female"}),
        GroupColumn("age", "age", bands=(Band(18, 29), Band(40, 50), Band(90, None))),
    ]
    ids = population_ids(people["iso3"], [column.values_of(people) for column in columns])
    assert ids.to_list() == ["KEN|sex=male|age=18-29", None, None, "KEN|sex=female|age=90+", None]


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ([str(number) for number in range(16, 80)], "--bands x=LOW-HIGH,LOW-HIGH,LOW+ (they begin at 16)"),
        ([f"town {number}" for number in range(64)], "Group by another column"),
    ],
)
def test_too_many_values_are_no_groups(values: list[str], hint: str) -> None:
    """More than 30 values in one country are refused with their count: numbers with bands as the way out."""
    column, spread = GroupColumn("x", "x"), OpenValues()
    few = pl.Series("x", values[:30])
    for country in ("KEN", "JPN"):
        spread.add(pl.repeat(country, 30, eager=True), {"x": few}, [column])
    with pytest.raises(
        SurveyError, match=r"at most 30 different values in a country, found 64 or more in KEN"
    ) as caught:
        spread.add(pl.repeat("KEN", 64, eager=True), {"x": pl.Series("x", values)}, [column])
    assert caught.value.code is ExitCode.USAGE
    assert hint in caught.value.hint


def test_thirty_values_in_each_country_are_groups() -> None:
    """Country-specific codes, different everywhere, are counted country by country."""
    spread = OpenValues()
    for number, country in enumerate(("KEN", "JPN", "USA")):
        codes = pl.Series("x", [str(1000 * number + code) for code in range(30)])
        spread.add(pl.repeat(country, 30, eager=True), {"x": codes}, [GroupColumn("x", "x")])
