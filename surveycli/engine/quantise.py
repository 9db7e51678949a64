"""Frozen weights held in four or eight bits, by bitsandbytes (the extra `quantised`)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from surveycli.configuration import Quantise
from surveycli.errors import missing_extra


def quantisation(quantise: Quantise, dtype: torch.dtype) -> Any:
    """Return how transformers is to hold the weights, multiplied in `dtype`, which all that is not quantised has.

    Four bits: NormalFloat with quantised scales (Dettmers et al. 2023, QLoRA). Eight bits: LLM.int8 (Dettmers et al.
    2022). Raises SurveyError (exit 6) where bitsandbytes is missing.
    """
    if find_spec("bitsandbytes") is None:
        raise missing_extra("Quantised weights need bitsandbytes.", "`pip install 'surveycli[quantised]'`.")
    if quantise is Quantise.EIGHT_BIT:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def keep_differentiable(model: Any) -> None:
    """Keep four-bit layers on a CPU from the layout that bitsandbytes changes to when they answer without gradients.

    On processors with bfloat16 instructions it is faster, but no gradient comes back through it, even after a
    return to training, and it computes in bfloat16 whatever was asked for.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
