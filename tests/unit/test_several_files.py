"""Several files as one survey: below each other, or beside each other, with an account of what came from where."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store, open_store
from surveycli.survey import IngestOptions, IngestReport, ingest_file
from surveycli.survey.several.open import open_survey

TRUST = {1.0: "A lot", 2.0: "Some", 3.0: "Not at all", 9.0: "Refused"}
PARTY = {1.0: "Blue", 2.0: "Green", 3.0: "Red"}
WORDINGS = {"trust": "Trust in neighbours", "party": "Which party do you feel close to?", "tea": "Drinks tea"}


def write_sav(path: Path, frame: pl.DataFrame, labels: Mapping[str, Mapping[float, str]], **wordings: str) -> Path:
    said = WORDINGS | wordings
    pyreadstat.write_sav(
        frame, str(path), column_labels=[said.get(name, name) for name in frame.columns], variable_value_labels=labels
    )
    return path


def people(n: int, **columns: list[Any]) -> pl.DataFrame:
    """Return invented respondents, each column's values in turn."""
    return pl.DataFrame({name: [values[row % len(values)] for row in range(n)] for name, values in columns.items()})


@pytest.fixture
def countries(tmp_path: Path) -> list[Path]:
    """Two countries of one survey: Ghana has other party codes, lacks `tea`, and spells labels and a name otherwise."""
    kenya = people(40, country=["Kenya"], trust=[1.0, 2.0, 3.0, 9.0], party=[1.0, 2.0, 3.0], tea=[1.0, 2.0])
    ghana = people(30, country=["Ghana"], TRUST=[3.0, 9.0, 1.0], party=[1.0, 2.0, 3.0])
    tea = {1.0: "Yes", 2.0: "No"}
    first = write_sav(tmp_path / "tea_kenya.sav", kenya, {"trust": TRUST, "party": PARTY, "tea": tea})
    other = {1.0: "a LOT", 2.0: "Some", 3.0: "Not at all", 9.0: "Refused to answer"}
    party = PARTY | {3.0: "Yellow"}
    return [first, write_sav(tmp_path / "tea_ghana.sav", ghana, {"TRUST": other, "party": party})]


def accounts(store: Store) -> list[tuple[str, str, int, int, int, int]]:
    """Return what became of everybody's answers."""
    columns = "item_id, population_id, n_interviewed, n_valid, n_missing, n_left_out"
    return store.query(f"SELECT {columns} FROM answer_account ORDER BY ALL").rows()


def said(report: IngestReport, reason: str) -> list[tuple[str, int]]:
    return [(skip.subject, skip.n_skipped) for skip in report.skipped if reason in skip.reason]


def test_a_file_per_country_is_one_survey(countries: list[Path], store: Store) -> None:
    """Counts are those of each file, a column that a file lacks was not asked there, and everybody is accounted for."""
    report = ingest_file(store, countries)
    assert (report.survey_id, report.file_name, report.n_respondents) == ("tea", "tea_kenya.sav and 1 more", 70)
    assert accounts(store) == [
        ("tea", "GHA", 30, 0, 30, 0),
        ("tea", "KEN", 40, 40, 0, 0),
        ("trust", "GHA", 30, 20, 10, 0),
        ("trust", "KEN", 40, 30, 10, 0),
    ]
    missing = store.query("SELECT item_id, population_id, status, n_respondents FROM missing_count ORDER BY ALL").rows()
    assert missing == [
        ("tea", "GHA", "not_asked", 30),
        ("trust", "GHA", "refused", 10),
        ("trust", "KEN", "refused", 10),
    ]
    where = "item_id = 'trust' AND population_id = 'GHA' ORDER BY 1"
    shares = store.query(f"SELECT option_code, share_unweighted FROM response_distribution WHERE {where}")
    assert shares.rows() == [(1, 0.5), (2, 0.0), (3, 0.5)]
    assert said(report, "rows of a file") == [("tea_kenya.sav", 40), ("tea_ghana.sav", 30)]
    assert said(report, "columns that a file lacks") == [("tea_ghana.sav: tea", 1)]


