"""The settings of a model run as frozen values: what a command, a file or a manifest may choose, and its help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from surveycli.domain import Shares
from surveycli.prompt import PromptStyle
from surveycli.setting import setting

TINY = "tiny"
FIRST_TOKEN = "first-token"
# The headings that settings stand under in help, and what it says where presets differ.
MODEL, PROMPT, TRAINING, COMPUTING = "Model", "Prompt", "Training", "Computing"
PRESETS_OWN = "the preset's"
CHOSEN = "chosen_on_validation"  # in a run's configuration: a result, which no setting says
_MOST_SEED = (1 << 63) - 1


def bounded(default: Any, **bounds: float) -> Any:
    """Return a field that no option sets, with values from `least` (or `above`) up to `most` (or `below`)."""
    return field(default=default, metadata=bounds)


class Quantise(StrEnum):
    """In how many bits the frozen weights are kept."""

    NONE = "none"
    EIGHT_BIT = "8bit"
    FOUR_BIT = "4bit"


class Precision(StrEnum):
    """The number format of the weights; what `auto` is depends on device and model (engine/defaults.py)."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Loss(StrEnum):
    """What training minimises, per prompt, then averaged over prompts. All are defined on probabilities."""

    KL = "kl"
    KL_PER_OPTION = "kl-per-option"
    JS = "js"
    EMD = "emd"
    CROSS_ENTROPY = "cross-entropy"


class Balance(StrEnum):
    """What counts the same in training, however many cells it has: each cell, each item or each survey."""

    NONE = "none"
    ITEM = "item"
    SURVEY = "survey"


class TrackerName(StrEnum):
    """Where a training's curve is sent beside its run folder."""

    NONE = "none"
    CSV = "csv"
    TENSORBOARD = "tensorboard"
    TRACKIO = "trackio"
    WANDB = "wandb"


