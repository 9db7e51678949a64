"""On which human answers the prediction of a cell can rest, told from the training part alone."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from surveycli.baseline.descriptors import Descriptors
from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Ints


class CellKind(IntEnum):
    """Kinds of cells, the ones with the best evidence first; a cell is of the first that it fits."""

    OTHER_GROUPS = 0
    ASKED_ELSEWHERE = 1
    NEW_POPULATION = 2
    ASKED_NOWHERE = 3

    @property
    def title(self) -> str:
        """What training knows about such a cell, for people."""
        return _TITLES[self]


_TITLES = {
    CellKind.OTHER_GROUPS: "other groups of the country were asked",
    CellKind.ASKED_ELSEWHERE: "asked elsewhere, the population answered other items",
    CellKind.NEW_POPULATION: "asked elsewhere, nothing known of the population but descriptors",
    CellKind.ASKED_NOWHERE: "asked nowhere",
}


def kinds_of(train: AnsweredCells, target: Cells, descriptors: Descriptors) -> Ints:
    """Return the kind of each target cell: (N,)."""
    asked = np.isin(target.item, train.item)
    known = np.isin(target.population, train.population)
    kinds = np.where(asked, np.where(known, CellKind.ASKED_ELSEWHERE, CellKind.NEW_POPULATION), CellKind.ASKED_NOWHERE)
    return np.where(_has_siblings(train, target, descriptors), CellKind.OTHER_GROUPS, kinds)


def _has_siblings(train: AnsweredCells, target: Cells, descriptors: Descriptors) -> Bools:
    """Return for which cells (N,) another group of the country, by the same columns, answered the item."""
    keys = {
        (int(item), int(descriptors.country[population]), int(descriptors.grouping[population]))
        for item, population in zip(train.item, train.population, strict=True)
    }
    country, grouping = descriptors.country[target.population], descriptors.grouping[target.population]
    wanted = zip(target.item.tolist(), country.tolist(), grouping.tolist(), strict=True)
    return np.array([c >= 0 and g >= 0 and (i, c, g) in keys for i, c, g in wanted], dtype=np.bool_)
