"""Pew Global Attitudes files, with invented respondents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from other_surveys import PEW_COUNTRIES, as_windows_1252, pew_frame, write_pew

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

ISO3 = {1.0: "GBR", 2.0: "KOR", 3.0: "CZE", 7.0: "PSE"}
VALID = {"Q1": range(1, 5), "Q2a": (1, 2, 3), "Q3": range(11), "Q4": (1, 2)}
MISSING = {
    "Q1": {8: "dont_know", 9: "refused"},
    "Q2a": {8: "dont_know", 9: "refused"},
    "Q3": {98: "dont_know", 99: "refused"},
    "Q4": {7: "dont_know"},
}


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


@pytest.mark.parametrize("upper", [False, True])
def test_distributions_are_those_of_a_plain_loop(upper: bool, store: Store, tmp_path: Path) -> None:
    """Counts, weighted shares, effective numbers and missing answers equal a count in plain Python, in either case."""
    frame = pew_frame(upper=upper)
    report = ingest_file(store, write_pew(tmp_path / "Spring 2013.sav", frame))
    country, weight = ("QCOUNTRY", "WEIGHT") if upper else ("country", "weight")
    n: dict[tuple[str, str, int], int] = defaultdict(int)
    w: dict[tuple[str, str, int], float] = defaultdict(float)
    w2: dict[tuple[str, str], float] = defaultdict(float)
    missing: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in frame.iter_rows(named=True):
        for item, codes in VALID.items():
            population, answer = ISO3[row[country]], row[item]
            if answer in codes:
                n[item, population, int(answer)] += 1
                w[item, population, int(answer)] += row[weight]
                w2[item, population] += row[weight] ** 2
            else:
                missing[item, population, "not_asked" if answer is None else MISSING[item][int(answer)]] += 1
    rows = query(store, "SELECT item_id, population_id, option_code, n_respondents, share FROM response_distribution")
    assert {(item, population) for item, population, *_ in rows} == {(item, place) for item, place, _ in n}
    for item, population, code, count, share in rows:
        total = sum(w[item, population, other] for other in VALID[item])
        assert count == n[item, population, code]
        assert share == pytest.approx(w[item, population, code] / total)
    for item, population, effective in query(store, "SELECT item_id, population_id, n_effective FROM cell"):
        total = sum(w[item, population, code] for code in VALID[item])
        assert effective == pytest.approx(total**2 / w2[item, population])
    counted = query(store, "SELECT item_id, population_id, status, n_respondents FROM missing_count")
    assert {(i, p, s): count for i, p, s, count in counted} == missing
    assert (report.survey_id, report.layout, report.n_respondents) == ("pew-2013", "pew-sav", 400)
    assert not list(find_violations(store))


def test_an_item_not_asked_in_a_country_has_no_cell_there(store: Store, tmp_path: Path) -> None:
    """Q1, blank for all of South Korea, is not asked there; the half-sample of Q2a was asked everywhere."""
    ingest_file(store, write_pew(tmp_path / "p.sav", pew_frame()))
    asked = dict(query(store, "SELECT item_id, list_sort(list(population_id)) FROM cell GROUP BY 1"))
    assert asked["Q1"] == ["CZE", "GBR", "PSE"]
    assert asked["Q2a"] == ["CZE", "GBR", "KOR", "PSE"]


def test_wordings_labels_and_scales_come_from_the_file(store: Store, tmp_path: Path) -> None:
    """NBSP becomes a space, the question's number goes, a ladder with words at its ends has all its steps."""
    report = ingest_file(store, write_pew(tmp_path / "p.sav", pew_frame()))
    wordings = query(store, "SELECT item_id, wording, origin FROM item_text ORDER BY item_id")
    assert wordings == [
        ("Q1", "How are things – café?", "official"),
        ("Q2a", "Which do you drink?", "official"),
        ("Q3", "Where on the ladder do you stand?", "official"),
        ("Q4", "Q4", "official"),
    ]
    labels = query(store, "SELECT label FROM option_text WHERE item_id = 'Q1' ORDER BY option_code")
    assert labels == [("Very good",), ("Somewhat good",), ("Somewhat bad",), ("Very bad",)]
    ladder = query(store, "SELECT label FROM option_text WHERE item_id = 'Q3' ORDER BY option_code")
    assert [label for (label,) in ladder] == ["Worst possible life", *map(str, range(1, 10)), "Best possible life"]
    scales = dict(query(store, "SELECT item_id, scale FROM item"))
    assert scales == {"Q1": "ordinal", "Q2a": "nominal", "Q3": "ordinal", "Q4": "binary"}
    assert query(store, "SELECT battery_id FROM item WHERE item_id = 'Q2a'") == [("Q2",)]
    skipped = {(skip.subject, skip.reason) for skip in report.skipped}
    assert ("Q9x", "more than 11 response options") in skipped
    assert any(reason.startswith("not left out: no variable label") for _, reason in skipped)


