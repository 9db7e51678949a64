"""Nobody's answer is lost in silence: interviewed = valid + missing + left out, whatever the labels say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from surveycli.errors import SurveyError
from surveycli.store import Store, open_store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

# Without shrinking, which takes longer than all else where a process reads each file.
FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
N_RESPONDENTS = 40
LABELS = st.sampled_from(
    [
        "Yes", "No", "Very good", "Good", "Bad", "Very bad", "Don't know", "DK", "Refused", "5 Refused", "-9. Refused",
        "iap", "INAP: not asked", "Other missing; Multiple answers Mail (EVS)", "No sabe (Don't know)", "Both (VOL)",
        "No contesta", "不知道", "Weiß nicht", "Ninguno",
        "1. Sí", "Spontaneous: none", "None", "nan", "Not applicable", "No answer",
        "", "0", "7", "Other", "Other", "x" * 200,
    ]
)  # fmt: skip
CODES = st.sampled_from([-99.0, -9.0, -5.0, -2.0, -1.0, *map(float, range(5)), 2.5, 7.0, 8.0, 9.0, 77.0, 99.0, 40000.0])
COLUMNS = st.lists(
    st.tuples(st.dictionaries(CODES, LABELS, max_size=8), st.lists(st.none() | CODES, min_size=1, max_size=9)),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for all examples of this module."""
    with open_store(tmp_path_factory.mktemp("accounts") / "s.duckdb", create=True) as opened:
        yield opened


@FEW
@given(columns=COLUMNS)
def test_no_answer_is_lost(
    columns: list[tuple[dict[float, str], list[float | None]]], module_store: Store, tmp_path: Path
) -> None:
    """Every column is an item or counted with its reason, and every answer to an item is valid, missing or left out."""
    cells = {f"Q{n}": [codes[i % len(codes)] for i in range(N_RESPONDENTS)] for n, (_, codes) in enumerate(columns)}
    frame = pl.DataFrame(
        {"country": [404.0, 276.0] * (N_RESPONDENTS // 2), **cells},
        schema={"country": pl.Float64, **dict.fromkeys(cells, pl.Float64)},
    )
    labels = {f"Q{n}": labels for n, (labels, _) in enumerate(columns) if labels}
    path = tmp_path / "fuzzed.sav"
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels)
    try:
        report = ingest_file(module_store, path, IngestOptions(country_column="country", replace=True))
    except SurveyError as error:
        assert "item" in error.message
        return
    left_out = {skip.subject: skip.n_skipped for skip in report.skipped if skip.subject.startswith("Q")}
    accounts = module_store.query(
        "SELECT item_id, sum(n_interviewed), sum(n_valid + n_missing + n_left_out) FROM answer_account GROUP BY ALL"
    )
    assert set(accounts["item_id"]) | {name.strip() for names in left_out for name in names.split(",")} >= set(cells)
    assert set(accounts.to_series(1)) == set(accounts.to_series(2)) == {N_RESPONDENTS}
    assert not list(find_violations(module_store))
    for item_id in accounts["item_id"]:
        counted = module_store.query(
            f"SELECT (SELECT sum(n_valid) FROM answer_account WHERE item_id = '{item_id}'),"
            f" (SELECT count(*) FROM respondent.fuzzed JOIN response_option ON option_code = {item_id}"
            f" WHERE item_id = '{item_id}')"
        )
        assert counted.row(0)[0] == counted.row(0)[1]
