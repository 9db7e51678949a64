"""What an ingest writes besides distributions, and what it does with a file it knows or a survey it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from wvs_like import make_wvs_like, write_wvs_like

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.survey import IngestOptions, ingest_bundled, ingest_file
from surveycli.survey.files.source import open_source


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


def write(frame: pl.DataFrame, path: Path) -> Path:
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Ten invented respondents in each of 66 countries."""
    return make_wvs_like("v6", 660, 1)


def test_respondents_are_stored_wide_and_typed_in_file_order(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Every respondent has its number, country, weight, answers as integers and readable demographics."""
    ingest_file(store, write(frame, tmp_path / "w.csv"))
    stored = store.query('SELECT * FROM respondent."wvs7" ORDER BY respondent_id')
    assert stored["respondent_id"].to_list() == list(range(1, 661))
    assert stored["iso3"].to_list() == frame["B_COUNTRY_ALPHA"].to_list()
    assert stored["weight"].to_list() == frame["W_WEIGHT"].to_list()
    assert stored["Q1"].dtype == pl.Int16
    assert stored["Q57"].to_list() == frame["Q57"].to_list()
    assert stored["Q223"].to_list() == frame["Q223"].to_list()
    assert stored["sex"].to_list() == [{1: "male", 2: "female"}.get(code) for code in frame["Q260"]]
    assert stored["age"].to_list() == [age if age >= 0 else None for age in frame["Q262"]]


@pytest.mark.parametrize(
    ("keep", "expected"), [(False, set()), (True, {"O1_LONGITUDE", "O2_LATITUDE", "I_PSU", "L_INTERVIEWER_NUMBER"})]
)
def test_identifying_columns_are_stored_only_on_request(
    keep: bool, expected: set[str], frame: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """Coordinates, sampling point and interviewer are in the table exactly where keep_private is set."""
    ingest_file(store, write(frame, tmp_path / "w.csv"), IngestOptions(keep_private=keep))
    columns = {name.upper() for name, *_ in query(store, "DESCRIBE respondent.wvs7")}
    assert columns & {"O1_LONGITUDE", "O2_LATITUDE", "I_PSU", "L_INTERVIEWER_NUMBER"} == expected


def test_the_same_content_is_a_conflict_that_says_when_it_came(store: Store, tmp_path: Path) -> None:
    """A second ingest of the same bytes, under another file name too, exits 5 and changes nothing."""
    first = write_wvs_like(tmp_path / "a.csv")
    second = tmp_path / "b.csv"
    second.write_bytes(first.read_bytes())
    ingest_file(store, first)
    before = query(store, "SELECT * FROM source_file")
    for path in (first, second):
        with pytest.raises(
            SurveyError, match=r"the same content was ingested 20\d\d-\d\d-\d\d \d\d:\d\d UTC from a.csv"
        ) as caught:
            ingest_file(store, path)
        assert caught.value.code is ExitCode.CONFLICT
    assert query(store, "SELECT * FROM source_file") == before


def test_another_release_needs_replace_or_a_name(store: Store, tmp_path: Path) -> None:
    """A second release exits 5; --survey puts it beside the first, --replace in its place."""
    v5, v6 = write_wvs_like(tmp_path / "v5.csv", "v5"), write_wvs_like(tmp_path / "v6.csv", "v6", seed=2)
    ingest_file(store, v5)
    with pytest.raises(SurveyError, match=r"release 5-0-0, from v5\.csv") as caught:
        ingest_file(store, v6)
    assert caught.value.code is ExitCode.CONFLICT
    assert "--replace" in caught.value.hint and "--survey NAME" in caught.value.hint
    ingest_file(store, v6, IngestOptions(survey_id="wvs7-v6"))
    assert query(store, "SELECT survey_id, release FROM survey ORDER BY 1") == [("wvs7", "5-0-0"), ("wvs7-v6", "6-0-0")]
    ingest_file(store, v6, IngestOptions(replace=True))
    assert query(store, "SELECT release FROM survey WHERE survey_id = 'wvs7'") == [("6-0-0",)]
    differ = (
        "SELECT count(*) FROM (SELECT * EXCLUDE survey_id FROM response_distribution WHERE survey_id = '{}' {}"
        " SELECT * EXCLUDE survey_id FROM response_distribution WHERE survey_id = '{}')"
    )
    assert query(store, differ.format("wvs7", "EXCEPT", "wvs7-v6")) == [(0,)]


def test_replacing_keeps_wordings_that_the_user_added(store: Store) -> None:
    """A machine translation outlives --replace, while the codebook's own wording is written anew."""
    ingest_bundled(store)
    row = {"survey_id": "wvs7", "item_id": "Q1", "language": "sw", "wording": "Familia?", "origin": "machine"}
    store.insert("item_text", pl.DataFrame([row]))
    ingest_bundled(store, replace=True)
    assert query(store, "SELECT wording FROM item_text WHERE language = 'sw'") == [("Familia?",)]
    assert query(store, "SELECT count(*) FROM item_text WHERE language = 'en'") == [(258,)]


def test_codes_that_are_no_options_are_counted_not_used(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """An answer 9 to a two-option item is left out of the distribution and counted under its item."""
    wrong = frame.with_columns(Q57=pl.when(pl.int_range(pl.len()) < 3).then(9).otherwise(1))
    report = ingest_file(store, write(wrong, tmp_path / "w.csv"))
    assert [(skip.subject, skip.n_skipped) for skip in report.skipped if skip.reason == "code not in the codebook"] == [
        ("Q57", 3)
    ]
    assert query(store, "SELECT sum(n_respondents)::INT FROM cell WHERE item_id = 'Q57'") == [(657,)]
    assert query(store, "SELECT n_skipped FROM ingest_skip WHERE subject = 'Q57'") == [(3,)]


def test_respondents_without_weight_or_country_are_left_out_and_counted(
    frame: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """A blank country, a blank weight and a negative weight each cost one respondent, by name of the reason."""
    place = pl.int_range(pl.len())
    holes = frame.with_columns(
        B_COUNTRY=pl.when(place != 0).then("B_COUNTRY"),
        W_WEIGHT=pl.when(place == 1).then(None).when(place == 2).then(-0.5).otherwise("W_WEIGHT"),
    )
    report = ingest_file(store, write(holes, tmp_path / "w.csv"))
    reasons = {skip.reason: skip.n_skipped for skip in report.skipped}
    assert report.n_respondents == 657
    assert reasons["respondent without a country"] == 1
    assert reasons["respondent without a valid weight"] == 2


def test_a_file_without_weights_has_unweighted_shares_only(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Without W_WEIGHT the weighted share is NULL everywhere, and the report says so."""
    report = ingest_file(store, write(frame.drop("W_WEIGHT"), tmp_path / "w.csv"))
    assert query(store, "SELECT count(share), count(share_unweighted) > 0 FROM response_distribution") == [(0, True)]
    assert "no weight column: no weighted shares (--weight-column names one)" in {
        skip.reason for skip in report.skipped
    }


def test_a_country_column_by_name_is_enough(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """B_COUNTRY_ALPHA stands in for B_COUNTRY, with the same cells."""
    assert ingest_file(store, write(frame.drop("B_COUNTRY"), tmp_path / "w.csv")).n_populations == 66


def test_numbers_with_a_decimal_point_blanks_and_a_byte_order_mark_are_read(
    frame: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """Codes written 2.0, blank cells (counted as missing), CRLF and a BOM do not change any answer."""
    text = frame.with_columns(pl.col("Q2").cast(pl.Float64), Q3=pl.when(pl.int_range(pl.len()) > 4).then("Q3"))
    path = tmp_path / "w.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.write_csv(line_terminator="\r\n").encode())
    report = ingest_file(store, path)
    stored = store.query("SELECT Q2, Q3 FROM respondent.wvs7 ORDER BY respondent_id")
    assert stored["Q2"].to_list() == frame["Q2"].to_list()
    assert stored["Q3"].null_count() == 5
    assert ("Q3", 5) in {(skip.subject, skip.n_skipped) for skip in report.skipped}


def test_dont_know_can_be_an_option(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """With keep_dont_know code -1 is an option of every item, counted, labelled, and no longer a missing answer."""
    path = write(frame, tmp_path / "w.csv")
    ingest_file(store, path, IngestOptions(keep_dont_know=True))
    n = query(
        store, "SELECT sum(n_respondents)::INT FROM response_distribution WHERE item_id = 'Q1' AND option_code = -1"
    )
    assert n == [(int((frame["Q1"] == -1).sum()),)]
    labels = query(store, "SELECT label FROM option_text WHERE item_id = 'Q1' AND option_code = -1 AND language = 'en'")
    assert labels == [("I do not know",)]
    assert query(store, "SELECT count(*) FROM missing_count WHERE status = 'dont_know'") == [(0,)]
    assert query(store, "SELECT DISTINCT scale FROM item") == [("nominal",)]


def test_small_cells_are_left_out_and_counted(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """No cell has fewer valid answers than min_cell, and the cells left out are in the report."""
    report = ingest_file(store, write(frame, tmp_path / "w.csv"), IngestOptions(min_cell=10))
    assert query(store, "SELECT min(n_respondents) FROM cell") == [(10,)]
    left_out = sum(skip.n_skipped for skip in report.skipped if skip.reason == "cell with fewer than 10 valid answers")
    assert left_out + report.n_cells == 258 * 66 - 7  # seven cells have no valid answer at all


def test_subgroups_add_up_to_their_country(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """By sex, the counts of a country's two populations and of those without a known sex sum to the country's."""
    ingest_file(store, write(frame, tmp_path / "w.csv"), IngestOptions(by=(("country",), ("country", "sex"))))
    sums = query(
        store,
        "SELECT p.kind, sum(c.n_respondents)::INT FROM cell AS c JOIN population AS p USING (population_id)"
        " WHERE c.item_id = 'Q1' GROUP BY p.kind ORDER BY p.kind",
    )
    valid = frame["Q1"] > 0
    assert sums == [("country", int(valid.sum())), ("subgroup", int((valid & (frame["Q260"] > 0)).sum()))]
    rows = query(
        store,
        "SELECT description FROM population_text WHERE population_id = 'KEN|sex=female' AND language = 'en'",
    )
    assert rows == [("women in Kenya",)]


def test_an_unknown_grouping_is_a_usage_error(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Grouping by a column that the file lacks exits 2 and lists those it has."""
    with pytest.raises(SurveyError, match="has no column shoe size") as caught:
        ingest_file(store, write(frame, tmp_path / "w.csv"), IngestOptions(by=(("country", "shoe size"),)))
    assert caught.value.code is ExitCode.USAGE
    assert "country, sex, age, education, income, settlement" in caught.value.hint


def test_batches_of_any_size_give_the_same_answers(frame: pl.DataFrame, tmp_path: Path) -> None:
    """Reading block by block changes neither a respondent nor their order, however small the blocks."""
    from surveycli.survey.files.batch import ColumnTypes
    from surveycli.survey.files.csv_batches import read_csv_batches
    from surveycli.survey.files.text import read_head

    head = read_head(open_source(write(frame.select("B_COUNTRY", "Q1", "Partyname", "W_WEIGHT"), tmp_path / "w.csv")))
    plan = ColumnTypes({"Q1": pl.Int16, "Partyname": pl.String, "W_WEIGHT": pl.Float64}, frozenset({"Q1"}))
    whole = pl.concat([batch.respondents for batch in read_csv_batches(head, plan)])
    for block_bytes in (37, 1000, 10_000):
        parts = pl.concat([batch.respondents for batch in read_csv_batches(head, plan, block_bytes)])
        assert parts.equals(whole)
    assert whole["Q1"].to_list() == frame["Q1"].to_list()
    assert set(whole["Partyname"]) == {"Missing, Not available"}


def test_a_country_map_gives_codes_that_nobody_knows(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """In the cross-national CSV, too, the user's map places unknown codes, and an empty one leaves them out."""
    odd = frame.with_columns(pl.col("B_COUNTRY").replace({404: 9998, 392: 9999}))
    path = write(odd, tmp_path / "w.csv")
    report = ingest_file(store, path, IngestOptions(country_map=(("9998", "KEN"), ("9999", ""))))
    assert report.n_populations == 65
    assert query(store, "SELECT count(*) FROM respondent.wvs7 WHERE iso3 = 'KEN'") == [(10,)]
    assert ("respondent without a country", 10) in {(skip.reason, skip.n_skipped) for skip in report.skipped}
