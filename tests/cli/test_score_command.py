"""`surveycli score` as a user sees it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.split import make_split
from surveycli.store import open_store

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def scored_file(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled survey with two runs on the part C2-Q1 of the published split, and a weighted one."""
    path = tmp_path_factory.mktemp("score") / "survey.duckdb"
    path.write_bytes(_bundled_file.read_bytes())
    with open_store(path, write=True) as store:
        make_split(store, "paper")
        for predictor in ("uniform", "item-mean"):
            predict_baseline(store, predictor, BaselineOptions("paper", ("C2-Q1",), Shares.UNWEIGHTED))
        predict_baseline(store, "item-mean", BaselineOptions("paper", ("validation",), name="weighted"))
    return path


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_help(run_cli: Run) -> None:
    """Help names the views and ends with an example."""
    outcome = run_cli("score", "--help")
    assert outcome.code == 0
    assert all(option in outcome.out for option in ("--paper", "--compare", "--ceiling", "--equivalent", "--audit"))
    assert "Example" in outcome.out


def test_without_a_run_all_are_reported(run_cli: Run, scored_file: Path) -> None:
    """One row per run, one column per part, and a remark on cells without weighted shares."""
    outcome = run_cli("score", "--format", "csv", "--store", scored_file)
    assert outcome.code == 0
    rows = {row["run_id"]: row for row in read(outcome.out)}
    assert set(rows) == {"uniform-1", "item-mean-1", "weighted"}
    assert f"{float(rows['item-mean-1']['C2-Q1']):.4f}" == "0.8496"
    assert "275 cells have no weighted shares" in outcome.err


def test_one_run_by_country(run_cli: Run, scored_file: Path) -> None:
    """The eight countries of the part, each with an interval around its mean."""
    outcome = run_cli(
        "score", "item-mean-1", "--by", "country", "-m", "total_variation", "-f", "csv", "--store", scored_file
    )
    rows = read(outcome.out)
    assert [row["country"] for row in rows] == ["EGY", "ETH", "KEN", "LBY", "MAR", "NGA", "TUN", "ZWE"]
    assert all(float(row["low"]) < float(row["total_variation"]) < float(row["high"]) for row in rows)


@pytest.mark.parametrize("format", ["table", "json", "markdown", "latex"])
def test_formats(run_cli: Run, scored_file: Path, format: str) -> None:
    """The same figure in every format."""
    outcome = run_cli("score", "uniform-1", "--format", format, "--store", scored_file)
    assert outcome.code == 0
    assert "0.762" in outcome.out or round(json.loads(outcome.out)[0]["paper_one_minus_jsd"], 4) == 0.7619


def test_compare(run_cli: Run, scored_file: Path) -> None:
    """The item mean beats uniform by what their means differ, and the interval excludes zero."""
    outcome = run_cli("score", "--compare", "item-mean-1", "uniform-1", "-f", "json", "--store", scored_file)
    row = json.loads(outcome.out)[0]
    assert (row["first"], row["second"]) == ("item-mean-1", "uniform-1")
    assert row["difference"] == pytest.approx(row["first_mean"] - row["second_mean"])
    assert 0 < row["low"] < row["difference"] < row["high"]


def test_ceiling_equivalent_and_audit(run_cli: Run, scored_file: Path) -> None:
    """Item means of other countries attain a good part of what is attainable, and are worth several respondents."""
    common = ("item-mean-1", "-f", "json", "--store", scored_file)
    ceiling = json.loads(run_cli("score", "--ceiling", *common).out)[0]
    assert 0.3 < ceiling["share_of_attainable"] < 0.6
    assert 5 < json.loads(run_cli("score", "--equivalent", *common).out)[0]["n_equivalent"] < 12
    audits = json.loads(run_cli("score", "--audit", *common).out)
    ratios = [row["value"] for row in audits if row["audit"] in ("variance ratio", "diversity ratio")]
    assert ratios == pytest.approx([0, 0], abs=1e-12)


def test_tables_of_all_runs(run_cli: Run, scored_file: Path) -> None:
    """Without a run the tables have every finished run, and how to read them is said beside them."""
    for option in ("--ceiling", "--equivalent", "--diversity", "--calibration", "--unscored"):
        outcome = run_cli("score", option, "-f", "json", "--store", scored_file)
        assert outcome.code == 0, outcome.err
        assert {row["run_id"] for row in json.loads(outcome.out)} == {"uniform-1", "item-mean-1", "weighted"}
    assert "respondents" in run_cli("score", "item-mean-1", "--equivalent", "--store", scored_file).err


def test_seeds_of_a_baseline(run_cli: Run, scored_file: Path) -> None:
    """Two shuffled groups of other seeds are one row, and the item mean is not part of it."""
    for seed in ("1", "2"):
        options = ("--split", "paper", "--part", "C2-Q1", "--seed", seed, "--store", scored_file)
        assert run_cli("predict", "-p", "shuffled-group", *options).code == 0
    rows = json.loads(run_cli("score", "--seeds", "-f", "json", "--store", scored_file).out)
    assert [(row["runs"], row["part"], row["n_seeds"]) for row in rows] == [
        ("shuffled-group-1, shuffled-group-2", "C2-Q1", 2)
    ]
    assert rows[0]["low"] < rows[0]["paper_one_minus_jsd"] < rows[0]["high"]


def test_paper_layout(run_cli: Run, scored_file: Path) -> None:
    """Ours above the published rows, with their source."""
    rows = read(run_cli("score", "item-mean-1", "--paper", "-f", "csv", "--store", scored_file).out)
    assert rows[0]["predictor"] == "item-mean-1"
    assert rows[0]["mean"] == ""
    sources = [row["source"].split(" (")[0] for row in rows[1:]]
    assert sorted(set(sources)) == ["Cao et al. 2025", "honest baseline"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nobody",), 4),
        (("item-mean-1", "-m", "beauty"), 2),
        (("--compare", "item-mean-1"), 2),
        (("--audit",), 2),
        (("item-mean-1", "--published", "KNN"), 2),
        (("--paper", "--published", "nobody"), 4),
        (("item-mean-1", "uniform-1", "--compare", "--by", "language"), 2),
        (("item-mean-1", "--compare", "--by", "language"), 2),
        (("item-mean-1", "--diversity", "--by", "country"), 2),
        (("item-mean-1", "--seeds"), 4),
        (("item-mean-1", "--ceiling", "--audit"), 2),
        (("item-mean-1", "--audit", "--by", "item"), 2),
        (("item-mean-1", "--ceiling", "-m", "kl_nats"), 2),
        (("--compare", "item-mean-1", "weighted"), 2),
    ],
)
def test_refusals(run_cli: Run, scored_file: Path, arguments: tuple[str, ...], code: int) -> None:
    """Mistakes end with their exit code, a message and a hint of what to do, and print no table."""
    outcome = run_cli("score", *arguments, "--store", scored_file)
    assert (outcome.code, outcome.out) == (code, "")
    assert "Error:" in outcome.err


def test_nothing_to_score(run_cli: Run, bundled_store_path: Path) -> None:
    """A store without runs says how to make one."""
    outcome = run_cli("score", "--store", bundled_store_path)
    assert outcome.code == 4
    assert "surveycli predict" in outcome.err
