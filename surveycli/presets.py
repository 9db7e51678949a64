"""Named settings: the published protocol's, ours, and the models of the published comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from surveycli.configuration import (
    TINY,
    BatchSettings,
    FinetuneConfig,
    LoraSettings,
    ModelSpec,
    OptimiserSettings,
    Quantise,
    Schedule,
)
from surveycli.domain import Shares
from surveycli.errors import not_found
from surveycli.plain import Plain
from surveycli.prompt import Describe, PromptOrder, PromptStyle


@dataclass(frozen=True, slots=True)
class Preset:
    """A named configuration and one sentence on where it comes from."""

    name: str
    about: str
    config: FinetuneConfig


_PAPER = FinetuneConfig(
    split="paper",
    prompt=PromptStyle(PromptOrder.COUNTRY_FIRST, Describe.NAME),
    lora=LoraSettings(rank=8, alpha=32, dropout=0.05, targets=("q_proj", "v_proj")),
    optimiser=OptimiserSettings(epochs=5, learning_rate=1e-4, decay_per_epoch=0.85, weight_decay=0.0, batch_size=8),
    shares=Shares.UNWEIGHTED,
    seed=42,
    preset="paper",
)
_RECOMMENDED = replace(
    _PAPER,
    prompt=PromptStyle(PromptOrder.ITEM_FIRST, Describe.CONTEXT),
    lora=LoraSettings(rank=16, alpha=32, dropout=0.05, targets=("all-linear",)),
    optimiser=OptimiserSettings(
        epochs=5,
        learning_rate=1e-4,
        schedule=Schedule.COSINE,
        warmup_steps=20,
        betas=(0.9, 0.95),
        batch_size=64,
        patience=2,
    ),
    batches=BatchSettings(examples_per_tree=4),  # larger trees cost less and teach less: benchmarks/README.md
    shares=Shares.WEIGHTED,
    calibrate=True,
    preset="recommended",
)
_SMALL = replace(
    _RECOMMENDED,
    optimiser=replace(_RECOMMENDED.optimiser, learning_rate=3e-3),  # the best of four: benchmarks/gemma.md
    preset="recommended-small",
)
_TINY = replace(
    _PAPER,
    model=ModelSpec(TINY),
    prompt=PromptStyle(PromptOrder.SHORT_SUFFIX, Describe.CONTEXT),
    lora=None,
    optimiser=OptimiserSettings(
        epochs=7,
        learning_rate=4e-3,
        schedule=Schedule.COSINE,
        warmup_steps=20,
        weight_decay=0.05,
        betas=(0.9, 0.95),
        batch_size=128,
        gradient_clip=1.0,
    ),
    batches=BatchSettings(examples_per_tree=4),
    shares=Shares.WEIGHTED,
    calibrate=True,
    preset="tiny",
)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "paper",
            "Cao et al. 2025 as their text and code have it: country first, LoRA r=8 on q and v, batch 8, 5 epochs.",
            _PAPER,
        ),
        Preset(
            "paper-8bit",
            "The same on an 8-bit base, as their code loads it.",
            replace(_PAPER, model=ModelSpec(quantise=Quantise.EIGHT_BIT), preset="paper-8bit"),
        ),
        Preset(
            "recommended",
            "Item first, populations described, LoRA on every linear layer, cosine schedule, early stopping.",
            _RECOMMENDED,
        ),
        Preset(
            "recommended-small",
            "The same at thirty times the learning rate, for small models; tried with 270 million weights.",
            _SMALL,
        ),
        Preset("tiny", "For the built-in stand-in: every weight is trained from scratch.", _TINY),
    )
}

# The models of the published comparison, by the name its tables use.
PUBLISHED_MODELS: Mapping[str, str] = {
    "vicuna-7b": "lmsys/vicuna-7b-v1.5",
    "vicuna-13b": "lmsys/vicuna-13b-v1.5",
    "llama3-8b": "meta-llama/Meta-Llama-3-8B",
    "llama3-8b-instruct": "meta-llama/Meta-Llama-3-8B-Instruct",
    "distil-qwen-7b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "distil-qwen-14b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
    "distil-qwen-32b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
}


def default_preset(model: str) -> str:
    """Return the preset of a model that is asked for without one."""
    return "tiny" if model == TINY else "recommended"


def chosen_model(choices: Plain) -> str:
    """Return the model that nested choices name, as `resolve_model` has it; tiny where they name none."""
    model = choices.get("model")
    return resolve_model(str(model.get("name", TINY))) if isinstance(model, Mapping) else TINY


def preset_config(name: str) -> FinetuneConfig:
    """Return a preset's configuration. Raises SurveyError (exit 4) for a name there is no preset of."""
    if name not in PRESETS:
        raise not_found(
            f"There is no preset named {name!r}.",
            f"There are: {', '.join(PRESETS)}; `surveycli presets` explains them.",
        )
    return PRESETS[name].config


def resolve_model(name: str) -> str:
    """Return the Hugging Face id of a published model's short name; any other name is itself."""
    return PUBLISHED_MODELS.get(name, name)
