"""What a training does not learn from, to be calibrated on it."""

from __future__ import annotations

from dataclasses import replace

from surveycli.configuration import FinetuneConfig
from surveycli.domain import Cell, CellKey, Option, Question, Scale
from surveycli.training.held_out import country_of, held_apart

OPTIONS = (Option(1, "yes"), Option(2, "no"))
QUESTIONS = tuple(
    Question("s", f"q{i}", "en", f"Question {i}?", OPTIONS, Scale.BINARY, f"battery {i // 2}") for i in range(60)
)
COUNTRIES = [f"C{i:02d}" for i in range(30)]
CELLS = tuple(
    Cell(CellKey("s", question.item_id, f"{country}{group}"), "train", "en", (0.5, 0.5))
    for question in QUESTIONS
    for country in COUNTRIES
    for group in ("", "|sex=female")
)
CONFIG = FinetuneConfig("x", calibrate=True)


def test_batteries_and_populations_are_held_out_whole() -> None:
    """Where validation has nothing, four of 30 batteries and four countries with all their groups are not learnt."""
    apart = held_apart(CELLS, QUESTIONS, CONFIG)
    assert len(apart.train) + len(apart.held_out) == len(CELLS)
    items, people = ({(c.key.item_id, country_of(c)) for c in cells} for cells in (apart.train, apart.held_out))
    learnt_items, learnt_people = ({pair[place] for pair in items} for place in (0, 1))
    new_items = {item for item, _ in people} - learnt_items
    assert len(new_items) == 8
    assert {int(item[1:]) // 2 for item in new_items}.isdisjoint(int(item[1:]) // 2 for item in learnt_items)
    assert len({country for _, country in people} - learnt_people) == 4
    assert held_apart(CELLS, QUESTIONS, CONFIG) == apart != held_apart(CELLS, QUESTIONS, replace(CONFIG, seed=7))


def test_what_validation_has_is_not_held_out_again() -> None:
    """Validation of three new batteries leaves only populations to hold out, one of populations only batteries."""
    new_items = tuple(replace(cell, part="validation" if int(cell.key.item_id[1:]) < 6 else "train") for cell in CELLS)
    apart = held_apart(new_items, QUESTIONS, CONFIG)
    assert {cell.key.item_id for cell in apart.held_out} <= {cell.key.item_id for cell in apart.train}
    new_people = tuple(replace(cell, part="validation" if country_of(cell) < "C03" else "train") for cell in CELLS)
    apart = held_apart(new_people, QUESTIONS, CONFIG)
    assert {country_of(cell) for cell in apart.held_out} <= {country_of(cell) for cell in apart.train}


def test_little_is_not_made_less() -> None:
    """Of fewer than 24 batteries or populations none is spared, nor where no calibration is asked for."""
    few = [cell for cell in CELLS if country_of(cell) < "C10" and int(cell.key.item_id[1:]) < 40]
    assert held_apart(few, QUESTIONS, CONFIG).held_out == ()
    assert held_apart(CELLS, QUESTIONS, replace(CONFIG, calibrate=False)).held_out == ()
