"""Country labels of files, and the user's way out where one is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.survey.places.match import match_countries, read_country_map, split_sample


@pytest.mark.parametrize(
    ("label", "iso3"),
    [
        ("S. Korea", "KOR"),
        ("South Korea", "KOR"),
        ("Czech Rep.", "CZE"),
        ("Czech\xa0Rep.", "CZE"),
        ("Britain", "GBR"),
        ("Great Britain", "GBR"),
        ("Palest. ter.", "PSE"),
        ("India (Old national sample)", "IND"),
        ("Kenya (refield)", "KEN"),
        ("KEN", "KEN"),
        ("404", "KEN"),
        ("404.0", "KEN"),
        ("909", "NIR"),
        ("DE-E", "DEU"),
        ("GB-NIR", "NIR"),
        ("FR", "FRA"),
        ("EL", "GRC"),
        ("[%152%] Chile", "CHL"),
        ("GB-Great Britain", "GBR"),
        ("España", "ESP"),
        ("Espana", "ESP"),
        ("Россия", "RUS"),
        ("中国", "CHN"),
        ("Vereinigte Staaten", "USA"),
    ],
)
def test_labels_codes_and_numbers_are_known(label: str, iso3: str) -> None:
    """A country is known by its many labels, its ISO-3 code and its number in WVS, whatever is said of its sample."""
    assert match_countries([label], (), "f.csv") == {label: iso3}


def test_all_unknown_labels_come_in_one_message() -> None:
    """One error names every label that nobody knows, and the way out."""
    with pytest.raises(SurveyError, match=r"2 unknown country labels: Atlantis; Lemuria") as caught:
        match_countries(["Atlantis", "Kenya", "Lemuria"], (), "f.csv: column c")
    assert caught.value.code is ExitCode.BAD_INPUT
    assert "--country-map FILE" in caught.value.hint


def test_the_users_map_comes_first_and_may_leave_out(tmp_path: Path) -> None:
    """A mapped label wins over what is known of it, in any case; an empty code leaves it out."""
    path = tmp_path / "map.csv"
    path.write_text("﻿label,iso3\nAtlantis,GRC\nkenya,UGA\nLemuria,\n", encoding="utf-8")
    given = read_country_map(path)
    assert match_countries(["Atlantis (urban sample)", "Kenya", "Lemuria"], given, "f") == {
        "Atlantis (urban sample)": "GRC",
        "Kenya": "UGA",
        "Lemuria": "",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected the columns label,iso3, found nothing"),
        (b"name,code\nA,KEN\n", "expected the columns label,iso3, found name,code"),
        (b"label,iso3\nA,KENYA\n", "line 2: expected a label and an ISO-3 code"),
        (b"label,iso3\nA\n", "expected 2 cells, found 1 in line 2"),
        (b"label,iso3\n\xff,KEN\n", "country map .* is not in UTF-8: found the byte 0xFF in line 2"),
    ],
)
def test_a_broken_map_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """A map with other columns, unknown codes or another encoding is one clear error."""
    path = tmp_path / "map.csv"
    path.write_bytes(content)
    with pytest.raises(SurveyError, match=message):
        read_country_map(path)
    with pytest.raises(SurveyError, match="There is no country map"):
        read_country_map(tmp_path / "nothing.csv")


def test_only_what_is_said_of_the_sample_is_cut_off() -> None:
    """A bracket that belongs to the name stays."""
    assert split_sample("Congo (Kinshasa)") == ("Congo (Kinshasa)", "")
    assert split_sample("China (Non-national sample)") == ("China", "non-national sample")
