"""The options in another order than that of their codes: a random one, or several to average over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveycli.configuration import PredictConfig
from surveycli.domain import Cell
from surveycli.engine.option_orders import Permute, drawn_by
from surveycli.plain import from_plain
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.predictor import Need
from surveycli.setting import setting


@dataclass(frozen=True, slots=True)
class PermutedSettings:
    """How many orders are averaged over."""

    n_permutations: int = setting(4, "Orders of the options to average over.", flag="--n", least=1)


def random_order(config: PredictConfig) -> list[Permute | None]:
    """Return one permutation per item that depends on the item and the seed alone, never on the order of work.

    Every population sees the item's options in the same order, so that their prompts still share their beginnings.
    """

    def permute(cell: Cell, n_options: int) -> Sequence[int]:
        return [
            int(index) for index in drawn_by(config.seed, cell.key.survey_id, cell.key.item_id).permutation(n_options)
        ]

    return [permute]


def reverse_order(config: PredictConfig) -> list[Permute | None]:  # noqa: ARG001 - it is the same whatever is asked
    """Return the order from the last option to the first."""

    def permute(cell: Cell, n_options: int) -> Sequence[int]:  # noqa: ARG001 - and whatever the cell
        return list(range(n_options))[::-1]

    return [permute]


def rotated_orders(config: PredictConfig) -> list[Permute | None]:
    """Return one random order per item, rotated by an even share per turn, so that options visit places evenly."""
    n_turns = from_plain(PermutedSettings, config.settings).n_permutations
    return [rotated_order(config.seed, turn, n_turns) for turn in range(n_turns)]


def rotated_order(seed: int, turn: int, n_turns: int) -> Permute:
    """Return a random order per item, rotated by `turn` of `n_turns` even shares."""

    def permute(cell: Cell, n_options: int) -> Sequence[int]:
        order = drawn_by(seed, cell.key.survey_id, cell.key.item_id).permutation(n_options)
        return [int(index) for index in np.roll(order, round(turn * n_options / n_turns))]

    return permute


PREDICTORS = (
    ModelPredictor(
        name="shuffled",
        help="First token, with each item's options in one random order.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        elicitation="shuffled",
        orders=random_order,
    ),
    ModelPredictor(
        name="reversed",
        help="First token, with each item's options from the last to the first.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        elicitation="reversed",
        orders=reverse_order,
    ),
    ModelPredictor(
        name="permuted",
        help="First token, averaged over several orders of the options.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        settings=PermutedSettings,
        elicitation="permuted",
        orders=rotated_orders,
    ),
)
