"""A training keeps the best weights for items that it knows and for new ones, and predicts each with its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.domain import Familiarity
from surveycli.run_folder import RunFolder, read_metrics, read_outcome
from surveycli.run_folder.kept_weights import epoch_of, read_kept
from surveycli.split import SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
KNOWN, NEW = Familiarity
# Validation has known items of other countries, and new items; so has the part to be predicted.
CELLS = """
    SELECT 'wvs7' AS survey_id, item_id, population_id,
        CASE WHEN population_id IN ('DEU', 'IND') THEN 'test'
            WHEN population_id IN ('MEX', 'NGA') OR item_id IN ('Q57', 'Q112', 'Q199') THEN 'validation'
            ELSE 'train' END AS part
    FROM cell
    WHERE population_id IN ('KEN', 'JPN', 'MEX', 'DEU', 'BRA', 'EGY', 'NGA', 'IND')
        AND item_id IN ('Q1', 'Q2', 'Q7', 'Q8', 'Q106', 'Q46', 'Q47', 'Q57', 'Q112', 'Q199')
        AND NOT (population_id IN ('MEX', 'NGA') AND item_id IN ('Q57', 'Q112', 'Q199'))
"""
NEW_ITEMS = ["Q57", "Q112", "Q199"]
TRAIN = ("finetune", "--split", "both", "--preset", "tiny", "--no-calibrate", "--learning-rate", "0.003")


@pytest.fixture(scope="module")
def place(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a split whose validation part has known and new items."""
    import shutil

    path = Path(shutil.copy(_bundled_file, tmp_path_factory.mktemp("kinds") / "survey.duckdb"))
    cells = ad_hoc(path, CELLS)
    with open_store(path, write=True) as store:
        make_split(store, "custom", SplitOptions(name="both", cells=cells))
    return path


def folder_of(place: Path, run: str) -> RunFolder:
    return RunFolder(place.with_suffix(".runs") / run)


def predicted(place: Path, run: str) -> pl.DataFrame:
    return ad_hoc(
        place,
        f"""SELECT item_id, population_id, option_code, probability, basis
        FROM prediction JOIN prediction_cell USING (run_id, survey_id, item_id, population_id, language)
        WHERE run_id = '{run}' ORDER BY ALL""",
    )


def trained(run_cli: RunCli, place: Path, name: str, epochs: int) -> RunFolder:
    made = run_cli(*TRAIN, "--epochs", str(epochs), "--name", name, "--store", place)
    assert made.code == 0, made.err
    asked = run_cli("predict", "--run", name, "--part", "test", "--store", place)
    assert asked.code == 0, asked.err
    return folder_of(place, name)


def test_each_kind_of_item_is_predicted_by_its_own_best_epoch(place: Path, run_cli: RunCli) -> None:
    """A training of as many epochs as a kind's best one predicts that kind alike.

    The two epochs are told in the outcome, in each prediction's basis, with the run, and in the curve.
    """
    outcome = read_outcome(trained(run_cli, place, "long", 6))
    assert outcome is not None
    epochs = {kind: epoch for kind, epoch, _ in outcome.best_of_kind}
    assert epochs[KNOWN] != epochs[NEW], "the split no longer tells the kinds apart"
    long = predicted(place, "long")
    for kind, epoch in epochs.items():
        trained(run_cli, place, f"as-far-as-{kind}", epoch)
        is_of_kind = pl.col("item_id").is_in(NEW_ITEMS) if kind is NEW else ~pl.col("item_id").is_in(NEW_ITEMS)
        mine = long.filter(is_of_kind)
        theirs = predicted(place, f"as-far-as-{kind}").filter(is_of_kind)
        assert mine["probability"].to_list() == pytest.approx(theirs["probability"].to_list(), abs=1e-6)
        assert mine["basis"].unique().to_list() == [f"first-token, weights of epoch {epoch}"]
    kept = read_kept(folder_of(place, "long").weights)
    assert {kind: epoch_of(name) for kind, name in kept.of_kind.items()} == epochs
    assert all((folder_of(place, "long").weights / name / "README.md").is_file() for name in kept.names)
    shown = json.loads(run_cli("runs", "show", "long", "--format", "json", "--store", place).out)
    losses = {kind: [row[kind] for row in shown["learning_curve"] if row[kind] is not None] for kind in Familiarity}
    assert {kind: 1 + curve.index(min(curve)) for kind, curve in losses.items()} == epochs
    chosen = shown["configuration"]["chosen_on_validation"]["weights"]
    assert {kind: chosen[kind]["epoch"] for kind in chosen} == {kind.value: epoch for kind, epoch in epochs.items()}


def test_what_a_command_says_of_the_kinds(place: Path, run_cli: RunCli) -> None:
    """`finetune` says which epoch is the best for which items, `predict` which weights it uses."""
    made = run_cli(*TRAIN, "--epochs", "6", "--name", "said", "--store", place)
    assert made.code == 0 and "Best on held-out cells: known items " in made.out
    asked = run_cli("predict", "--run", "said", "--part", "test", "--store", place)
    assert "Predicted known items by the weights of epoch" in asked.err, asked.err


def test_one_kind_alone_is_the_validation_part(place: Path, run_cli: RunCli) -> None:
    """Where validation has new items alone and nothing else is held out, there is one best epoch, and one loss."""
    cells = ad_hoc(place, CELLS).filter(~pl.col("population_id").is_in(["MEX", "NGA"]))
    with open_store(place, write=True) as store:
        make_split(store, "custom", SplitOptions(name="one", cells=cells))
    made = run_cli(*TRAIN, "--split", "one", "--epochs", "2", "--name", "one", "--store", place)
    assert made.code == 0, made.err
    outcome, curve = read_outcome(folder_of(place, "one")), read_metrics(folder_of(place, "one"))
    assert outcome is not None and outcome.best_of_kind == ()
    assert not any(name.endswith("_items") for metric in curve for name in metric.values)
    assert read_kept(folder_of(place, "one").weights).of_kind == {}


def test_a_reading_chosen_on_validation_has_one_set_of_weights(place: Path, run_cli: RunCli) -> None:
    """With a temperature chosen for all cells alike, all are predicted with the weights that are best on validation."""
    made = run_cli(*TRAIN, "--epochs", "6", "--name", "warm", "--store", place)
    assert made.code == 0
    asked = run_cli("predict", "--run", "warm", "--part", "test", "--temperature", "auto", "--store", place)
    assert asked.code == 0, asked.err
    bases = ad_hoc(place, "SELECT DISTINCT basis FROM prediction_cell WHERE basis LIKE '%temperature%'")
    assert bases.height == 1 and "weights" not in bases.item()


def test_a_sweep_over_items_is_a_learning_curve(place: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """Each number of items is a training of so many, and the table has its losses on known and on new items."""
    file = tmp_path / "items.yaml"
    file.write_text(
        "split: both\npreset: tiny\noptimiser: {epochs: 1}\ncalibrate: false\ngrid: {train_items: [2, 0]}\n"
    )
    swept = run_cli("finetune", "--sweep", file, "--json", "--store", place)
    assert swept.code == 0, swept.err
    rows = {row["train_items"]: row for row in json.loads(swept.out)}
    assert all(0 < row[kind.words] < 3 for row in rows.values() for kind in Familiarity)
    counted = "SELECT count(DISTINCT item_id) n FROM training_cell WHERE run_id = '{}' AND part = 'train'"
    learnt = {n: ad_hoc(place, counted.format(row["run"])).item() for n, row in rows.items()}
    assert learnt == {"2": 2, "0": 7}
