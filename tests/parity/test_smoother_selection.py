"""The design of the regional baselines is the one that the training part prefers, by benchmarks/select_smoother.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.predictors.smoother import DESIGN
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.score import score_run
from surveycli.score.cells import scored_cells
from surveycli.score.plain import leaderboard
from surveycli.split import make_split
from surveycli.store import Store

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
PREDICTORS = ("item-mean", "region-mean", "nearest-populations", "kernel-smoother")


@pytest.fixture(scope="module")
def selection() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("select_smoother", FOLDER / "select_smoother.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["select_smoother"] = module
    spec.loader.exec_module(module)
    return module


def documented(predictor: str) -> list[tuple[str, list[float]]]:
    """Return the rows of a predictor in a table of the document: design and figures."""
    lines = (FOLDER / "smoother.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith(f"| {predictor} |")
    ]
    return [(row[1], [float(figure) for figure in row[2:]]) for row in rows if len(row) == 5]


def test_the_design_in_use_is_the_best_documented_one(selection: ModuleType) -> None:
    """The row with the highest criterion names the design that the code has."""
    best = max(documented("kernel-smoother"), key=lambda row: row[1][-1])[0]
    expected = {
        ", ".join((regions, power, unit)): (without, powers, whole)
        for regions, without in selection.REGIONS.items()
        for power, powers in selection.POWERS.items()
        for unit, whole in selection.HELD_OUT.items()
    }
    assert expected[best] == (DESIGN.without, DESIGN.powers, DESIGN.hold_out_subregion)
    nearest = max(documented("nearest-populations"), key=lambda row: row[1][-1])[0]
    assert best.startswith(nearest.split(", ")[0])
    assert best.endswith(nearest.split(", ")[-1])
    assert max(documented("region-mean"), key=lambda row: row[1][-1])[0] == "SDG region"


def test_the_cheap_rows_are_reproduced(selection: ModuleType) -> None:
    """Item and region means get the documented criteria when they are computed anew."""
    train, descriptors = selection.training_part()
    chosen = [v for v in selection.variants() if v.predictor in ("item-mean", "region-mean")]
    table = selection.select(train, descriptors, chosen)
    for predictor, design, *figures in table.iter_rows():
        assert dict(documented(predictor))[design] == pytest.approx(figures, abs=6e-5)


@pytest.mark.slow
def test_every_row_is_reproduced(selection: ModuleType) -> None:
    """The whole table is what the script computes, to four decimals."""
    for predictor, design, *figures in selection.select(
        *selection.training_part(), list(selection.variants())
    ).iter_rows():
        assert dict(documented(predictor))[design] == pytest.approx(figures, abs=6e-5)


@pytest.mark.slow
def test_the_figures_without_cultural_zones_are_reproduced(selection: ModuleType) -> None:
    """The table of the chosen designs with and without cultural zones is what the script computes."""
    text = (FOLDER / "smoother.md").read_text(encoding="utf-8")
    for predictor, zones, *figures in selection.zones().iter_rows():
        assert " | ".join([predictor, zones, *(f"{figure:.4f}" for figure in figures)]) in text


def test_the_winners_reach_what_is_documented(bundled_store: Store) -> None:
    """On unseen countries the predictors score what the document says, and the smoother .870 and .885 at least."""
    make_split(bundled_store, "paper")
    options = BaselineOptions("paper", ("C2-Q1", "C3-Q1"), Shares.UNWEIGHTED)
    runs = [predict_baseline(bundled_store, predictor, options) for predictor in PREDICTORS]
    for run in runs:
        score_run(bundled_store, run)
    board = leaderboard(scored_cells(bundled_store, runs))
    text = (FOLDER / "smoother.md").read_text(encoding="utf-8")
    for predictor, *scores in board.select("predictor", "C2-Q1", "C3-Q1").iter_rows():
        assert f"| {predictor} | {scores[0]:.4f} | {scores[1]:.4f} |" in text
    smoother = board.filter(predictor="kernel-smoother")
    assert smoother["C2-Q1"][0] >= 0.870
    assert smoother["C3-Q1"][0] >= 0.885
