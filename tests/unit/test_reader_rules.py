"""What is taken for what in a file that nobody described, by its labels, codes, measure levels and missing answers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store, open_store
from surveycli.survey import IngestOptions, IngestReport, ingest_file, try_file
from surveycli.survey.readers.profile import profiles, read_profile

N = 400
LIKING = {1: "Likes it a lot", 2: "Likes it", 3: "Indifferent"}
# Column: codes that are drawn, value labels, variable label, measure level of SPSS.
COLUMNS: dict[str, tuple[list[float], dict[float, str], str, str]] = {
    "b_lugar": ([1, 2], {1: "Alemania", 2: "[%152%] Chile"}, "Lugar", "nominal"),
    "weight": ([60, 70, 95], {}, "How much do you weigh, in kilos?", "scale"),
    "WEIGHT_W12": ([0.5, 1.5], {}, "", "scale"),
    "rest_W12": ([0.4, 1.6], {}, "Calibration weight of the sample", "scale"),
    "below": ([1, 2, 3, -7], {1: "Oak", 2: "Elm", 3: "Ash", -7: "Zebra"}, "What tree is it?", "nominal"),
    "around": ([-2, -1, 0, 1, 2], {-2: "Far worse", -1: "Worse", 0: "The same", 1: "Better", 2: "Far better"}, "", ""),
    "kites": ([*range(9)], {7: "Seven or more", 8: "As many as wanted"}, "How many kites are right?", "nominal"),
    "bare": ([1, 2, 55], {1: "Yes", 2: "No"}, "Is it so?", "nominal"),
    "phantom": ([1, 2, 6, 3, 4], {1: "Red", 2: "Blue", 6: "Green", 3: "Refused", 4: "DK"}, "Which colour?", "nominal"),
    "own": ([1, 2, 3, 9], {1: "1. Red", 2: "2. Blue", 3: "3. Green", 9: "9. Refused"}, "Which of these?", "nominal"),
    "both": ([1, 2, 3], {1: "Tea", 2: "Milk", 3: "Both (VOL)"}, "What do you drink?", "nominal"),
    "rare": ([1] * 40 + [2] * 40 + [3], {1: "Tea", 2: "Milk", 3: "Neither (VOL)"}, "And at noon?", "nominal"),
    "told": ([1, 2, 3], LIKING, "The new bridge", "ordinal"),
    "untold": ([1, 2, 3], LIKING, "The old bridge", "nominal"),
    "apart": ([1, 2, 3, 4, 8, 9], {1: "Oak", 2: "Elm", 3: "Ash", 4: "Fir"}, "And that one?", "nominal"),
    "vote": ([1, 2], {1: "Yes", 2: "No"}, "Voted in the choir's last round", "nominal"),
    "twice": ([1, 2, 3], {1: "Other", 2: "Oak", 3: "Other"}, "Which tree fell?", "nominal"),
    "edlev": ([1, 2, 3], {1: "Low", 2: "Middle", 3: "High"}, "Highest level of education completed", "ordinal"),
    "people": ([1, 2, 3], {1: "One", 2: "Two", 3: "More"}, "How many people live in your household?", "nominal"),
}  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SPSS with the columns."""
    draw = random.Random(4)
    frame = pl.DataFrame({name: [float(draw.choice(codes)) for _ in range(N)] for name, (codes, *_) in COLUMNS.items()})
    target = tmp_path_factory.mktemp("rules") / "strange.sav"
    pyreadstat.write_sav(
        frame,
        str(target),
        column_labels=[label for _, _, label, _ in COLUMNS.values()],
        variable_value_labels={name: labels for name, (_, labels, _, _) in COLUMNS.items() if labels},
        variable_measure={name: measure for name, (_, _, _, measure) in COLUMNS.items() if measure},
        missing_ranges={"phantom": [{"lo": 3, "hi": 5}]},
    )
    return target


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for the tests of this module."""
    with open_store(tmp_path_factory.mktemp("store") / "s.duckdb", create=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(path: Path, module_store: Store) -> IngestReport:
    """The ingest of the file without an option."""
    return ingest_file(module_store, path)


@pytest.fixture(scope="module")
def items(report: IngestReport, module_store: Store) -> dict[str, dict[str, Any]]:
    """Each item's scale and wording, and the labels of its codes."""
    rows = module_store.query(
        "SELECT item_id, scale, wording, list(option_code ORDER BY option_code) AS codes,"
        " list(label ORDER BY option_code) AS labels FROM item JOIN item_text USING (survey_id, item_id)"
        " JOIN option_text USING (survey_id, item_id, language) WHERE survey_id = 'strange' GROUP BY ALL"
    )
    return {row["item_id"]: row for row in rows.to_dicts()}


def reason(report: IngestReport, column: str) -> str:
    """Return why a column makes no item, and what else there is to say about it."""
    return "; ".join(skip.reason for skip in report.skipped if column in skip.subject.split(", "))


