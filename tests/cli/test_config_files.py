"""`--config FILE` and `runs show RUN --config`: what a file chooses, what is typed over it, and runs made again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]


@pytest.fixture
def small_store(bundled_store_path: Path) -> Path:
    """The bundled survey with a split of two items and five countries."""
    parts = {"train": ("USA", "JPN"), "validation": ("DEU",), "test": ("KEN", "PER")}
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in parts.items()
        for population in populations
        for item in ("Q1", "Q57")
    ]
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="small", cells=pl.DataFrame(rows)))
    return bundled_store_path


def configuration(store: Path, run: str) -> dict[str, Any]:
    found = ad_hoc(store, f"select configuration from run where run_id = '{run}'").item()
    return dict(json.loads(found))


def predictions(store: Path, run: str) -> list[tuple[Any, ...]]:
    query = "select item_id, population_id, option_code, probability from prediction where run_id = '{}' order by all"
    return ad_hoc(store, query.format(run)).rows()


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_chooses_and_what_is_typed_wins(small_store: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """Settings without an option of their own come from the file, others from it unless they are typed."""
    text = "split: small\noptimiser: {epochs: 3, gradient_clip: 0.5, learning_rate: 1e-3}\nseed: 5\n"
    asked = ("finetune", "--config", write(tmp_path / "mine.yaml", text), "--epochs", "1", "--name", "mine")
    result = run_cli(*asked, "--prepare-only", "--store", small_store)
    assert result.code == 0, result.err
    found = configuration(small_store, "mine")
    assert (found["split"], found["seed"], found["preset"]) == ("small", 5, "tiny")
    assert {found["optimiser"][name] for name in ("epochs", "gradient_clip", "learning_rate")} == {1, 0.5, 1e-3}


@pytest.mark.parametrize("predictor", ["pilot", "permuted"])
def test_a_shown_configuration_repeats_the_run(
    small_store: Path, run_cli: RunCli, tmp_path: Path, predictor: str
) -> None:
    """What `runs show --config` prints, given back, makes the same predictions under another name."""
    store = ("--store", small_store)
    more = ("--seed", "3", "--n", "2", "--part", "test", "--name", "first", *store)
    assert run_cli("predict", "-p", predictor, "--split", "small", *more).code == 0
    shown = run_cli("runs", "show", "first", "--config", *store)
    assert shown.code == 0, shown.err
    file = write(tmp_path / "again.yaml", shown.out)
    again = run_cli("predict", "--config", file, "--name", "second", *store)
    assert again.code == 0, again.err
    assert predictions(small_store, "first") == predictions(small_store, "second") != []
    assert configuration(small_store, "first") == configuration(small_store, "second")


def test_a_fine_tuning_and_its_control_are_repeated(small_store: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """A fine-tuning's configuration trains the same again; a prediction's names the run whose weights it is of."""
    store = ("--store", small_store)
    assert run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", *store).code == 0
    shown = run_cli("runs", "show", "mine", "--config", *store).out
    asked = ("finetune", "--config", write(tmp_path / "mine.yaml", shown), "--name", "again", "--prepare-only")
    assert run_cli(*asked, *store).code == 0
    assert configuration(small_store, "mine") == configuration(small_store, "again")
    assert run_cli("predict", "-p", "control", "--run", "mine", "--name", "control", *store).code == 0
    file = write(tmp_path / "control.yaml", run_cli("runs", "show", "control", "--config", *store).out)
    assert "run: mine" in file.read_text(encoding="utf-8")
    assert run_cli("predict", "--config", file, "--name", "other", *store).code == 0
    assert predictions(small_store, "control") == predictions(small_store, "other")


@pytest.mark.parametrize(
    ("command", "text", "code", "words"),
    [
        (
            "finetune",
            "split: small\noptimizer: {epochs: 2}",
            3,
            "no setting optimizer.\nHint: Did you mean optimiser?",
        ),
        ("finetune", "split: small\noptimiser: {epoch: 2}", 3, "There is no setting optimiser.epoch."),
        ("finetune", "split: small\noptimiser: {epochs: many}", 3, "optimiser.epochs is a whole number, not 'many'"),
        ("finetune", "split: small\noptimiser: {epochs: 0}", 3, "optimiser.epochs is at least 1, not 0"),
        ("finetune", "split: small\nprompt: {order: backwards}", 3, "prompt.order is one of country-first"),
        ("finetune", "split: small\nlanguages: en", 3, "languages is a list, not 'en'"),
        ("finetune", "split: small\nlora: {rank: 4}", 2, "tiny"),
        ("finetune", "- split\n", 3, "expected settings by name"),
        ("finetune", "split: [", 3, "cannot be read as YAML"),
        ("predict", "predictor: item-mean\nsplit: small\nmodel: {name: tiny}", 3, "There is no setting model."),
        ("predict", "predictor: item-mean\nsplit: small\nsettings: {k: 3}", 2, "no settings of its own"),
        (
            "predict",
            "predictor: knn\nsplit: small\nsettings: {kk: 3}",
            3,
            "no setting kk.\nHint: Did you mean k?",
        ),
        ("predict", "model: {name: tiny}\nsplit: small\nelicitation: json\nrum: x", 3, "There is no setting rum."),
    ],
)
def test_a_file_that_is_wrong_says_where(
    small_store: Path, run_cli: RunCli, command: str, text: str, code: int, words: str
) -> None:
    """A misspelt name and a value that does not fit are refused with their name; no run is left behind."""
    file = write(small_store.with_name("wrong.yaml"), text)
    result = run_cli(command, "--config", file, "--store", small_store)
    assert result.code == code, result.err
    assert words in result.err
    assert ad_hoc(small_store, "select * from run").is_empty()


def test_an_adapter_of_the_stand_in_is_refused(small_store: Path, run_cli: RunCli) -> None:
    """--lora-rank means nothing where all weights are trained, and is not ignored."""
    result = run_cli("finetune", "--split", "small", "--lora-rank", "4", "--store", small_store)
    assert (result.code, "lora" in result.err) == (2, True)


def test_a_mistyped_part_beside_a_valid_one_is_refused(small_store: Path, run_cli: RunCli) -> None:
    """Exit 4 names the part and those that there are, for a model as for a statistical predictor."""
    for asked in (("--model", "tiny"), ("-p", "item-mean")):
        result = run_cli(
            "predict", *asked, "--split", "small", "--part", "test", "--part", "tset", "--store", small_store
        )
        assert result.code == 4
        assert "no part tset; it has test, train, validation" in result.err
    assert ad_hoc(small_store, "select * from run").is_empty()


def test_what_was_ignored_is_refused(run_cli: RunCli) -> None:
    """Options that once did nothing are exit 2 before a store is opened, and the hint says where they belong."""
    for line in (
        "finetune --resume R --epochs 50 --split nosuch --model foo",
        "finetune --folder D --plan",
        "predict --run R --model M --preset P --shares weighted",
        "predict --predictor item-mean --split s --quantise 4bit",
        "predict --predictor item-mean --split s --preset nosuch",
        "predict --predictor item-mean --split s --order item-first",
        "predict --predictor item-mean --split s --device cuda",
        "predict --predictor uniform --split s --n 7",
        "predict --predictor uniform --split s --language zh",
        "split unseen-questions --folds 9",
        "split unseen-questions --region Africa",
        "split unseen-questions --query x",
        "translate --to de --write-template F --dry-run",
    ):
        result = run_cli(*line.split(), "--store", "/nowhere/at/all.duckdb")
        assert result.code == 2, line
        assert "is not an option of" in result.err
        assert "It belongs to" in result.err
