"""Which models are shared out over processes, and which are refused."""

from __future__ import annotations

import pytest
import torch
from model_samples import build_model

from surveycli.configuration import ModelSpec, Quantise
from surveycli.engine.launch import demand_shardable
from surveycli.engine.processes import Processes
from surveycli.engine.sharding import is_sharded, pace_of, shard_model
from surveycli.errors import ExitCode, SurveyError


def test_a_model_without_a_list_of_layers_is_refused_as_it_was() -> None:
    """An architecture with another layout is refused with exit 3 before anything of it has changed."""
    model = build_model("GPT2")
    with pytest.raises(SurveyError, match="no list of layers") as error:
        shard_model(model, torch.device("cpu"))
    assert error.value.code == ExitCode.BAD_INPUT
    assert not is_sharded(model)
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("quantise", [Quantise.FOUR_BIT, Quantise.EIGHT_BIT])
def test_only_unquantised_frozen_weights_are_shared_out(quantise: Quantise) -> None:
    """Quantised weights and weights that are all trained are refused (exit 2), an adapter's base is not."""
    demand_shardable(ModelSpec("x", sharded=True))
    demand_shardable(ModelSpec("x", quantise=quantise), trains_all=True)
    for spec, trains_all in ((ModelSpec("x", sharded=True, quantise=quantise), False), (ModelSpec(sharded=True), True)):
        with pytest.raises(SurveyError) as error:
            demand_shardable(spec, trains_all=trains_all)
        assert error.value.code == ExitCode.USAGE


def test_one_process_waits_for_no_other() -> None:
    """With a whole model there is no row to compute for others' sake."""
    pace = pace_of(Processes(), build_model("Llama"))
    pace.before_row()
    assert list(pace.while_others_compute()) == []
