"""Read configuration, tokenizer, weights and adapter of a model, and refuse what is not whole before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from surveycli.configuration import ModelSpec
from surveycli.engine.architecture import (
    demand_decoder,
    demand_depth,
    demand_embedded,
    demand_finite,
    demand_size,
    demand_whole,
    mismatched,
)
from surveycli.engine.foreign import foreign
from surveycli.engine.source import ModelSource
from surveycli.engine.weight_files import read_shapes
from surveycli.errors import bad_input, conflict, missing_extra

CARD = "surveycli.json"
_CARD_LOST = "Take the weights' folder from where they were trained, or train anew."
# Of a stranger's folder no code is run, and nothing is fetched that the folder lacks.
_LOCAL = {"local_files_only": True, "trust_remote_code": False}
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def read_config(spec: ModelSpec, source: ModelSource) -> Any:
    """Return a model's configuration, whatever it is of. Raises SurveyError (exit 3) if broken, 6 without `gguf`."""
    with foreign(f"The configuration of {spec.name} cannot be read"):
        return AutoConfig.from_pretrained(source.folder, **_of(source))


def load_config(spec: ModelSpec, source: ModelSource) -> Any:
    """Return the configuration of a causal decoder. Raises SurveyError (exit 3) for any other, 6 without `gguf`."""
    config = read_config(spec, source)
    demand_decoder(spec.name, config)
    return config


def load_tokenizer(spec: ModelSpec, source: ModelSource) -> PreTrainedTokenizerBase:
    """Return the tokenizer. Raises SurveyError: exit 3 where it is broken or missing, 6 where a package for it is."""
    with foreign(
        f"The tokenizer of {spec.name} cannot be read", "Get the tokenizer's files anew, into the model's folder."
    ):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(source.folder, **_of(source))
        tokenizer.encode("What do you think? (A")
    tokenizer.name_or_path = spec.name
    return tokenizer


def build_outline(
    spec: ModelSpec, config: Any, dtype: torch.dtype | None = None, kind: Any = AutoModelForCausalLM
) -> Any:
    """Return the model that a configuration describes, on the meta device, without weights."""
    with foreign(f"The configuration of {spec.name} cannot be read"), torch.device("meta"):
        return kind.from_config(config, dtype=dtype, trust_remote_code=False)


def load_model(
    spec: ModelSpec,
    source: ModelSource,
    config: Any,
    tokenizer: PreTrainedTokenizerBase,
    arguments: Mapping[str, Any],
    kind: Any = AutoModelForCausalLM,
) -> Any:
    """Return the model of a `kind` with its weights; `arguments` are for transformers, `tokenizer` is only looked at.

    Raises SurveyError (exit 3) naming the tensors that are absent, of another shape, without a place or not finite.
    """
    if source.gguf_file is None:
        shapes = read_shapes(source.folder)
        demand_depth(spec.name, config, shapes)
        if getattr(config, "quantization_config", None) is None:
            demand_size(spec.name, build_outline(spec, config, kind=kind), shapes)
        arguments = {**arguments, "config": config, "use_safetensors": True}
    with foreign(f"The model {spec.name} cannot be read"):
        model, found = kind.from_pretrained(
            source.folder, output_loading_info=True, ignore_mismatched_sizes=True, **arguments, **_of(source)
        )
    if found["mismatched_keys"]:
        raise mismatched(spec.name, found["mismatched_keys"])
    demand_whole(spec.name, model, found["missing_keys"], found["unexpected_keys"])
    demand_embedded(spec.name, model, tokenizer)
    demand_finite(spec.name, model)
    if source.gguf_file is not None:
        _forget_packing(model)
    model.name_or_path = model.config._name_or_path = spec.name
    return model


def load_adapter(model: Any, adapter: Path, base_name: str, base_fingerprint: str) -> Any:
    """Return `model`, the base of this name and fingerprint, with the adapter of a folder on it, in eval mode.

    Raises SurveyError: exit 5 where the adapter was trained here on another base, 3 where it does not
    change matrices, is incomplete, or does not fit.
    """
    from peft import PeftConfig, PeftModelForCausalLM

    demand_base(adapter, base_name, base_fingerprint)
    read_shapes(adapter, [ADAPTER_WEIGHTS])
    with foreign(f"The adapter {adapter} cannot be read", "It may belong to another base model."):
        config = PeftConfig.from_pretrained(adapter)
        _demand_matrices(adapter, config)
        config.inference_mode = True
        adapted = PeftModelForCausalLM(model, config)
        found = adapted.load_adapter(adapter, adapted.active_adapter, is_trainable=False)
    demand_whole(str(adapter), adapted, found.missing_keys, found.unexpected_keys)
    demand_finite(str(adapter), adapted)
    return adapted.eval()


def demand_base(weights: Path, base_name: str, base_fingerprint: str) -> None:
    """Raise SurveyError where trained weights have a card that names another base (exit 5) or is damaged (3).

    An adapter loads onto any model of the right shape, and would answer nonsense without a word.
    """
    card = _read_card(weights)
    if card is None:
        return  # it was trained elsewhere
    trained_on = card["base_fingerprint"]
    if trained_on != base_fingerprint:
        raise conflict(
            f"The weights in {weights} belong to a base with fingerprint {trained_on}; "
            f"{base_name} has {base_fingerprint}.",
            "Predict with the model, revision and precision that the run was trained with.",
        )


def precision_kept(weights: Path) -> str | None:
    """Return the number format of the base that weights were trained on, "" where that is not kept with them.

    None for weights that were trained elsewhere. Raises SurveyError (exit 3) where the card is damaged.
    """
    card = _read_card(weights)
    return None if card is None else str(card.get("precision", ""))


def _read_card(weights: Path) -> dict[str, Any] | None:
    card = weights / CARD
    if not card.is_file():
        return None
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise bad_input(f"{card} cannot be read: {error}.", _CARD_LOST) from error
    if not isinstance(content, dict) or not isinstance(content.get("base_fingerprint"), str):
        raise bad_input(f"{card} does not say which base the weights belong to.", _CARD_LOST)
    return content


def _demand_matrices(adapter: Path, config: Any) -> None:
    if config.is_prompt_learning or config.is_adaption_prompt:
        raise bad_input(
            f"The adapter {adapter} is of type {config.peft_type}, which changes the prompt rather than the model.",
            "LoRA and other adapters of the model's matrices are read.",
        )


def _of(source: ModelSource) -> dict[str, Any]:
    """Return what transformers is told of where a source's files are. Raises SurveyError (exit 6) without `gguf`."""
    if source.gguf_file is None:
        return _LOCAL
    if find_spec("gguf") is None:
        raise missing_extra(f"{source.gguf_file} needs the package gguf.", "`pip install 'surveycli[gguf]'`.")
    return {**_LOCAL, "gguf_file": source.gguf_file}


def _forget_packing(model: Any) -> None:
    """Take off the mark of packed weights, which a GGUF file's no longer are: it forbids saving and training."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
    model.quantization_method = None
