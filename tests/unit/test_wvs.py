"""Files of the World Values Survey in every layout and format, with invented answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from other_surveys import write_xlsx
from wvs_like import make_wvs_like

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

ITEMS = [f"Q{number}" for number in range(1, 60)]
COLUMNS = ["A_WAVE", "B_COUNTRY", "B_COUNTRY_ALPHA", "W_WEIGHT", *ITEMS, "Q240", "Q260", "Q262"]
IMPORTANCE = {1: "Very important", 2: "Rather important", 3: "Not very important", 4: "Not at all important"}
MISSING = {-1: "Don’t know", -2: "No answer", -5: "Missing; Unknown", -3: "Not applicable", -4: "Not asked"}


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


@pytest.fixture(scope="module")
def world() -> pl.DataFrame:
    """Ten invented respondents in each of 66 countries."""
    return make_wvs_like("v6", 660, 1).select(COLUMNS)


@pytest.fixture(scope="module")
def kenya() -> pl.DataFrame:
    """Forty invented respondents of Kenya."""
    return make_wvs_like("v6", 2640, 2).select(COLUMNS).filter(pl.col("B_COUNTRY_ALPHA") == "KEN")


def described(frame: pl.DataFrame, between: str) -> pl.DataFrame:
    """Return the frame with headers such as `Q1: Important in life: Family`."""
    return frame.rename({name: f"{name}{between}Some thing: {name.lower()}" for name in frame.columns})


def assert_same_as_csv(frame: pl.DataFrame, path: Path, store: Store) -> None:
    """Check that a file gives what the cross-national CSV of the same respondents gives, and respondents alike."""
    plain = path.with_name("plain.csv")
    frame.write_csv(plain)
    assert ingest_file(store, plain, IngestOptions(survey_id="plain")).layout == "wvs"
    report = ingest_file(store, path, IngestOptions(survey_id="other"))
    assert report.layout == "wvs"
    for table in ("response_distribution", "cell", "missing_count", "item", "item_text", "option_text"):
        one, other = (
            query(store, f"SELECT * EXCLUDE survey_id FROM {table} WHERE survey_id = '{survey}' ORDER BY ALL")
            for survey in ("plain", "other")
        )
        assert len(one) == len(other) and one
        assert all(a == pytest.approx(b) for a, b in zip(one, other, strict=True))
    one, other = (store.query(f"SELECT * FROM respondent.{name}") for name in ("plain", "other"))
    assert one.schema == other.schema
    assert one.rows() == [pytest.approx(row, nan_ok=True) for row in other.rows()]
    assert not list(find_violations(store))


@pytest.mark.parametrize(
    "name",
    ["w.txt", "w.tsv", "w.parquet", "w.xlsx", "w.sav", "w.zsav", "w.dta", "described.csv", "short.txt", "comma.txt"],
)
def test_other_formats_give_what_the_cross_national_csv_gives(
    name: str, kenya: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """Semicolons, tabs, Parquet, XLSX, SPSS, Stata, described headers and decimal commas change no distribution."""
    path = tmp_path / name
    match path.suffix, path.stem:
        case ".txt", "short":
            described(kenya, " ").write_csv(path, separator=";")
        case ".txt", "comma":
            kenya.with_columns(pl.col("W_WEIGHT").cast(pl.String).str.replace(".", ",", literal=True)).write_csv(
                path, separator=";"
            )
        case ".txt", _:
            kenya.write_csv(path, separator=";")
        case ".tsv", _:
            kenya.write_csv(path, separator="\t")
        case ".parquet", _:
            kenya.write_parquet(path)
        case ".xlsx", _:
            write_xlsx(path, kenya, ("Notes", "Data"))
        case ".csv", _:
            text = described(kenya, ": ").write_csv(line_terminator="\r\n")
            path.write_bytes(b"\xef\xbb\xbf" + text.encode())
        case ".dta", _:
            pyreadstat.write_dta(kenya, str(path), variable_value_labels={"Q1": IMPORTANCE | MISSING})
        case _:
            pyreadstat.write_sav(
                kenya,
                str(path),
                compress=path.suffix == ".zsav",
                variable_value_labels={"Q1": IMPORTANCE | MISSING},
                missing_ranges={item: [{"lo": -5, "hi": -1}] for item in ITEMS},
            )
    assert_same_as_csv(kenya, path, store)


def test_one_country_has_a_survey_of_its_own(
    kenya: pl.DataFrame, world: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """A file of Kenya is wvs7-ken, beside which one of all countries is wvs7; the weight may be none."""
    path = tmp_path / "ken.csv"
    described(kenya.with_columns(W_WEIGHT=pl.lit("No weighting")), ": ").write_csv(path)
    report = ingest_file(store, path, IngestOptions(by=(("country",), ("country", "sex"))))
    assert (report.survey_id, report.n_respondents, report.n_populations) == ("wvs7-ken", 40, 3)
    assert query(store, "SELECT count(*) FROM response_distribution WHERE abs(share - share_unweighted) > 1e-12") == [
        (0,)
    ]
    assert ("not left out: reads `No weighting`, everybody weighs 1", "W_WEIGHT") in {
        (skip.reason, skip.subject) for skip in report.skipped
    }
    world.write_csv(tmp_path / "all.txt", separator=";")
    assert ingest_file(store, tmp_path / "all.txt").survey_id == "wvs7"


def labelled(kenya: pl.DataFrame) -> pl.DataFrame:
    """Return Q1 and Q2 with labels in the cells, Q48 with words at its ends, Q57 with words in no known order."""
    important = [
        pl.col(item).replace_strict(IMPORTANCE | MISSING | {-2: "No answer"}, return_dtype=pl.String)
        for item in ("Q1", "Q2")
    ]
    ends = {str(code): str(code) for code in range(2, 10)} | {"1": "None at all", "10": "A great deal"}
    return kenya.select(
        "B_COUNTRY_ALPHA",
        "W_WEIGHT",
        *important,
        Q3=pl.col("Q3").replace_strict(IMPORTANCE | MISSING | {-1: "Don't know"}, return_dtype=pl.String),
        Q48=pl.col("Q48").cast(pl.String).replace_strict(ends, default="Don't know", return_dtype=pl.String),
        Q57=pl.col("Q57").replace_strict({1: "Trusted", 2: "Careful"}, default="Don’t know", return_dtype=pl.String),
    )


def test_words_in_the_cells_get_the_codes_of_wvs(kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """A file of words gives the distributions, items and respondents' columns of the same file with codes."""
    codes, words = tmp_path / "codes.csv", tmp_path / "words.csv"
    frame = labelled(kenya)
    described(kenya.select(frame.columns), ": ").write_csv(codes)
    described(frame, ": ").write_csv(words)
    for path in (codes, words):
        ingest_file(store, path, IngestOptions(survey_id=path.stem))
    shares, items, people = (
        [query(store, f"{text} WHERE survey_id = '{name}' ORDER BY ALL") for name in ("codes", "words")]
        for text in (
            "SELECT item_id, population_id, option_code, n_respondents, share FROM response_distribution",
            "SELECT item_id, scale, n_options FROM item",
            "SELECT item_id, n_interviewed, n_valid FROM answer_account",
        )
    )
    assert shares[0] == shares[1] and len(shares[0]) == 3 * 4 + 10 + 2
    assert items[0] == items[1] and people[0] == people[1]
    columns = [store.query(f"SELECT * FROM respondent.{name}").columns for name in ("codes", "words")]
    assert sorted(columns[0]) == sorted(columns[1])
    dont_know = query(
        store, "SELECT survey_id, sum(n_respondents) FROM missing_count WHERE status = 'dont_know' GROUP BY 1"
    )
    assert dict(dont_know)["words"] > 0


