"""Put trainable weights on a model, save them, and load them back onto the base they were trained on."""

from __future__ import annotations

import json
import math
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers.utils import logging

from surveycli.configuration import LoraSettings
from surveycli.engine.defaults import precision_of
from surveycli.engine.foreign import foreign, library_writes
from surveycli.engine.forward import parameter_dtype
from surveycli.engine.loading import CARD, demand_base, load_adapter
from surveycli.engine.lora_update import hasten_adapters
from surveycli.engine.model import LanguageModel
from surveycli.engine.source import ADAPTER_CONFIG
from surveycli.engine.weight_files import read_shapes
from surveycli.errors import bad_input


def make_trainable(language_model: LanguageModel, lora: LoraSettings | None) -> Any:
    """Return the model to train: with a LoRA adapter (weights in float32), or whole where `lora` is None.

    A model that came with an adapter has that one trained further, whatever `lora` says. Raises SurveyError (exit 3)
    where the model has none of the adapter's target matrices.
    """
    if language_model.adapter is not None:
        language_model.model.set_adapter(language_model.model.active_adapter, inference_mode=False)
        return language_model.model
    if lora is None:
        return language_model.model.requires_grad_(True)
    from peft import LoraConfig, get_peft_model

    # peft's preparation of quantised models is left out: it would have embeddings, norms and with them all activations
    # in float32, in training but not in prediction.
    targets: Any = lora.targets[0] if lora.targets == ("all-linear",) else list(lora.targets)
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=targets, task_type="CAUSAL_LM"
    )
    try:
        with _peft_at_peace():
            adapted = get_peft_model(language_model.model, config)
    except ValueError as error:
        raise bad_input(
            f"LoRA found no matrix named {', '.join(lora.targets)} in {language_model.spec.name}: {error}",
            "--lora-targets all-linear takes every linear layer.",
        ) from error
    return hasten_adapters(adapted, language_model.spec)


@contextmanager
def _peft_at_peace() -> Iterator[None]:
    """Keep from the user that peft asks transformers about checkpointing by a name that is to go."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*gradient_checkpointing", category=FutureWarning)
        yield


def recompute_activations(model: Any) -> None:
    """Have the layers compute their activations again in the backward pass instead of keeping them."""
    if hasattr(model, "activation_checkpointing_enable"):  # its name since transformers 5.2x
        model.activation_checkpointing_enable()
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def save_weights(model: Any, target: Path, fingerprint: str) -> None:
    """Write the trained weights and their base's fingerprint to the new folder `target`, aside and then renamed.

    Raises SurveyError (exit 3) where the disk is full or the folder may not be written to.
    """
    aside = target.with_name(f".{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    # peft would otherwise ask the hub whether the vocabulary was enlarged; embeddings are never trained alone here.
    logging.disable_progress_bar()
    with library_writes(target):
        model.save_pretrained(aside, **({"save_embedding_layers": False} if hasattr(model, "peft_config") else {}))
        kept = {"base_fingerprint": fingerprint, "precision": precision_of(parameter_dtype(model)).value}
        (aside / CARD).write_text(json.dumps(kept), encoding="utf-8")
        aside.rename(target)


def keep_weights(model: Any, weights: Path, epoch: int, fingerprint: str) -> str:
    """Write the weights of an epoch beside those kept before, and return the name of their folder.

    The name is a new one, also when a resumed training comes to the same epoch again: what was there stays whole.
    """
    weights.mkdir(parents=True, exist_ok=True)
    stem = f"epoch-{epoch:03d}"
    names = (stem, *(f"{stem}-{again}" for again in range(2, 1000)))
    name = next(name for name in names if not (weights / name).exists())
    save_weights(model, weights / name, fingerprint)
    return name


def trained_parameters(model: Any) -> dict[str, Any]:
    """Return the parameters that training changes, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def trained_norm(model: Any) -> float:
    """Return the Euclidean norm of all trained weights, added up in float64."""
    squares = [float(p.detach().double().square().sum()) for p in trained_parameters(model).values()]
    return math.sqrt(math.fsum(squares))


def restore_weights(model: Any, source: Path) -> None:
    """Put the weights that a training kept in `source` back on the model that is trained."""
    from safetensors.torch import load_file

    kept = {name: tensor for path in sorted(source.glob("*.safetensors")) for name, tensor in load_file(path).items()}
    if hasattr(model, "peft_config"):
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(model, kept, adapter_name=model.active_adapter)
    else:
        model.load_state_dict(kept, strict=False)  # weights that are tied are kept once


def load_weights(language_model: LanguageModel, source: Path) -> Any:
    """Return the model with the weights of `source`, in place of an adapter that it came with.

    Raises SurveyError: exit 5 where they were trained on another base, 3 where they are not whole.
    """
    name, base = language_model.spec.name, language_model.model
    demand_base(source, name, language_model.fingerprint)
    if (source / ADAPTER_CONFIG).is_file():
        if language_model.adapter is not None:
            base = base.unload()
        with _peft_at_peace():
            adapted = load_adapter(base, source, name, language_model.fingerprint)
        return hasten_adapters(adapted, language_model.spec)
    read_shapes(source)
    with foreign(f"The trained model {source} cannot be read"):
        trained = type(base).from_pretrained(source, dtype=base.dtype, use_safetensors=True, local_files_only=True)
    trained.set_attn_implementation(base.config._attn_implementation)
    return trained.to(language_model.device).eval()
