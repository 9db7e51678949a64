"""`predict` adds to a run: what it has stays, and nothing that a prediction does changes the training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from model_samples import save_local_model

from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]
ITEMS = ("Q1", "Q46", "Q57")
PARTS = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}
OTHER = {"train": ("CHN",), "near": ("KEN", "EGY"), "far": ("MEX",)}


def add_split(path: Path, name: str, parts: dict[str, tuple[str, ...]]) -> None:
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in parts.items()
        for population in populations
        for item in ITEMS
    ]
    with open_store(path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name=name, cells=pl.DataFrame(rows)))


@pytest.fixture
def path(bundled_store_path: Path) -> Path:
    """The bundled survey with two splits that share a country."""
    add_split(bundled_store_path, "small", PARTS)
    add_split(bundled_store_path, "other", OTHER)
    return bundled_store_path


@pytest.fixture
def trained(path: Path, run_cli: RunCli) -> Path:
    """The same store with a fine-tuning named mine."""
    assert run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", "--store", path).code == 0
    return path


def predicted(path: Path, run_id: str = "mine") -> dict[tuple[str, str], tuple[float, ...]]:
    rows = ad_hoc(
        path,
        "SELECT item_id, population_id, list(probability ORDER BY option_code) AS p FROM prediction "
        f"WHERE run_id = '{run_id}' GROUP BY ALL",
    ).rows()
    return {(item, population): tuple(p) for item, population, p in rows}


def scored(path: Path) -> set[tuple[str, str]]:
    return set(ad_hoc(path, "SELECT item_id, population_id FROM score WHERE run_id = 'mine'").rows())


def status_of_parts(path: Path) -> dict[tuple[str, str], str]:
    rows = ad_hoc(path, "SELECT split, part, status FROM prediction_part WHERE run_id = 'mine'").rows()
    return {(split, part): status for split, part, status in rows}


def test_another_part_and_another_split_are_added(trained: Path, run_cli: RunCli) -> None:
    """Parts asked for one after the other are all there, as they were predicted first, with the scores they had."""
    store = ("--store", trained)
    assert run_cli("predict", "--run", "mine", "--part", "validation", *store).code == 0
    assert run_cli("score", "mine", *store).code == 0
    first = predicted(trained)
    assert len(first) == len(scored(trained)) == 3
    assert run_cli("predict", "--run", "mine", "--part", "test", *store).code == 0
    more = run_cli("predict", "--run", "mine", "--split", "other", "--part", "near", "--part", "far", *store)
    assert more.code == 0, more.err
    assert "3 cells were predicted before" in more.err  # Kenya, which test has too
    both = predicted(trained)
    assert len(both) == 3 + 6 + 6
    assert {key: both[key] for key in first} == first
    assert scored(trained) == set(first)
    assert set(status_of_parts(trained).values()) == {"finished"}
    assert run_cli("score", "mine", *store).code == 0
    rows = ad_hoc(trained, "SELECT split, part, n_cells FROM score_by_part ORDER BY ALL").rows()
    assert rows == [("other", "far", 3), ("other", "near", 6), ("small", "test", 6), ("small", "validation", 3)]
    assert run_cli("check", *store).code == 0


def test_nothing_is_computed_twice(trained: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run has is not computed again, though its folder of predictions was deleted; no model is even loaded."""
    import shutil

    import surveycli.prediction.predict as module

    store = ("--store", trained)
    assert run_cli("predict", "--run", "mine", *store).code == 0
    assert run_cli("score", "mine", *store).code == 0
    before, scores = predicted(trained), scored(trained)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(module, "load_language_model", refuse)
    again = run_cli("predict", "--run", "mine", "--part", "test", *store)
    assert again.code == 0, again.err
    shutil.rmtree(trained.with_suffix(".runs") / "mine.predict")
    once_more = run_cli("predict", "--run", "mine", *store)
    assert once_more.code == 0, once_more.err
    assert "9 cells were predicted before" in once_more.err
    assert (predicted(trained), scored(trained)) == (before, scores)


