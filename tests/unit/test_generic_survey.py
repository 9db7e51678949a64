"""Any other survey: a country column, a codebook, or the file's own labels."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from other_surveys import write_xlsx

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

YAML = """\
survey: tea-2020
title: Tea survey
language: en
missing: {77: refused}
scales:
  often:
    kind: ordinal
    options: {1: "Often", 2: "Seldom", 3: "Never"}
    missing: {8: dont_know, 9: no_answer}
  liking:
    kind: ordinal
    endpoints: {0: "Not at all", 4: "Very much"}
batteries:
  drinks:
    scale: often
    dimension: habits
    stem: How often do you drink {}?
    items: {TEA: tea, MILK: milk}
  likes:
    scale: liking
    items:
      LIKE: How much do you like tea?
"""
CSV = """\
item_id,wording,option_code,label,scale,missing_status
TEA,How often do you drink tea?,1,Often,ordinal,
TEA,,2,Seldom,,
TEA,,3,Never,,
TEA,,8,,,dont_know
TEA,,9,,,no_answer
TEA,,77,,,refused
MILK,How often do you drink milk?,1,Often,ordinal,
MILK,,2,Seldom,,
MILK,,3,Never,,
MILK,,8,,,dont_know
MILK,,9,,,no_answer
MILK,,77,,,refused
LIKE,How much do you like tea?,0,Not at all,ordinal,
LIKE,,1,,,
LIKE,,2,,,
LIKE,,3,,,
LIKE,,4,Very much,,
LIKE,,77,,,refused
"""


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


@pytest.fixture
def frame() -> pl.DataFrame:
    """Three hundred invented respondents of two countries."""
    draw = random.Random(2)
    return pl.DataFrame(
        {
            "land": [draw.choice(["Kenya", "Japan"]) for _ in range(300)],
            "w": [round(draw.uniform(0.1, 3), 3) for _ in range(300)],
            "Tea": [draw.choice([1, 2, 3, 8, 9, 77, 5, None]) for _ in range(300)],
            "MILK": [draw.choice([1, 2, 3, 8]) for _ in range(300)],
            "like": [draw.choice([0, 1, 2, 3, 4, 77]) for _ in range(300)],
            "note": ["x"] * 300,
        }
    )


def with_book(folder: Path, text: str, suffix: str = "yaml", **more: Any) -> IngestOptions:
    """Return options with a codebook of this text, and the columns of the fixture."""
    book = folder / f"book.{suffix}"
    book.write_text(text, encoding="utf-8")
    return IngestOptions(country_column="LAND", weight_column="W", codebook=book, **more)


def write(frame: pl.DataFrame, path: Path) -> Path:
    """Write a frame in the format of the path's name."""
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".tsv":
        frame.write_csv(path, separator="\t")
    elif path.suffix == ".txt":
        frame.write_csv(path, separator=";")
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".xlsx":
        write_xlsx(path, frame)
    elif path.suffix == ".sav":
        pyreadstat.write_sav(frame, str(path))
    elif path.suffix == ".zsav":
        pyreadstat.write_sav(frame, str(path), compress=True)
    else:
        pyreadstat.write_dta(frame, str(path))
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt", "parquet", "xlsx", "sav", "zsav", "dta"])
def test_every_kind_of_file_gives_the_same_distributions(
    suffix: str, frame: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """Counts and weighted shares are those of a plain loop over the respondents, whatever the file's format."""
    report = ingest_file(store, write(frame, tmp_path / f"t.{suffix}"), with_book(tmp_path, YAML))
    n: dict[tuple[str, str, int], int] = defaultdict(int)
    w: dict[tuple[str, str, int], float] = defaultdict(float)
    valid = {"TEA": ("Tea", (1, 2, 3)), "MILK": ("MILK", (1, 2, 3)), "LIKE": ("like", (0, 1, 2, 3, 4))}
    statuses = {8: "dont_know", 9: "no_answer", 77: "refused", None: "missing_other"}
    missing: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in frame.iter_rows(named=True):
        country = {"Kenya": "KEN", "Japan": "JPN"}[row["land"]]
        for item, (column, codes) in valid.items():
            if row[column] in codes:
                n[item, country, row[column]] += 1
                w[item, country, row[column]] += row["w"]
            elif row[column] != 5:
                missing[item, country, statuses[row[column]]] += 1
    rows = query(store, "SELECT item_id, population_id, option_code, n_respondents, share FROM response_distribution")
    assert len(rows) == 2 * (3 + 3 + 5)
    for item, country, code, count, share in rows:
        assert count == n[item, country, code]
        assert share == pytest.approx(w[item, country, code] / sum(w[item, country, c] for c in valid[item][1]))
    counted = query(store, "SELECT item_id, population_id, status, n_respondents FROM missing_count")
    assert {(i, p, s): count for i, p, s, count in counted} == missing
    fives = frame.filter(pl.col("Tea") == 5).height
    assert ("code not in the codebook", "TEA", fives) in {(s.reason, s.subject, s.n_skipped) for s in report.skipped}
    assert (report.survey_id, report.title, report.layout) == ("tea-2020", "Tea survey", "generic")
    assert not list(find_violations(store))


def test_a_codebook_is_the_same_in_yaml_and_csv(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Items, labels, distributions and missing answers do not depend on the codebook's format."""
    path = write(frame, tmp_path / "t.csv")
    ingest_file(store, path, with_book(tmp_path, YAML, survey_id="yaml"))
    ingest_file(store, path, with_book(tmp_path, CSV, "csv", survey_id="csv"))
    for table, without in {
        "item": ", dimension, battery_id",
        "item_text": "",
        "option_text": "",
        "response_distribution": "",
        "missing_count": "",
    }.items():
        one, other = (
            query(
                store, f"SELECT * EXCLUDE (survey_id{without}) FROM {table} WHERE survey_id = '{survey}' ORDER BY ALL"
            )
            for survey in ("yaml", "csv")
        )
        assert one == other and one
    dimensions = query(store, "SELECT DISTINCT dimension FROM item WHERE survey_id = 'yaml' AND battery_id = 'drinks'")
    assert dimensions == [("habits",)]


def test_labels_in_the_cells_are_mapped_by_the_codebook(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Cells with labels, in any case and with either apostrophe for don't know, count as their codes do."""
    names = {1: "Often", 2: "SELDOM ", 3: "never", 8: "Don’t know", 9: "No answer", 77: "Refused", 5: "Sideways"}
    labelled = frame.with_columns(
        Tea=pl.col("Tea").replace_strict(names, default=None, return_dtype=pl.String),
        MILK=pl.col("MILK").replace_strict(names | {8: "Don't know"}, return_dtype=pl.String),
    )
    ingest_file(store, write(frame, tmp_path / "codes.csv"), with_book(tmp_path, YAML, survey_id="codes"))
    report = ingest_file(store, write(labelled, tmp_path / "t.csv"), with_book(tmp_path, YAML, survey_id="labels"))
    for table in ("response_distribution", "missing_count"):
        one, other = (
            query(store, f"SELECT * EXCLUDE survey_id FROM {table} WHERE survey_id = '{survey}' ORDER BY ALL")
            for survey in ("codes", "labels")
        )
        assert one == other
    assert any(skip.reason == "code not in the codebook" and skip.subject == "TEA" for skip in report.skipped)


def test_named_columns_without_a_codebook_are_numbered_and_nominal(
    frame: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """Codes become options under their numbers, never ordinal, and 8 and 77 apart from them are missing answers."""
    path = write(frame, tmp_path / "t.csv")
    ingest_file(store, path, IngestOptions(country_column="land", items=("MILK", "l*ke")))
    assert query(store, "SELECT item_id, scale, n_options FROM item ORDER BY 1") == [
        ("MILK", "nominal", 3),
        ("like", "nominal", 5),
    ]
    assert query(store, "SELECT DISTINCT status FROM missing_count") == [("missing_other",)]
    assert query(store, "SELECT count(share) FROM response_distribution") == [(0,)]  # no weight column was named


def test_codes_below_zero_are_missing_without_a_codebook(store: Store, tmp_path: Path) -> None:
    """Where nobody says what -1 and -4 mean, they are missing answers of unknown kind, not codes to report."""
    frame = pl.DataFrame({"land": ["Kenya"] * 6, "A": [1, 2, 2, -1, -4, -4]})
    report = ingest_file(store, write(frame, tmp_path / "t.csv"), IngestOptions(country_column="land", items=("A",)))
    assert query(store, "SELECT status, n_respondents FROM missing_count") == [("missing_other", 3)]
    assert not any(skip.reason == "code not in the codebook" for skip in report.skipped)


def test_labels_without_a_codebook_are_ordered_only_on_a_known_ladder(store: Store, tmp_path: Path) -> None:
    """Never to always is ordinal in that order, other words are nominal, numbers mixed with words are no item."""
    rows = 30
    frame = pl.DataFrame(
        {
            "country": ["Kenya"] * rows,
            "A": ["Never", "Always", "Often"] * 10,
            "B": ["Tea", "Milk", "Beer"] * 10,
            "C": ["2", "3", "Best"] * 10,
            "D": ["Yes", "No", "Don’t know"] * 10,
        }
    )
    report = ingest_file(store, write(frame, tmp_path / "t.csv"), IngestOptions(items=("A", "B", "C", "D")))
    rows_found = query(
        store,
        "SELECT item_id, scale, list(label ORDER BY option_code) FROM item JOIN option_text USING (survey_id, item_id)"
        " GROUP BY ALL ORDER BY ALL",
    )
    assert rows_found == [
        ("A", "ordinal", ["Always", "Often", "Never"]),
        ("B", "nominal", ["Beer", "Milk", "Tea"]),
        ("D", "binary", ["Yes", "No"]),
    ]
    assert any(skip.subject == "C" and "order the file does not say" in skip.reason for skip in report.skipped)
    assert query(store, "SELECT item_id, status, n_respondents FROM missing_count") == [("D", "dont_know", 10)]


def test_a_labelled_file_with_a_usual_country_column_needs_no_options(store: Store, tmp_path: Path) -> None:
    """A Stata file with value labels is read by them; Stata's lettered missing codes have the status of their label."""
    frame = pl.DataFrame(
        {
            "cntry": [1.0, 1.0, 1.0, 1.0],
            "Q1": pl.Series([1, 2, "a", "b"], dtype=pl.Object),
            "Q2": [-5.0, 1.0, 2.0, 3.0],
        }
    )
    path = tmp_path / "My Survey.dta"
    labels = {
        "cntry": {1: "Kenya"},
        "Q1": {1: "Yes", 2: "No", "a": "Refused", "b": "Skipped"},
        "Q2": {-5: "Low", 3: "High"},
    }
    pyreadstat.write_dta(frame, str(path), missing_user_values={"Q1": ["a", "b"]}, variable_value_labels=labels)
    report = ingest_file(store, path)
    assert (report.survey_id, report.layout) == ("my-survey", "generic")
    assert query(store, "SELECT item_id, status, n_respondents FROM missing_count ORDER BY ALL") == [
        ("Q1", "missing_other", 1),
        ("Q1", "refused", 1),
    ]
    reasons = {skip.subject: skip.reason for skip in report.skipped}
    assert reasons["Q2"] == "code -5 (Low) is negative, and its label is no known missing answer"


def test_columns_declared_missing_in_spss_are_missing(store: Store, tmp_path: Path) -> None:
    """A code in a missing range is no option, whatever its label says."""
    frame = pl.DataFrame({"country": [1.0] * 4, "Q1": [1.0, 2.0, 7.0, 7.0], "Q2": [1.0, 2.0, 1.0, 2.0]})
    path = tmp_path / "s.sav"
    labels = {"country": {1: "Kenya"}, "Q1": {1: "Yes", 2: "No", 7: "Elsewhere"}, "Q2": {1: "Yes", 2: "No"}}
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels, missing_ranges={"Q1": [7]})
    ingest_file(store, path)
    assert query(store, "SELECT option_code FROM response_option WHERE item_id = 'Q1'") == [(1,), (2,)]
    assert query(store, "SELECT status, n_respondents FROM missing_count") == [("missing_other", 2)]


WRONG_BOOKS = {
    "no YAML": ("a: [", "cannot be read: .* in line"),
    "a list": ("- a", "the file: expected a mapping"),
    "no scales": ("batteries: {}", "scales: expected a mapping"),
    "kind": (
        YAML.replace("kind: ordinal\n    options", "kind: fuzzy\n    options"),
        "scales.often.kind: expected ordinal or",
    ),
    "negative code": (YAML.replace('{1: "Often"', '{-1: "Often"'), "scales.often.options: expected whole codes"),
    "bare yes": (YAML.replace('"Often"', "Yes"), r"scales.often.options.1: expected a label in quotes .YAML reads"),
    "one option": (YAML.replace('{1: "Often", 2: "Seldom", 3: "Never"}', '{1: "Often"}'), "expected two or more codes"),
    "status": (YAML.replace("dont_know", "unsure"), "scales.often.missing.8: expected one of dont_know"),
    "code twice": (YAML.replace("{8: dont_know", "{3: dont_know"), "expected codes that are not options, found .3."),
    "unknown scale": (
        YAML.replace("scale: liking", "scale: loving"),
        "batteries.likes.scale: expected one of the scales",
    ),
    "stem": (YAML.replace("drink {}?", "drink it?"), "expected a text with one {} for the item"),
    "no wording": (YAML.replace("LIKE: How much do you like tea?", "LIKE: "), "batteries.likes.items.LIKE"),
    "item twice": (YAML.replace("LIKE:", "tea:"), "expected each item once .case aside., found 'tea'"),
    "other columns": (YAML.replace("TEA", "A").replace("MILK", "B").replace("LIKE", "C"), "no column for any of the"),
}
WRONG_CSV = {
    "columns": ("item,code\n", "expected the columns item_id,option_code, found item,code"),
    "fields": (CSV + "TEA,1\n", "expected 6 cells, found 2 in line 20"),
    "code": (CSV.replace("LIKE,,1,", "LIKE,,one,"), "item LIKE, option_code: expected a whole number, found 'one'"),
    "scale": (CSV.replace(",ordinal,", ",,"), "item TEA, scale: expected ordinal or nominal or binary"),
    "status": (CSV.replace("refused", "gone"), "missing_status.77: expected one of"),
    "wording": (CSV.replace("How much do you like tea?", ""), "item LIKE, wording"),
    "code twice": (CSV.replace("LIKE,,1,", "LIKE,,0,"), "item LIKE, option_code: expected two or more different codes"),
    "empty": ("", "expected the columns item_id,option_code, found nothing"),
    "header only": (CSV.splitlines()[0], "line 2: expected items"),
}


@pytest.mark.parametrize("case", [*WRONG_BOOKS, *(f"csv {name}" for name in WRONG_CSV)])
def test_a_wrong_codebook_says_where(case: str, frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Each mistake in a codebook is one error that names the place, and the store stays empty."""
    text, message = WRONG_CSV[case[4:]] if case.startswith("csv ") else WRONG_BOOKS[case]
    options = with_book(tmp_path, text, "csv" if case.startswith("csv ") else "yaml")
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, write(frame, tmp_path / "t.csv"), options)
    assert caught.value.code is ExitCode.BAD_INPUT and caught.value.hint
    assert query(store, "SELECT count(*) FROM survey") == [(0,)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (IngestOptions(country_column="nation"), "has no column 'nation' to take the country from"),
        (IngestOptions(country_column="land"), "expected value labels, a codebook or named items"),
        (IngestOptions(country_column="land", items=("COFFEE",)), "has no column 'COFFEE'"),
        (IngestOptions(country_column="land", items=("note",)), "no column makes an item .note: fewer than two"),
        (IngestOptions(country_column="note", items=("TEA",)), "holds 1 unknown country label: x"),
        (IngestOptions(country_column="land", items=("TEA",), weight_column="note"), "no respondent is left"),
    ],
)
def test_wrong_columns_are_named(
    options: IngestOptions, message: str, frame: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """A column that is not there, or holds something else, is one clear error and leaves the store empty."""
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, write(frame, tmp_path / "t.csv"), options)
    assert caught.value.code is ExitCode.BAD_INPUT and caught.value.hint
    assert query(store, "SELECT count(*) FROM survey") == [(0,)]


def test_a_layout_can_be_forced(frame: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """The generic reader takes a file that another would take; a layout that is not there is a usage error."""
    path = tmp_path / "p.sav"
    named = frame.select(country="land", weight="w", Q1=pl.col("MILK").cast(pl.Float64))
    pyreadstat.write_sav(named, str(path), variable_value_labels={"Q1": {1: "a", 2: "b", 3: "c", 8: "DK"}})
    report = ingest_file(store, path, IngestOptions(layout="generic", items=("Q1",)))
    assert report.layout == "generic"
    with pytest.raises(SurveyError, match="There is no layout 'gallup'") as caught:
        ingest_file(store, path, IngestOptions(layout="gallup"))
    assert caught.value.code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("label", "weights"),
    [
        ("How much do you weigh?", [70.0, 82.0, 65.0, 91.0]),
        ("", [154.0, 180.0, 143.0, 200.0]),
        ("Weight variable", [None, 1.0, None, 1.2]),
    ],
)
def test_a_body_weight_is_no_survey_weight(
    label: str, weights: list[float | None], store: Store, tmp_path: Path
) -> None:
    """A column called weight is not taken where it is how much people weigh, or would leave out many of them."""
    frame = pl.DataFrame(
        {"cntry": [404.0, 276.0] * 20, "weight": weights * 10, "wt": [0.5, 1.5] * 20, "Q1": [1.0, 2.0] * 20}
    )
    labels = {"Q1": {1.0: "Yes", 2.0: "No"}, "cntry": {404.0: "Kenya", 276.0: "Germany"}}
    path = tmp_path / "g.sav"
    pyreadstat.write_sav(
        frame, str(path), column_labels=["Country", label, "Survey weight", "Tea?"], variable_value_labels=labels
    )
    report = ingest_file(store, path, IngestOptions(layout="generic"))
    assert report.n_respondents == 40
    assert "weight" in {skip.subject for skip in report.skipped if "not taken as the weight" in skip.reason}
    assert query(store, "SELECT DISTINCT weight FROM respondent.g ORDER BY 1") == [(0.5,), (1.5,)]
