"""Before a run: does the engine compute what the model itself computes, one prompt at a time and in rows?

The model's own forward pass on a prompt by itself is the judge. Three things are held against it, on real prompts, the
shortest and the longest among them: that it is causal (what stands after a prompt changes nothing before it), that the
engine's logits are its logits, and that prompts in a row are answered as they are alone.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from surveycli.configuration import BatchSettings
from surveycli.distribution.arrays import Ints
from surveycli.engine.batching import plan_pass
from surveycli.engine.compute import OptionLogits, compute_options, compute_options_plainly, vocabulary_normaliser
from surveycli.engine.defaults import FLEX
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example
from surveycli.engine.foreign import foreign
from surveycli.engine.forward import attention_of, device_of, parameter_dtype
from surveycli.engine.last_layer import compute_last_layer_whole, prunes_last_layer
from surveycli.engine.own_head import causal_model, name_of
from surveycli.errors import SurveyError, bad_input

# Largest difference of log probabilities that rounding explains. bfloat16 keeps 8 bits: logits of a deep model differ
# by some hundredths when the order of additions changes.
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-9, torch.bfloat16: 0.25, torch.float16: 0.05}
_EXAMPLES = 6
_REFERENCE = "sdpa"
_OTHER = "Choose another architecture."
_WIDER = "Try --precision float32, or choose another architecture."
_UNSHARED = "Turn sharing off with --no-share-prefixes; this architecture or attention does not take the mask."


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest differences from the model's own answers, in nats: of single prompts by the engine, and of rows.

    What is compared are the letters' log probabilities, among the letters and in the whole vocabulary.
    """

    alone: float
    in_rows: float


def check_row_computation(
    model: Any, examples: Sequence[Example], tokens: OptionTokens, settings: BatchSettings
) -> Agreement:
    """Return how well the engine agrees with the model's own forward pass on some of `examples`.

    Raises SurveyError (exit 3) that names what differs, where it is more than rounding explains; nothing is computed
    with such a model.
    """
    chosen, training = _chosen(examples), model.training
    model.eval()
    with torch.no_grad():
        own = _own_answers(model, chosen, tokens)
        other = _OTHER if parameter_dtype(model) is torch.float32 else _WIDER
        tolerance = TOLERANCE[parameter_dtype(model)] + _rounding(model, own)
        alone = _largest_difference(own, _answers_alone(model, chosen, tokens))
        if not alone <= tolerance:  # a NaN does not agree either
            raise bad_input(
                f"{name_of(model)} makes logits of its hidden states in a way that the engine does not follow: log "
                f"probabilities of letters differ by {alone:.2g} from those of its own forward pass.",
                other,
            )
        in_rows = _difference_in_rows(model, chosen, tokens, settings, own, tolerance)
        if not in_rows <= tolerance:
            raise bad_input(
                f"{name_of(model)} answers differently when prompts go through it together: log probabilities of "
                f"letters differ by {in_rows:.2g}.",
                _UNSHARED if settings.share_prefixes else other,
            )
    model.train(training)
    return Agreement(alone, in_rows)


def choose_rows(
    model: Any, examples: Sequence[Example], tokens: OptionTokens, settings: BatchSettings
) -> BatchSettings:
    """Return `settings`, or where prompts that share their beginnings do not agree, the same without sharing.

    Raises SurveyError (exit 3) as `check_row_computation` where neither agrees.
    """
    try:
        check_row_computation(model, examples, tokens, settings)
    except SurveyError:
        if not settings.share_prefixes:
            raise
        settings = replace(settings, share_prefixes=False)
        if attention_of(model) == FLEX:
            model.set_attn_implementation(_REFERENCE)
        check_row_computation(model, examples, tokens, settings)
    return settings


@dataclass(frozen=True, slots=True)
class _Answer:
    """Log probabilities (K,) of a prompt's letters, among them and in the whole vocabulary, and the largest logit."""

    among_letters: Tensor
    in_vocabulary: Tensor
    largest_logit: float


def _own_answers(model: Any, examples: Sequence[Example], tokens: OptionTokens) -> list[_Answer]:
    """Return the answers of the model's own forward pass. Raises SurveyError (exit 3) if not finite or not causal."""
    with _reference_attention(model), foreign(f"{name_of(model)} fails in its own forward pass"):
        answers = [_own_answer(model, example, example.tokens, tokens) for example in examples]
        followed = [_own_answer(model, e, np.append(e.tokens, tokens.ids[0]), tokens) for e in examples]
    if not all(bool(answer.in_vocabulary.isfinite().all()) for answer in answers):
        raise bad_input(f"{name_of(model)} answers with numbers that are not finite.", "Its weights are damaged.")
    difference = _largest_difference(answers, followed)
    if not difference <= TOLERANCE[parameter_dtype(model)] + _rounding(model, answers):
        raise bad_input(
            f"{name_of(model)} is not a causal decoder: what follows a prompt changes its log probabilities by "
            f"{difference:.2g}.",
            "Choose a decoder model such as Llama, Qwen, Gemma or Mistral.",
        )
    return answers


