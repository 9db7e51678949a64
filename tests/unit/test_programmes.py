"""Files of survey programmes are read right at the first try, with every share equal to an independent count."""

from __future__ import annotations

from pathlib import Path

import pytest
from survey_programmes import N_RESPONDENTS, PROGRAMMES, expected_shares, write_programme

from surveycli.store import open_store
from surveycli.store.invariant import find_violations
from surveycli.survey import ingest_file

# The columns whose product is the weight, where that is not the programme's first weight alone.
WEIGHTS = {"ESS": ("pspwght", "pweight")}


@pytest.mark.parametrize("name", PROGRAMMES)
def test_a_programmes_file_is_read_right_at_the_first_try(name: str, tmp_path: Path) -> None:
    """Without an option: survey, language, country, weight, items, scales, and each share as a plain loop counts it."""
    programme = PROGRAMMES[name]
    path, frame = write_programme(programme, tmp_path)
    weights = WEIGHTS.get(name, programme.weights[:1])
    with open_store(tmp_path / "s.duckdb", create=True) as store:
        report = ingest_file(store, path)
        assert (report.survey_id, report.n_respondents) == (programme.survey, N_RESPONDENTS)
        assert report.reading is not None
        assert report.reading.weight == " * ".join(weights)
        assert report.reading.profile and "Written by" not in report.title
        scales = dict(store.query("SELECT item_id, scale FROM item").rows())
        assert scales == {question.name: question.scale for question in programme.questions}
        assert set(store.query("SELECT language FROM item_text")["language"]) == {programme.language}
        found = store.query("SELECT item_id, population_id, option_code, share FROM response_distribution").rows()
        expected = expected_shares(programme, frame, weights)
        assert {(item, place, code): share for item, place, code, share in found} == pytest.approx(expected)
        assert not list(find_violations(store))
        # Nobody's answer is lost: what is not valid has a status, and nothing is left out.
        counts = "SELECT sum(n_left_out), sum(n_interviewed - n_valid - n_missing) FROM answer_account"
        assert store.query(counts).row(0) == (0, 0)
