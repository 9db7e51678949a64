"""GlobalOpinionQA, with invented shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from other_surveys import goqa_selections, write_goqa

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

ROWS = [
    (
        "Do you like tea?",
        {
            "Belgium": [0.5, 0.3, 0.2],
            "India (Non-national sample)": [0.1, 0.1, 0.8],
            "India (Old national sample)": [0.3, 0.3, 0.4],
            "India (Current national sample)": [0.2, 0.2, 0.6],
            "S. Korea": [0, 0, 0],
            "Britain": [0.0, 0.0, 1.0],
            "China (Non-national sample)": [0.25, 0.75, 0],
        },
        ["Yes", "No", "DK/Refused"],
        "GAS",
    ),
    (
        "How is\nit?",
        {"Kenya": [0.1, 0.2, 0.3, 0.15, 0.05, 0.2]},
        ["Very good", "Somewhat good", "Somewhat bad", "Very bad", "Don't know", "Refused"],
        "GAS",
    ),
    ("Do you like tea?", {"Kenya": [0.5, 0.5]}, ["Green", "Black"], "GAS"),
    ("Do you like tea?", {"Kenya": [0.4, 0.4, 0.2]}, ["Yes", "No", "DK/Refused"], "GAS"),
    ("How often?", {"Kenya": [0.4, 0.3, 0.2, 0.1]}, [1.0, 2.0, 3.5, "Don’t know"], "WVS"),
    ("Which?", {"Kenya": [0.4, 0.3, 0.2, 0.1]}, ["Tea", "Milk", "Both (VOL)", "No answer"], "WVS"),
]


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


def shares_of(store: Store, survey_id: str, wording: str) -> dict[tuple[str, str], list[float]]:
    """Return the shares in code order by item and population."""
    rows = query(
        store,
        f"SELECT item_id, population_id, share FROM response_distribution JOIN item_text USING (survey_id, item_id)"
        f" WHERE survey_id = '{survey_id}' AND wording = '{wording}' ORDER BY item_id, population_id, option_code",
    )
    found: dict[tuple[str, str], list[float]] = {}
    for item, population, share in rows:
        found.setdefault((item, population), []).append(share)
    return found


def test_both_parts_become_surveys_of_their_own(store: Store, tmp_path: Path) -> None:
    """One file gives goqa-gas and goqa-wvs with their licence, no counts, and a store that breaks no invariant."""
    report = ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS))
    assert (report.survey_id, report.n_items, report.n_populations, report.n_cells) == ("goqa-gas", 4, 4, 6)
    assert [(part.survey_id, part.n_items) for part in report.also] == [("goqa-wvs", 2)]
    assert query(store, "SELECT DISTINCT licence FROM survey") == [("CC BY-NC-SA 4.0",)]
    assert query(store, "SELECT count(n_respondents), count(*) FROM cell") == [(0, 8)]
    assert query(store, "SELECT n_respondents FROM source_file") == [(None,), (None,)]
    assert not list(find_violations(store))


def test_missing_answers_keep_their_mass_and_leave_the_shares(store: Store, tmp_path: Path) -> None:
    """Shares are those of the substantive options, summing to 1; each missing answer keeps its part of the whole."""
    ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS))
    (kenya,) = shares_of(store, "goqa-gas", "How is it?").values()
    assert kenya == pytest.approx([0.1 / 0.75, 0.2 / 0.75, 0.3 / 0.75, 0.15 / 0.75])
    missing = query(
        store,
        "SELECT status, n_respondents, round(share, 9) FROM missing_count JOIN item_text USING (survey_id, item_id)"
        " WHERE wording = 'How is it?' ORDER BY status",
    )
    assert missing == [("dont_know", None, 0.05), ("refused", None, 0.2)]
    volunteered = query(
        store, "SELECT status, round(share, 9) FROM missing_count WHERE survey_id = 'goqa-wvs' ORDER BY 2"
    )
    assert volunteered == [("dont_know", 0.1), ("no_answer", 0.1), ("missing_other", 0.2)]


def test_the_national_sample_stands_for_its_country(store: Store, tmp_path: Path) -> None:
    """Of three samples of India the current national one is kept, whatever their order; China's only one is kept."""
    for place, rows in enumerate((ROWS, [(q, dict(reversed(s.items())), o, p) for q, s, o, p in ROWS])):
        report = ingest_file(store, write_goqa(tmp_path / f"g{place}.csv", rows), IngestOptions(survey_id=f"s{place}"))
        shares = shares_of(store, f"s{place}-gas", "Do you like tea?")
        by_country = {population: values for (_, population), values in shares.items()}
        assert by_country["IND"] == pytest.approx([0.5, 0.5])
        assert by_country["CHN"] == pytest.approx([0.25, 0.75])
        others = {skip.subject for skip in report.skipped if skip.reason == "another sample stands for IND"}
        assert others == {"India (Non-national sample)", "India (Old national sample)"}
        only = {skip.subject for skip in report.skipped if skip.reason.endswith("only sample is not national")}
        assert only == {"China (Non-national sample)"}