def test_replacing_is_asked_for_by_name(trained: Path, run_cli: RunCli) -> None:
    """--replace says how many predictions and scores are at stake, makes those cells anew and leaves the others."""
    store = ("--store", trained)
    for part in ("validation", "test"):
        assert run_cli("predict", "--run", "mine", "--part", part, *store).code == 0
    assert run_cli("score", "mine", *store).code == 0
    before = predicted(trained)
    with open_store(trained, write=True) as opened:  # as if another model had made them
        opened.query("UPDATE prediction SET probability = 1 / 3 WHERE population_id = 'KEN'")
    assert predicted(trained) != before
    replaced = run_cli("predict", "--run", "mine", "--part", "test", "--replace", *store)
    assert replaced.code == 0, replaced.err
    assert "6 predictions of mine will be made anew" in replaced.err and "6 scores" in replaced.err
    assert "predicted before" not in replaced.err
    assert predicted(trained) == before
    assert scored(trained) == {key for key in before if key[1] != "KEN"}
    assert run_cli("check", *store).code == 0


def test_only_cells_whose_texts_changed_are_asked_anew(trained: Path, run_cli: RunCli) -> None:
    """Another wording of an item, and nothing else, has its cells predicted anew; they lose their scores."""
    store = ("--store", trained)
    assert run_cli("predict", "--run", "mine", *store).code == 0
    assert run_cli("score", "mine", *store).code == 0
    before = predicted(trained)
    with open_store(trained, write=True) as opened:
        opened.query("UPDATE item_text SET wording = 'How are you?' WHERE item_id = 'Q46'")
    again = run_cli("predict", "--run", "mine", *store)
    assert "3 cells were asked anew" in again.err
    assert "6 cells were predicted before" in again.err
    after = predicted(trained)
    changed = {key for key in before if before[key] != after[key]}
    assert changed and {item for item, _ in changed} == {"Q46"}
    assert scored(trained) == set(before) - changed


def test_a_failed_prediction_leaves_the_training_finished(trained: Path, run_cli: RunCli) -> None:
    """A prediction that fails is recorded as such, with its reason; the training stays usable, and so do its parts."""
    store = ("--store", trained)
    assert run_cli("predict", "--run", "mine", "--part", "validation", *store).code == 0
    weights = trained.with_suffix(".runs") / "mine" / "weights"
    hidden = weights.rename(weights.with_name("hidden"))
    failed = run_cli("predict", "--run", "mine", "--part", "test", *store)
    assert failed.code == 4, failed.err
    assert ad_hoc(trained, "SELECT status, reason FROM run").rows() == [("finished", None)]
    assert status_of_parts(trained) == {("small", "validation"): "finished", ("small", "test"): "failed"}
    assert "no trained weights" in ad_hoc(trained, "SELECT reason FROM prediction_part WHERE part = 'test'").item()
    assert len(predicted(trained)) == 3
    assert run_cli("check", *store).code == 0
    hidden.rename(weights)
    assert run_cli("predict", "--run", "mine", "--part", "test", *store).code == 0
    assert set(status_of_parts(trained).values()) == {"finished"}


def test_a_models_run_takes_more_parts(path: Path, run_cli: RunCli) -> None:
    """`predict --run` of an untrained model's run goes on asking as it did, also with a temperature it once chose."""
    store = ("--store", path)
    asked = ("--model", "tiny", "--split", "small", "--part", "validation", "--temperature", "auto", "--name", "free")
    assert run_cli("predict", *asked, *store).code == 0
    more = run_cli("predict", "--run", "free", "--split", "other", "--part", "far", "--part", "validation", *store)
    assert more.code == 4 and "no part validation" in more.err
    assert run_cli("predict", "--run", "free", "--split", "small", "--part", "test", *store).code == 0
    assert len(predicted(path, "free")) == 9
    bases = ad_hoc(path, "SELECT DISTINCT basis FROM prediction_cell").to_series().to_list()
    assert len(bases) == 1 and "temperature" in bases[0]
    assert ad_hoc(path, "SELECT run_id, status FROM run").rows() == [("free", "finished")]
    assert run_cli("predict", "--run", "free", "--order", "item-first", *store).code == 0
    assert len(ad_hoc(path, "SELECT run_id FROM run")) == 2
    taken = run_cli("predict", "--run", "free", "--order", "country-first", "--name", "free", *store)
    assert taken.code == 5 and "asks in another way" in taken.err


