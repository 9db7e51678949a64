"""R data files: data frames with the labels that packages of R put on their columns."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest
import rdata
from r_files import factor, frame, labelled, pairs, text, vector, write_r
from rdata.parser import CharFlags, RObject

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.survey import ingest_file
from surveycli.survey.files import open as opening
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import open_source

TRUST = {"A lot": 1.0, "Some": 2.0, "Not at all": 3.0, "Refused": 9.0}
COUNTRIES = ["Kenya", "Ghana"]


def survey() -> RObject:
    """Return six invented respondents, with columns as haven, base R and foreign make them."""
    latin = vector(["é"])
    latin.value[0] = text("Thé préféré", CharFlags.LATIN1)
    return frame(
        {
            "country": factor([1, 1, 1, 2, 2, 2], COUNTRIES),
            "weight": vector([0.5, 1.0, 1.5, 1.0, 1.0, 1.0], label=vector(["Weighting factor"])),
            "trust": labelled([1.0, 2.0, 9.0, 3.0, None, 1.0], TRUST, "Trust in neighbours", na_values=vector([9.0])),
            "often": factor(
                [1, 2, None, 3, 3, 1], ["Often", "Sometimes", "Never"], ordered=True, label="Tea, how often?"
            ),
            "drink": vector(
                [1, 2, 2, 1, None, 2], **{"value.labels": vector(["1", "2"], names=vector(["Tea", "Milk"]))}
            ),
            "likes": vector([True, False, None, True, True, True], label=latin),
            "note": vector(["x", None, "", "y", "z", "ü"]),
            "day": vector([19000.0, None, 1.0, 2.0, 3.0, 4.0], **{"class": vector(["Date"])}),
        },
        **{"variable.labels": vector(["Which do you drink?"], names=vector(["drink"]))},
    )


def test_the_labels_of_every_package_are_kept(tmp_path: Path) -> None:
    """Labels of haven and foreign, levels of factors, missing codes, days and texts in Latin-1 are read as they are."""
    table = open_table(open_source(write_r(tmp_path / "tea.rds", survey())))
    assert table.kind == "R"
    by_name = {column.name: column for column in table.columns}
    assert by_name["trust"].label == "Trust in neighbours"
    assert by_name["trust"].value_labels == {code: label for label, code in TRUST.items()}
    assert by_name["trust"].missing_ranges == ((9.0, 9.0),)
    assert by_name["often"].value_labels == {1: "Often", 2: "Sometimes", 3: "Never"}
    assert [by_name[name].measure for name in ("country", "often", "trust")] == ["nominal", "ordinal", ""]
    assert (by_name["drink"].label, by_name["drink"].value_labels) == ("Which do you drink?", {1.0: "Tea", 2.0: "Milk"})
    assert (by_name["likes"].label, by_name["likes"].value_labels) == ("Thé préféré", {0: "FALSE", 1: "TRUE"})
    rows = table.frame()
    assert rows["trust"].to_list() == [1.0, 2.0, 9.0, 3.0, None, 1.0]
    assert rows["often"].to_list() == [1, 2, None, 3, 3, 1] and rows["likes"].to_list() == [1, 0, None, 1, 1, 1]
    assert rows["note"].to_list() == ["x", None, "", "y", "z", "ü"]
    assert rows["day"].to_list()[:3] == ["2022-01-08", None, "1970-01-02"]


@pytest.mark.parametrize("kind", ["rds", "rda", "zip", "list"])
def test_a_survey_of_r_is_right_at_the_first_try(kind: str, store: Store, tmp_path: Path) -> None:
    """One object, a workspace, either of them zipped, and a data frame within a list give the same shares."""
    if kind in ("rds", "list"):
        content = survey() if kind == "rds" else vector([vector([1.0]), survey()], names=vector(["n", "variables"]))
        path = write_r(tmp_path / "tea.rds", content)
    else:
        workspace = pairs({"version": vector([2.0]), "tea": survey()})
        assert workspace is not None
        path = write_r(tmp_path / "tea.RData", workspace)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "tea.zip", "w") as archive:
            archive.write(path, "tea.RData")
        path = tmp_path / "tea.zip"
    report = ingest_file(store, path)
    assert report.survey_id == "tea" and report.reading and report.reading.weight == "weight"
    shares = store.query(
        "SELECT option_code, share FROM response_distribution"
        " WHERE item_id = 'trust' AND population_id = 'KEN' ORDER BY 1"
    )
    assert shares["option_code"].to_list() == [1, 2, 3]
    assert shares["share"].to_list() == pytest.approx([1 / 3, 2 / 3, 0])
    accounts = store.query(
        "SELECT item_id, sum(n_interviewed), sum(n_valid), sum(n_missing), sum(n_left_out)"
        " FROM answer_account GROUP BY 1 ORDER BY 1"
    )
    assert accounts.rows() == [
        ("drink", 6, 5, 1, 0),
        ("likes", 6, 5, 1, 0),
        ("often", 6, 5, 1, 0),
        ("trust", 6, 4, 2, 0),
    ]
    assert store.query("SELECT scale FROM item WHERE item_id = 'often'").item() == "ordinal"


def test_a_file_that_r_itself_wrote_is_read() -> None:
    """The data frame in a workspace of R has its factor and its numbers."""
    table = open_table(open_source(Path(str(rdata.TESTDATA_PATH / "test_dataframe.rda"))))
    assert table.frame().rows() == [(1, 1), (2, 2), (2, 3)]
    assert table.columns[0].value_labels == {1: "a", 2: "b"}


def test_what_holds_no_data_frame_is_named_with_the_line_of_r(tmp_path: Path) -> None:
    """No data frame, several, and a damaged file are each told, with the line that converts the file in R."""
    two = pairs({"first": survey(), "second": survey()})
    assert two is not None
    write_r(tmp_path / "two.rda", two)
    write_r(tmp_path / "none.rds", vector([1.0, 2.0]))
    whole = write_r(tmp_path / "whole.rds", survey()).read_bytes()
    (tmp_path / "cut.rds").write_bytes(gzip.compress(gzip.decompress(whole)[:300]))
    for name, message, line in (
        (
            "two.rda",
            "expected one data frame, found 2: first, second",
            r'load("two.rda"); haven::write_sav(NAME, "survey.sav")',
        ),
        ("none.rds", "expected one data frame, found 0", r'write_sav(readRDS("none.rds"), "survey.sav")'),
        ("cut.rds", "cannot be read", "haven"),
    ):
        with pytest.raises(SurveyError, match=message) as stop:
            open_table(open_source(tmp_path / name))
        assert stop.value.code is ExitCode.BAD_INPUT and line in stop.value.hint


def test_without_the_package_the_extra_and_the_line_of_r_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the optional package is not installed the error says how to get it, and how to do without."""
    monkeypatch.setattr(opening, "_R_EXTRA", "a_package_that_is_not_there")
    path = write_r(tmp_path / "tea.rds", survey())
    with pytest.raises(SurveyError, match="is an R data file") as stop:
        open_table(open_source(path))
    assert stop.value.code is ExitCode.MISSING_EXTRA
    assert "surveycli[r]" in stop.value.hint and 'haven::write_sav(readRDS("tea.rds"), "survey.sav")' in stop.value.hint


def test_a_csv_whose_first_column_is_called_a_is_not_of_r(tmp_path: Path) -> None:
    """Text that begins as R's own text format does is a table where no version of R follows."""
    (tmp_path / "a.csv").write_text("A\n3\n2\n")
    assert open_table(open_source(tmp_path / "a.csv")).frame().equals(pl.DataFrame({"A": ["3", "2"]}))
