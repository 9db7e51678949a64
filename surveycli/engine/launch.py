"""What can be said of a run before torch is loaded: whether its settings go together, and its model is at hand."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.configuration import ModelSpec, Precision, Quantise, TrackerName
from surveycli.errors import missing_extra, usage

if TYPE_CHECKING:
    from surveycli.engine.source import ModelSource


def is_launched() -> bool:
    """Return whether a launcher started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def demand_one_process(command: str) -> None:
    """Raise SurveyError (exit 2) where a launcher starts a command that works on a store."""
    if is_launched():
        raise usage(
            "Several processes cannot write to one store.",
            f"Prepare the run once with --prepare-only, and launch `surveycli {command} --folder DIR`.",
        )


def demand_shardable(spec: ModelSpec, *, trains_all: bool = False) -> None:
    """Raise SurveyError (exit 2) where a model is to be sharded that is held in few bits, or trained in full."""
    if not spec.sharded:
        return
    if spec.quantise is not Quantise.NONE:
        raise usage("Quantised weights are not sharded.", "Leave out --quantise or --shard-model.")
    if trains_all:
        raise usage(
            "Only frozen weights are sharded, and this training changes all of them.",
            "Leave out --shard-model, or take a preset that trains an adapter.",
        )


def as_held(spec: ModelSpec) -> ModelSpec:
    """Return a preset's or an older run's model as it is held: the built-in one in float32, whatever they say."""
    return replace(spec, quantise=Quantise.NONE, precision=Precision.AUTO) if spec.is_tiny else spec


def demand_fitting(spec: ModelSpec) -> None:
    """Raise SurveyError (exit 2) for what was chosen but these weights cannot take, as far as that is known offline.

    What a model on the hub turns out to be is looked at when it is loaded.
    """
    if spec.is_tiny:
        if spec.quantise is not Quantise.NONE or spec.precision is Precision.BFLOAT16:
            raise usage("The model tiny is held in float32.", "Leave out --quantise and --precision.")
        if spec.revision is not None:
            raise usage("The model tiny has no revisions.", "Leave out --revision.")
        return
    if not Path(spec.name).expanduser().exists():
        return
    if spec.revision is not None:
        raise usage(f"{spec.name} is on this machine; only models on the hub have revisions.", "Leave out --revision.")
    if spec.sharded or spec.quantise is not Quantise.NONE:
        from surveycli.engine.source import locate_model

        demand_source_fits(spec, locate_model(spec, fetch=False))


def demand_source_fits(spec: ModelSpec, source: ModelSource) -> None:
    """Raise SurveyError (exit 2) where an adapter is to be sharded, or a GGUF file to be quantised anew."""
    if spec.sharded and source.adapter is not None:
        raise usage(f"{spec.name} is an adapter, and only whole models are sharded.", "Leave out --shard-model.")
    if spec.quantise is not Quantise.NONE and source.gguf_file is not None:
        raise usage(f"{source.gguf_file} is quantised already.", "Leave out --quantise.")


def demand_tracker(name: TrackerName) -> None:
    """Raise SurveyError (exit 6) where a tracker's package is not installed."""
    if name not in {TrackerName.NONE, TrackerName.CSV} and find_spec(name.value) is None:
        raise missing_extra(f"--log-to {name.value} needs the package {name.value}.", f"`pip install {name.value}`.")


def demand_at_hand(spec: ModelSpec) -> None:
    """Raise SurveyError as loading would where a model's folder or file is missing, or the hub has to be reached and
    cannot be, or does not have it. Nothing is fetched.
    """
    if spec.is_tiny:
        return
    from surveycli.engine.source import locate_model

    locate_model(spec, fetch=False)
