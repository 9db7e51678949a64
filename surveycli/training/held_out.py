"""What a training is calibrated on: validation cells, and where these are of one kind alone, some of its own part.

Items that training knows are told from items that are new to it. Of a kind that validation lacks, whole batteries, or
whole populations with all of their subgroups, are taken out of the training part and not learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveycli.configuration import FinetuneConfig
from surveycli.distribution.mixture import LEAST_UNITS
from surveycli.domain import TRAIN, VALIDATION, Cell, Question
from surveycli.engine.option_orders import drawn_by

_FRACTION = 0.08  # of the training part's batteries, or populations
_LEAST_HELD = 4
_LEAST_THERE = 24  # batteries or populations, of which some can be spared


@dataclass(frozen=True, slots=True)
class HeldApart:
    """The cells with human shares that a training learns from, is validated on, and is calibrated on beside these."""

    train: tuple[Cell, ...]
    validation: tuple[Cell, ...]
    held_out: tuple[Cell, ...] = ()


def held_apart(cells: Sequence[Cell], questions: Sequence[Question], config: FinetuneConfig) -> HeldApart:
    """Return the cells by what becomes of them; the same for the same cells and seed."""
    known = [cell for cell in cells if cell.shares is not None]
    train, validation = (tuple(cell for cell in known if cell.part == part) for part in (TRAIN, VALIDATION))
    train = _of_some_items(train, config)
    if not config.calibrate:
        return HeldApart(train, validation)
    battery = batteries_of(questions)
    items = {_item(cell) for cell in train}
    seen, new = ([cell for cell in validation if (_item(cell) in items) is there] for there in (True, False))
    generator = np.random.default_rng([config.seed, 8])  # any fixed second number: apart from what plans are drawn with
    batteries = _some({battery[_item(cell)] for cell in train}, {battery[_item(cell)] for cell in new}, generator)
    people = _some(set(map(country_of, train)), set(map(country_of, seen)), generator)
    held = [battery[_item(cell)] in batteries or country_of(cell) in people for cell in train]
    learnt = tuple(cell for cell, is_held in zip(train, held, strict=True) if not is_held)
    return HeldApart(learnt, validation, tuple(cell for cell, is_held in zip(train, held, strict=True) if is_held))


def _of_some_items(train: tuple[Cell, ...], config: FinetuneConfig) -> tuple[Cell, ...]:
    """Return the cells of so many items as are asked for; with the same seed more items have the fewer among them."""
    items = {_item(cell) for cell in train}
    if not 0 < config.train_items < len(items):
        return train
    shuffled = sorted(items, key=lambda item: drawn_by(config.seed, "training items", *item).random())
    chosen = set(shuffled[: config.train_items])
    return tuple(cell for cell in train if _item(cell) in chosen)


def batteries_of(questions: Sequence[Question]) -> dict[tuple[str, str], str]:
    """Return the battery of each item, with its survey's name; an item without one is a battery of its own."""
    return {(q.survey_id, q.item_id): f"{q.survey_id} {q.battery or q.item_id}" for q in questions}


def country_of(cell: Cell) -> str:
    """Return the country of a cell's population, which its subgroups share."""
    return cell.key.population_id.partition("|")[0]


def _item(cell: Cell) -> tuple[str, str]:
    return cell.key.survey_id, cell.key.item_id


def _some(there: set[str], validated: set[str], generator: np.random.Generator) -> set[str]:
    """Return the units that are held out: none where validation has enough, or training too few to spare any."""
    if len(validated) >= LEAST_UNITS or len(there) < _LEAST_THERE:
        return set()
    n = max(_LEAST_HELD, round(_FRACTION * len(there)))
    return set(generator.choice(sorted(there), n, replace=False).tolist())