def test_respondents_are_stored_and_grouped(store: Store, tmp_path: Path) -> None:
    """Missing codes stand below 0 in the respondents' table; sex and age make populations, 98 and 99 no age."""
    frame = pew_frame()
    ingest_file(
        store, write_pew(tmp_path / "p.sav", frame), IngestOptions(by=(("country",), ("country", "sex", "age")))
    )
    stored = query(store, 'SELECT iso3, "Q3", sex, age FROM respondent.pew ORDER BY respondent_id')
    codes = {98: -1, 99: -6}
    expected = [
        (
            ISO3[row["country"]],
            codes.get(row["Q3"], row["Q3"]),
            {1: "male", 2: "female"}[row["SEX"]],
            row["AGE"] if row["AGE"] < 98 else None,
        )
        for row in frame.iter_rows(named=True)
    ]
    assert stored == expected
    assert query(store, "SELECT count(*) FROM cell WHERE population_id = 'GBR|sex=female|age=60+'") == [(4,)]


def test_two_samples_of_one_country_are_pooled_and_named(store: Store, tmp_path: Path) -> None:
    """A refield under another code counts with the first, and the report says so."""
    countries = PEW_COUNTRIES | {2.0: "Britain (refield)"}
    frame = pew_frame()
    report = ingest_file(store, write_pew(tmp_path / "p.sav", frame, countries))
    both = frame.filter(pl.col("country").is_in([1.0, 2.0]) & pl.col("Q4").is_in([1.0, 2.0])).height
    assert query(store, "SELECT n_respondents FROM cell WHERE population_id = 'GBR' AND item_id = 'Q4'") == [(both,)]
    assert [skip.n_skipped for skip in report.skipped if "pooled (Britain; Britain (refield))" in skip.reason] == [2]


def test_a_file_in_windows_1252_is_read(store: Store, tmp_path: Path) -> None:
    """Curly apostrophes, dashes and accents of the old encoding arrive, and Don’t know is known by its label."""
    frame = pl.DataFrame({"country": [1.0, 1.0, 2.0], "weight": [1.0, 2.0, 1.5], "Q1": [1.0, 2.0, 8.0]})
    path = tmp_path / "old.sav"
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=["Country", "Weight", "Life in the caf~ and here"],
        variable_value_labels={"country": {1: "Britain", 2: "T@rkiye"}, "Q1": {1: "Good", 2: "Bad", 8: "Don#t know"}},
    )
    as_windows_1252(path, {"caf~ and": "café\xa0and", "T@rkiye": "Türkiye", "Don#t": "Don’t"})
    ingest_file(store, path)
    assert query(store, "SELECT wording FROM item_text") == [("Life in the café and here",)]
    assert query(store, "SELECT status, population_id FROM missing_count") == [("dont_know", "TUR")]


def test_items_can_be_named_and_described(store: Store, tmp_path: Path) -> None:
    """--items takes the columns named and no others; a codebook gives wordings and counts what the labels count."""
    path = write_pew(tmp_path / "pew 2015.sav", pew_frame())
    ingest_file(store, path, IngestOptions(items=("Q1", "Q3*", "SEX")))
    assert query(store, "SELECT item_id FROM item ORDER BY 1") == [("Q1",), ("Q3",), ("SEX_item",)]
    book = tmp_path / "book.csv"
    book.write_text(
        "item_id,wording,option_code,label,scale,missing_status\n"
        "Q1,Is life good?,1,Very,ordinal,\nQ1,,2,Rather,,\nQ1,,3,Little,,\nQ1,,4,Not,,\n"
        "Q1,,8,,,dont_know\nQ1,,9,,,refused\n"
    )
    ingest_file(store, path, IngestOptions(codebook=book, survey_id="mine"))
    assert query(store, "SELECT wording, origin FROM item_text WHERE survey_id = 'mine'") == [
        ("Is life good?", "codebook")
    ]
    own, described = (
        query(
            store,
            f"SELECT * EXCLUDE survey_id FROM {table} WHERE survey_id = '{survey}' AND item_id = 'Q1' ORDER BY ALL",
        )
        for table in ("missing_count",)
        for survey in ("pew-2015", "mine")
    )
    assert own == described


NAMED = {
    "COUNTRY_SATIS": True,
    "CHILDREN_BETTEROFF2": True,
    "STATE_BENEFIT": True,
    "INTTHREAT_CLIMATE": True,
    "RELIGION_IMPORT": True,
    "GENDER_EQUALITY": True,
    "COVID_COUNTRY": True,
    "AGE_WORRY": True,
    "FAV_US": True,
    "D_PTYID_US": False,
    "REGION_GERMANY": False,
    "RELIG_SOUTH_AFRICA": False,
    "EDUC": False,
    "INT_DATE": False,
    "LANGUAGE_HOME_KENYA": False,
    "Q201": False,
}


