"""What a fine-tuning will take, against counts made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from model_samples import save_local_model

from surveycli.configuration import FinetuneConfig, LoraSettings, ModelSpec
from surveycli.domain import Shares
from surveycli.presets import preset_config
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import open_store
from surveycli.training.plan import plan_finetune


@pytest.fixture
def split_store(bundled_store_path: Path) -> Path:
    """The bundled survey with the paper's split."""
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, Recipe.PAPER, SplitOptions(name="paper", seed=1))
    return bundled_store_path


def local(path: Path) -> FinetuneConfig:
    return replace(
        preset_config("paper"),
        model=ModelSpec(str(path), device="cpu"),
        lora=LoraSettings(rank=4, targets=("q_proj", "v_proj")),
        shares=Shares.UNWEIGHTED,
    )


def test_counts_are_those_of_the_model_and_the_split(split_store: Path, tmp_path: Path) -> None:
    """Parameters, trained parameters, examples, steps and operations are what arithmetic gives."""
    plan = plan_finetune(split_store, local(save_local_model(tmp_path / "m")), device_tflops=2.0)
    hidden, intermediate, layers, vocabulary, kv = 32, 64, 3, 4096, 16
    layer = 2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * intermediate + 2 * hidden
    assert plan.size.n_body_parameters == layers * layer + hidden
    assert plan.size.n_parameters == layers * layer + hidden + 2 * vocabulary * hidden
    assert plan.size.n_trained == layers * 4 * ((hidden + hidden) + (hidden + kv))
    assert (plan.n_examples, plan.n_validation, plan.epochs) == (6841, 1586, 5)
    assert plan.n_steps >= 5 * 6841 / 8
    assert plan.tokens.floor < plan.tokens.planned < plan.tokens.unshared
    trained = 4 * plan.size.n_body_parameters * plan.tokens.planned * 6841 * 5
    assert trained < plan.flops < 1.5 * trained
    assert plan.seconds == pytest.approx(plan.flops / 2e12)
    assert plan.memory.optimiser == 8 * plan.size.n_trained
    assert plan.memory.weights == 4 * plan.size.n_parameters


def test_a_model_without_weights_is_planned_from_its_configuration(split_store: Path, tmp_path: Path) -> None:
    """Configuration and tokenizer suffice: the weights may be missing."""
    path = save_local_model(tmp_path / "m")
    (path / "model.safetensors").unlink()
    assert plan_finetune(split_store, local(path), device_tflops=1.0).size.n_parameters > 0


def test_the_stand_in_is_timed(split_store: Path) -> None:
    """Without a rate some steps are timed, all weights count as trained, and nothing is written beside the store."""
    config = replace(preset_config("tiny"), split="paper", shares=Shares.UNWEIGHTED)
    before = sorted(split_store.parent.iterdir())
    plan = plan_finetune(split_store, config)
    assert plan.size.n_trained == plan.size.n_parameters
    assert plan.seconds is not None
    assert plan.seconds > 0
    assert "timed" in plan.seconds_basis
    assert sorted(split_store.parent.iterdir()) == before


def test_the_command_prints_the_plan(split_store: Path, run_cli: Callable[..., Any]) -> None:
    """`surveycli finetune --plan` shows tokens, memory and time, and leaves no run."""
    shown = run_cli(
        "finetune", "--split", "paper", "--plan", "--no-calibrate", "--device-tflops", "1", "--store", split_store
    )
    assert shown.code == 0, shown.err
    for word in ("6,841 to train", "unshared", "GiB", "1 TFLOP/s, as given"):
        assert word in shown.out
    assert "finetune" not in run_cli("runs", "--store", split_store).out
    assert run_cli("finetune", "--plan", "--resume", "x", "--store", split_store).code == 2


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing:FutureWarning")
@pytest.mark.parametrize("family", ["Llama", "Gemma3Text", "GPTNeoX", "Qwen2"])
def test_what_a_forward_pass_keeps_is_counted_without_computing_it(family: str) -> None:
    """On the meta device as many bytes are counted as a forward pass on the processor keeps, to a tenth.

    So it is with the letters' total probability, which keeps the logits of the whole vocabulary for each prompt.
    """
    import torch
    from model_samples import build_model, random_examples
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from surveycli.configuration import BatchSettings
    from surveycli.training.plan_memory import kept_bytes

    examples, _ = random_examples(40)
    real = build_model(family, hidden_size=256, intermediate_size=768)
    with torch.device("meta"):
        outline = AutoModelForCausalLM.from_config(real.config, attn_implementation="sdpa")
    lora = {"r": 4, "lora_dropout": 0.05, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    adapted = [get_peft_model(model, LoraConfig(**lora)) for model in (real, outline)]
    kept, counted = (kept_bytes(model, examples, BatchSettings()) for model in adapted)
    assert kept > 1e6
    assert counted == pytest.approx(kept, rel=0.1)
    of_mass, counted_mass = (kept_bytes(model, examples, BatchSettings(), letter_mass=True) for model in adapted)
    assert counted_mass - counted == pytest.approx(of_mass - kept, rel=0.1)
    assert of_mass - kept >= len(examples) * real.config.vocab_size * 4


@pytest.mark.slow
def test_memory_is_planned_as_a_training_takes_it(tmp_path: Path) -> None:
    """The peak of a training's resident memory is within a quarter of the plan, for several families and settings."""
    from benchmarks.plan_memory import CASES, make_store, measure

    make_store(tmp_path / "survey.duckdb")
    for name in ("Llama, 31 M", "GPT-NeoX, 29 M", "Llama, 31 M, recomputed"):
        found = measure(tmp_path / name, tmp_path / "survey.duckdb", *CASES[name])
        assert 0.75 <= found["ratio"] <= 1.25, (name, found)
