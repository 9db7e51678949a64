"""The number format that `auto` takes, and what was made in another one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from model_samples import make_contents, make_training_folder, save_local_model
from transformers import AutoModelForCausalLM

from surveycli.configuration import FinetuneConfig, LoraSettings, ModelSpec, Precision, PredictConfig
from surveycli.engine import defaults
from surveycli.engine.defaults import choose_dtype, settle_precision
from surveycli.engine.forward import parameter_dtype
from surveycli.engine.loading import demand_base, precision_kept
from surveycli.engine.model import LanguageModel, load_language_model, outline_language_model
from surveycli.engine.processes import Processes
from surveycli.errors import ExitCode, SurveyError
from surveycli.plain import to_plain
from surveycli.prediction import predict as predict_module
from surveycli.prediction.predict import predict_folder
from surveycli.run_folder import Manifest, RunFolder, read_predictions, write_contents
from surveycli.run_folder.kept_weights import best_weights
from surveycli.training.checkpoint import TrainingState, save_checkpoint
from surveycli.training.job import open_job
from surveycli.training.train import train_folder
from surveycli.translation.hf_engine import HfChatEngine, HfSettings, load_hf_engine

WIDE, NARROW = torch.float32, torch.bfloat16
CONTENTS = make_contents(5, 6)


def processor(monkeypatch: pytest.MonkeyPatch, *, multiplies_bfloat16: bool) -> None:
    monkeypatch.setattr(defaults, "multiplies_bfloat16", lambda: multiplies_bfloat16)


def narrow_model(folder: Path) -> ModelSpec:
    """Save a small model whose weights are stored in bfloat16."""
    saved = save_local_model(folder)
    AutoModelForCausalLM.from_pretrained(saved, dtype=NARROW).save_pretrained(saved)
    return ModelSpec(str(saved), device="cpu")


def trained_on(spec: ModelSpec, path: Path, *, epochs: int = 1) -> RunFolder:
    """Train an adapter for some epochs in a new folder."""
    config = FinetuneConfig("made-up", spec, lora=LoraSettings(targets=("q_proj",)))
    folder = make_training_folder(path, replace(config, optimiser=replace(config.optimiser, epochs=epochs)))
    train_folder(folder)
    return folder


def predict(path: Path, config: PredictConfig, *, n_cells: int) -> int:
    """Predict the first cells in a folder, and return how many it then has."""
    folder = RunFolder(path)
    contents = replace(CONTENTS, cells=CONTENTS.cells[:n_cells])
    write_contents(folder, Manifest("run", "predict", to_plain(config), {}), contents)
    predict_folder(folder)
    return len(list(read_predictions(folder)))


@pytest.mark.parametrize("able", [False, True])
def test_auto_is_bfloat16_where_processor_and_weights_are(monkeypatch: pytest.MonkeyPatch, able: bool) -> None:
    """On a processor auto follows its instructions and the stored weights; what is named is taken everywhere."""
    processor(monkeypatch, multiplies_bfloat16=able)
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert choose_dtype(Precision.AUTO, cpu, comes_narrow=True) is (NARROW if able else WIDE)
    assert choose_dtype(Precision.AUTO, cpu, comes_narrow=False) is WIDE
    assert choose_dtype(Precision.AUTO, gpu, comes_narrow=False) is NARROW
    for device in (cpu, gpu):
        assert choose_dtype(Precision.FLOAT32, device, comes_narrow=True) is WIDE
        assert choose_dtype(Precision.BFLOAT16, device, comes_narrow=False) is NARROW


def test_what_was_made_settles_the_format() -> None:
    """What goes on has the format kept with it, of old the device's; another one that is named is refused (exit 5)."""
    auto = ModelSpec("model", device="cpu")
    named = replace(auto, precision=Precision.BFLOAT16)
    assert settle_precision(auto, None) == auto and settle_precision(named, None) == named
    assert settle_precision(auto, "bfloat16") == settle_precision(named, "bfloat16") == named
    for kept in ("float32", "", "auto", "nonsense"):
        assert settle_precision(auto, kept).precision is Precision.FLOAT32
    assert settle_precision(named, "") == named
    with pytest.raises(SurveyError, match="model in float32, not in bfloat16") as refused:
        settle_precision(named, "float32")
    assert refused.value.code is ExitCode.CONFLICT