def _own_answer(model: Any, example: Example, ids: Ints, tokens: OptionTokens) -> _Answer:
    """Return the model's answer at the end of the example's prompt, with `ids` (T,) the prompt or one that goes on."""
    kept = len(ids) - len(example.tokens) + 1
    parameters = inspect.signature(causal_model(model).forward).parameters
    keep = {"logits_to_keep": kept} if "logits_to_keep" in parameters else {}
    logits = model(input_ids=torch.from_numpy(ids)[None].to(device_of(model)), use_cache=False, **keep).logits
    last = logits[0, -kept]
    wide = last.to(torch.promote_types(last.dtype, torch.float32))
    return _answer(wide[list(tokens.ids[: example.n_options])], wide.logsumexp(-1))


def _answer(letters: Tensor, log_normaliser: Tensor) -> _Answer:
    return _Answer(letters.log_softmax(-1), letters - log_normaliser, float(letters.abs().max()))


def _answers_alone(model: Any, examples: Sequence[Example], tokens: OptionTokens) -> list[_Answer]:
    with _reference_attention(model), foreign(f"{name_of(model)} cannot be taken apart by the engine"):
        return [
            _answers_of(model, [example], compute_options_plainly(model, example, tokens))[0] for example in examples
        ]


def _difference_in_rows(
    model: Any,
    examples: Sequence[Example],
    tokens: OptionTokens,
    settings: BatchSettings,
    own: Sequence[_Answer],
    tolerance: float,
) -> float:
    """Return the largest difference of rows, computed with the whole last layer from here on where pruning it fails."""
    if prunes_last_layer(model):
        try:
            pruned = _largest_difference(own, _answers_in_rows(model, examples, tokens, settings))
        except SurveyError:
            pruned = math.inf
        if pruned <= tolerance:
            return pruned
        compute_last_layer_whole(model)
    return _largest_difference(own, _answers_in_rows(model, examples, tokens, settings))


def _answers_in_rows(
    model: Any, examples: Sequence[Example], tokens: OptionTokens, settings: BatchSettings
) -> list[_Answer]:
    found: dict[int, _Answer] = {}
    with foreign(f"{name_of(model)} fails with several prompts together", _UNSHARED):
        for row in plan_pass(examples, settings):
            chosen = [examples[i] for i in row]
            answers = _answers_of(model, chosen, compute_options(model, chosen, tokens, settings))
            found.update(zip(row, answers, strict=True))
    return [found[i] for i in range(len(examples))]


def _answers_of(model: Any, examples: Sequence[Example], options: OptionLogits) -> list[_Answer]:
    normalisers = vocabulary_normaliser(model, options)
    return [
        _answer(logits[: example.n_options], normaliser)
        for example, logits, normaliser in zip(examples, options.logits, normalisers, strict=True)
    ]


def _largest_difference(first: Sequence[_Answer], second: Sequence[_Answer]) -> float:
    """Return the largest difference in any log probability; NaN where there is one."""
    differences = [
        torch.cat([a.among_letters - b.among_letters, a.in_vocabulary - b.in_vocabulary]).abs().max()
        for a, b in zip(first, second, strict=True)
    ]
    return float(torch.stack(differences).max())


def _rounding(model: Any, own: Sequence[_Answer]) -> float:
    """Return by how much the model's own rounding of its logits moves a difference of two of them.

    The engine multiplies with lm_head in float32; a bfloat16 model rounds its logits to 8 bits.
    """
    return torch.finfo(parameter_dtype(model)).eps * max(answer.largest_logit for answer in own)


@contextmanager
def _reference_attention(model: Any) -> Iterator[None]:
    """Compute single prompts without flex_attention, which would be compiled for every length of prompt."""
    attention = attention_of(model)
    if attention == FLEX:
        model.set_attn_implementation(_REFERENCE)
    try:
        yield
    finally:
        if attention == FLEX:
            model.set_attn_implementation(FLEX)


def _chosen(examples: Sequence[Example]) -> list[Example]:
    """Return some examples: of two groups, so that shared and separate prompts are met; the shortest, the longest."""
    first, last = examples[0].group, examples[-1].group
    half = _EXAMPLES // 2
    few = [e for e in examples if e.group == first][:half] + [e for e in examples if e.group == last][:half]
    by_length = sorted(examples, key=lambda example: len(example.tokens))
    return [*few, by_length[0], by_length[-1]]
