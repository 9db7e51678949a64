"""Trained weights: saved, pointed to, loaded back onto the right base only."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from model_samples import random_examples, save_local_model

from surveycli.configuration import BatchSettings, LoraSettings, ModelSpec
from surveycli.domain import CellKey, Familiarity
from surveycli.engine.compute import compute_options
from surveycli.engine.model import load_language_model
from surveycli.engine.weights import (
    keep_weights,
    load_weights,
    make_trainable,
    restore_weights,
    trained_norm,
    trained_parameters,
)
from surveycli.errors import ExitCode, SurveyError
from surveycli.run_folder import RunFolder
from surveycli.run_folder.kept_weights import KeptWeights, best_weights, point_to_best, read_kept
from surveycli.training.checkpoint import TrainingState, save_checkpoint

EXAMPLES, TOKENS = random_examples(6)
LORA = LoraSettings(rank=4, alpha=8, dropout=0.1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """A small Llama in a local folder."""
    return ModelSpec(str(save_local_model(tmp_path_factory.mktemp("base"))), device="cpu")


def answers(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return compute_options(model.eval(), EXAMPLES, TOKENS, BatchSettings(max_row_tokens=512)).logits


def train_a_little(model: Any) -> None:
    """Give every trained weight another value."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in trained_parameters(model).values():
            parameter.add_(torch.randn_like(parameter) * 0.1)


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1_000])
@pytest.mark.parametrize("lora", [LORA, None], ids=["adapter", "whole"])
def test_a_full_disk_is_told_as_one_and_leaves_no_half_made_file(tmp_path: Path, lora: LoraSettings, room: int) -> None:
    """Whichever library writes weights or a checkpoint, a full disk is exit 3 with the system's words, and what was
    kept before is there still."""
    language_model = load_language_model(ModelSpec("tiny", device="cpu"))
    model = make_trainable(language_model, lora)
    optimiser = torch.optim.AdamW(trained_parameters(model).values())
    folder, state = RunFolder(tmp_path), TrainingState()
    save_checkpoint(folder, model, optimiser, state, language_model.fingerprint)
    before = (folder.checkpoint / "state.pt").read_bytes()
    for write in (
        lambda: save_checkpoint(folder, model, optimiser, state, language_model.fingerprint),
        lambda: keep_weights(model, folder.weights, 1, language_model.fingerprint),
    ):
        with pytest.raises(SurveyError, match="File too large") as caught, full_disk(room):
            write()
        assert caught.value.code == ExitCode.BAD_INPUT
    assert [path.name for path in folder.checkpoint.iterdir()] == ["state.pt"]
    assert (folder.checkpoint / "state.pt").read_bytes() == before
    assert not list(folder.weights.glob("epoch-*"))


def test_an_adapter_comes_back_as_it_was_saved(base: ModelSpec, tmp_path: Path) -> None:
    """Saved and loaded onto a fresh base, an adapter answers the same to the bit."""
    language_model = load_language_model(base)
    model = make_trainable(language_model, LORA)
    train_a_little(model)
    name = keep_weights(model, tmp_path, 1, language_model.fingerprint)
    loaded = load_weights(load_language_model(base), tmp_path / name)
    assert torch.equal(answers(model), answers(loaded))


def test_whole_models_come_back_as_they_were_saved(tmp_path: Path) -> None:
    """The stand-in, trained in full, answers the same to the bit after saving and loading."""
    language_model = load_language_model(ModelSpec(device="cpu"))
    fingerprint = language_model.fingerprint
    model = make_trainable(language_model, None)
    train_a_little(model)
    name = keep_weights(model, tmp_path, 1, fingerprint)
    loaded = load_weights(load_language_model(ModelSpec(device="cpu")), tmp_path / name)
    assert torch.equal(answers(model), answers(loaded))


def test_a_disabled_adapter_is_the_base(base: ModelSpec) -> None:
    """With its adapter disabled, a trained model answers as the base to the bit, and differently with it."""
    untrained = answers(load_language_model(base).model)
    model = make_trainable(load_language_model(base), LORA)
    train_a_little(model)
    assert not torch.equal(answers(model), untrained)
    with model.disable_adapter():
        assert torch.equal(answers(model), untrained)


def test_a_merged_adapter_answers_alike(base: ModelSpec) -> None:
    """Merged into the base, an adapter gives the same logits up to rounding."""
    model = make_trainable(load_language_model(base), LORA)
    train_a_little(model)
    unmerged = answers(model)
    torch.testing.assert_close(answers(model.merge_and_unload()), unmerged, rtol=1e-4, atol=1e-4)


def test_another_base_is_refused(base: ModelSpec, tmp_path: Path) -> None:
    """Weights load only onto the base they were trained on: one of the same shape is refused with both fingerprints."""
    language_model = load_language_model(base)
    name = keep_weights(make_trainable(language_model, LORA), tmp_path / "w", 1, language_model.fingerprint)
    other = load_language_model(ModelSpec(str(save_local_model(tmp_path / "other", seed=1)), device="cpu"))
    with pytest.raises(SurveyError) as error:
        load_weights(other, tmp_path / "w" / name)
    assert error.value.code == ExitCode.CONFLICT
    assert language_model.fingerprint in error.value.message
    assert other.fingerprint in error.value.message


