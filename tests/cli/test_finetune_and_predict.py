"""`finetune`, `predict` and `presets`: success, and each way in which they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import surveycli as sc
from surveycli.run_folder import RunFolder, read_predictions
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

RunCli = Callable[..., Any]


@pytest.fixture
def small_store(bundled_store_path: Path) -> Path:
    """The bundled survey with a split of three items and six countries, quick to train on."""
    import polars as pl

    parts = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in parts.items()
        for population in populations
        for item in ("Q1", "Q46", "Q57")
    ]
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, Recipe.CUSTOM, SplitOptions(name="small", cells=pl.DataFrame(rows)))
    return bundled_store_path


def test_train_predict_and_score_from_the_command_line(small_store: Path, run_cli: RunCli) -> None:
    """A fine-tuning is recorded with its configuration and metrics; its predictions have mass outside the letters."""
    trained = run_cli("finetune", "--split", "small", "--epochs", "2", "--name", "mine", "--store", small_store)
    assert trained.code == 0, trained.err
    assert "surveycli predict --run mine" in trained.out
    assert run_cli("predict", "--run", "mine", "--store", small_store).code == 0
    run = ad_hoc(small_store, "select * from run").to_dicts()[0]
    assert (run["status"], run["split"], run["model"]) == ("finished", "small", "tiny")
    assert json.loads(run["configuration"])["optimiser"]["epochs"] == 2
    assert json.loads(run["versions"])["torch"]
    assert run["model_fingerprint"]
    metrics = ad_hoc(small_store, "select distinct metric from training_metric").to_series().to_list()
    assert {"train_loss", "validation_loss", "learning_rate"} <= set(metrics)
    cells = ad_hoc(small_store, "select * from prediction_cell")
    assert cells.height == 9  # three items in DEU, KEN and PER
    assert cells["outside_mass"].is_between(0, 1).all()
    sums = ad_hoc(small_store, "select sum(probability) as s from prediction group by item_id, population_id")
    assert sums["s"].is_between(1 - 1e-9, 1 + 1e-9).all()


def test_probability_can_be_kept_on_the_letters(small_store: Path, run_cli: RunCli) -> None:
    """With --letter-mass less of it lies elsewhere, and validation is measured by the letters' shares as before."""
    for name, weight in (("free", "0"), ("kept", "1")):
        options = ("--epochs", "25", "--batch-size", "3", "--letter-mass", weight, "--name", name)
        assert run_cli("finetune", "--split", "small", *options, "--store", small_store).code == 0
        assert run_cli("predict", "--run", name, "--store", small_store).code == 0
    outside = dict(
        ad_hoc(small_store, "select run_id, avg(outside_mass) from prediction_cell group by run_id").iter_rows()
    )
    assert outside["kept"] < outside["free"] / 2
    query = "select run_id, min(value) from training_metric where metric = 'validation_loss' group by run_id"
    losses = dict(ad_hoc(small_store, query).iter_rows())
    assert losses["kept"] < losses["free"] + 0.1


def test_a_training_tells_steps_and_epochs_in_a_log(small_store: Path, run_cli: RunCli) -> None:
    """Without a terminal there is a line every N steps and one per epoch; the steps are points of the curve, too."""
    options = ("--epochs", "2", "--batch-size", "3", "--log-every", "2", "--name", "told", "--store", small_store)
    trained = run_cli("finetune", "--split", "small", *options)
    lines = [line for line in trained.err.splitlines() if line.startswith(("train:", "epoch:"))]
    assert [line.split()[1].partition("/")[0] for line in lines] == ["2", "3", "1", "4", "6", "2"]
    assert all("tokens/s" in line and " rate " in line and " loss " in line for line in lines if line[0] == "t")
    assert all("training loss" in line and "validation loss" in line for line in lines if line[0] == "e")
    curve = ad_hoc(small_store, "select step from training_metric where metric = 'train_loss' order by step")
    assert curve["step"].to_list() == [2, 3, 4, 6]


