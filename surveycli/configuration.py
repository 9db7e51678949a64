"""The settings of a model run, as frozen values that a manifest can keep and give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from surveycli.domain import Shares
from surveycli.prompt import PromptStyle

TINY = "tiny"
FIRST_TOKEN = "first-token"
Settings = TypeVar("Settings")


class Quantise(StrEnum):
    """In how many bits the frozen weights are kept."""

    NONE = "none"
    EIGHT_BIT = "8bit"
    FOUR_BIT = "4bit"


class Precision(StrEnum):
    """The number format of the weights; `auto` is bfloat16 on a GPU and float32 on a CPU."""

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

    name: str = TINY
    revision: str | None = None
    precision: Precision = Precision.AUTO
    quantise: Quantise = Quantise.NONE
    device: str = "auto"
    attention: str = "auto"
    seed: int = 42
    sharded: bool = False
    compiled: bool = False

    @property
    def is_tiny(self) -> bool:
        """Whether this is the stand-in, which starts from nothing and is trained in full."""
        return self.name == TINY


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """A low-rank adapter: W + (alpha / rank) B A on each target matrix W (Hu et al. 2022)."""

    rank: int = 8
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "v_proj")


@dataclass(frozen=True, slots=True)
class OptimiserSettings:
    """AdamW, its schedule, and when to stop.

    `betas` are the decay rates of AdamW's running mean and running square of the gradient (Loshchilov and Hutter 2019).
    `patience` counts epochs without a better validation loss; 0 never stops.
    """

    epochs: int = 5
    learning_rate: float = 1e-4
    schedule: Schedule = Schedule.PER_EPOCH
    decay_per_epoch: float = 0.85
    warmup_steps: int = 0
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    batch_size: int = 16
    gradient_clip: float = 0.0
    patience: int = 0
    loss: Loss = Loss.KL


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How prompts go through the model.

    With `share_prefixes` up to `examples_per_tree` prompts that begin alike form a tree, and trees fill rows of up to
    `max_row_tokens` tokens; without, prompts of like length are padded to one another. 0 row tokens leave the choice to
    the device (engine/defaults.py).
    """

    share_prefixes: bool = True
    examples_per_tree: int = 16
    max_row_tokens: int = 0
    checkpoint_every_steps: int = 200
    gradient_checkpointing: bool = False


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """All that determines a fine-tuning, given the store's cells. `lora` None trains every weight."""

    split: str
    model: ModelSpec = field(default_factory=ModelSpec)
    prompt: PromptStyle = field(default_factory=PromptStyle)
    languages: tuple[str, ...] = ("en",)
    lora: LoraSettings | None = field(default_factory=LoraSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    batches: BatchSettings = field(default_factory=BatchSettings)
    shares: Shares = Shares.WEIGHTED
    seed: int = 42
    preset: str = ""


@dataclass(frozen=True, slots=True)
class PredictConfig:
    """All that determines a model's predictions, given cells and weights.

    `elicitation` is how the model is asked (prediction/elicitations/). `weights` None is the model as it came.
    `temperature` divides the option letters' logits; None chooses it on the validation part.
    """

    split: str
    model: ModelSpec = field(default_factory=ModelSpec)
    prompt: PromptStyle = field(default_factory=PromptStyle)
    languages: tuple[str, ...] = ("en",)
    elicitation: str = FIRST_TOKEN
    n_permutations: int = 4
    temperature: float | None = 1.0
    parts: tuple[str, ...] | None = None
    weights: str | None = None
    batches: BatchSettings = field(default_factory=BatchSettings)
    shares: Shares = Shares.WEIGHTED
    seed: int = 42
    trained_by: str | None = None


def to_plain(settings: Any) -> dict[str, Any]:
    """Return settings as plain values for JSON."""
    return {key: _plain(value) for key, value in asdict(settings).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(inner) for inner in value]
    return value


def from_plain(kind: type[Settings], plain: Mapping[str, Any]) -> Settings:
    """Return settings of a dataclass `kind` from what `to_plain` wrote.

    >>> from_plain(FinetuneConfig, to_plain(FinetuneConfig("paper"))) == FinetuneConfig("paper")
    True
    """
    hints = get_type_hints(kind)
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _typed(hints[name], value) for name, value in plain.items() if name in names})


def with_choices(settings: Settings, choices: Mapping[str, Any]) -> Settings:
    """Return settings with some fields chosen anew, by dotted name; None leaves a field as it is.

    >>> with_choices(FinetuneConfig("paper"), {"optimiser.epochs": 2, "seed": None}).optimiser.epochs
    2
    """
    plain = to_plain(settings)
    for name, value in choices.items():
        *path, last = name.split(".")
        place = plain
        for step in path:
            place = place[step] if place is not None else None  # a choice about LoRA where nothing is adapted
        if value is not None and place is not None:
            place[last] = _plain(value)
    return from_plain(type(settings), plain)


def _typed(hint: Any, value: Any) -> Any:
    if get_origin(hint) is UnionType:
        if value is None:
            return None
        return _typed(next(kind for kind in get_args(hint) if kind is not NoneType), value)
    if get_origin(hint) is tuple:
        return tuple(value)
    if is_dataclass(hint):
        return from_plain(hint, value)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return value
