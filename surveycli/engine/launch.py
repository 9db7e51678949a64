"""What can be said of a run before torch is loaded: whether its settings go together, and its model is at hand."""

from __future__ import annotations

import os

from surveycli.configuration import ModelSpec, Quantise
from surveycli.errors import usage


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


def demand_at_hand(spec: ModelSpec) -> None:
    """Raise SurveyError as loading would where a model's folder or file is missing, or the hub has to be reached and
    cannot be, or does not have it. Nothing is fetched.
    """
    if spec.is_tiny:
        return
    from surveycli.engine.source import locate_model

    locate_model(spec, fetch=False)
