"""Groups of a country from its other groups: the gap, the fallback, and what is chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from surveycli.baseline.descriptors import Descriptors, describe
from surveycli.baseline.predictors.two_way import part_cells, predict_two_way
from surveycli.distribution.arrays import AnsweredCells, Catalogue, Cells
from surveycli.distribution.divergence import js_distance

COUNTRIES, GROUPS, N_ITEMS, K = 20, ("18-29", "30-49", "50+"), 15, 3
COLUMNS = (
    "un_region", "un_subregion", "cultural_zone", "majority_religion", "income_group", "human_development", "democracy"
)  # fmt: skip


def world(gap: float, noise: float, seed: int = 1) -> tuple[AnsweredCells, Descriptors]:
    """Age groups of 20 countries, 15 items: in logs a country's level, `gap` x an age effect, and own noise."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(N_ITEMS, COUNTRIES, 1, K)) + gap * rng.normal(size=(N_ITEMS, 1, len(GROUPS), K))
    logits = logits + noise * rng.normal(size=(N_ITEMS, COUNTRIES, len(GROUPS), K))
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    item, country, group = (axis.ravel() for axis in np.indices(shares.shape[:3]))
    names = tuple(f"C{c:02d}|age={g}" for c in range(COUNTRIES) for g in GROUPS)
    catalogue = Catalogue(tuple(("s", f"Q{i:02d}") for i in range(N_ITEMS)), names)
    n = len(item)
    population = country * len(GROUPS) + group
    cells = AnsweredCells(catalogue, item, population, np.full(n, K), shares.reshape(n, K), np.full(n, 1e6))
    rows = [
        {**dict.fromkeys(COLUMNS), "iso3": name[:3], "definition": json.dumps({"country": name[:3], "age": name[8:]})}
        for name in names
    ]
    return cells, describe(rows)


def without_one_group_each(cells: AnsweredCells) -> tuple[AnsweredCells, AnsweredCells]:
    country, group = np.divmod(cells.population, len(GROUPS))
    hidden = country % len(GROUPS) == group
    return cells.take(~hidden), cells.take(hidden)


def unanswered(cells: AnsweredCells) -> Cells:
    return Cells(cells.catalogue, cells.item, cells.population, cells.n_options)


def test_an_additive_gap_is_found_again() -> None:
    """With one other group per gap, effects that add up in logs are predicted to what sampling leaves."""
    cells, descriptors = world(gap=1.0, noise=0.0)
    train, test = without_one_group_each(cells)
    whole = predict_two_way(train, unanswered(test), descriptors)
    siblings = predict_two_way(train, unanswered(test), descriptors, shrinkage=0.0)
    assert whole.chosen == {"shrinkage": 1.0}
    assert js_distance(test.shares, whole.shares).mean() < 0.06
    assert js_distance(test.shares, siblings.shares).mean() > 0.1
    assert whole.bases[0].startswith("2 other groups of the country, their gap to this one from 1")


def test_a_gap_that_is_not_there_is_not_added() -> None:
    """Where groups differ by chance alone, siblings as they are come closest, and that is chosen."""
    cells, descriptors = world(gap=0.0, noise=0.5)
    train, test = without_one_group_each(cells)
    assert predict_two_way(train, unanswered(test), descriptors).chosen["shrinkage"] < 0.5


def test_the_gap_is_the_one_to_the_same_groups() -> None:
    """By hand: a country with its first group alone gets the second by what lies between these two elsewhere."""
    cells, descriptors = world(gap=1.0, noise=0.0)
    kept = (cells.item == 0) & ((cells.population >= 6) | (cells.population == 3))
    target = Cells(cells.catalogue, np.array([0]), np.array([4]), np.array([K]))
    answer = predict_two_way(cells.take(kept), target, descriptors, shrinkage=1.0)
    truth = cells.shares[(cells.item == 0) & (cells.population == 4)]
    assert answer.shares == pytest.approx(truth, abs=1e-4)
    assert answer.bases == (
        "1 other groups of the country, their gap to this one from 18 other countries",
        *answer.bases[1:],
    )


def test_a_country_of_which_nothing_is_known_falls_back() -> None:
    """Without any other group of the country the item mean answers, and says so."""
    cells, descriptors = world(gap=1.0, noise=0.0)
    train = cells.take(cells.population >= 3)
    answer = predict_two_way(train, unanswered(cells.take(cells.population == 0)), descriptors)
    assert {answer.bases[basis] for basis in answer.basis} == {"fallback: item mean"}


def test_a_training_cell_does_not_predict_itself() -> None:
    """What parts a cell does not change with the cell's own answer, so that leaving it out needs no second pass."""
    cells, descriptors = world(gap=1.0, noise=0.3)
    one = cells.take(cells.population == 0)
    others = cells.take(cells.population != 0)
    with_it, without_it = part_cells(cells, one, descriptors), part_cells(others, one, descriptors)
    assert with_it.siblings == pytest.approx(without_it.siblings)
    assert with_it.gap == pytest.approx(without_it.gap)