def test_the_fingerprint_knows_weights_and_tokenizer(base: ModelSpec) -> None:
    """It is the same for the same base, and another with another seed or another chat template."""
    from surveycli.engine.model import fingerprint

    again = load_language_model(base)
    assert again.fingerprint == load_language_model(base).fingerprint
    tiny = [load_language_model(ModelSpec(device="cpu", seed=seed)).fingerprint for seed in (1, 2)]
    assert tiny[0] != tiny[1]
    again.tokenizer.chat_template = "{{ messages }}"
    assert fingerprint(again.model, again.tokenizer) != again.fingerprint


def test_missing_target_matrices_are_named(base: ModelSpec) -> None:
    """LoRA on matrices that the model lacks says which (exit 3)."""
    with pytest.raises(SurveyError, match="no_such_proj") as error:
        make_trainable(load_language_model(base), LoraSettings(targets=("no_such_proj",)))
    assert error.value.code == ExitCode.BAD_INPUT


def test_weights_of_an_epoch_never_overwrite_others(base: ModelSpec, tmp_path: Path) -> None:
    """The same epoch written again has a folder of its own; pointing to it drops the older one."""
    language_model = load_language_model(base)
    model = make_trainable(language_model, LORA)
    first = keep_weights(model, tmp_path, 1, language_model.fingerprint)
    point_to_best(tmp_path, KeptWeights(first))
    second = keep_weights(model, tmp_path, 1, language_model.fingerprint)
    assert best_weights(tmp_path).name == first != second
    point_to_best(tmp_path, KeptWeights(second))
    assert [path.name for path in tmp_path.glob("*epoch*")] == [second]
    assert json.loads((tmp_path / "best.json").read_text()) == {"folder": second}


@pytest.mark.parametrize("lora", [LORA, None], ids=["adapter", "whole"])
def test_weights_take_the_place_of_loaded_ones(base: ModelSpec, tmp_path: Path, lora: LoraSettings | None) -> None:
    """A model that answers with one epoch's weights answers with another's after these were put on it."""
    language_model = load_language_model(base)
    model = make_trainable(language_model, lora)
    first = keep_weights(model, tmp_path, 1, language_model.fingerprint)
    train_a_little(model)
    second, expected = keep_weights(model, tmp_path, 2, language_model.fingerprint), answers(model)
    loaded = load_weights(load_language_model(base), tmp_path / first)
    assert not torch.allclose(answers(loaded), expected)
    restore_weights(loaded, tmp_path / second)
    torch.testing.assert_close(answers(loaded), expected)


def test_the_best_of_each_kind_is_kept(tmp_path: Path) -> None:
    """Weights that are the best of anything stay, others go; items and kinds are read back as they were written."""
    kept = KeptWeights(
        "epoch-002",
        {Familiarity.KNOWN_ITEMS: "epoch-003", Familiarity.NEW_ITEMS: "epoch-002"},
        frozenset({("s", "Q1"), ("s", "Q2")}),
    )
    for epoch in range(1, 5):
        (tmp_path / f"epoch-{epoch:03d}").mkdir()
    point_to_best(tmp_path, kept)
    assert sorted(path.name for path in tmp_path.glob("epoch-*")) == ["epoch-002", "epoch-003"]
    assert read_kept(tmp_path) == kept
    assert best_weights(tmp_path).name == "epoch-002"
    assert [kept.name_for(CellKey("s", item, "KEN")) for item in ("Q1", "Q9")] == ["epoch-003", "epoch-002"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("of_kind", {"all": "epoch-001"}), ("of_kind", {"new_items": "epoch-009"}), ("items", ["Q1"]), ("items", 3)],
)
def test_a_damaged_note_of_kinds_is_named(tmp_path: Path, field: str, value: object) -> None:
    """Kinds that there are not, weights that are not there and items that are no pairs are refused, exit 3."""
    (tmp_path / "epoch-001").mkdir()
    (tmp_path / "best.json").write_text(json.dumps({"folder": "epoch-001", field: value}))
    with pytest.raises(SurveyError, match=r"best\.json") as error:
        read_kept(tmp_path)
    assert error.value.code == ExitCode.BAD_INPUT


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    """Before the first epoch has ended there are no weights to predict with (exit 4)."""
    with pytest.raises(SurveyError) as error:
        best_weights(tmp_path / "weights")
    assert error.value.code == ExitCode.NOT_FOUND


@pytest.mark.parametrize("name", ["epoch-0" + "1" * 300, "../elsewhere", "epoch-1", ""])
def test_a_note_that_names_no_weights_is_damaged(tmp_path: Path, name: str) -> None:
    """Whatever stands there, also a name that no file can have, is refused with the note's place (exit 3)."""
    (tmp_path / "best.json").write_text(json.dumps({"folder": name}))
    with pytest.raises(SurveyError, match=r"best\.json") as error:
        best_weights(tmp_path)
    assert error.value.code == ExitCode.BAD_INPUT


def test_the_norm_is_that_of_the_trained_weights(base: ModelSpec) -> None:
    """It is the Euclidean norm of the adapter alone, not of the frozen base."""
    model = make_trainable(load_language_model(base), LORA)
    joined = torch.cat([p.detach().flatten() for name, p in model.named_parameters() if "lora_" in name]).double()
    assert trained_norm(model) == pytest.approx(float(joined.norm()), rel=1e-12)
