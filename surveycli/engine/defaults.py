"""What `auto` means on each device: the one place where a default follows the machine.

| | CPU | GPU |
|---|---|---|
| number format | float32, or bfloat16 (below) | bfloat16 |
| tokens per row | 2048 | 8192 |
| tokens per batch of replies, prompts included | 4096 | 16384 |
| attention, prompts sharing beginnings | surveycli_forest (sdpa by blocks) | flex_attention |
| attention, prompts padded | sdpa | sdpa |

A processor that multiplies in bfloat16 holds weights in it that come in it, or packed in a GGUF file, and are not all
trained; it quantises others, and translates, in float32.

A model family without the attention named here keeps what transformers gives it, which is eager for most of them.

Both attentions leave out what is empty in the mask; a dense one costs the square of a row's length, and wants rows of
some hundred tokens. Longer rows repeat fewer beginnings, and on a GPU small ones would leave it idle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from surveycli.configuration import BatchSettings, ModelSpec, Precision
from surveycli.engine.forest_attention import FOREST
from surveycli.engine.processor import multiplies_bfloat16
from surveycli.errors import conflict, missing_extra

FLEX = "flex_attention"
ROW_TOKENS_CPU = 2048
ROW_TOKENS_GPU = 8192
REPLY_TOKENS_CPU = 4096
REPLY_TOKENS_GPU = 16384  # the keys and values of so many tokens take 2 GB in an 8B model, 13 GB in the older 13B ones
# Each prompt a row by itself: whatever else is asked, its answer is the same to the bit.
ALONE = BatchSettings(share_prefixes=False, max_row_tokens=1)


def choose_device(wanted: str) -> torch.device:
    """Return the device; `auto` takes a GPU where there is one. Raises SurveyError (exit 6) for one that is missing."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise missing_extra("No CUDA device was found.", "Leave out --device, or install a CUDA build of torch.")
    return device


def choose_dtype(precision: Precision, device: torch.device, *, comes_narrow: bool) -> torch.dtype:
    """Return the number format of the frozen weights; `comes_narrow`: they are stored in bfloat16, or packed."""
    if precision is not Precision.AUTO:
        return torch.bfloat16 if precision is Precision.BFLOAT16 else torch.float32
    is_narrow = device.type == "cuda" or (comes_narrow and multiplies_bfloat16())
    return torch.bfloat16 if is_narrow else torch.float32


def precision_of(dtype: torch.dtype) -> Precision:
    """Return the name of a number format, by which weights and predictions are kept with it."""
    return Precision.BFLOAT16 if dtype is torch.bfloat16 else Precision.FLOAT32


def settle_precision(spec: ModelSpec, made_in: str | None) -> ModelSpec:
    """Return the model in the number format in which something was made that is to go on.

    `made_in` is the name that was kept with it, "" where none was: then `auto` is what it was before names were kept,
    which followed from the device alone. None: nothing was made yet. Raises SurveyError (exit 5) for another format.
    """
    if made_in is None or spec.is_tiny:
        return spec
    if made_in not in {Precision.FLOAT32, Precision.BFLOAT16}:
        before = Precision.BFLOAT16 if choose_device(spec.device).type == "cuda" else Precision.FLOAT32
        return replace(spec, precision=before) if spec.precision is Precision.AUTO else spec
    if spec.precision not in {Precision.AUTO, made_in}:
        raise conflict(
            f"What is to go on was made with {spec.name} in {made_in}, not in {spec.precision}.",
            "Leave out --precision, or give another prediction of the model as it came a run of its own with --name.",
        )
    return replace(spec, precision=Precision(made_in))


def settle_batches(settings: BatchSettings, device: torch.device) -> BatchSettings:
    """Return the settings with the row size that they left to the device."""
    if settings.max_row_tokens > 0:
        return settings
    return replace(settings, max_row_tokens=ROW_TOKENS_GPU if device.type == "cuda" else ROW_TOKENS_CPU)


def reply_batch_tokens(device: torch.device) -> int:
    """Return how many tokens, of prompts and of the replies to them, are kept at once while replies are written."""
    return REPLY_TOKENS_GPU if device.type == "cuda" else REPLY_TOKENS_CPU


def settle_attention(model: Any, spec: ModelSpec, *, share_prefixes: bool) -> None:
    """Switch a loaded model to the attention asked for; `auto` is that of the table above."""
    if spec.attention != "auto":
        model.set_attn_implementation(spec.attention)
    elif share_prefixes and model.device.type == "cuda" and getattr(model, "_supports_flex_attn", False):
        model.set_attn_implementation(FLEX)
    elif share_prefixes and model.device.type == "cpu" and model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(FOREST)
