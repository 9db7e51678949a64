"""Which value a cell of a grouping column has, and which column a name means."""

from __future__ import annotations

import pytest

from surveycli.domain import Scale
from surveycli.errors import ExitCode, SurveyError
from surveycli.survey import Band, IngestOptions
from surveycli.survey.files.cell import CellValue
from surveycli.survey.files.table import FileColumn
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText
from surveycli.survey.population.demographics import Demographic
from surveycli.survey.population.find_groups import Groupable, find_groups
from surveycli.survey.population.group_column import GroupColumn, Groups

REGION = FileColumn(
    "REGION",
    "Q7. Region of interview",
    {1: "Coast", 2: "Inland", 8: "Don't know", 9: "Not coded", -3: "Abroad"},
    missing_ranges=((9.0, 9.0),),
)
ITEM = ItemSpec("Q57", 0, "b", None, Scale.BINARY, (1, 2), (ItemText("en", "Can one trust people?", ("Yes", "No")),))
LADDER = ItemSpec(
    "LIFE_item", 1, "c", None, Scale.ORDINAL, (1, 2, 3), (ItemText("en", "How is life?", ("Bad", "2", "Good")),)
)
FILE = Groupable(
    "s.sav",
    (REGION, FileColumn("Q57"), FileColumn("SEX"), FileColumn("Life"), FileColumn("iso3"), FileColumn("Q260")),
    {"Q57": "Q57", "LIFE_item": "Life", "sex_code": "SEX", "age_years": "Q262"},
    Codebook("b", (ITEM, LADDER)),
    {"sex": Demographic("sex_code", {1: "male", 2: "female"}), "age": Demographic("age_years")},
    ("GPS",),
)


def groups(*by: str, bands: tuple[tuple[str, tuple[Band, ...]], ...] = ()) -> Groups:
    return find_groups(IngestOptions(by=(("country", *by),), bands=bands), FILE)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((1.0, "Coast"), (1, "Coast"), (2.0, "Inland"), (3.0, "3"), (404001.0, "404001"), (0.5, "0.5")),
        *(
            (8.0, None),
            (9.0, None),
            (-3.0, None),
            (-1, None),
            ("a", None),
            (" ", None),
            ("North\xa0East ", "North East"),
        ),
    ],
)
def test_a_cell_has_the_value_that_the_file_labels(cell: CellValue, value: str | None) -> None:
    """Labels stand for codes; negative and missing codes, blanks and Stata's letters have no value."""
    assert GroupColumn("region", "REGION", source=REGION).value(cell) == value


@pytest.mark.parametrize(
    ("cell", "value"), [(0, "0-1"), (1.0, "0-1"), ("1", "0-1"), (1.5, None), (7, "2+"), ("x", None), (-1, None)]
)
def test_a_number_has_the_value_of_its_band(cell: CellValue, value: str | None) -> None:
    """Both ends belong to a band; what lies outside all of them, and text, has no value."""
    column = GroupColumn("n", "n", source=FileColumn("n"), bands=(Band(0, 1), Band(2, None)))
    assert column.value(cell) == value


def test_text_that_says_missing_is_no_value() -> None:
    """A word for a missing answer has none; any other text stands for itself."""
    column = GroupColumn("region", "region", source=FileColumn("region"))
    assert [column.value(cell) for cell in ("Île-de-France", "Don’t know", "Refused", "a")] == [
        "Île-de-France",
        None,
        None,
        "a",
    ]


def test_a_name_is_a_demographic_then_an_item_then_a_column() -> None:
    """Names are matched without case, and the column behind a demographic or an item stands for it."""
    found = groups("sex", "q57", "life", "region")
    assert found.by == (("country", "sex", "q57", "life_item", "region"),)
    assert [(column.column, column.items) for column in found.columns.values()] == [
        ("sex_code", ()),
        ("Q57", ("Q57",)),
        ("LIFE_item", ("LIFE_item",)),
        ("REGION", ()),
    ]
    assert found.raw == (("REGION", "REGION"),)
    assert groups("q262").by == (("country", "age"),)


def test_a_column_that_the_store_has_a_name_for_gets_another() -> None:
    """A column called iso3 is stored beside the country's."""
    assert groups("iso3").raw == (("iso3", "iso3_group"),)


def test_an_age_has_bands_unless_others_are_given() -> None:
    """The usual bands apply to age, those of the user in their place."""
    assert [band.label for band in groups("age").columns["age"].bands] == ["18-29", "30-44", "45-59", "60+"]
    assert groups("age", bands=(("age", (Band(18, None),)),)).columns["age"].value(40) == "18+"


def test_bands_of_an_item_gather_its_options() -> None:
    """A value that is a band knows the options at its ends; options outside every band have no value."""
    column = groups("life", bands=(("life", (Band(1, 2),)),)).columns["life_item"]
    assert column.values == {1: "1-2", 2: "1-2"}
    text = column.text("1-2")
    assert text is not None
    assert (text.item_id, text.low_code, text.high_code, text.value_label) == ("LIFE_item", 1, 2, "Bad - 2")


def test_what_means_the_same_everywhere_needs_no_text() -> None:
    """Sex and age have phrases of their own; a column of the file has its label."""
    found = groups("sex", "region").columns
    assert found["sex"].text("female") is None
    text = found["region"].text("Coast")
    assert text is not None and (text.label, text.value_label) == ("Region of interview", "Coast")


@pytest.mark.parametrize(
    ("by", "bands", "message", "hint"),
    [
        (("regoin",), (), r"s\.sav has no column regoin .*like it: REGION\.", "country, sex, age, or by any"),
        (("zzz",), (), r"has no column zzz to group by\. It can", "country, sex, age"),
        (("gps",), (), "could identify a respondent", "--keep-private"),
        (("age", "q262"), (), "names one column twice", "--by country,sex,age"),
        (("sex",), (("q57", (Band(1, 2),)),), "no --by names it", "--by country,q57"),
        (("sex",), (("sex", (Band(1, 2),)),), "its values are male, female, not numbers", "Leave the bands out"),
    ],
)
def test_what_cannot_be_grouped_by_is_a_usage_error(
    by: tuple[str, ...], bands: tuple[tuple[str, tuple[Band, ...]], ...], message: str, hint: str
) -> None:
    """Unknown, withheld and doubled columns, and bands of nothing or of words, exit 2 and say what to type."""
    with pytest.raises(SurveyError, match=message) as caught:
        groups(*by, bands=bands)
    assert caught.value.code is ExitCode.USAGE
    assert hint in caught.value.hint
