"""Effective numbers by design against svy, a survey library of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import svy

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

CODEBOOK = """\
item_id,wording,option_code,label,scale,missing_status
TEA,How do you like tea?,1,Hot,nominal,
TEA,,2,Cold,,
TEA,,3,Not,,
TEA,,9,,,refused
"""
N_REPLICATES = 24


def respondents() -> pl.DataFrame:
    """Return 900 invented people in 6 strata of 8 units, who lean one way within a unit, with replicate weights."""
    draw = np.random.default_rng(7)
    n = 900
    stratum, unit = draw.integers(0, 6, n), draw.integers(0, 8, n)
    lean = draw.normal(0, 1, (6, 8))[stratum, unit]
    chances = np.exp(np.column_stack([np.zeros(n), lean, -lean]))
    answer = (draw.random((n, 1)) * chances.sum(axis=1, keepdims=True) > chances.cumsum(axis=1)).sum(axis=1) + 1
    weight = draw.uniform(0.3, 2.5, n).round(3)
    replicates = weight[:, None] * draw.choice([0.0, 2.0], (6, 8, N_REPLICATES))[stratum, unit]
    return pl.DataFrame(
        {
            "nation": ["Kenya"] * n,
            "weight": weight,
            "stratum": stratum,
            "psu": unit,
            "sex": draw.choice(["1", "2"], n),
            "TEA": np.where(draw.random(n) < 0.07, 9, answer),
            **{f"rep{number + 1}": column for number, column in enumerate(replicates.T)},
        }
    )


def ingest(store: Store, folder: Path, **more: Any) -> dict[str, tuple[float, float]]:
    """Return each population's effective numbers, with weights and without."""
    (folder / "book.csv").write_text(CODEBOOK, encoding="utf-8")
    respondents().write_csv(folder / "tea.csv")
    options = IngestOptions(
        by=(("country",), ("country", "sex")),
        country_column="nation",
        codebook=folder / "book.csv",
        weight_column="weight",
        **more,
    )
    ingest_file(store, folder / "tea.csv", options)
    assert not list(find_violations(store))
    cells = store.query("SELECT population_id, n_effective, n_effective_unweighted FROM cell")
    return {population: numbers for population, *numbers in cells.iter_rows()}


def expected(sample: svy.Sample, **more: Any) -> dict[str, float]:
    """Return sum p(1-p) / sum of squared standard errors, by svy, of everybody and of each sex."""
    found = {}
    for name, by in (("KEN", None), ("KEN|sex=", "sex")):
        rows = sample.estimation.prop("TEA", by=by, **more).to_polars()
        for key, part in rows.partition_by(by, as_dict=True).items() if by else {("",): rows}.items():
            spread = (part["est"] * (1 - part["est"])).sum()
            found[f"{name}{key[0]}"] = spread / (part["se"] ** 2).sum()
    return found


@pytest.mark.parametrize("weighted", [True, False])
def test_strata_and_units_give_the_numbers_of_svy(store: Store, tmp_path: Path, weighted: bool) -> None:
    """Taylor linearisation of shares, of a country and of groups within it, agrees to six digits and more."""
    found = ingest(store, tmp_path, strata="stratum", psu="psu")
    people = respondents().filter(pl.col("TEA") != 9)
    people = people.with_columns(unit=pl.format("{}-{}", "stratum", "psu"), one=pl.lit(1.0))
    design = svy.Design(stratum="stratum", psu="unit", wgt="weight" if weighted else "one", wr=True)
    by_svy = expected(svy.Sample(people, design))
    assert {name: numbers[0 if weighted else 1] for name, numbers in found.items()} == pytest.approx(by_svy, rel=1e-7)


@pytest.mark.parametrize("method", ["brr", "fay:0.3", "jk1", "jk2"])
def test_replicate_weights_give_the_numbers_of_svy(store: Store, tmp_path: Path, method: str) -> None:
    """The variance between replicates agrees to six digits and more, by each method."""
    found = ingest(store, tmp_path, replicates="rep*", replicate_method=method)
    kinds: dict[str, Any] = {
        "brr": svy.BrrWgts(prefix="rep", n_reps=N_REPLICATES),
        "fay:0.3": svy.BrrWgts(prefix="rep", n_reps=N_REPLICATES, fay_coef=0.3),
        "jk1": svy.JackknifeWgts(prefix="rep", n_reps=N_REPLICATES, kind="jk1"),
        "jk2": svy.JackknifeWgts(prefix="rep", n_reps=N_REPLICATES, kind="jk2"),
    }
    sample = svy.Sample(respondents().filter(pl.col("TEA") != 9), svy.Design(wgt="weight", rep_wgts=kinds[method]))
    by_svy = expected(sample, method="replication", variance_center="estimate", fay_coef=0.3 * (method[:3] == "fay"))
    assert {name: numbers[0] for name, numbers in found.items()} == pytest.approx(by_svy, rel=1e-7)
    assert {numbers[1] for numbers in found.values()} == {None}


def test_a_known_name_is_taken_and_none_is_not(store: Store, tmp_path: Path) -> None:
    """Columns called stratum and psu need no option; they are not stored; `none` goes back to weights alone (Kish)."""
    found = ingest(store, tmp_path)
    assert found == ingest_anew(store, tmp_path, strata="stratum", psu="psu")
    named = "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'respondent'"
    columns = set(store.query(named)["column_name"])
    assert "TEA" in columns
    assert not {name for name in columns if "design" in name or name in {"psu", "stratum"}}
    by_weight = ingest_anew(store, tmp_path, psu="none")
    people = respondents().filter(pl.col("TEA") != 9)["weight"]
    assert by_weight["KEN"] == [pytest.approx(people.sum() ** 2 / (people**2).sum()), None]
    assert found["KEN"][0] < by_weight["KEN"][0] / 1.3


def ingest_anew(store: Store, folder: Path, **more: Any) -> dict[str, tuple[float, float]]:
    """Ingest again, in the place of the first."""
    return ingest(store, folder, replace=True, **more)


def test_a_blank_unit_leaves_the_country_to_its_weights(store: Store, tmp_path: Path) -> None:
    """Where a respondent's unit is not known the design is not, and the file's report says so."""
    (tmp_path / "book.csv").write_text(CODEBOOK, encoding="utf-8")
    people = respondents().with_columns(psu=pl.when(pl.int_range(pl.len()) > 0).then("psu").otherwise(-4))
    people.write_csv(tmp_path / "tea.csv")
    options = IngestOptions(country_column="nation", codebook=tmp_path / "book.csv", weight_column="weight")
    report = ingest_file(store, tmp_path / "tea.csv", options)
    assert [skip.subject for skip in report.skipped if skip.reason.startswith("no design")] == ["KEN"]
    assert store.query("SELECT n_effective_unweighted FROM cell").rows() == [(None,)]


def test_methods_and_patterns_that_are_none_are_refused(store: Store, tmp_path: Path) -> None:
    """A method that is not known is exit 2, a pattern or a column that the file does not have exit 3."""
    cases = (
        ({"replicates": "rep*", "replicate_method": "boot"}, ExitCode.USAGE),
        ({"replicates": "wrep*"}, ExitCode.BAD_INPUT),
        ({"psu": "village"}, ExitCode.BAD_INPUT),
    )
    for more, code in cases:
        with pytest.raises(SurveyError) as error:
            ingest(store, tmp_path, **more)
        assert error.value.code is code