def test_words_that_nobody_can_tell_keep_their_own_numbers(kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Answers that are unlike the codebook's make an item of their own, which the summary says."""
    path = tmp_path / "ken.csv"
    strange = {1: "Zig", 2: "Zag", 3: "Zog", 4: "Zug"}
    zigs = pl.col("Q5").replace_strict(strange, default="Don't know", return_dtype=pl.String)
    described(labelled(kenya).with_columns(kenya.select(zigs).to_series()), ": ").write_csv(path)
    report = ingest_file(store, path)
    assert query(store, "SELECT scale FROM item WHERE item_id = 'Q5'") == [("nominal",)]
    labels = query(store, "SELECT label FROM option_text WHERE item_id = 'Q5' ORDER BY option_code")
    assert [label for (label,) in labels] == ["Zag", "Zig", "Zog", "Zug"]
    assert any("words that WVS's codes are not known for" in skip.reason for skip in report.skipped)


def test_demographics_may_be_labels_too(kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Where cells hold labels, those of sex make the same populations as its codes."""
    path = tmp_path / "ken.csv"
    sexes = pl.col("Q260").replace_strict({1: "Male", 2: "Female"}, default="No answer", return_dtype=pl.String)
    described(labelled(kenya).with_columns(kenya.select(sexes).to_series()), ": ").write_csv(path)
    ingest_file(store, path, IngestOptions(by=(("country", "sex"),)))
    for sex, code in (("male", 1), ("female", 2)):
        n = kenya.filter((pl.col("Q260") == code) & (pl.col("Q1") > 0)).height
        cell = f"population_id = 'KEN|sex={sex}' AND item_id = 'Q1'"
        assert query(store, f"SELECT n_respondents FROM cell WHERE {cell}") == [(n,)]


@pytest.mark.parametrize(
    ("name", "version", "release"),
    [
        ("WVS_Wave_7_Kenya_Csv_v5.1.csv", "5-0-1 (2023)", "5-0-1"),
        ("WVS_Wave_7_Kenya_Csv_v5.1.csv", None, "5-1"),
        ("WV6_Data_csv_v20201117.csv", None, "20201117"),
        ("WV6_Data_v_2016_01_01.csv", None, "2016-01-01"),
        ("kenya.csv", None, None),
    ],
)
def test_the_release_is_told_by_its_column_or_the_files_name(
    name: str, version: str | None, release: str | None, kenya: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """The column `version` names the release, else the file's name does, else it is unknown."""
    frame = kenya if version is None else kenya.with_columns(version=pl.lit(version))
    frame.write_csv(tmp_path / name, separator=";")
    assert ingest_file(store, tmp_path / name).release == release


def test_a_codebook_maps_labels_to_codes(kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """With the labels described, a file of labels gives the counts of the same file with codes."""
    book = tmp_path / "book.yaml"
    options = ", ".join(f'{code}: "{label}"' for code, label in IMPORTANCE.items())
    book.write_text(
        f"scales:\n  i4: {{kind: ordinal, options: {{{options}}}}}\n"
        '  amount: {kind: ordinal, endpoints: {1: "None at all", 10: "A great deal"}}\n'
        "batteries:\n  life: {scale: i4, items: {Q1: Family, Q2: Friends, Q3: Leisure}}\n"
        "  choice: {scale: amount, items: {Q48: Choice}}\n"
    )
    labels, codes = tmp_path / "labels.csv", tmp_path / "codes.csv"
    described(labelled(kenya), ": ").write_csv(labels)
    described(kenya, ": ").write_csv(codes)
    for path in (labels, codes):
        ingest_file(store, path, IngestOptions(codebook=book, survey_id=path.stem))
    one, other = (
        query(store, f"SELECT * EXCLUDE survey_id FROM response_distribution WHERE survey_id = '{name}' ORDER BY ALL")
        for name in ("labels", "codes")
    )
    assert one == other and len(one) == 3 * 4 + 10


def wave6(world: pl.DataFrame) -> pl.DataFrame:
    """Return respondents under the names of wave 6."""
    names = {"B_COUNTRY": "V2", "Q1": "V4", "Q2": "V5", "Q48": "V55", "Q57": "V24", "Q260": "V240", "Q262": "V242"}
    return world.select(pl.lit(6).alias("V1"), *(pl.col(old).alias(new) for old, new in names.items()), V258="W_WEIGHT")


def test_wave_6_is_numbered_without_a_codebook(world: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """V-columns with semicolons are nominal items with numbered options, sex and age are known, and it says so."""
    path = tmp_path / "WV6.csv"
    wave6(world).write_csv(path, separator=";")
    report = ingest_file(store, path, IngestOptions(by=(("country",), ("country", "sex"))))
    assert (report.survey_id, report.n_items, report.n_populations) == ("wvs6", 4, 66 * 3)
    assert query(store, "SELECT wave, release, source FROM survey") == [
        ("6", None, "https://www.worldvaluessurvey.org")
    ]
    assert query(store, "SELECT scale FROM item ORDER BY position") == [
        ("nominal",),
        ("nominal",),
        ("nominal",),
        ("binary",),
    ]
    for code in range(1, 5):
        expected = world.filter((pl.col("Q1") == code) & (pl.col("B_COUNTRY_ALPHA") == "KEN")).height
        found = query(
            store,
            "SELECT n_respondents FROM response_distribution"
            f" WHERE item_id = 'V4' AND population_id = 'KEN' AND option_code = {code}",
        )
        assert found == [(expected,)]
    dont_know = world.filter(pl.col("Q48") == -1).height
    missing = query(
        store,
        "SELECT sum(n_respondents)::INT FROM missing_count JOIN population USING (population_id)"
        " WHERE kind = 'country' AND item_id = 'V55' AND status = 'dont_know'",
    )
    assert missing == [(dont_know,)]
    assert any(skip.reason.startswith("not left out: options from the cells") for skip in report.skipped)


def test_labels_in_the_cells_tell_the_wave_by_its_years(world: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """A file that says 2010-2014 for the wave is of wave 6, with that wave's weight, whatever the file is called."""
    path = tmp_path / "world.csv"
    wave6(world).with_columns(V1=pl.lit("2010-2014")).write_csv(path, separator=";")
    assert ingest_file(store, path).survey_id == "wvs6"
    assert query(store, "SELECT count(*) FROM response_distribution WHERE share IS NULL") == [(0,)]


def test_wave_6_with_labels_has_its_own_wordings(world: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """An SPSS file of wave 6 gives items by its value labels, and the codebook drawn from it serves its CSV too."""
    from surveycli.survey import write_codebook_draft

    sav, csv, book = tmp_path / "WV6.sav", tmp_path / "WV6.csv", tmp_path / "book.yaml"
    frame = wave6(world)
    frame.write_csv(csv, separator=";")
    labels = {
        "V4": IMPORTANCE | MISSING,
        "V5": IMPORTANCE | MISSING,
        "V55": {1: "No choice at all", 10: "A great deal of choice"} | MISSING,
        "V24": {1: "Most people can be trusted", 2: "Need to be very careful"} | MISSING,
        "V240": {1: "Male", 2: "Female"},
    }
    pyreadstat.write_sav(
        frame, str(sav), column_labels=[f"{name} wording" for name in frame.columns], variable_value_labels=labels
    )
    report = ingest_file(store, sav)
    assert (report.survey_id, report.n_items) == ("wvs6", 4)
    assert dict(query(store, "SELECT item_id, scale FROM item")) == {
        "V4": "ordinal",
        "V5": "ordinal",
        "V24": "binary",
        "V55": "ordinal",
    }
    write_codebook_draft(sav, book, items=("V4", "V5", "V55", "V24"))
    ingest_file(store, csv, IngestOptions(survey_id="csv", codebook=book))
    for table in ("response_distribution", "option_text", "missing_count"):
        one, other = (
            query(
                store,
                f"SELECT COLUMNS('^(item_id|pop.*|option_code|n_.*|label|status)$') FROM {table}"
                f" WHERE survey_id = '{survey}' ORDER BY ALL",
            )
            for survey in ("wvs6", "csv")
        )
        assert one == other and one


def test_codes_of_one_country_each_make_no_item(world: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Codes such as 31001 and 840002, of which 16 bits hold some, make no item of those that fit."""
    path = tmp_path / "WV6.csv"
    party = pl.col("V2") * 1000 + pl.col("V24").clip(1, 2)
    wave6(world).with_columns(V228=party).write_csv(path, separator=";")
    report = ingest_file(store, path)
    assert report.n_items == 4
    assert {skip.subject: skip.reason for skip in report.skipped}["V228"].startswith("codes above 32,767")


def test_missing_codes_of_wvs_need_no_known_label(world: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """In a labelled file of wave 6, -1 and -2 are missing under labels in any language, and without one."""
    path = tmp_path / "WV6.sav"
    frame = wave6(world)
    pyreadstat.write_sav(frame, str(path), variable_value_labels={"V4": IMPORTANCE | {-1: "No sabe"}})
    report = ingest_file(store, path)
    counted = query(store, "SELECT status, sum(n_respondents)::INT FROM missing_count GROUP BY 1 ORDER BY 1")
    codes = {"dont_know": -1, "no_answer": -2, "missing_other": -5}
    expected = {status: n for status, code in codes.items() if (n := frame.filter(pl.col("V4") == code).height)}
    assert dict(counted) == expected
    assert {skip.reason for skip in report.skipped if skip.subject == "V5"} == {
        "no value labels (--codebook gives options)"
    }


def test_commas_in_quoted_headers_are_no_delimiter(kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """A file with semicolons is read as such though its quoted headers hold more commas."""
    path = tmp_path / "w.csv"
    header = ";".join(f'"{name}: one, two, three"' for name in kenya.columns)
    path.write_text(header + "\n" + kenya.write_csv(separator=";", include_header=False))
    assert ingest_file(store, path).n_respondents == kenya.height


@pytest.mark.parametrize("suffix", ["csv", "txt", "sav"])
def test_inverted_files_are_refused(suffix: str, kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Columns Q1P, Q2P, whose scales run backwards, are never read as plain, in no format."""
    path = tmp_path / f"inverted.{suffix}"
    frame = kenya.rename({item: f"{item}P" for item in ITEMS})
    if suffix == "sav":
        pyreadstat.write_sav(frame, str(path))
    else:
        described(frame, " ").write_csv(path, separator=";" if suffix == "txt" else ",")
    with pytest.raises(SurveyError, match="scales run backwards") as caught:
        ingest_file(store, path)
    assert caught.value.code is ExitCode.BAD_INPUT
    assert query(store, "SELECT count(*) FROM survey") == [(0,)]


BROKEN = {
    "two waves": (
        lambda f: f.with_columns(A_WAVE=pl.when(pl.int_range(pl.len()) < 3).then(6).otherwise(7)),
        "found waves 6, 7",
    ),
    "no country": (lambda f: f.drop("B_COUNTRY", "B_COUNTRY_ALPHA"), "expected a column with the country"),
    "unknown country": (
        lambda f: f.with_columns(B_COUNTRY=9999).drop("B_COUNTRY_ALPHA"),
        "holds 1 unknown country label: 9999",
    ),
    "no respondents": (lambda f: f.clear(), "column B_COUNTRY is blank everywhere"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_has_one_message_and_leaves_no_trace(
    case: str, kenya: pl.DataFrame, store: Store, tmp_path: Path
) -> None:
    """Every kind of broken file is a SurveyError with exit code 3 and a hint, and the store stays empty."""
    break_it, message = BROKEN[case]
    path = tmp_path / "w.txt"
    break_it(kenya).write_csv(path, separator=";")
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, path)
    assert caught.value.code is ExitCode.BAD_INPUT and caught.value.hint
    for table in ("survey", "source_file", "item", "population", "cell"):
        assert query(store, f"SELECT count(*) FROM {table}") == [(0,)]


def test_workbooks_need_a_sheet_of_respondents(kenya: pl.DataFrame, store: Store, tmp_path: Path) -> None:
    """Two sheets, neither of them Data, are one error that lists them; so is a ZIP that is no workbook."""
    with pytest.raises(SurveyError, match="expected a sheet Data, found One, Two"):
        ingest_file(store, write_xlsx(tmp_path / "w.xlsx", kenya.head(2), ("One", "Two")))
    (tmp_path / "z.xlsx").write_bytes(b"PK\x03\x04" + b"nothing" * 9)
    with pytest.raises(SurveyError, match="begins like a workbook but cannot be read"):
        ingest_file(store, tmp_path / "z.xlsx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(20), "found an old Excel file"),
        (b"\x1f\x8b" + bytes(20), "cannot be unpacked: Unknown compression method"),
        (b"RDX3\n" + bytes(20), "begins like a file of R but cannot be read"),
        (b"%PDF-1.4", "found a PDF"),
    ],
)
def test_other_binary_files_are_named(content: bytes, message: str, store: Store, tmp_path: Path) -> None:
    """An archive, an old workbook, an R file and a PDF are each named, with what to do."""
    (tmp_path / "f.csv").write_bytes(content)
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, tmp_path / "f.csv")
    assert caught.value.hint


def test_columns_that_any_program_calls_v1_are_not_taken_for_wvs(store: Store, tmp_path: Path) -> None:
    """A table of V1 to V9 without a weight or country of WVS has no layout, and stays out of the store."""
    frame = pl.DataFrame({f"V{number}": [4, 8, 12] for number in range(1, 10)})
    frame.write_csv(tmp_path / "r.csv")
    with pytest.raises(SurveyError, match="found 9 columns without labels, 9 of which look like questions: V1"):
        ingest_file(store, tmp_path / "r.csv")
    assert query(store, "SELECT count(*) FROM survey") == [(0,)]
