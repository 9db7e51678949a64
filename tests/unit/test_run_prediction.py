"""Predictions between store and run folder: which run they belong to, and going on after an interruption."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from surveycli.configuration import PredictConfig
from surveycli.domain import Shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.prediction.existing_run import config_of_run
from surveycli.prediction.predict import PredictionOutcome
from surveycli.prediction.run_prediction import PredictionTask, PreparedPrediction, predict
from surveycli.presets import preset_config
from surveycli.prompt import PromptOrder, PromptStyle
from surveycli.run_folder import PredictedCell, RunFolder
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import open_store
from surveycli.training.run_finetuning import finetune, prepare_run


@pytest.fixture
def split_store(bundled_store_path: Path) -> Path:
    """The bundled survey with the paper's split."""
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, Recipe.PAPER, SplitOptions(name="paper", seed=1))
    return bundled_store_path


def zero_shot() -> PredictConfig:
    tiny = preset_config("tiny")
    return PredictConfig("paper", tiny.model, tiny.prompt, parts=("C2-Q2",), shares=Shares.UNWEIGHTED)


def ask(path: Path, config: PredictConfig) -> tuple[PreparedPrediction, PredictionOutcome]:
    return predict(path, PredictionTask(config))


def test_an_interrupted_prediction_goes_on_when_asked_again(split_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same question after a failure is the same run and computes no finished cell again; a finished one is new."""
    import surveycli.prediction.prediction_job as module

    monkeypatch.setattr("surveycli.prediction.predict.SHARD_CELLS", 100)
    write, written = module.write_prediction_shard, []

    def failing(folder: RunFolder, predicted: list[PredictedCell]) -> None:
        if written and predicted:
            raise KeyboardInterrupt
        write(folder, predicted)
        written.extend(predicted)

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_prediction_shard", failing)
        with pytest.raises(KeyboardInterrupt):
            ask(split_store, zero_shot())
    prepared, outcome = ask(split_store, zero_shot())
    assert prepared.run_id == "zero-shot-1"
    assert 100 <= outcome.n_already_there < outcome.n_cells == 271
    assert ask(split_store, zero_shot())[0].run_id == "zero-shot-2"


def test_predictions_as_trained_belong_to_the_training(split_store: Path) -> None:
    """Asked as it was trained a fine-tuning's predictions are its own; another order or variant is a run of its own."""
    tiny = preset_config("tiny")
    config = replace(tiny, split="paper", shares=Shares.UNWEIGHTED, optimiser=replace(tiny.optimiser, epochs=1))
    run = prepare_run(split_store, config, name="trained")
    with open_store(split_store) as store, pytest.raises(SurveyError) as unfinished:
        config_of_run(store, "trained")
    assert unfinished.value.code == ExitCode.CONFLICT
    assert finetune(split_store, run).steps > 0
    with open_store(split_store) as store:
        asked = replace(config_of_run(store, "trained"), parts=("C2-Q2",))
    assert ask(split_store, asked)[0].run_id == "trained"
    other = replace(asked, prompt=PromptStyle(PromptOrder.ITEM_FIRST))
    assert ask(split_store, other)[0].run_id == "fine-tuned-1"
    assert ask(split_store, replace(asked, elicitation="shuffled", seed=9))[0].run_id == "shuffled-1"


def test_several_processes_may_not_share_a_store(split_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a launcher training and prediction from the store are refused, with what to do instead (exit 2)."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SurveyError, match="one store") as error:
        prepare_run(split_store, replace(preset_config("tiny"), split="paper"))
    assert error.value.code == ExitCode.USAGE
    with pytest.raises(SurveyError, match="one store") as error:
        ask(split_store, zero_shot())
    assert error.value.code == ExitCode.USAGE
    assert "surveycli predict --folder" in error.value.hint
