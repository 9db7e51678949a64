"""Load a causal language model from wherever its files lie, or build the tiny stand-in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from surveycli.configuration import ModelSpec, Quantise
from surveycli.engine.compilation import compile_layers, demand_compilable
from surveycli.engine.defaults import choose_device, choose_dtype, settle_attention, settle_precision
from surveycli.engine.launch import demand_shardable, demand_source_fits, is_launched
from surveycli.engine.loading import (
    build_outline,
    load_adapter,
    load_config,
    load_model,
    load_tokenizer,
    precision_kept,
)
from surveycli.engine.lora_update import hasten_adapters
from surveycli.engine.quantise import keep_differentiable, quantisation
from surveycli.engine.sharding import shard_model
from surveycli.engine.source import ModelSource, locate_model
from surveycli.engine.tiny import build_tiny_model, load_tiny_tokenizer

__all__ = ["LanguageModel", "choose_device", "fingerprint", "load_language_model", "outline_language_model"]


@dataclass(slots=True)
class LanguageModel:
    """A loaded model with its tokenizer.

    `fingerprint` identifies the weights as they came and the tokenizer; `adapter` is the folder of the adapter that the
    model came with.
    """

    model: Any
    tokenizer: PreTrainedTokenizerBase
    fingerprint: str
    spec: ModelSpec
    adapter: Path | None = None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.model.parameters()).device
        return device


def load_language_model(spec: ModelSpec, *, share_prefixes: bool = False, trains_all: bool = False) -> LanguageModel:
    """Load model and tokenizer, ready to compute (eval mode), with the attention that suits shared prefixes or not.

    Where the number format is left to us, an adapter's base has the one that the adapter was trained with, and a model
    of which a training changes all weights (`trains_all`) has float32 on a processor. A model to be sharded is so if a
    launcher started several processes; they must have joined before.
    Raises SurveyError: exit 4 where the model cannot be found or reached, 3 where it is not a complete causal language
    model with finite weights in safetensors or GGUF, 6 where a package for quantised weights or a compiler is missing,
    2 for weights that cannot be sharded, quantised or compiled as asked, 5 for an adapter of another base or format.
    """
    logging.disable_progress_bar()  # a run shows its own progress
    demand_shardable(spec)
    device = choose_device(spec.device)
    demand_compilable(spec, device)
    source = None if spec.is_tiny else locate_model(spec)
    if source is None:
        tokenizer: PreTrainedTokenizerBase = load_tiny_tokenizer()
        model: PreTrainedModel = build_tiny_model(tokenizer, spec.seed)
        # Its matrices are too small to gain from a second thread, which on a busy machine has to be waited for.
        torch.set_num_threads(1)
    else:
        demand_source_fits(spec, source)
        config = load_config(spec, source)
        tokenizer = load_tokenizer(spec, source)
        model = load_model(
            spec, source, config, tokenizer, _model_arguments(spec, _dtype(spec, source, config, trains_all=trains_all))
        )
    found = fingerprint(model, tokenizer)
    if spec.sharded and is_launched():
        shard_model(model, device)
    elif spec.quantise is Quantise.NONE:
        model.to(device)
    else:
        keep_differentiable(model)
    settle_attention(model, spec, share_prefixes=share_prefixes)
    if spec.compiled:
        compile_layers(model)
    if source is not None and source.adapter is not None:
        model = load_adapter(model, source.adapter, spec.name, found)
        found = fingerprint(model, tokenizer)
        model = hasten_adapters(model, spec)
    model.eval()
    return LanguageModel(model, tokenizer, found, spec, None if source is None else source.adapter)


def outline_language_model(spec: ModelSpec, *, trains_all: bool = False) -> LanguageModel:
    """Return the model without its weights, on the meta device: of others than `tiny` configuration and tokenizer are
    read. Raises SurveyError as `load_language_model` does.
    """
    if spec.is_tiny:
        tokenizer = load_tiny_tokenizer()
        with torch.device("meta"):
            model = build_tiny_model(tokenizer, spec.seed)
        return LanguageModel(model, tokenizer, "", spec)
    source = locate_model(spec)
    config = load_config(spec, source)
    model = build_outline(spec, config, _dtype(spec, source, config, trains_all=trains_all))
    return LanguageModel(model, load_tokenizer(spec, source), "", spec, source.adapter)


def _dtype(spec: ModelSpec, source: ModelSource, config: Any, *, trains_all: bool) -> torch.dtype:
    if source.adapter is not None:
        spec = settle_precision(spec, precision_kept(source.adapter))
    stored = getattr(config.get_text_config(), "dtype", None)
    # What a processor quantises, and what it trains in full, it computes in float32.
    keeps_format = spec.quantise is Quantise.NONE and not trains_all
    narrow = keeps_format and (source.gguf_file is not None or stored is torch.bfloat16)
    return choose_dtype(spec.precision, choose_device(spec.device), comes_narrow=narrow)


def _model_arguments(spec: ModelSpec, dtype: torch.dtype) -> dict[str, Any]:
    arguments: dict[str, Any] = {"dtype": dtype}
    if spec.quantise is not Quantise.NONE:
        arguments["quantization_config"] = quantisation(spec.quantise, dtype)
        arguments["device_map"] = {"": choose_device(spec.device)}
    return arguments


def fingerprint(model: Any, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return 16 hex digits that change with the architecture, the vocabulary or the weights.

    Of each weight matrix a few values enter, so that the cost does not grow with the model; of the configuration only
    its dimensions, since a new version of transformers writes other fields for the same model.
    """
    digest = hashlib.sha256()
    config = model.config.to_dict()
    shape = {name: config.get(name) for name in _SHAPE}
    digest.update(json.dumps(shape, sort_keys=True).encode())
    digest.update(json.dumps(sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])).encode())
    digest.update(str(tokenizer.chat_template or "").encode())
    for name, parameter in sorted(model.named_parameters()):
        values = parameter.detach().flatten()
        picked = values[:: max(1, values.numel() // 64)][:64].float().cpu()
        digest.update(name.encode() + picked.numpy().tobytes())
    return digest.hexdigest()[:16]


_SHAPE = (
    "model_type",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
)