class Schedule(StrEnum):
    """How the learning rate falls: by a factor per epoch, or along a half cosine to zero."""

    PER_EPOCH = "per-epoch"
    COSINE = "cosine"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model, and how to hold and run it.

    `sharded`: each of several processes keeps a slice of the frozen weights. `compiled`: torch.compile fuses the
    operations of each layer.
    """

    name: str = setting(
        TINY,
        "A Hugging Face id, a local folder, a name that `surveycli presets` lists, or tiny (built in, no download).",
        flag="--model",
        group=MODEL,
    )
    revision: str | None = None
    precision: Precision = setting(Precision.AUTO, "Number format of the weights.", group=MODEL)
    quantise: Quantise = setting(
        Quantise.NONE, "Bits of the frozen weights (extra: quantised).", shown="none, or the preset's", group=MODEL
    )
    device: str = setting("auto", "cpu, cuda, or auto.", group=COMPUTING)
    attention: str = setting("auto", "auto, sdpa, eager or flex_attention.", group=COMPUTING)
    seed: int = bounded(42, least=0, most=_MOST_SEED)
    sharded: bool = setting(
        False,
        "Where torchrun starts several processes, share out the frozen weights.",
        flag="--shard-model/--no-shard-model",
        group=COMPUTING,
    )
    compiled: bool = setting(
        False, "Faster steps after a minute of compiling (torch.compile).", flag="--compile", group=COMPUTING
    )

    @property
    def is_tiny(self) -> bool:
        """Whether this is the stand-in, which starts from nothing and is trained in full."""
        return self.name == TINY

    def with_whole_path(self) -> ModelSpec:
        """Return the model with a folder's path in full, so that it is found from any other folder."""
        folder = Path(self.name)
        return replace(self, name=str(folder.resolve())) if not self.is_tiny and folder.is_dir() else self


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """A low-rank adapter: W + (alpha / rank) B A on each target matrix W (Hu et al. 2022)."""

    rank: int = setting(
        8, "Rank of the adapter's matrices.", flag="--lora-rank", least=1, shown=PRESETS_OWN, group=TRAINING
    )
    alpha: int = bounded(32, least=1)
    dropout: float = bounded(0.05, least=0, below=1)
    targets: tuple[str, ...] = setting(
        ("q_proj", "v_proj"),
        "Names of the matrices that it changes, with commas, or all-linear.",
        flag="--lora-targets",
        shown=PRESETS_OWN,
        group=TRAINING,
        commas=True,
    )


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """AdamW, its schedule, and when to stop.

    `betas` are the decay rates of AdamW's running mean and running square of the gradient (Loshchilov and Hutter 2019).
    `patience` counts epochs without a better validation loss; 0 never stops. The losses look at the letters' shares of
    one another alone; `letter_mass` adds that many times -log(the letters' total probability) to the training loss.
    """

    epochs: int = setting(5, "Passes over the training part.", least=1, shown=PRESETS_OWN, group=TRAINING)
    learning_rate: float = setting(
        1e-4, "Step size of the optimiser, at its highest.", least=0, shown=PRESETS_OWN, group=TRAINING
    )
    schedule: Schedule = Schedule.PER_EPOCH
    decay_per_epoch: float = bounded(0.85, above=0)
    warmup_steps: int = bounded(0, least=0)
    weight_decay: float = bounded(0.0, least=0)
    betas: tuple[float, float] = bounded((0.9, 0.999), least=0, below=1)
    batch_size: int = setting(16, "Prompts per optimiser step.", least=1, shown=PRESETS_OWN, group=TRAINING)
    gradient_clip: float = bounded(0.0, least=0)
    patience: int = setting(
        0,
        "Epochs without a better validation loss before it stops; 0 never stops.",
        least=0,
        shown=PRESETS_OWN,
        group=TRAINING,
    )
    loss: Loss = setting(Loss.KL, "What training minimises.", group=TRAINING)
    letter_mass: float = setting(
        0.0, "Weight, beside the loss, of keeping probability on the option letters.", least=0, group=TRAINING
    )
    balance: Balance = setting(
        Balance.NONE, "Let each item, or survey, count the same, however many cells it has.", group=TRAINING
    )
    weigh_by_precision: bool = setting(
        False, "Let cells count by their effective respondents n, as n / (n + 200).", group=TRAINING
    )


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How prompts go through the model.

    With `share_prefixes` up to `examples_per_tree` prompts that begin alike form a tree, and trees fill rows of up to
    `max_row_tokens` tokens; without, prompts of like length are padded to one another. 0 row tokens leave the choice to
    the device (engine/defaults.py).
    """

    share_prefixes: bool = setting(
        True,
        "Compute a beginning that prompts share only once.",
        flag="--share-prefixes/--no-share-prefixes",
        shown="on",
        group=COMPUTING,
    )
    examples_per_tree: int = setting(
        16,
        "Prompts that share a beginning and are computed together, at most.",
        least=1,
        shown=PRESETS_OWN,
        group=COMPUTING,
    )
    max_row_tokens: int = bounded(0, least=0)
    checkpoint_every_steps: int = bounded(200, least=1)
    gradient_checkpointing: bool = setting(False, "Less memory, more time.", group=COMPUTING)


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """All that determines a fine-tuning, given the store's cells. `lora` None trains every weight."""

    split: str = setting("", "The split whose training part to learn from.")
    model: ModelSpec = field(default_factory=ModelSpec)
    prompt: PromptStyle = field(default_factory=PromptStyle)
    languages: tuple[str, ...] = setting(
        ("en",), "Language of the prompts; repeat for several.", flag="--language", shown="en", group=PROMPT
    )
    lora: LoraSettings | None = field(default_factory=LoraSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    batches: BatchSettings = field(default_factory=BatchSettings)
    shares: Shares = setting(Shares.WEIGHTED, "Which human shares to learn.", shown=PRESETS_OWN, group=TRAINING)
    seed: int = setting(42, "Seed of the order of prompts and of new weights.", least=0, group=TRAINING)
    log_every: int = setting(
        50, "Steps between lines of the log and its curve; 0 has them by epoch alone.", least=0, group=COMPUTING
    )
    log_to: TrackerName = setting(
        TrackerName.NONE, "Also send the curve to a tracker, or to curve.csv in the run's folder.", group=COMPUTING
    )
    train_items: int = setting(
        0, "Items of the training part to learn from, drawn at random; 0 takes all.", least=0, group=TRAINING
    )
    option_orders: int = setting(
        1,
        "Orders of its options that an epoch asks each item in: the codes' own, and others at random.",
        least=1,
        group=PROMPT,
    )
    calibrate: bool = setting(
        False,
        "Weigh the model against a prior on held-out cells, of the training part if validation lacks a kind.",
        flag="--calibrate/--no-calibrate",
        shown=PRESETS_OWN,
        group=TRAINING,
    )
    preset: str = ""


@dataclass(frozen=True, slots=True)
class PredictConfig:
    """All that determines a model's predictions, given cells and weights.

    `elicitation` is how the model is asked (prediction/elicitations/), with the `settings` of its own. `weights` None
    is the model as it came. `temperature` divides the option letters' logits; None chooses it on the validation part.
    """

    split: str = setting("", "The split to predict; a fine-tuning has its own.")
    model: ModelSpec = field(default_factory=ModelSpec)
    prompt: PromptStyle = field(default_factory=PromptStyle)
    languages: tuple[str, ...] = setting(
        ("en",), "Language of the prompts; repeat for several.", flag="--language", shown="en", group=PROMPT
    )
    elicitation: str = FIRST_TOKEN
    settings: Mapping[str, Any] = field(default_factory=dict)
    temperature: float | None = bounded(1.0, above=0)
    parts: tuple[str, ...] | None = setting(
        None, "A part to predict; repeat for several.", flag="--part", shown="all but train"
    )
    weights: str | None = None
    batches: BatchSettings = field(default_factory=BatchSettings)
    shares: Shares = setting(Shares.WEIGHTED, "Which human shares to learn from and be scored against.")
    seed: int = setting(42, "Seed of what is drawn at random.", least=0)
    calibrate: bool = setting(
        False,
        "Weigh the model against the prior as its training found best.",
        flag="--calibrate/--no-calibrate",
        shown="as it was trained",
    )
    exact: bool = setting(False, "Compute each prompt by itself: in bfloat16 its neighbours move it.", group=COMPUTING)
    debias: bool = setting(False, "Correct for biases of letters, orders and frames, as measured on validation.")
    trained_by: str | None = None