def test_countries_are_told_by_what_stands_in_a_column(report: IngestReport, module_store: Store) -> None:
    """A column of any name whose labels are countries, in Spanish or with a number before them, is the country."""
    assert report.reading is not None and report.reading.country == "b_lugar"
    assert set(module_store.query("SELECT DISTINCT iso3 FROM respondent.strange")["iso3"]) == {"DEU", "CHL"}


def test_the_weight_is_told_by_name_and_content(report: IngestReport) -> None:
    """Kilos are no weight, though the column is called so; another weight in the file is named."""
    assert report.reading is not None and report.reading.weight == "WEIGHT_W12"
    assert "body weight" in reason(report, "weight")
    assert "other weights" in reason(report, "rest_W12")


def test_a_labelled_code_below_zero_is_missing(report: IngestReport, items: dict[str, Any]) -> None:
    """Where the other codes have labels, one below 0 is missing, and the summary names its label; no scale is cut."""
    assert items["below"]["codes"] == [1, 2, 3]
    assert report.reading is not None
    assert ("Zebra", "missing_other") in {(taken.label, taken.taken_for) for taken in report.reading.missing}
    assert "around" not in items and "codes below 0" in reason(report, "around")


def test_codes_without_a_label_are_options_or_the_column_is_no_item(
    report: IngestReport, items: dict[str, Any]
) -> None:
    """Counts that some labels end are a ladder; a strange code with many answers leaves the column out."""
    assert items["kites"]["labels"] == [*map(str, range(7)), "Seven or more", "As many as wanted"]
    assert "bare" not in items and "codes without a label hold" in reason(report, "bare")


def test_missing_codes_are_never_options(report: IngestReport, items: dict[str, Any], module_store: Store) -> None:
    """Missing codes between options stay missing, and so do bare 8s and 9s that stand apart, which a line says."""
    assert items["phantom"]["codes"] == [1, 2, 6]
    assert items["apart"]["codes"] == [1, 2, 3, 4]
    assert any("apart 8/9" in skip.subject for skip in report.skipped)
    lost = "SELECT max(n_left_out), max(abs(n_interviewed - n_valid - n_missing)) FROM answer_account"
    assert module_store.query(lost).row(0) == (0, 0)


def test_labels_lose_their_own_code_and_wordings_only_a_whole_name(report: IngestReport, items: dict[str, Any]) -> None:
    """`1. Red` is Red; `Voted in...` of the column vote stays whole; two options of one label are pointed out."""
    assert items["own"]["labels"] == ["Red", "Blue", "Green"]
    assert items["vote"]["wording"] == "Voted in the choir's last round"
    assert "same label" in reason(report, "twice")


def test_frequent_volunteered_answers_are_options(report: IngestReport, items: dict[str, Any]) -> None:
    """One that a third gives is an option under its bare label, one that few give is missing; both are listed."""
    assert items["both"]["labels"] == ["Tea", "Milk", "Both"]
    assert items["rare"]["codes"] == [1, 2]
    assert report.reading is not None
    assert {(t.label, t.taken_for) for t in report.reading.volunteered} == {
        ("Both (VOL)", "option"),
        ("Neither (VOL)", "missing_other"),
    }


def test_measure_levels_count_where_a_file_uses_them(report: IngestReport, items: dict[str, Any]) -> None:
    """Of two items with the same labels the one that SPSS calls ordinal is; the summary counts the scales."""
    assert (items["told"]["scale"], items["untold"]["scale"]) == ("ordinal", "nominal")
    assert sum(report.scales.values()) == len(items) == report.n_items


def test_demographics_are_no_items(report: IngestReport, items: dict[str, Any]) -> None:
    """Education and the size of the household are left out by their labels, and named."""
    assert not {"edlev", "people"} & set(items)
    assert "demographic" in reason(report, "edlev") and "demographic" in reason(report, "people")


def test_the_user_may_say_otherwise(path: Path) -> None:
    """Options name items, scales, missing labels, language, country and weight; a rehearsal stores nothing."""
    before = set(path.parent.iterdir())
    report = try_file(
        path,
        IngestOptions(
            country="Kenya",
            weight_column="rest_W12 * WEIGHT_W12",
            ordinal=("unt*",),
            no_items=("kites", "own"),
            missing=(("zebra", "answer"), ("Blue", "refused"), ("Neither (VOL)", "answer")),
            language="es",
            keep_volunteered=True,
        ),
    )
    assert report.reading is not None
    assert (report.n_populations, report.reading.weight) == (1, "rest_W12 * WEIGHT_W12")
    assert (report.reading.language, report.reading.country) == ("es (named)", "KEN for everybody")
    assert "--no-items" in reason(report, "kites")
    assert {t.label for t in report.reading.missing if t.taken_for == "refused"} >= {"Blue"}
    assert "missing_other" not in {t.taken_for for t in report.reading.volunteered}
    assert report.scales["ordinal"] == 2
    assert set(path.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (IngestOptions(country="Atlantis"), ExitCode.USAGE, "not a known country"),
        (IngestOptions(country="KEN", country_column="b_lugar"), ExitCode.USAGE, "--country-column which column"),
        (IngestOptions(weight_column="heavy"), ExitCode.BAD_INPUT, "has no column 'heavy'"),
    ],
)
def test_what_cannot_be_is_refused(options: IngestOptions, code: ExitCode, message: str, path: Path) -> None:
    """A country that is none, two answers to one question, and a column that is not there are one error."""
    with pytest.raises(SurveyError, match=message) as caught:
        try_file(path, options)
    assert caught.value.code is code and caught.value.hint


