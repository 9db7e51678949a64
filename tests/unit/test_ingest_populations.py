"""Populations by any column of a file, in every layout."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from other_surveys import PEW_LABELS, pew_frame, write_xlsx
from wvs_like import make_wvs_like

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import Band, IngestOptions, ingest_file, name_populations

REGIONS = {1: "Côte | Ouest", 2: "50% = Nord", 9: "Refused"}


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


def described(store: Store, population_id: str, language: str = "en") -> str:
    rows = query(
        store,
        f"SELECT description FROM population_text WHERE language = '{language}' AND population_id = '{population_id}'",
    )
    return str(rows[0][0])


def shares(store: Store, item_id: str) -> dict[tuple[str, int], tuple[int, float]]:
    """Return count and weighted share by population and code, where somebody chose it."""
    rows = query(
        store,
        "SELECT population_id, option_code, n_respondents, share FROM response_distribution"
        f" WHERE item_id = '{item_id}' AND n_respondents > 0",
    )
    return {(population, code): (n, share) for population, code, n, share in rows}


def counted(
    frame: pl.DataFrame, item: str, codes: tuple[int, ...], population: Callable[[dict[str, Any]], str | None]
) -> dict[tuple[str, int], tuple[int, float]]:
    """Return the same by counting rows one after the other."""
    n: Counter[tuple[str, int]] = Counter()
    weights: defaultdict[tuple[str, int], float] = defaultdict(float)
    totals: defaultdict[str, float] = defaultdict(float)
    for row in frame.iter_rows(named=True):
        name, code = population(row), row[item]
        if name is None or code is None or int(code) not in codes:
            continue
        n[name, int(code)] += 1
        weights[name, int(code)] += row["weight"]
        totals[name] += row["weight"]
    return {key: (n[key], pytest.approx(weights[key] / totals[key[0]])) for key in n}


@pytest.fixture(scope="module")
def wvs() -> pl.DataFrame:
    """Twenty invented respondents in each of 66 countries, with religions and age groups."""
    frame = make_wvs_like("v6", 1320, 1)
    religion, ages = pl.int_range(pl.len()) % 11 - 1, pl.int_range(pl.len()) % 4
    return frame.with_columns(Q289=religion, X003R2=pl.when(ages == 0).then(-5).otherwise(ages))


def test_an_item_groups_respondents_by_its_answers(wvs: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Missing answers make no population, shares are those of counting, and the item's own cells are left out."""
    wvs.write_csv(tmp_path / "w.csv")
    report = ingest_file(store, tmp_path / "w.csv", IngestOptions(by=(("country",), ("country", "q57"))))
    people = wvs.rename({"W_WEIGHT": "weight", "B_COUNTRY_ALPHA": "country"})
    expected = counted(people, "Q58", (1, 2, 3, 4), lambda row: f"{row['country']}|q57={row['Q57']}")
    found = {key: value for key, value in shares(store, "Q58").items() if "|" in key[0]}
    assert found == {key: value for key, value in expected.items() if not key[0].split("=")[1].startswith("-")}
    assert all("|" not in population for population, _ in shares(store, "Q57"))
    left_out = {skip.reason: skip for skip in report.skipped}
    n_without = wvs.filter(pl.col("Q57") < 0).height
    assert left_out["respondent outside the populations by country, q57"].n_skipped == n_without
    own = left_out["cell of the item that populations by country, q57 are made of"]
    assert own.subject == "Q57"
    assert [(own.n_skipped,)] == query(store, "SELECT count(*) FROM population WHERE population_id LIKE '%|q57=%'")
    assert not any(found.n_rows for found in find_violations(store))


