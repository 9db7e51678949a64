"""The control: populations bear each other's names, as in the [ctrl] of Cao et al. 2025."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from surveycli.domain import Population
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.predictor import Need


def control_populations(populations: Sequence[Population], shown: Sequence[str], seed: int) -> list[Population]:
    """Return populations that bear the name of a random other one of `shown`.

    The exchange is one cycle through `shown`, so that no population keeps its own name.
    """
    order = np.random.default_rng(seed).permutation(len(shown))
    partner = {shown[order[i]]: shown[order[(i + 1) % len(order)]] for i in range(len(order))}
    named = {(p.population_id, p.language): p for p in populations}
    exchanged = []
    for population in populations:
        other = named.get((partner.get(population.population_id, ""), population.language))
        exchanged.append(population if other is None else replace(other, population_id=population.population_id))
    return exchanged


PREDICTORS = (
    ModelPredictor(
        name="control",
        help="First token, with another population's name: what the name tells the model.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        elicitation="control",
        show=control_populations,
    ),
)