def test_cells_without_any_answer_are_counted_not_stored(store: Store, tmp_path: Path) -> None:
    """A country whose shares are all 0, and one where everybody refused, have no cell."""
    report = ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS))
    reasons = {skip.reason: skip.n_skipped for skip in report.skipped}
    assert reasons["shares of the response options sum to 0"] == 2
    assert not query(store, "SELECT 1 FROM cell WHERE population_id IN ('KOR', 'GBR')")


def test_the_same_question_twice_has_two_items_in_one_battery(store: Store, tmp_path: Path) -> None:
    """Three rows with one question have three ids, of which two share a hash; the ids do not hang on the other rows."""
    ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS))
    ids = query(
        store,
        "SELECT item_id, battery_id FROM item JOIN item_text USING (survey_id, item_id)"
        " WHERE wording = 'Do you like tea?' ORDER BY position",
    )
    names = [item_id for item_id, _ in ids]
    assert len(set(names)) == 3
    assert len({battery for _, battery in ids}) == 1
    assert names[2] == f"{names[0]}-2"
    ingest_file(store, write_goqa(tmp_path / "one.csv", ROWS[2:3]), IngestOptions(survey_id="one"))
    assert query(store, "SELECT item_id FROM item WHERE survey_id = 'one'") == [(names[1],)]


def test_scales_and_labels_follow_the_options(store: Store, tmp_path: Path) -> None:
    """Ladders are ordinal, two options binary, the rest nominal; 1.0 is labelled 1."""
    ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS))
    scales = dict(
        query(store, "SELECT wording, scale FROM item JOIN item_text USING (survey_id, item_id) ORDER BY ALL")
    )
    assert scales == {
        "Do you like tea?": "binary",
        "How is it?": "ordinal",
        "How often?": "nominal",  # 1, 2 and 3.5 are no steps of one
        "Which?": "binary",
    }
    labels = query(
        store,
        "SELECT label FROM option_text JOIN item_text USING (survey_id, item_id) WHERE wording = 'How often?'"
        " ORDER BY option_code",
    )
    assert labels == [("1",), ("2",), ("3.5",)]


def test_dont_know_can_be_an_option(store: Store, tmp_path: Path) -> None:
    """With keep_dont_know it has code -1, its share counts among the options', and the item is nominal."""
    ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS[1:2]), IngestOptions(keep_dont_know=True))
    rows = query(store, "SELECT option_code, share FROM response_distribution ORDER BY option_code")
    assert [code for code, _ in rows] == [-1, 1, 2, 3, 4]
    assert [share for _, share in rows] == pytest.approx([0.05 / 0.8, 0.1 / 0.8, 0.2 / 0.8, 0.3 / 0.8, 0.15 / 0.8])
    assert query(store, "SELECT status FROM missing_count") == [("refused",)]
    assert query(store, "SELECT scale FROM item") == [("nominal",)]


def test_rows_that_cannot_be_read_are_counted_by_their_reason(store: Store, tmp_path: Path) -> None:
    """Code in the place of a literal is never run; it, text, gaps, odd lengths and unknown sources are each counted."""
    trap = tmp_path / "trap"
    good = {"Kenya": [0.5, 0.5]}
    bad = [
        (
            "q",
            f"defaultdict(<class 'list'>, {{'Kenya': [__import__('pathlib').Path({str(trap)!r}).touch()]}})",
            ["a", "b"],
            "GAS",
        ),
        ("q", "defaultdict(<class 'set'>, {'Kenya': [0.5, 0.5]})", ["a", "b"], "GAS"),
        ("q", "{'Kenya': [0.5, -0.5]}", ["a", "b"], "GAS"),
        ("q", "{'Kenya': [0.5, 1e999]}", ["a", "b"], "GAS"),
        ("q", "{'Kenya': [True, False]}", ["a", "b"], "GAS"),
        ("q", goqa_selections(good), "['a', nan]", "GAS"),
        ("q", goqa_selections(good), "[" * 5000, "GAS"),
        ("q", good, ["a", "b"], "ESS"),
        ("", good, ["a", "b"], "GAS"),
        ("q", {"Kenya": [0.5]}, ["a", "b"], "GAS"),
        ("q", good, ["a", "Don't know"], "GAS"),
    ]
    report = ingest_file(store, write_goqa(tmp_path / "g.csv", [*bad, ("q", good, ["a", "b"], "GAS")]))
    assert not trap.exists()
    assert {skip.reason: skip.n_skipped for skip in report.skipped} == {
        "row whose selections are not shares by country": 5,
        "row whose options are not a list of texts and numbers": 2,
        "row whose source is neither GAS nor WVS": 1,
        "row without a question": 1,
        "country with another number of shares than options": 1,
        "question without a usable country": 1,
        "question with fewer than two response options": 1,
    }
    assert report.n_items == 1


