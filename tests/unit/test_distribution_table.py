"""Tables of ready distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.errors import SurveyError
from surveycli.store import Store
from surveycli.survey import IngestOptions, ingest_file


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


def table(**changes: object) -> pl.DataFrame:
    """Two items asked in two countries, of a survey without a codebook."""
    columns: dict[str, object] = {
        "survey": "tea",
        "item": ["T1", "T1", "T2", "T2", "T2"],
        "population": ["KEN", "KEN", "Japan", "Japan", "Japan"],
        "code": [1, 2, 1, 2, 3],
        "n": [30, 10, 5, 5, 10],
        "share": [0.7, 0.3, 0.25, 0.25, 0.5],
    }
    return pl.DataFrame(columns | changes)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_unknown_survey_gets_its_items_from_the_table(kind: str, store: Store, tmp_path: Path) -> None:
    """Items, options and cells come from the rows, countries from codes or names, the same from CSV and Parquet."""
    path = tmp_path / f"tea.{kind}"
    table().write_csv(path) if kind == "csv" else table().write_parquet(path)
    report = ingest_file(store, path)
    assert (report.survey_id, report.n_items, report.n_populations, report.n_cells) == ("tea", 2, 2, 2)
    rows = query(
        store,
        "SELECT * EXCLUDE survey_id FROM response_distribution ORDER BY ALL",
    )
    assert rows == [
        ("T1", "KEN", 1, 30, 0.7, 0.75),
        ("T1", "KEN", 2, 10, 0.3, 0.25),
        ("T2", "JPN", 1, 5, 0.25, 0.25),
        ("T2", "JPN", 2, 5, 0.25, 0.25),
        ("T2", "JPN", 3, 10, 0.5, 0.5),
    ]
    assert query(store, "SELECT wording FROM item_text WHERE item_id = 'T1'") == [("T1",)]
    assert query(store, "SELECT label FROM option_text WHERE item_id = 'T1' ORDER BY option_code") == [("1",), ("2",)]


def test_wordings_and_labels_may_stand_in_the_table(store: Store, tmp_path: Path) -> None:
    """item_text and option_label become the words of the item."""
    words = {
        "item_text": ["Tea?", "Tea?", "How?", "How?", "How?"],
        "option_label": ["yes", "no", "hot", "warm", "cold"],
    }
    table(**words).write_csv(tmp_path / "tea.csv")
    ingest_file(store, tmp_path / "tea.csv", IngestOptions(survey_id="mine"))
    assert query(store, "SELECT survey_id, wording FROM item_text WHERE item_id = 'T1'") == [("mine", "Tea?")]
    assert query(store, "SELECT label FROM option_text WHERE item_id = 'T2' ORDER BY option_code") == [
        ("hot",),
        ("warm",),
        ("cold",),
    ]


def test_an_option_that_a_population_never_chose_is_zero_there(store: Store, tmp_path: Path) -> None:
    """A code that only another population's rows have is an option with share 0."""
    two = table(item=["T1"] * 5)
    two.write_csv(tmp_path / "t.csv")
    ingest_file(store, tmp_path / "t.csv")
    rows = query(
        store,
        "SELECT COLUMNS('^n_|^share') FROM response_distribution WHERE population_id = 'KEN' AND option_code = 3",
    )
    assert rows == [(0, 0.0, 0.0)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": ["KEN", "KEN", "Atlantis", "Atlantis", "Atlantis"]}, "1 unknown: Atlantis"),
        ({"survey": ["a", "a", "b", "b", "b"]}, "expected one survey in column survey, found a, b"),
        ({"code": [1, 1, 1, 2, 3]}, "T1, KEN, code 1 stands there more than once"),
        ({"share": [70, 30, 25, 25, 50]}, "share of T1 in KEN should sum to 1, found 100"),
        ({"share": [0.7, None, 0.25, 0.25, 0.5]}, "should sum to 1"),
        ({"n": [-1, 10, 5, 5, 10]}, "column n should hold a number of 0 or more, found .-1. in row 1"),
        ({"code": ["a", "2", "1", "2", "3"]}, "column code should hold a number, found 'a' in row 1"),
    ],
)
def test_a_wrong_table_is_refused(changes: dict[str, object], message: str, store: Store, tmp_path: Path) -> None:
    """Unknown populations, several surveys, doubled rows, percentages, gaps and text each have their message."""
    table(**changes).write_csv(tmp_path / "t.csv")
    with pytest.raises(SurveyError, match=message):
        ingest_file(store, tmp_path / "t.csv")
    assert query(store, "SELECT count(*) FROM survey") == [(0,)]


def test_a_country_map_is_the_way_out(store: Store, tmp_path: Path) -> None:
    """The user's map gives the code of a label that nobody knows; an empty code leaves its rows out, counted."""
    table(population=["KEN", "KEN", "Atlantis", "Atlantis", "Atlantis"]).write_csv(tmp_path / "t.csv")
    ingest_file(store, tmp_path / "t.csv", IngestOptions(country_map=(("Atlantis", "GRC"),)))
    assert query(store, "SELECT DISTINCT population_id FROM cell ORDER BY 1") == [("GRC",), ("KEN",)]
    report = ingest_file(store, tmp_path / "t.csv", IngestOptions(country_map=(("atlantis", ""),), survey_id="less"))
    assert [(skip.reason, skip.n_skipped) for skip in report.skipped] == [("left out by the country map", 3)]


@pytest.mark.parametrize(
    ("labels", "scale"),
    [
        (["Catholic", "Muslim", "Buddhist"], "nominal"),
        (["Very good", "Good", "Bad"], "ordinal"),
        (["1", "2", "3"], "ordinal"),
        (None, "nominal"),
    ],
)
def test_only_labels_make_an_order(labels: list[str] | None, scale: str, store: Store, tmp_path: Path) -> None:
    """Religions have no order, grades and numbers do, and bare codes are not known to: no distance along a scale."""
    path = tmp_path / "tea.csv"
    texts = {} if labels is None else {"option_label": ["Yes", "No", *labels]}
    table(**texts).write_csv(path)
    ingest_file(store, path)
    assert query(store, "SELECT scale FROM item ORDER BY item_id") == [("binary",), (scale,)]
