"""What a model has to be before anything is computed: a causal decoder, whole, with finite weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING, PreTrainedTokenizerBase

from surveycli.engine.weight_files import count_numbers
from surveycli.errors import SurveyError, bad_input

_OTHER_TASKS = ("Classification", "MaskedLM", "QuestionAnswering", "MultipleChoice", "NextSentencePrediction")
_DECODERS = "Choose a decoder model such as Llama, Qwen, Gemma or Mistral."
# So many numbers of tables that are computed rather than stored (rotations of positions) are taken for possible.
_COMPUTED_NUMBERS = 1 << 28
_SHOWN = 3

Shapes = Mapping[str, tuple[int, ...]]


def demand_decoder(name: str, config: Any) -> None:
    """Raise SurveyError (exit 3) for a configuration that is not a causal decoder's, naming its architecture."""
    kind = type(config)
    listed = getattr(config, "architectures", None)
    architectures = [a for a in listed if isinstance(a, str)] if isinstance(listed, list) else []
    called = ", ".join(architectures) or f"of type {config.model_type}"
    reads_both_ways = kind in MODEL_FOR_MASKED_LM_MAPPING and not getattr(config, "is_decoder", False)
    if getattr(config, "is_encoder_decoder", False):
        raise bad_input(f"{name} ({called}) is an encoder with a decoder, not a decoder by itself.", _DECODERS)
    if kind not in MODEL_FOR_CAUSAL_LM_MAPPING or reads_both_ways:
        raise bad_input(f"{name} ({called}) is not a causal language model.", _DECODERS)
    if architectures and all(a.endswith(_OTHER_TASKS) for a in architectures):
        raise bad_input(f"{name} ({called}) is a model for another task than writing text.", _DECODERS)


def demand_depth(name: str, config: Any, shapes: Shapes) -> None:
    """Raise SurveyError (exit 3) where the configuration has more layers than there are tensors: building is slow."""
    layers = getattr(config.get_text_config(), "num_hidden_layers", None)
    if not isinstance(layers, int) or isinstance(layers, bool) or not 0 < layers <= len(shapes):
        raise bad_input(f"{name}: its configuration has {layers!r} layers, its files {len(shapes)} tensors.")


def demand_size(name: str, outline: Any, shapes: Shapes) -> None:
    """Raise SurveyError (exit 3) where the model that the configuration describes is far larger than its files.

    `outline` is that model on the meta device. Its absent weights would be made up, in any amount of memory.
    """
    described = sum(parameter.numel() for parameter in outline.parameters())
    stored = count_numbers(shapes)
    if described > 2 * stored:
        raise bad_input(f"{name}: its configuration describes {described:,} parameters, its files hold {stored:,}.")
    computed = sum(buffer.numel() for buffer in outline.buffers())
    if computed > max(_COMPUTED_NUMBERS, 2 * stored):
        raise bad_input(f"{name}: its configuration asks for tables of {computed:,} numbers.")


def demand_whole(name: str, model: Any, missing: Iterable[str], unexpected: Iterable[str]) -> None:
    """Raise SurveyError (exit 3) naming the tensors that the files lack, or that the architecture has no place for.

    A tensor without a place is refused where it belongs to a module that the model has, or to one more layer; others
    (heads for other tasks, towers for images) are not the decoder's.
    """
    absent = sorted(missing)
    modules = {_numberless(module) for module, _ in model.named_modules()}
    homeless = sorted(name for name in unexpected if _numberless(name).rpartition(".")[0] in modules)
    if absent:
        without_place = f" Tensors without a place in it: {_some(sorted(unexpected))}." if unexpected else ""
        raise bad_input(f"{name} lacks tensors of {type(model).__name__}: {_some(absent)}.{without_place}", _RENAMED)
    if homeless:
        raise bad_input(f"{name} has tensors that {type(model).__name__}, as configured, has no place for: "
                        f"{_some(homeless)}.", _RENAMED)  # fmt: skip


_RENAMED = "Configuration and weights do not belong together, or tensors were renamed; download the model again."


def demand_finite(name: str, model: Any) -> None:
    """Raise SurveyError (exit 3) naming the tensors with a NaN or an infinity in them."""
    broken = [key for key, tensor in model.state_dict().items() if tensor.is_floating_point() and not _finite(tensor)]
    if broken:
        raise bad_input(
            f"{name} has weights that are not finite numbers: {_some(broken)}.", "Download the model again."
        )


def _finite(tensor: torch.Tensor) -> bool:
    """Return whether no number is NaN or infinite; both show in the extremes, which need no copy of the tensor."""
    if not tensor.numel() or tensor.is_meta or tensor.itemsize == 1:
        return True
    return all(bool(extreme.isfinite()) for extreme in tensor.aminmax())


def demand_embedded(name: str, model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise SurveyError (exit 3) where the tokenizer has tokens beyond the rows of the embeddings.

    Control tokens that were added to it without a row do no harm as long as no prompt has them (reach.py).
    """
    rows = model.get_input_embeddings().weight.shape[0]
    control = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    beyond = [number for number in tokenizer.get_vocab().values() if number >= rows and number not in control]
    if beyond:
        raise bad_input(
            f"The tokenizer of {name} has tokens up to number {max(beyond)}, its embeddings {rows} rows.",
            "Tokenizer and weights do not belong together; download the model again.",
        )


def mismatched(name: str, pairs: Iterable[tuple[str, Any, Any]]) -> SurveyError:
    """Return the error (exit 3) for tensors, given with stored and expected shape, of another shape than configured."""
    listed = [f"{key} is {tuple(stored)}, expected {tuple(expected)}" for key, stored, expected in sorted(pairs)]
    return bad_input(f"{name} has tensors of another shape than its configuration says: {_some(listed)}.", _RENAMED)


def _numberless(name: str) -> str:
    return re.sub(r"\d+", "*", name)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