def test_codes_with_two_meanings_are_named_and_not_mixed(countries: list[Path], store: Store) -> None:
    """A column whose codes mean different things makes no item, by name; a codebook says that codes count."""
    report = ingest_file(store, countries)
    assert said(report, "different things in the files: no item") == [("party", 1)]
    assert said(report, "read as words") == [("party: 3 is 'Red' in tea_kenya.sav, 'Yellow' in tea_ghana.sav", 1)]
    cells = open_survey(countries).counts(["party"])["party"]
    assert cells == {"Blue": 24, "Green": 23, "Red": 13, "Yellow": 10}
    assert open_survey(countries, by_code=True).counts(["party"])["party"] == {1.0: 24, 2.0: 23, 3.0: 23}


def test_files_in_a_folder_or_an_archive_are_one_survey(countries: list[Path], store: Store, tmp_path: Path) -> None:
    """A folder and a ZIP archive of a survey's files give what the files give, under their own name."""
    folder = tmp_path / "drinks"
    folder.mkdir()
    for path in countries:
        path.rename(folder / path.name)
    with zipfile.ZipFile(tmp_path / "drinks2.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    ingest_file(store, folder)
    first = accounts(store)
    assert ingest_file(store, tmp_path / "drinks2.zip", IngestOptions(survey_id="zipped")).n_respondents == 70
    assert sorted(accounts(store)) == sorted(2 * first)
    assert store.query("SELECT survey_id FROM survey ORDER BY 1")["survey_id"].to_list() == ["drinks", "zipped"]
    with pytest.raises(SurveyError, match="is in the store already"):
        ingest_file(store, folder)


def test_the_files_names_are_a_column_of_their_own(store: Store, tmp_path: Path) -> None:
    """Where countries stand in the files' names alone they are found there, and waves become populations by them."""
    for n, name in ((20, "kenya"), (30, "ghana")):
        people(n, q1=[1, 2, 3], q2=[1, 2]).write_csv(tmp_path / f"tea_{name}_2019.csv")
    files = sorted(tmp_path.glob("*.csv"))
    report = ingest_file(store, files, IngestOptions(items=("q*",)))
    assert report.reading and report.reading.country == "file" and report.n_populations == 2
    waves = IngestOptions(items=("q*",), country="KEN", by=(("country", "file"),), survey_id="waves")
    assert ingest_file(store, files, waves).n_populations == 2


def test_text_and_numbers_of_one_column_become_text(tmp_path: Path) -> None:
    """A column of numbers in one file and words in another keeps both; rows and order are those of the files."""
    pl.DataFrame({"country": ["KEN", "KEN"], "q": [1.0, 2.0], "r": [1.5, None]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"country": ["GHA"], "q": ["often"], "r": [None]}).write_parquet(tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text("Country;Q\nGHA;3\n")
    table = open_survey([tmp_path / name for name in ("a.parquet", "b.parquet", "c.csv")])
    assert table.frame().select("country", "q", "r", "file").rows() == [
        ("KEN", "1", 1.5, "a"),
        ("KEN", "2", None, "a"),
        ("GHA", "often", None, "b"),
        ("GHA", "3", None, "c"),
    ]


def test_another_survey_and_the_same_file_twice_are_refused(countries: list[Path], tmp_path: Path) -> None:
    """Files with next to no column in common, in other languages, or with one content are no survey together."""
    (tmp_path / "other.csv").write_text("land,frage\nKEN,1\n")
    (tmp_path / "copy.sav").write_bytes(countries[0].read_bytes())
    german = {"trust": {1.0: "Viel", 2.0: "Wenig"}, "party": {1.0: "Blau", 2.0: "Rot"}}
    write_sav(tmp_path / "german.sav", people(4, country=["Kenya"], trust=[1.0], party=[1.0]), german)
    for name, message in (
        ("other.csv", "other.csv shares 0 of its 2 columns"),
        ("copy.sav", "have the same content"),
        ("german.sav", "2 of 2 labelled columns mean different things in them, first trust"),
    ):
        with pytest.raises(SurveyError, match=message) as stop:
            open_survey([countries[0], tmp_path / name])
        assert stop.value.hint


def test_no_division_into_files_changes_a_count(tmp_path: Path) -> None:
    """However respondents are dealt out to files, in whatever order and case of columns, the counts are the same."""
    draw = random.Random(8)
    labels = {"trust": TRUST, "party": PARTY}
    whole = pl.DataFrame(
        {
            "country": draw.choices(["Kenya", "Ghana", "Chile"], k=90),
            "weight": [draw.uniform(0.3, 2) for _ in range(90)],
            "trust": draw.choices([1.0, 2.0, 3.0, 9.0, None, 55.0], k=90),
            "party": draw.choices([1.0, 2.0, 3.0, None], k=90),
        }
    )
    found = []
    for n_files in (1, 2, 5):
        paths = []
        for number in range(n_files):
            part = whole.gather_every(n_files, number).select(draw.sample(whole.columns, whole.width))
            names = {name: draw.choice([name, name.upper()]) for name in part.columns if name in labels}
            own = {names[name]: said for name, said in labels.items()}
            paths.append(write_sav(tmp_path / f"f{n_files}_{number}.sav", part.rename(names), own))
        with open_store(tmp_path / f"{n_files}.duckdb", create=True) as store:
            ingest_file(store, paths, IngestOptions(survey_id="s"))
            where = "response_distribution JOIN answer_account USING (survey_id, item_id, population_id)"
            columns = "upper(item_id), population_id, option_code, n_respondents, round(share, 9)"
            counts = "n_interviewed, n_valid, n_missing, n_left_out"
            found.append(store.query(f"SELECT {columns}, {counts} FROM {where} ORDER BY ALL").rows())
    assert found[0] and found[0] == found[1] == found[2]
    assert all(row[5] == row[6] + row[7] + row[8] for row in found[0])


def test_columns_of_the_same_respondents_are_joined(store: Store, tmp_path: Path) -> None:
    """Whoever is in the first file stays once, in its order, with the others' columns; the account names the rest."""
    ids = pl.DataFrame({"country": ["KEN"] * 6 + ["GHA"] * 6, "id": [*range(1, 7), *range(1, 7)], "q1": [1, 2] * 6})
    ids.write_csv(tmp_path / "main.csv")
    later = ids.filter(pl.col("id") < 6).with_columns(q1=9, q2=pl.col("id") % 3 + 1, id=pl.col("id").cast(pl.Float64))
    later = pl.concat([later, later.tail(1).with_columns(id=pl.lit(70.0))]).sample(fraction=1, shuffle=True, seed=1)
    later.write_csv(tmp_path / "later.csv")
    files = [tmp_path / "main.csv", tmp_path / "later.csv"]
    table = open_survey(files, join_on=["country", "ID"])
    expected = [n % 3 + 1 if n < 6 else None for n in ids["id"]]
    assert [None if cell is None else int(cell) for cell in table.frame()["q2"]] == expected
    report = ingest_file(store, files, IngestOptions(items=("q1", "q2"), join_on=("country", "id")))
    assert ("q2", "KEN", 6, 5, 1, 0) in accounts(store) and ("q1", "KEN", 6, 6, 0, 0) in accounts(store)
    assert said(report, "row of nobody in main.csv") == [("later.csv", 1)]
    assert said(report, "respondents whom a file lacks") == [("later.csv", 2)]
    assert said(report, "that an earlier one has") == [("later.csv: q1", 1)]
    assert said(report, "rows of a file") == [("main.csv", 12), ("later.csv", 11)]
    for keys, message in ((("id",), "in 2 rows"), (("q1",), "in 11 rows"), (("nobody",), "has no column 'nobody'")):
        with pytest.raises(SurveyError, match=message):
            open_survey(files, join_on=keys)
    (tmp_path / "a.csv").write_text("id;land\n1;Kenya\n2;Ghana\n3;Kenya\n")
    (tmp_path / "b.csv").write_text("id;q;weight\n3;1;1,5\n1;2;0,5\n2;1;1,0\n")
    joined = ingest_file(store, [tmp_path / "a.csv", tmp_path / "b.csv"], IngestOptions(items=("q",), join_on=("id",)))
    assert joined.reading and (joined.reading.country, joined.reading.weight, joined.n_respondents) == (
        "land",
        "weight",
        3,
    )
    with pytest.raises(SurveyError, match="joins several files") as stop:
        open_survey(files[:1], join_on=("id",))
    assert stop.value.code is ExitCode.USAGE
