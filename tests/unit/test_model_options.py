"""What is chosen for a model that cannot take it is refused before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from surveycli.configuration import Precision, Quantise
from surveycli.errors import ExitCode, SurveyError
from surveycli.presets import preset_config
from surveycli.request.model_run import FinetuneRequest
from surveycli.training.configure import configure_finetuning


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an adapter, its base model, and a GGUF file, as far as they are told apart by."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("base", "adapter"):
        (folder / name).mkdir()
    (folder / "base" / "config.json").write_text("{}")
    (folder / "adapter" / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": str(folder / "base")})
    )
    (folder / "model.gguf").touch()
    return folder


@pytest.mark.parametrize(
    ("model", "choices", "named"),
    [
        ("adapter", {"lora.rank": 4}, "--lora-rank"),
        ("adapter", {"lora.targets": ["all-linear"]}, "--lora-rank"),
        ("adapter", {"model.sharded": True}, "--shard-model"),
        ("model.gguf", {"model.quantise": "4bit"}, "--quantise"),
        ("base", {"model.revision": "main"}, "--revision"),
        ("tiny", {"lora.rank": 4}, "lora"),
        ("tiny", {"model.quantise": "8bit"}, "--quantise"),
        ("tiny", {"model.precision": "bfloat16"}, "--precision"),
    ],
)
def test_what_the_weights_cannot_take_is_refused(
    folder: Path, model: str, choices: dict[str, object], named: str
) -> None:
    """An option that the source of the weights has no use for is exit 2 and is named, not ignored."""
    name = model if model == "tiny" else str(folder / model)
    with pytest.raises(SurveyError) as error:
        configure_finetuning(FinetuneRequest(choices={"split": "s", "model.name": name, **choices}))
    assert error.value.code is ExitCode.USAGE
    assert named in error.value.message + error.value.hint


def test_what_the_weights_can_take_is_heeded(folder: Path) -> None:
    """A whole model gets a new adapter of the chosen shape; an adapter is taken where no new shape is chosen."""
    shaped = configure_finetuning(
        FinetuneRequest(choices={"split": "s", "model.name": str(folder / "base"), "lora.rank": 4})
    )
    assert shaped.lora is not None and shaped.lora.rank == 4
    assert configure_finetuning(FinetuneRequest(choices={"split": "s", "model.name": str(folder / "adapter")})).lora


def test_tiny_is_held_as_it_is_whatever_the_preset() -> None:
    """The bits of a preset for other models are not said of the built-in one."""
    assert preset_config("paper-8bit").model.quantise is Quantise.EIGHT_BIT
    model = configure_finetuning(FinetuneRequest("paper-8bit", {"split": "s"})).model
    assert (model.quantise, model.precision) == (Quantise.NONE, Precision.AUTO)