def test_one_countrys_file_is_refused_with_the_option_that_helps(tmp_path: Path) -> None:
    """Without a column of countries the hint says --country; with it the file is read."""
    target = tmp_path / "national.sav"
    frame = pl.DataFrame({"q1": [1.0, 2.0] * 20, "q2": [1.0, 2.0] * 20})
    pyreadstat.write_sav(
        frame, str(target), variable_value_labels={name: {1: "Yes", 2: "No"} for name in frame.columns}
    )
    with pytest.raises(SurveyError, match="expected a column with the country") as caught:
        try_file(target)
    assert "--country USA" in caught.value.hint
    assert try_file(target, IngestOptions(country="USA")).n_items == 2


def test_a_country_and_a_weight_do_not_make_a_file_pews(tmp_path: Path) -> None:
    """A labelled SPSS file with columns country and weight is of no programme, unless it has a second sign of one."""
    frame = pl.DataFrame({"country": [1.0, 2.0] * 9, "weight": [0.5, 1.5] * 9, "Q1": [1.0, 2.0, 3.0] * 6})
    labels: Any = {"country": {1: "Kenya", 2: "Ghana"}, "Q1": {1: "Tea", 2: "Milk", 3: "Beer"}}
    pyreadstat.write_sav(frame, str(tmp_path / "tea.sav"), variable_value_labels=labels)
    report = try_file(tmp_path / "tea.sav")
    assert report.reading is not None
    assert (report.layout, report.reading.profile, report.reading.weight) == ("generic", "", "weight")


def test_waves_are_populations(tmp_path: Path) -> None:
    """Each of many years is a population of its own by the name year, whatever their column is called."""
    target = tmp_path / "trend.sav"
    years = [float(year) for year in range(1980, 2020)] * 3
    frame = pl.DataFrame({"cntry": ["KE"] * 120, "S020": years, "q1": [1.0, 2.0] * 60})
    pyreadstat.write_sav(frame, str(target), variable_value_labels={"q1": {1: "Yes", 2: "No"}})
    with open_store(tmp_path / "s.duckdb", create=True) as store:
        report = ingest_file(store, target, IngestOptions(by=(("country", "year"),), items=("q1",)))
        assert (report.n_populations, report.reading.year if report.reading else "") == (40, "1980-2019")
        assert store.query("SELECT count(*) FROM population WHERE population_id = 'KEN|year=1999'").item() == 1


PROFILE = """\
programme: tea
title: Tea Survey
source: the tea board
all_of: [nope]
country_is: Japan
weight: rest_W12
codes: {2: refused}
ai_policy: local-only
"""


def test_a_users_profile_is_heeded(path: Path, tmp_path: Path) -> None:
    """Country, weight, missing codes, title and terms come from the file that --profile names."""
    target = tmp_path / "tea.yaml"
    target.write_text(PROFILE, encoding="utf-8")
    report = try_file(path, IngestOptions(profile=target))
    assert report.reading is not None
    assert (report.survey_id, report.reading.profile, report.ai_policy) == ("tea", "Tea Survey", "local-only")
    assert (report.reading.weight, report.reading.country) == ("rest_W12", "JPN for everybody")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("colour: red", "colour: expected one of"),
        ("all_of: ['(']", "all_of: expected a regular expression"),
        ("codes: {2: lost}", "codes.2: expected a whole code and one of"),
        ("ai_policy: never", "ai_policy: expected one of local-only, hosted-allowed, unknown"),
        ("country: 3", "country: expected a text or a list of texts"),
        ("- a", "cannot be read"),
    ],
)
def test_a_wrong_profile_says_where(line: str, message: str, tmp_path: Path) -> None:
    """Each mistake in a profile is one error with its field."""
    target = tmp_path / "p.yaml"
    others = [other for other in PROFILE.splitlines() if other.partition(":")[0] != line.partition(":")[0]]
    target.write_text("\n".join([*others, line]), encoding="utf-8")
    with pytest.raises(SurveyError, match=message) as caught:
        read_profile(target)
    assert caught.value.code is ExitCode.BAD_INPUT and caught.value.hint


def test_each_profile_of_the_package_names_its_source() -> None:
    """A profile says whose documentation it follows, how it is recognised, and the terms of the data."""
    assert len(profiles()) == 17
    for profile in profiles():
        assert profile.source and profile.all_of and profile.licence and profile.citation, profile.programme
        assert profile.country or profile.country_is, profile.programme
