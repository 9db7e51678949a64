"""Layers compiled by torch.compile: fewer and larger operations, after a minute or so of compiling."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import Any

import torch

from surveycli.configuration import ModelSpec
from surveycli.engine.own_head import decoder_of
from surveycli.errors import missing_extra, usage


def demand_compilable(spec: ModelSpec, device: torch.device) -> None:
    """Raise SurveyError where layers cannot be compiled: exit 2 for sharded ones, 6 on a CPU without a C++ compiler."""
    if not spec.compiled:
        return
    if spec.sharded:
        raise usage("Sharded layers are not compiled.", "Leave out --compile or --shard-model.")
    compilers = (os.environ.get("CXX", "c++"), "g++", "clang++")
    if device.type == "cpu" and not any(map(shutil.which, compilers)):
        raise missing_extra("--compile needs a C++ compiler on a CPU.", "Install g++ or clang, or leave out --compile.")


def compile_layers(model: Any) -> None:
    """Have each decoder layer compiled at its first use, for rows of any length.

    Not the last one: it is taken apart at each row so as to compute only what is read (last_layer.py).
    """
    # torch looks at gradients where it goes on after an attention that it leaves as it is, and warns of itself.
    warnings.filterwarnings(
        "ignore", message="The .grad attribute of a Tensor that is not a leaf", category=UserWarning
    )
    for layer in getattr(decoder_of(model), "layers", ())[:-1]:
        layer.compile(dynamic=True)
