"""A split that is made anew after a training: what the model was trained on never counts as test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
PARTS = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}
# Two training populations and the validation one are called test.
ANEW = {"train": ("KEN", "USA"), "validation": ("PER",), "test": ("JPN", "BRA", "DEU", "MEX")}


def split_small(path: Path, parts: Mapping[str, Sequence[str]]) -> None:
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in parts.items()
        for population in populations
        for item in ("Q1", "Q46", "Q57")
    ]
    with open_store(path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="small", cells=pl.DataFrame(rows), replace=True))


def parts_of(path: Path, run_id: str) -> dict[str, int]:
    return dict(ad_hoc(path, f"SELECT part, n_cells FROM score_by_part WHERE run_id = '{run_id}'").rows())


def test_training_cells_of_a_model_do_not_become_test(bundled_store_path: Path, run_cli: RunCli) -> None:
    """Of a new test part of four populations, of which three were learnt from, the one that is new is the test."""
    store = ("--store", bundled_store_path)
    split_small(bundled_store_path, PARTS)
    assert run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", *store).code == 0
    split_small(bundled_store_path, ANEW)
    assert run_cli("predict", "--run", "mine", *store).code == 0
    assert run_cli("predict", "--run", "mine", "-p", "shuffled", *store).code == 0
    scored = run_cli("score", "mine", "shuffled-1", *store)
    assert scored.code == 0, scored.err
    assert "9 cells of test" in scored.err
    for run_id in ("mine", "shuffled-1"):
        assert parts_of(bundled_store_path, run_id) == {"validation": 3, "test": 3, "seen in training": 9}
    assert run_cli("check", *store).code == 0


def test_cells_that_a_baseline_learnt_from_stay_known(bundled_store_path: Path, run_cli: RunCli) -> None:
    """An item mean remembers its training cells, not the validation ones; uniform and the untrained have none."""
    store = ("--store", bundled_store_path)
    split_small(bundled_store_path, PARTS)
    for predictor in ("item-mean", "uniform"):
        assert run_cli("predict", "-p", predictor, "--split", "small", *store).code == 0
    asked = ("--model", "tiny", "--split", "small", "--temperature", "auto")
    assert run_cli("predict", *asked, *store).code == 0
    split_small(bundled_store_path, ANEW)
    learnt = ad_hoc(bundled_store_path, "SELECT run_id, part, count(*) FROM seen_cell GROUP BY ALL ORDER BY ALL").rows()
    assert learnt == [("item-mean-1", "train", 9), ("zero-shot-1", "validation", 3)]
    assert run_cli("score", *store).code == 0
    # Germany, which both have predicted as validation, is called test now: the item mean has not seen it.
    assert parts_of(bundled_store_path, "item-mean-1") == {"test": 3, "validation": 3, "outside the split": 3}
    assert parts_of(bundled_store_path, "zero-shot-1") == {
        "seen in training": 3,
        "validation": 3,
        "outside the split": 3,
    }
    assert run_cli("check", *store).code == 0