def test_a_baseline_is_not_added_to(path: Path, run_cli: RunCli) -> None:
    """A run that asks no model is refused by name, with the command that makes another one (exit 2)."""
    store = ("--store", path)
    assert run_cli("predict", "-p", "uniform", "--split", "small", *store).code == 0
    refused = run_cli("predict", "--run", "uniform-1", "--part", "test", *store)
    assert refused.code == 2
    assert "--predictor uniform" in refused.err


@pytest.mark.parametrize("name", ["a/b", "../up", ".hidden", "mine.predict", "x" * 101, " blank", "-x"])
def test_what_cannot_be_a_folder_cannot_be_a_run(path: Path, run_cli: RunCli, name: str) -> None:
    """A run's name is that of its folder: what could lie elsewhere, or be taken for another, is refused (exit 2)."""
    asked = ("predict", "--model", "tiny", "--split", "small", f"--name={name}", "--store", path)
    assert run_cli(*asked).code == 2
    assert not path.with_suffix(".runs").exists()


def test_work_that_the_store_does_not_know_is_not_overwritten(trained: Path, run_cli: RunCli) -> None:
    """A folder with weights of a run that is not in the store is refused by name, and passed over without one."""
    store = ("--store", trained)
    (trained.with_suffix(".runs") / "mine").rename(trained.with_suffix(".runs") / "finetune-1")
    refused = run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "finetune-1", *store)
    assert refused.code == 5
    prepared = run_cli("finetune", "--split", "small", "--epochs", "1", "--prepare-only", *store)
    assert prepared.out.strip().endswith("finetune-2")


def test_a_project_may_move(path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model in a folder, named by its relative path, and all runs are found from elsewhere and after a move."""
    project = tmp_path / "project"
    project.mkdir()
    moved_store = path.rename(project / "survey.duckdb")
    save_local_model(project / "models" / "base")
    monkeypatch.chdir(project)
    options = ("--model", "models/base", "--preset", "recommended", "--epochs", "1", "--name", "mine")
    made = run_cli("finetune", "--split", "small", *options, "--store", moved_store)
    assert made.code == 0, made.err
    name = json.loads(ad_hoc(moved_store, "SELECT configuration FROM run").item())["model"]["name"]
    assert name == str(project / "models" / "base")

    monkeypatch.chdir(tmp_path)
    assert run_cli("predict", "--run", "mine", "--part", "validation", "--store", moved_store).code == 0
    elsewhere = project.rename(tmp_path / "elsewhere") / "survey.duckdb"
    added = run_cli("predict", "--run", "mine", "--part", "test", "--store", elsewhere)
    assert added.code == 0, added.err
    assert len(predicted(elsewhere)) == 9
    assert run_cli("finetune", "--resume", "mine", "--store", elsewhere).code == 0
    assert not project.exists()


def test_locked_predictions_are_not_added_to(trained: Path, run_cli: RunCli) -> None:
    """A run whose predictions are locked keeps exactly these (exit 5); under another name more can be predicted."""
    store = ("--store", trained)
    assert run_cli("predict", "--run", "mine", "--part", "validation", *store).code == 0
    assert run_cli("lock", "mine", *store).code == 0
    for option in ((), ("--replace",)):
        refused = run_cli("predict", "--run", "mine", *option, *store)
        assert refused.code == 5 and "locked" in refused.err
    assert len(predicted(trained)) == 3
    assert run_cli("predict", "--run", "mine", "--name", "more", *store).code == 0
    assert len(predicted(trained, "more")) == 9