def test_named_questions_are_items_and_demographics_are_none(store: Store, tmp_path: Path) -> None:
    """A question's name may begin like a demographic's; a country at the end hides none; those left out are named."""
    path = tmp_path / "Spring 2019.sav"
    answers = {name: [1.0, 2.0, 3.0, 9.0] for name in NAMED}
    labels = {name: {1: "Very good", 2: "Somewhat bad", 3: "Very bad", 9: "Refused"} for name in NAMED}
    pyreadstat.write_sav(
        pl.DataFrame({"COUNTRY": [1.0, 1.0, 2.0, 2.0], "WEIGHT": [1.0, 2.0, 1.0, 1.0], **answers}),
        str(path),
        column_labels=["", "", *("Q201. Education level" if name == "Q201" else f"{name}. What?" for name in NAMED)],
        variable_value_labels=labels | {"COUNTRY": {1: "South Korea", 2: "United Kingdom"}},
    )
    report = ingest_file(store, path)
    items = [item for (item,) in query(store, "SELECT item_id FROM item ORDER BY position")]
    assert items == [name for name, is_item in NAMED.items() if is_item]
    left_out = next(skip for skip in report.skipped if skip.reason.startswith("demographic"))
    assert left_out.subject == ", ".join(name for name, is_item in NAMED.items() if not is_item)


def test_sex_and_age_are_known_by_their_labels(store: Store, tmp_path: Path) -> None:
    """Where sex and age are called Q163 and Q164, their labels say so; age bands in place of years are no age."""
    path, bands = tmp_path / "years.sav", tmp_path / "bands.sav"
    names = {"SEX": "Q163", "AGE": "Q164"}
    frame = pew_frame().rename(names)
    labels = {
        "country": PEW_COUNTRIES,
        "Q1": {1: "Good", 2: "Bad", 3: "Ugly", 4: "Fine"},
        "Q163": {1: "Male", 2: "Female"},
    }
    texts = {"Q163": "Q163. Gender", "Q164": "Q164. How old were you at your last birthday?"}
    for target, ages in ((path, {97: "97 or older", 98: "DK"}), (bands, {18: "Young", 35: "Old", 64: "Older"})):
        pyreadstat.write_sav(
            frame,
            str(target),
            column_labels=[texts.get(name, name) for name in frame.columns],
            variable_value_labels=labels | {"Q164": ages},
        )
    report = ingest_file(store, path, IngestOptions(by=(("country", "sex", "age"),)))
    assert report.n_items == 1
    women = frame.filter((pl.col("Q163") == 2) & (pl.col("Q164") == 18) & (pl.col("country") == 1) & (pl.col("Q1") < 5))
    found = query(store, "SELECT n_respondents FROM cell WHERE population_id = 'GBR|sex=female|age=18-29'")
    assert found == [(women.height,)]
    with pytest.raises(SurveyError, match="has no column age"):
        ingest_file(store, bands, IngestOptions(survey_id="bands", by=(("country", "age"),)))


def test_the_country_column_may_be_called_public(store: Store, tmp_path: Path) -> None:
    """2021 speaks of publics: the column counts where its labels name countries, and not where they say yes and no."""
    frame = pew_frame().rename({"country": "public"})
    path = tmp_path / "Spring 2021.sav"
    labels = {"Q1": {1: "Good", 2: "Bad", 3: "Ugly", 4: "Fine"}}
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels | {"public": PEW_COUNTRIES})
    assert ingest_file(store, path).layout == "pew-sav"
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels | {"public": {1: "Yes", 2: "No"}})
    with pytest.raises(SurveyError, match="expected a column with the country"):
        ingest_file(store, path)


BROKEN: dict[str, tuple[Callable[[pl.DataFrame, Path], object], str]] = {
    "unknown countries": (
        lambda frame, path: write_pew(path, frame, PEW_COUNTRIES | {1.0: "Atlantis", 3.0: "Lemuria"}),
        "column country holds 2 unknown country labels: Atlantis; Lemuria",
    ),
    "codes without labels": (
        lambda frame, path: write_pew(path, frame, {1.0: "Britain", 2.0: "S. Korea"}),
        "holds 1 unknown country label: 3",
    ),
    "no items": (
        lambda frame, path: write_pew(path, frame.select("country", "weight", "SEX")),
        "no column makes an item",
    ),
    "no answers": (
        lambda frame, path: write_pew(path, frame.select("country", "weight", Q1=pl.lit(8.0))),
        "no column makes an item",
    ),
    "cut off": (
        lambda frame, path: path.write_bytes(write_pew(path, frame).read_bytes()[:-100]),
        "begins like a file of SPSS but cannot be read",
    ),
    "header alone": (
        lambda frame, path: path.write_bytes(write_pew(path, frame).read_bytes()[:300]),
        "begins like a file of SPSS but cannot be read",
    ),
    "no respondents": (lambda frame, path: write_pew(path, frame.clear()), "column country is blank everywhere"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_has_one_message_and_leaves_no_trace(case: str, store: Store, tmp_path: Path) -> None:
    """Every kind of broken file is a SurveyError with exit code 3 and a hint, and the store stays empty."""
    break_it, message = BROKEN[case]
    path = tmp_path / "p.sav"
    # Code 7 is one country too few for "codes without labels".
    break_it(pew_frame().filter(pl.col("country") != 7), path)
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, path)
    assert caught.value.code is ExitCode.BAD_INPUT and caught.value.hint
    for table in ("survey", "source_file", "item", "population", "cell"):
        assert query(store, f"SELECT count(*) FROM {table}") == [(0,)]
    assert not query(store, "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'respondent'")