def test_shares_far_from_1_are_said_to_be(store: Store, tmp_path: Path) -> None:
    """Percentages are brought to 1, which the report mentions."""
    report = ingest_file(
        store, write_goqa(tmp_path / "g.csv", [("q", {"Kenya": [20, 60, 20]}, ["a", "b", "DK"], "GAS")])
    )
    assert [skip.n_skipped for skip in report.skipped] == [1]
    assert [share for (share,) in query(store, "SELECT share FROM response_distribution ORDER BY 1")] == [0.25, 0.75]
    assert query(store, "SELECT share FROM missing_count") == [(0.2,)]


@pytest.mark.parametrize(("empty", "kept"), [("GAS", "goqa-wvs"), ("WVS", "goqa-gas")])
def test_a_part_without_shares_does_not_keep_the_other_out(empty: str, kept: str, store: Store, tmp_path: Path) -> None:
    """Where all rows of one part sum to zero the other is ingested, and the empty one is named as left out."""
    full = "WVS" if empty == "GAS" else "GAS"
    rows = [
        ("q", {"Kenya": [0, 0], "Japan": [0, 0]}, ["a", "b"], empty),
        ("r", {"Kenya": [0.5, 0.5]}, ["a", "b"], full),
    ]
    report = ingest_file(store, write_goqa(tmp_path / "g.csv", rows), IngestOptions())
    assert (report.survey_id, report.also, report.n_cells) == (kept, (), 1)
    left_out = {skip.reason: skip.n_skipped for skip in report.skipped}
    assert left_out[f"no question of part {empty} has shares: no survey of it"] == 1
    assert left_out["shares of the response options sum to 0"] == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("q", {"Atlantis": [0.5, 0.5], "Lemuria": [1, 0]}, ["a", "b"], "GAS")],
            "2 unknown country labels: Atlantis; L",
        ),
        ([("q", "x", "y", "GAS")], "none of its 1 rows holds selections"),
        ([("q", {"Kenya": [0, 0]}, ["a", "b"], "GAS")], "no question has shares, in either part"),
        ([], "has column names but no rows"),
    ],
)
def test_a_file_without_use_is_refused(rows: list[Any], message: str, store: Store, tmp_path: Path) -> None:
    """Unknown countries come in one message; a file without any usable row is no survey; the store stays empty."""
    with pytest.raises(SurveyError, match=message) as caught:
        ingest_file(store, write_goqa(tmp_path / "g.csv", rows))
    assert caught.value.code is ExitCode.BAD_INPUT and caught.value.hint
    assert query(store, "SELECT count(*) FROM survey") == [(0,)]


def test_a_country_map_is_the_way_out(store: Store, tmp_path: Path) -> None:
    """A mapped label is its country; one mapped to nothing is left out and counted."""
    rows = [("q", {"Atlantis": [0.5, 0.5], "Lemuria": [1, 0]}, ["a", "b"], "GAS")]
    options = IngestOptions(country_map=(("Atlantis", "GRC"), ("lemuria", "")))
    report = ingest_file(store, write_goqa(tmp_path / "g.csv", rows), options)
    assert query(store, "SELECT DISTINCT population_id FROM cell") == [("GRC",)]
    assert ("left out by the country map", "Lemuria", 1) in {(s.reason, s.subject, s.n_skipped) for s in report.skipped}


def test_both_parts_come_or_none(store: Store, tmp_path: Path) -> None:
    """Where the second part is in the store already, the first is not written either."""
    ingest_file(store, write_goqa(tmp_path / "wvs.csv", ROWS[4:]))
    with pytest.raises(SurveyError, match="Survey goqa-wvs is in the store already") as caught:
        ingest_file(store, write_goqa(tmp_path / "g.csv", ROWS))
    assert caught.value.code is ExitCode.CONFLICT
    assert query(store, "SELECT survey_id FROM survey") == [("goqa-wvs",)]
    report = ingest_file(store, tmp_path / "g.csv", IngestOptions(replace=True))
    assert [report.survey_id, report.also[0].survey_id] == ["goqa-gas", "goqa-wvs"]


def test_many_rows_count_as_plain_python_counts(store: Store, tmp_path: Path) -> None:
    """For random shares the store's numbers are those of a loop over the rows."""
    import random

    draw = random.Random(4)
    labels = ["Tea", "Milk", "Beer", "Don't know", "Refused"]
    rows, expected = [], {}
    for number in range(40):
        shares = {country: [draw.random() for _ in labels] for country in ("Kenya", "Japan", "Peru")}
        shares = {country: [value / sum(values) for value in values] for country, values in shares.items()}
        rows.append((f"Question {number}", shares, labels, "GAS"))
        for country, iso3 in (("Kenya", "KEN"), ("Japan", "JPN"), ("Peru", "PER")):
            valid = sum(shares[country][:3])
            expected[f"Question {number}", iso3] = [value / valid for value in shares[country][:3]]
    ingest_file(store, write_goqa(tmp_path / "g.csv", rows))
    found = query(
        store,
        "SELECT wording, population_id, list(share ORDER BY option_code) FROM response_distribution"
        " JOIN item_text USING (survey_id, item_id) GROUP BY ALL",
    )
    assert len(found) == len(expected) == 120
    for wording, population, shares in found:
        assert shares == pytest.approx(expected[wording, population], abs=1e-12)