def test_a_model_is_held_as_it_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that come in float32 or are all trained stay so; a plan counts the format that is then taken."""
    wide = ModelSpec(str(save_local_model(tmp_path / "wide")), device="cpu")
    narrow = narrow_model(tmp_path / "narrow")
    processor(monkeypatch, multiplies_bfloat16=True)
    for spec, trains_all, expected in ((wide, False, WIDE), (narrow, False, NARROW), (narrow, True, WIDE)):
        assert parameter_dtype(load_language_model(spec, trains_all=trains_all).model) is expected
        assert parameter_dtype(outline_language_model(spec, trains_all=trains_all).model) is expected


@pytest.mark.parametrize("keeps_format", [True, False])
def test_what_was_made_in_float32_goes_on_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps_format: bool
) -> None:
    """A training and predictions go on where auto would now take bfloat16, also those that do not tell their format."""
    spec = narrow_model(tmp_path / "model")
    processor(monkeypatch, multiplies_bfloat16=False)
    folder = trained_on(spec, tmp_path / "training", epochs=2)
    plain = PredictConfig("made-up", spec)
    asked = replace(plain, weights=str(folder.weights), trained_by="training")
    for name, own in (("of-training", asked), ("as-it-came", plain)):
        assert predict(tmp_path / name, own, n_cells=4) == 4
    told = [*folder.weights.glob("*/surveycli.json"), *tmp_path.glob("*/predictions/basis.json")]
    for file in told:
        kept = json.loads(file.read_text())
        assert kept.pop("precision") == "float32"
        if not keeps_format:
            file.write_text(json.dumps(kept))
    assert len(told) == 3
    processor(monkeypatch, multiplies_bfloat16=True)
    loaded = []

    def load(*arguments: Any, **options: Any) -> LanguageModel:
        loaded.append(load_language_model(*arguments, **options))
        return loaded[-1]

    monkeypatch.setattr(predict_module, "load_language_model", load)
    for name, own in (("of-training", asked), ("as-it-came", plain)):
        assert predict(tmp_path / name, own, n_cells=8) == 8
    assert [parameter_dtype(base.model) for base in loaded] == [WIDE, WIDE]


@pytest.mark.parametrize("keeps_format", [True, False])
def test_a_training_is_resumed_in_the_format_it_began_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps_format: bool
) -> None:
    """The checkpoint says in which format a training began, or it is that of a processor before it did."""
    spec = narrow_model(tmp_path / "model")
    config = FinetuneConfig("made-up", spec, lora=LoraSettings(targets=("q_proj",)))
    processor(monkeypatch, multiplies_bfloat16=False)
    folder = make_training_folder(tmp_path / "training", config)
    job = open_job(folder, Processes())
    save_checkpoint(folder, job.model, job.optimiser, TrainingState(), job.fingerprint)
    state = folder.checkpoint / "state.pt"
    kept = torch.load(state, weights_only=True)
    assert kept["precision"] == "float32"
    if not keeps_format:
        torch.save({name: value for name, value in kept.items() if name != "precision"}, state)
    processor(monkeypatch, multiplies_bfloat16=True)
    assert parameter_dtype(open_job(folder, Processes()).model) is WIDE
    assert parameter_dtype(open_job(make_training_folder(tmp_path / "new", config), Processes()).model) is NARROW


def test_a_format_that_is_named_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions, a training's and an adapter's are not made in another format than what they go on from (exit 5)."""
    spec = narrow_model(tmp_path / "model")
    processor(monkeypatch, multiplies_bfloat16=True)
    wide, narrow = (replace(spec, precision=precision) for precision in (Precision.FLOAT32, Precision.BFLOAT16))
    assert predict(tmp_path / "run", PredictConfig("made-up", wide), n_cells=4) == 4
    folder = trained_on(wide, tmp_path / "training")
    of_training = PredictConfig("made-up", narrow, weights=str(folder.weights), trained_by="training")
    adapter = replace(narrow, name=str(best_weights(folder.weights)))
    for name, config in (
        ("run", PredictConfig("made-up", narrow)),
        ("of-training", of_training),
        ("adapter", PredictConfig("made-up", adapter)),
    ):
        with pytest.raises(SurveyError, match="in float32, not in bfloat16") as refused:
            predict(tmp_path / name, config, n_cells=8)
        assert refused.value.code is ExitCode.CONFLICT


def test_an_adapter_translates_in_the_format_it_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Translation takes float32 by itself, but not from an adapter whose base was held in bfloat16."""
    spec = narrow_model(tmp_path / "model")
    processor(monkeypatch, multiplies_bfloat16=True)
    adapter = replace(spec, name=str(best_weights(trained_on(spec, tmp_path / "training").weights)))
    for model, expected in ((spec, WIDE), (adapter, NARROW)):
        engine = load_hf_engine(HfSettings(model))
        assert isinstance(engine, HfChatEngine)
        assert parameter_dtype(engine._loaded.model) is expected


def test_an_adapter_finds_its_base_in_the_format_it_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of an adapter that was trained beside float32 is a model where auto would now take bfloat16."""
    spec = narrow_model(tmp_path / "model")
    processor(monkeypatch, multiplies_bfloat16=False)
    adapter = ModelSpec(str(best_weights(trained_on(spec, tmp_path / "training").weights)), device="cpu")
    before = load_language_model(adapter)
    processor(monkeypatch, multiplies_bfloat16=True)
    after = load_language_model(adapter)
    assert after.fingerprint == before.fingerprint and parameter_dtype(after.model) is WIDE


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"base_fingerprint": 1}', "\udcff"])
def test_a_damaged_card_is_told(tmp_path: Path, content: str) -> None:
    """Weights whose card cannot be read, or names no base, are refused by the card's name (exit 3)."""
    (tmp_path / "surveycli.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    for read in (precision_kept, lambda weights: demand_base(weights, "model", "0" * 16)):
        with pytest.raises(SurveyError, match=r"surveycli\.json") as refused:
            read(tmp_path)
        assert refused.value.code is ExitCode.BAD_INPUT
