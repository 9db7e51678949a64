"""Orders of an item's options that are drawn at random, alike for the same names whatever is worked on before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from surveycli.domain import Cell

# The order of a cell's options, K of them: the code-order index of the option behind each letter.
Permute = Callable[[Cell, int], Sequence[int]]


def drawn_by(*names: object) -> np.random.Generator:
    """Return random numbers that follow from `names` alone, never from the order of work."""
    digest = hashlib.sha256("|".join(map(str, names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def orders_of_epoch(seed: int, epoch: int, n_orders: int) -> Permute:
    """Return the orders that a training asks cells in during an epoch: for each item the codes' own and others.

    A cell has one of `n_orders` by chance. Cells of an item that have the same share the beginning of their prompts.
    """

    def permute(cell: Cell, n_options: int) -> Sequence[int]:
        item = (cell.key.survey_id, cell.key.item_id)
        number = int(drawn_by(seed, epoch, *item, cell.key.population_id).integers(n_orders))
        codes = range(n_options)
        return codes if number == 0 else drawn_by(seed, epoch, *item, number).permutation(codes).tolist()

    return permute
