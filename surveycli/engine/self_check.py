"""Before a run: does this model, with this attention, compute rows of prompts as it computes one prompt at a time?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from surveycli.configuration import BatchSettings
from surveycli.engine.batching import plan_pass
from surveycli.engine.compute import OptionLogits, compute_options, compute_options_plainly
from surveycli.engine.defaults import FLEX
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example
from surveycli.engine.first_token import option_log_probabilities
from surveycli.engine.forward import attention_of, parameter_dtype
from surveycli.errors import SurveyError, bad_input

# Largest difference of log probabilities that rounding explains. bfloat16 keeps 8 bits: logits of a deep model differ
# by some hundredths when the order of additions changes.
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-9, torch.bfloat16: 0.25, torch.float16: 0.05}
_EXAMPLES = 6


@torch.no_grad()
def check_row_computation(
    model: Any, examples: Sequence[Example], tokens: OptionTokens, settings: BatchSettings
) -> float:
    """Return the largest difference of option log probabilities between rows and single prompts.

    Raises SurveyError (exit 3) where it is larger than rounding explains; nothing is computed with such a model.
    """
    check_prompts_fit(model, examples, share_prefixes=settings.share_prefixes)
    training, examples = model.training, _neighbours(examples)
    model.eval()
    worst = 0.0
    for row in plan_pass(examples, settings):
        chosen = [examples[i] for i in row]
        together = _log_probabilities(compute_options(model, chosen, tokens, settings))
        with _reference_attention(model):
            alone = [_log_probabilities(compute_options_plainly(model, example, tokens))[0] for example in chosen]
        worst = max(worst, *(float((a - t[: len(a)]).abs().max()) for a, t in zip(alone, together, strict=True)))
    model.train(training)
    if not worst <= TOLERANCE[parameter_dtype(model)]:  # a NaN is no agreement either
        raise _mismatch(model, worst)
    return worst


def check_prompts_fit(model: Any, examples: Sequence[Example], *, share_prefixes: bool) -> None:
    """Raise SurveyError (exit 3) where a prompt is longer than the model, or its attention window, reaches."""
    longest = max(len(example.tokens) for example in examples)
    config = model.config.get_text_config()
    reach = getattr(config, "max_position_embeddings", None)
    if reach and longest > reach:
        raise bad_input(
            f"A prompt has {longest} tokens; {type(model).__name__} reads {reach}.", "Choose another model."
        )
    window = getattr(config, "sliding_window", None)
    if share_prefixes and window and longest > window:
        raise bad_input(
            f"A prompt has {longest} tokens; {type(model).__name__} attends to the last {window}, which prompts that "
            "share their beginnings do not take into account.",
            "Turn sharing off with --no-share-prefixes.",
        )


@contextmanager
def _reference_attention(model: Any) -> Iterator[None]:
    """Compute single prompts without flex_attention, which would be compiled for every length of prompt."""
    attention = attention_of(model)
    if attention == FLEX:
        model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        if attention == FLEX:
            model.set_attn_implementation(FLEX)


def _neighbours(examples: Sequence[Example]) -> list[Example]:
    """Return a few examples of two groups, so that both shared and separate prompts are checked."""
    first, last = examples[0].group, examples[-1].group
    half = _EXAMPLES // 2
    return [e for e in examples if e.group == first][:half] + [e for e in examples if e.group == last][:half]


def _log_probabilities(options: OptionLogits) -> torch.Tensor:
    return option_log_probabilities(options.logits, options.present)


def _mismatch(model: Any, worst: float) -> SurveyError:
    return bad_input(
        f"{type(model).__name__} answers differently when prompts go through it together: log probabilities differ "
        f"by {worst:.2g}.",
        "Turn sharing off with --no-share-prefixes; this architecture or attention does not take the mask.",
    )
