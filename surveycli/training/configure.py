"""From a request to the configuration of a fine-tuning: a preset's, but for what the request chooses."""

from __future__ import annotations

from dataclasses import replace

from surveycli.configuration import TINY, FinetuneConfig
from surveycli.engine.launch import as_held, demand_fitting
from surveycli.engine.source import is_adapter
from surveycli.errors import usage
from surveycli.plain import nested, with_choices
from surveycli.presets import chosen_model, default_preset, preset_config
from surveycli.request.model_run import FinetuneRequest


def configure_finetuning(request: FinetuneRequest) -> FinetuneConfig:
    """Return the preset's configuration with what was chosen in its place; tiny is trained in full.

    Raises SurveyError: exit 2 without a split and for what the model at hand cannot take, such as the shape of a new
    adapter where the model is an adapter itself; 3 for a wrong name or value, 4 for an unknown preset.
    """
    choices = nested(request.choices)
    model = chosen_model(choices)
    shapes_adapter = choices.get("lora") is not None
    if model == TINY and shapes_adapter:
        raise usage(
            "The model tiny has no adapter: it is trained in full.",
            "Leave out --lora-rank and --lora-targets, or name another model.",
        )
    base = replace(preset_config(request.preset or default_preset(model)), split="")
    if model == TINY:
        base = replace(base, lora=None, model=as_held(replace(base.model, name=TINY)))
    config = with_choices(base, nested({**choices, "model.name": model}))
    if not config.split:
        raise usage("Which split? --split NAME is missing.", "`surveycli split` lists and makes splits.")
    demand_fitting(config.model)
    if shapes_adapter and is_adapter(config.model):
        raise usage(
            f"{model} is an adapter, which is trained further as it is; --lora-rank and --lora-targets shape new ones.",
            "Leave them out, or name the base model to train a new adapter.",
        )
    return config
