"""Settings survive the way through a manifest, and presets say what the published protocol says."""

from __future__ import annotations

import json

import pytest

from surveycli.configuration import FinetuneConfig, PredictConfig, Quantise, Schedule
from surveycli.domain import Shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.plain import from_plain, to_plain, with_choices
from surveycli.presets import PRESETS, PUBLISHED_MODELS, preset_config, resolve_model
from surveycli.prompt import Describe, PromptOrder


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name: str) -> None:
    """Written as JSON and read back, a configuration is the same value, enumerations, tuples and None included."""
    config = preset_config(name)
    assert from_plain(FinetuneConfig, json.loads(json.dumps(to_plain(config)))) == config


def test_a_prediction_survives_json() -> None:
    """The same for the configuration of a prediction."""
    config = PredictConfig("s", elicitation="permuted", parts=("a", "b"), weights="w")
    assert from_plain(PredictConfig, json.loads(json.dumps(to_plain(config)))) == config


def test_a_manifest_of_an_earlier_version_is_read() -> None:
    """Names that are gone are known: the number of orders has moved to the settings of its elicitation."""
    plain = {"split": "s", "elicitation": "permuted", "n_permutations": 3}
    assert from_plain(PredictConfig, plain).settings == {"n_permutations": 3}
    assert from_plain(PredictConfig, plain | {"elicitation": "control"}).settings == {}


def test_a_name_that_there_is_not_is_refused() -> None:
    """A misspelt field is an error, in a manifest and among choices, at any depth."""
    for wrong in ({"splt": "s"}, {"optimiser": {"epoch": 1}}, {"model": {"name": 3}}, {"batches": None}):
        with pytest.raises(SurveyError) as caught:
            from_plain(FinetuneConfig, wrong)
        assert caught.value.code is ExitCode.BAD_INPUT
        with pytest.raises(SurveyError):
            with_choices(FinetuneConfig("s"), wrong)
    with pytest.raises(SurveyError, match="lora"):
        with_choices(FinetuneConfig("s", lora=None), {"lora.rank": 4})


def test_the_paper_preset_is_the_published_setting() -> None:
    """Country first by name, LoRA r=8 alpha=32 dropout 0.05 on q and v, lr 1e-4 x 0.85 per epoch, 5 epochs, batch 8."""
    config = preset_config("paper")
    assert (config.prompt.order, config.prompt.describe) == (PromptOrder.COUNTRY_FIRST, Describe.NAME)
    assert config.lora is not None
    assert (config.lora.rank, config.lora.alpha, config.lora.dropout) == (8, 32, 0.05)
    assert config.lora.targets == ("q_proj", "v_proj")
    settings = config.optimiser
    assert (settings.epochs, settings.learning_rate, settings.decay_per_epoch, settings.batch_size) == (
        5,
        1e-4,
        0.85,
        8,
    )
    assert (settings.schedule, settings.weight_decay) == (Schedule.PER_EPOCH, 0.0)
    assert (config.shares, config.seed) == (Shares.UNWEIGHTED, 42)
    assert preset_config("paper-8bit").model.quantise is Quantise.EIGHT_BIT


def test_the_seven_published_models_have_names() -> None:
    """Each model of the published comparison resolves to a Hugging Face id; other names are themselves."""
    assert len(set(PUBLISHED_MODELS.values())) == 7
    assert resolve_model("llama3-8b-instruct") == "meta-llama/Meta-Llama-3-8B-Instruct"
    assert resolve_model("./my-model") == "./my-model"


def test_an_unknown_preset_is_not_found() -> None:
    """The error names the presets that there are."""
    with pytest.raises(SurveyError, match="no preset named 'huge'"):
        preset_config("huge")
