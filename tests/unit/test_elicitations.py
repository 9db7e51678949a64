"""Elicitations: exchanged countries, options in other orders."""

from __future__ import annotations

from collections import Counter

import pytest
from model_samples import make_contents

from surveycli.configuration import PredictConfig
from surveycli.domain import Cell, CellKey
from surveycli.engine.option_orders import Permute
from surveycli.prediction.elicitation import find_elicitation
from surveycli.prediction.elicitations.control import control_populations

CONTENTS = make_contents(4, 7)
SHOWN = [p.population_id for p in CONTENTS.populations]
CELL = Cell(CellKey("s", "q1", "p1"), "test", "en")


def orders(config: PredictConfig) -> list[Permute | None]:
    return find_elicitation(config.elicitation).orders(config)


def test_control_gives_every_population_anothers_name() -> None:
    """No population keeps its own description, each description is used once, and ids stay."""
    exchanged = control_populations(CONTENTS.populations, SHOWN, seed=1)
    assert [p.population_id for p in exchanged] == SHOWN
    pairs = list(zip(exchanged, CONTENTS.populations, strict=True))
    assert all((a.name, a.description, a.context) != (b.name, b.description, b.context) for a, b in pairs)
    assert sorted(p.name for p in exchanged) == sorted(p.name for p in CONTENTS.populations)


def test_control_follows_from_the_seed() -> None:
    """The same seed exchanges the same names, another one others."""
    one, again, other = (control_populations(CONTENTS.populations, SHOWN, seed=s) for s in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_shuffled_order_is_the_items_not_the_cells() -> None:
    """It is a permutation that all populations of an item share and that the seed changes."""
    config = PredictConfig("x", elicitation="shuffled", seed=3)
    [permute] = orders(config)
    assert permute is not None
    assert sorted(permute(CELL, 10)) == list(range(10))
    assert permute(CELL, 10) == permute(Cell(CellKey("s", "q1", "p5"), "test", "en"), 10)
    [other] = orders(PredictConfig("x", elicitation="shuffled", seed=4))
    assert other is not None
    assert permute(CELL, 10) != other(CELL, 10)


@pytest.mark.parametrize("n_options", [2, 4, 5])
def test_permuted_orders_show_each_option_in_each_place(n_options: int) -> None:
    """With as many turns as options, every option stands once in every place."""
    config = PredictConfig("x", elicitation="permuted", settings={"n_permutations": n_options})
    seen = Counter(
        (place, option)
        for permute in orders(config)
        if permute is not None
        for place, option in enumerate(permute(CELL, n_options))
    )
    assert set(seen.values()) == {1}
    assert len(seen) == n_options**2


def test_first_token_keeps_code_order() -> None:
    """In the plain elicitation there is one order, that of the codes."""
    assert orders(PredictConfig("x")) == [None]