def test_bands_of_an_item_and_readable_columns_of_wvs(wvs: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """A scale is banded, religion and age groups have words, in English and in Chinese; no grouping leaks its item."""
    wvs.write_csv(tmp_path / "w.csv")
    by = (("country", "sex", "q240"), ("country", "q289"), ("country", "x003r2"), ("country", "left_right"))
    ingest_file(store, tmp_path / "w.csv", IngestOptions(by=by, bands=(("q240", (Band(1, 4), Band(7, 10))),)))
    assert described(store, "KEN|sex=female|q240=7-10") == (
        'women in Kenya whose answer to "In politics people speak of left and right. Where do your own views lie in'
        ' general?" is from 7 to 10 (Right)'
    )
    assert "回答为7至10 (右)的女性" in described(store, "KEN|sex=female|q240=7-10", "zh")
    assert described(store, "KEN|religion=muslim") == "people in Kenya who are Muslim"
    assert described(store, "KEN|age3=50+") == "people in Kenya aged 50 and over"
    assert described(store, "KEN|left_right=left", "zh") == "肯尼亚政治立场偏左的民众"
    assert shares(store, "Q240").keys() == {
        key for key in shares(store, "Q240") if "|religion" in key[0] or "|age3" in key[0]
    }
    kinds = {name.split("|")[-1].split("=")[0] for (name,) in query(store, "SELECT population_id FROM population")}
    assert kinds == {"q240", "religion", "age3", "left_right"}


def test_columns_of_wvs_that_are_not_stored_otherwise_group_too(
    wvs: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """A column from other sources, of any case, is read as it stands where --by names it."""
    wvs.with_columns(td_regqual=pl.lit("a;b")).write_csv(tmp_path / "w.csv")
    ingest_file(store, tmp_path / "w.csv", IngestOptions(by=(("country", "td_regqual"),)))
    assert described(store, "KEN|td_regqual=a;b") == "people in Kenya (TD_REGQUAL: a;b)"


def pew_with_regions(path: Path) -> pl.DataFrame:
    """Write a file of Pew with a labelled region and an income without labels, and return its rows."""
    frame = pew_frame(300).with_columns(
        REGION=(pl.int_range(300) % 4).replace({0: 1.0, 3: 9.0}).cast(pl.Float64), INCOME=pl.int_range(300) % 90 - 1.0
    )
    labels = PEW_LABELS | {"country": {1.0: "Britain", 2.0: "S. Korea", 3.0: "Czech Rep.", 7.0: "Palest. ter."}}
    names = {"REGION": "Q7. Region"}
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=[names.get(name, name) for name in frame.columns],
        variable_value_labels=labels | {"REGION": REGIONS},
    )
    return frame


def test_a_labelled_column_of_an_spss_file_groups_by_its_labels(store: Store, tmp_path: Path) -> None:
    """Labels are escaped in ids and plain in definitions and descriptions; a labelled refusal makes no population."""
    frame = pew_with_regions(tmp_path / "pew.sav")
    options = IngestOptions(by=(("country", "region"), ("country", "income")), bands=(("income", (Band(0, 49),)),))
    ingest_file(store, tmp_path / "pew.sav", options)
    names = {1.0: "GBR", 2.0: "KOR", 3.0: "CZE", 7.0: "PSE"}
    ids = {1.0: "Côte %7C Ouest", 2.0: "50%25 %3D Nord"}
    expected = counted(
        frame,
        "Q4",
        (1, 2),
        lambda row: f"{names[row['country']]}|region={ids[row['REGION']]}" if row["REGION"] < 9 else None,
    )
    found = shares(store, "Q4")
    assert {key: value for key, value in found.items() if "|region" in key[0]} == expected
    rich = counted(
        frame, "Q4", (1, 2), lambda row: f"{names[row['country']]}|income=0-49" if 0 <= row["INCOME"] <= 49 else None
    )
    assert {key: value for key, value in found.items() if "|income" in key[0]} == rich
    assert described(store, "GBR|region=50%25 %3D Nord") == "people in Great Britain (Region: 50% = Nord)"
    definition = "SELECT definition->>'region' FROM population WHERE population_id = 'GBR|region=50%25 %3D Nord'"
    assert query(store, definition) == [("50% = Nord",)]
    assert query(store, 'SELECT DISTINCT "REGION" FROM respondent."pew" WHERE "REGION" = 9') == [(9.0,)]


PEOPLE = pl.DataFrame(
    {
        "land": ["Kenya"] * 6 + ["Japan"] * 6,
        "weight": [1.0, 2.0, 0.5] * 4,
        "trust": [1, 2, 1, 2, 1, -1] * 2,
        "town": ["Kisumu", "Kisumu", "Nairobi", None, "Don't know", "Nairobi", *["Nagoya"] * 6],
        "years": [1, 5, 11, 99, 3, 4] * 2,
    }
)
TRUST = "item_id,wording,option_code,label,scale\nTRUST,Can one trust people?,1,Yes,binary\nTRUST,,2,No,\n"
BANDS = (("years", (Band(0, 4), Band(5, 20))),)


def write_people(path: Path, frame: pl.DataFrame = PEOPLE) -> Path:
    """Write a frame as the ending of the path says."""
    writers: dict[str, Callable[[], object]] = {
        ".csv": lambda: frame.write_csv(path),
        ".parquet": lambda: frame.write_parquet(path),
        ".xlsx": lambda: write_xlsx(path, frame),
        ".sav": lambda: pyreadstat.write_sav(frame, str(path)),
        ".dta": lambda: pyreadstat.write_dta(frame, str(path)),
    }
    writers[path.suffix]()
    return path


def people_options(folder: Path, *by: str, wording: str = "Can one trust people?", **more: Any) -> IngestOptions:
    """Return the options that read such a file."""
    book = folder / "book.csv"
    book.write_text(TRUST.replace("Can one trust people?", wording), encoding="utf-8")
    return IngestOptions(by=(("country", *by),), country_column="land", codebook=book, **more)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", ".sav", ".dta"])
def test_every_kind_of_file_gives_the_same_populations(suffix: str, store: Store, tmp_path: Path) -> None:
    """Text and banded numbers group alike whatever the file writes; blanks and words for missing make no population."""
    path = write_people(tmp_path / f"people{suffix}")
    ingest_file(store, path, people_options(tmp_path, "town", "years", bands=BANDS))
    assert shares(store, "TRUST") == {
        ("KEN|town=Kisumu|years=0-4", 1): (1, 1.0),
        ("KEN|town=Kisumu|years=5-20", 2): (1, 1.0),
        ("KEN|town=Nairobi|years=5-20", 1): (1, 1.0),
        ("JPN|town=Nagoya|years=0-4", 1): (2, 1.0),
        ("JPN|town=Nagoya|years=5-20", 1): (1, pytest.approx(0.2)),
        ("JPN|town=Nagoya|years=5-20", 2): (1, pytest.approx(0.8)),
    }
    assert described(store, "JPN|town=Nagoya|years=5-20") == "people in Japan (town: Nagoya) (years: 5-20)"


def test_a_language_added_later_has_the_words_of_its_translation(store: Store, tmp_path: Path) -> None:
    """A population made of answers is described with the item's translated texts, and until then with its own."""
    ingest_file(
        store, write_people(tmp_path / "p.csv", PEOPLE.with_columns(OTHER=PEOPLE["trust"])), two_items(tmp_path)
    )
    assert described(store, "KEN|trust=1") == 'people in Kenya whose answer to "Can one trust people?" is "Yes"'
    assert described(store, "KEN|trust=1", "zh") == "肯尼亚对“Can one trust people?”的回答为“Yes”的民众"
    query(store, "DELETE FROM population_text WHERE language = 'zh'")
    words = "(survey_id, item_id, language, wording, origin) VALUES ('book', 'TRUST', 'zh', '可信吗？', 'imported')"
    query(store, f"INSERT INTO item_text {words}")
    query(store, "INSERT INTO option_text VALUES ('book', 'TRUST', 1, 'zh', '是', 'imported')")
    name_populations(store, "zh")
    assert described(store, "KEN|trust=1", "zh") == "肯尼亚对“可信吗？”的回答为“是”的民众"


def two_items(folder: Path, **more: Any) -> IngestOptions:
    """Return options that group by the answers to one of two items."""
    options = people_options(folder, "trust", **more)
    assert options.codebook is not None
    text = options.codebook.read_text(encoding="utf-8")
    options.codebook.write_text(text + text.replace("TRUST", "OTHER").partition("\n")[2], encoding="utf-8")
    return options


def test_one_id_never_stands_for_two_populations(store: Store, tmp_path: Path) -> None:
    """A column that means something else in another survey of the store is a conflict; with --replace it is not."""
    path = write_people(tmp_path / "p.csv", PEOPLE.with_columns(OTHER=PEOPLE["trust"]))
    ingest_file(store, path, two_items(tmp_path))
    ingest_file(store, path, two_items(tmp_path, survey_id="again"))
    with pytest.raises(SurveyError, match=r"trust=1 means 'Can one trust people\?'") as caught:
        ingest_file(store, path, two_items(tmp_path, survey_id="third", wording="Do you trust the press?"))
    assert caught.value.code is ExitCode.CONFLICT
    assert query(store, "SELECT survey_id FROM survey ORDER BY 1") == [("again",), ("book",)]
    query(store, "DELETE FROM grouping_value WHERE survey_id = 'again'")
    ingest_file(store, path, two_items(tmp_path, replace=True, wording="Do you trust the press?"))
    assert described(store, "KEN|trust=1") == 'people in Kenya whose answer to "Do you trust the press?" is "Yes"'


def test_grouping_by_the_only_item_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """Where no other item is left it is a usage error, and the store stays as it was."""
    with pytest.raises(SurveyError, match="leaves no item") as caught:
        ingest_file(store, write_people(tmp_path / "p.csv"), people_options(tmp_path, "trust"))
    assert caught.value.code is ExitCode.USAGE
    assert query(store, "SELECT * FROM survey") == []


def test_too_many_values_leave_the_store_as_it_was(store: Store, tmp_path: Path) -> None:
    """A number of every respondent's own is refused while the file is read, with bands as the way out."""
    frame = pl.concat([PEOPLE] * 4).with_row_index("income")
    with pytest.raises(SurveyError, match=r"at most 30 different values in a country, found \d+ or more") as caught:
        ingest_file(
            store,
            write_people(tmp_path / "p.csv", pl.concat([frame, frame.with_columns(pl.col("income") + 48)])),
            people_options(tmp_path, "income"),
        )
    assert caught.value.code is ExitCode.USAGE
    assert "--bands income=" in caught.value.hint
    assert query(store, "SELECT * FROM survey") == []


@pytest.mark.parametrize(
    "options",
    [
        IngestOptions(by=(("country", "sex"),)),
        IngestOptions(min_cell=30),
        IngestOptions(keep_private=True),
        IngestOptions(items=("Q1",)),
        IngestOptions(weight_column="w"),
    ],
    ids=repr,
)
def test_what_a_layout_has_no_use_for_is_refused(store: Store, tmp_path: Path, options: IngestOptions) -> None:
    """Ready distributions have no respondents: what is about these is a usage error rather than ignored."""
    path = tmp_path / "d.csv"
    path.write_text("survey,item,population,code,share\ns,Q1,KEN,1,0.4\ns,Q1,KEN,2,0.6\n")
    with pytest.raises(SurveyError, match="ready distributions, without respondents: --") as caught:
        ingest_file(store, path, options)
    assert caught.value.code is ExitCode.USAGE