def test_a_curve_goes_to_a_tracker_as_it_goes_to_the_run(
    small_store: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CSV file and TensorBoard's have the measurements of the run's curve; a tracker that fails stops nothing."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    options = ("--split", "small", "--epochs", "2", "--batch-size", "3", "--log-every", "2", "--store", small_store)
    for name in ("csv", "tensorboard"):
        trained = run_cli("finetune", *options, "--log-to", name, "--name", name)
        assert trained.code == 0, trained.err
    query = "select step, value from training_metric where run_id = '{}' and metric = 'train_loss' order by step"
    folders = small_store.with_suffix(".runs")
    rows = [line.split(",") for line in (folders / "csv" / "curve.csv").read_text().splitlines()]
    assert rows[0] == ["step", "metric", "value"]
    kept = [(int(step), float(value)) for step, metric, value in rows[1:] if metric == "train_loss"]
    assert kept == ad_hoc(small_store, query.format("csv")).rows()
    events = EventAccumulator(str(folders / "tensorboard" / "logs"))
    events.Reload()
    sent = [(event.step, event.value) for event in events.Scalars("train_loss")]
    curve = ad_hoc(small_store, query.format("tensorboard")).rows()
    assert [step for step, _ in sent] == [step for step, _ in curve]
    assert [value for _, value in sent] == pytest.approx([value for _, value in curve], rel=1e-6)
    monkeypatch.setattr("surveycli.training.trackers.CsvTracker.log", _full_disk)
    trained = run_cli("finetune", *options, "--log-to", "csv", "--name", "full")
    assert trained.code == 0, trained.err
    assert trained.err.count("The tracker failed") == 1
    assert run_cli("finetune", *options, "--log-to", "wandb").code == 6


def test_a_sweep_trains_its_runs_once_and_compares_them(small_store: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """Each combination of the grid is a run; the same command trains what is missing, and what differs is refused."""
    file = tmp_path / "rates.yaml"
    file.write_text("split: small\noptimiser: {epochs: 1}\ngrid: {optimiser.learning_rate: [1e-4, 1e-2], seed: [1]}\n")
    asked = ("finetune", "--sweep", file, "--store", small_store)
    first = run_cli(*asked, "--json")
    assert first.code == 0, first.err
    ended = {run["run"]: run for run in json.loads(first.out)}
    assert {name: run["optimiser.learning_rate"] for name, run in ended.items()} == {
        "rates-1": "1e-4",
        "rates-2": "1e-2",
    }
    file.write_text(file.read_text().replace("[1e-4,", "[1e-3, 1e-4,"))
    again = run_cli(*asked, "--json")
    assert again.code == 0, again.err
    assert again.err.count("epoch: 1/1") == 1
    compared = json.loads(again.out)
    assert sorted(run["run"] for run in compared) == ["rates-1", "rates-2", "rates-3"]
    losses = [run["validation loss"] for run in compared]
    assert losses == sorted(losses)
    assert sc.open(small_store).sweep(file).to_dicts() == compared
    planned = run_cli(
        "finetune", "--split", "small", "--plan", "--device-tflops", "1", "--json", "--store", small_store
    )
    assert json.loads(planned.out)["memory"]["process"] > 0
    assert run_cli(*asked, "--seed", "3").code == 2
    file.write_text("split: small\ngrid: {seed: 1}\n")
    assert run_cli(*asked).code == 3


def _full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing:FutureWarning")
def test_a_trained_adapter_goes_out_with_its_card_and_merged(
    small_store: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    """Adapter and merged model have the same logits in plain peft and transformers, and predict as the run does."""
    import torch
    from model_samples import save_local_model
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = save_local_model(tmp_path / "base", hidden_size=32, num_hidden_layers=1)
    options = ("--model", base, "--precision", "float32", "--learning-rate", "0.01", "--epochs", "1")
    trained = run_cli("finetune", "--split", "small", *options, "--name", "mine", "--store", small_store)
    assert trained.code == 0, trained.err
    weights = small_store.with_suffix(".runs") / "mine" / "weights" / "epoch-001"
    card = (weights / "README.md").read_text(encoding="utf-8")
    licence = ad_hoc(small_store, "select licence from survey where survey_id = 'wvs7'").item()
    assert all(text in card for text in (str(base), licence[:20], "A to", "nats", "AutoPeftModelForCausalLM"))
    merged = run_cli("finetune", "--merge", "mine", "--output", tmp_path / "whole", "--store", small_store)
    assert merged.code == 0, merged.err
    tokens = AutoTokenizer.from_pretrained(weights)("How important is family?", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        adapted, whole, plain = (
            kind.from_pretrained(folder).eval()(input_ids=tokens).logits
            for kind, folder in (
                (AutoPeftModelForCausalLM, weights),
                (AutoModelForCausalLM, tmp_path / "whole"),
                (AutoModelForCausalLM, base),
            )
        )
    assert (adapted - whole).abs().max() <= 1e-5 < (adapted - plain).abs().max()
    assert run_cli("finetune", "--merge", "mine", "-o", tmp_path / "whole", "--store", small_store).code == 5
    for name, asked in (("a", ("--run", "mine")), ("b", _model(weights)), ("c", _model(tmp_path / "whole"))):
        predicted = run_cli("predict", *asked, "--part", "validation", "--name", name, "--store", small_store)
        assert predicted.code == 0, predicted.err
    query = "select probability from prediction where run_id = '{}' order by item_id, population_id, option_code"
    own, *others = (ad_hoc(small_store, query.format(name)).to_series().to_list() for name in "abc")
    assert all(other == pytest.approx(own, abs=1e-5) for other in others)
    (weights / "README.md").unlink()
    (weights / "README.md").mkdir()
    resumed = run_cli("finetune", "--resume", "mine", "--store", small_store)
    assert resumed.code == 0
    assert "model card is missing" in resumed.err


def _model(folder: Path) -> tuple[str | Path, ...]:
    return ("--split", "small", "--precision", "float32", "--model", folder)


def test_the_same_seed_trains_the_same_model(small_store: Path, run_cli: RunCli) -> None:
    """Two runs of one configuration predict the same to the last digit; another seed does not."""
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        options = ("--epochs", "1", "--seed", seed, "--name", name, "--store", small_store)
        assert run_cli("finetune", "--split", "small", *options).code == 0
        assert run_cli("predict", "--run", name, "--store", small_store).code == 0
    query = "select probability from prediction where run_id = '{}' order by item_id, population_id, option_code"
    a, b, c = (ad_hoc(small_store, query.format(name)).to_series().to_list() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("predictor", ["control", "shuffled", "permuted"])
def test_ways_of_asking_are_runs_of_their_own(small_store: Path, run_cli: RunCli, predictor: str) -> None:
    """Control, shuffled and permuted predictions of a fine-tuning stand beside its own, under their own names."""
    run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", "--store", small_store)
    assert run_cli("predict", "--run", "mine", "--store", small_store).code == 0
    assert run_cli("predict", "--run", "mine", "-p", predictor, "--name", "other", "--store", small_store).code == 0
    counts = ad_hoc(small_store, "select run_id, count(*) as n from prediction group by all order by all").rows()
    assert [run for run, _ in counts] == ["mine", "other"]
    assert counts[0][1] == counts[1][1]


def test_zero_shot_in_chinese(small_store: Path, run_cli: RunCli) -> None:
    """The untrained model is asked in Chinese and its rows say so."""
    options = ("--model", "tiny", "--split", "small", "--language", "zh", "--store", small_store)
    result = run_cli("predict", *options)
    assert result.code == 0, result.err
    assert ad_hoc(small_store, "select distinct language from prediction").to_series().to_list() == ["zh"]


def test_a_prepared_folder_trains_without_the_store(small_store: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """--prepare-only writes the folder; --folder trains it though the store is gone; --resume records it."""
    prepared = run_cli(
        "finetune", "--split", "small", "--epochs", "1", "--name", "far", "--prepare-only", "--store", small_store
    )
    assert prepared.code == 0, prepared.err
    folder = Path(prepared.out.strip().split("--folder ")[1])
    hidden = small_store.rename(tmp_path / "elsewhere.duckdb")
    assert run_cli("finetune", "--folder", folder).code == 0
    hidden.rename(small_store)
    assert run_cli("finetune", "--resume", "far", "--store", small_store).code == 0
    assert ad_hoc(small_store, "select status from run").item() == "finished"


def test_a_prepared_prediction_is_computed_elsewhere_and_brought_in(
    small_store: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    """Without the store, in folders moved together, --folder predicts what the same command then imports as it is."""
    run_cli("finetune", "--split", "small", "--epochs", "1", "--name", "mine", "--store", small_store)
    prepared = run_cli("predict", "--run", "mine", "--prepare-only", "--store", small_store)
    assert prepared.code == 0, prepared.err
    assert ad_hoc(small_store, "select * from prediction").height == 0
    runs = small_store.with_suffix(".runs")
    assert prepared.out.strip() == f"surveycli predict --folder {runs / 'mine.predict'}"

    hidden = small_store.rename(tmp_path / "elsewhere.duckdb")
    moved = runs.rename(tmp_path / "node")
    done = run_cli("predict", "--folder", moved / "mine.predict")
    assert done.code == 0, done.err
    assert "9 cells predicted" in done.out
    hidden.rename(small_store)
    moved.rename(runs)
    there = {p.key: p.probabilities for p in read_predictions(RunFolder(runs / "mine.predict"))}

    imported = run_cli("predict", "--run", "mine", "--store", small_store)
    assert imported.code == 0, imported.err
    assert "9 cells were predicted before" in imported.err
    rows = ad_hoc(small_store, "select * from prediction order by option_code").rows(named=True)
    for key, probabilities in there.items():
        mine = [r for r in rows if (r["item_id"], r["population_id"]) == (key.item_id, key.population_id)]
        assert tuple(r["probability"] for r in mine) == probabilities


def test_a_prepared_zero_shot_prediction_is_one_run(small_store: Path, run_cli: RunCli) -> None:
    """Prepared, computed from its folder and asked again, a zero-shot prediction is one finished run."""
    asked = ("predict", "--model", "tiny", "--split", "small", "--store", small_store)
    prepared = run_cli(*asked, "--prepare-only")
    assert run_cli("predict", "--folder", prepared.out.strip().split("--folder ")[1]).code == 0
    imported = run_cli(*asked)
    assert "9 cells were predicted before" in imported.err
    assert ad_hoc(small_store, "select run_id, status from run").rows() == [("zero-shot-1", "finished")]


def test_a_shared_out_model_is_recorded(small_store: Path, run_cli: RunCli) -> None:
    """--shard-model stands in the run's configuration; one process holds the whole model all the same."""
    asked = ("predict", "--model", "tiny", "--split", "small", "--shard-model", "--store", small_store)
    result = run_cli(*asked)
    assert result.code == 0, result.err
    configuration = json.loads(ad_hoc(small_store, "select configuration from run").item())
    assert configuration["model"]["sharded"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("finetune",), 2, "--split"),
        (("finetune", "--split", "nowhere"), 4, "no split named 'nowhere'"),
        (("finetune", "--split", "small", "--preset", "huge"), 4, "no preset"),
        (("finetune", "--split", "small", "--language", "xx"), 4, "'xx'"),
        (("finetune", "--split", "small", "--model", "./nothing-here", "--epochs", "1"), 4, "no model folder"),
        (("finetune", "--resume", "nobody"), 4, "nobody"),
        (("finetune", "--split", "small", "--shard-model"), 2, "Only frozen weights"),
        (("predict", "--split", "small", "--model", "x", "--shard-model", "--quantise", "4bit"), 2, "not sharded"),
        (("predict", "--split", "small", "-p", "item-mean", "--prepare-only"), 2, "--prepare-only is not an option"),
        (("predict", "--folder", "nowhere"), 2, "--store is not an option of `surveycli predict --folder DIR`"),
        (("predict",), 2, "surveycli predict --help"),
        (("predict", "--run", "nobody"), 4, "nobody"),
        (("predict", "--split", "small", "-p", "crystal-ball"), 2, "crystal-ball"),
        (("predict", "--model", "tiny", "--split", "small", "--part", "nonsense"), 4, "nonsense"),
        (("predict", "--model", "tiny", "--split", "small", "-p", "item-mean"), 2, "item-mean"),
        (("predict", "--run", "mine", "-p", "zero-shot"), 2, "zero-shot"),
    ],
)
def test_each_refusal_says_what_to_do(
    small_store: Path, run_cli: RunCli, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Wrong options and names give their exit code, a message with the wrong thing in it, and no traceback."""
    result = run_cli(*arguments, "--store", small_store)
    assert result.code == code, result.err
    assert words in result.err
    assert "Traceback" not in result.err


def test_presets_are_listed(run_cli: RunCli) -> None:
    """The list names the paper's settings and its seven models."""
    result = run_cli("presets")
    assert result.code == 0
    for word in ("paper", "recommended", "llama3-8b-instruct", "distil-qwen-32b"):
        assert word in result.out
