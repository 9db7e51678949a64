"""How much each training cell counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from model_samples import make_training_folder, small_config

from surveycli.configuration import Balance, FinetuneConfig, OptimiserSettings
from surveycli.domain import Cell, CellKey, Option, Question, Scale
from surveycli.engine.processes import Processes
from surveycli.training.cell_weights import cell_weights
from surveycli.training.held_out import held_apart
from surveycli.training.job import open_job
from surveycli.training.train import _row_losses, train_step

# Items of one, two and five cells in one survey, and one of four in another.
SIZES = {("a", "q1"): 1, ("a", "q2"): 2, ("a", "q3"): 5, ("b", "q1"): 4}
CELLS = [
    Cell(CellKey(*item, f"C{n}"), "train", "en", (0.5, 0.5), 900, 100.0 * (1 + n))
    for item, size in SIZES.items()
    for n in range(size)
]
OPTIONS = (Option(1, "yes"), Option(2, "no"))
QUESTIONS = [Question(*item, "en", "Is it so?", OPTIONS, Scale.BINARY) for item in (*SIZES, ("b", "q9"))]


def test_cells_count_alike_unless_asked() -> None:
    """The default is the plain mean."""
    assert cell_weights(CELLS, OptimiserSettings()).tolist() == [1.0] * len(CELLS)


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("balance", [Balance.ITEM, Balance.SURVEY])
def test_what_is_balanced_adds_up_to_the_same(balance: Balance, precise: bool) -> None:
    """Each item, or survey, has the same sum of weights; all of them have the mean 1."""
    found = cell_weights(CELLS, OptimiserSettings(balance=balance, weigh_by_precision=precise))
    sums: dict[str, float] = defaultdict(float)
    for cell, weight in zip(CELLS, found, strict=True):
        sums[cell.key.survey_id + (cell.key.item_id if balance is Balance.ITEM else "")] += weight
    assert len(sums) == (4 if balance is Balance.ITEM else 2)
    assert list(sums.values()) == pytest.approx([len(CELLS) / len(sums)] * len(sums))
    assert found.mean() == pytest.approx(1)


def test_precise_cells_count_more() -> None:
    """With n effective respondents n / (n + 200); one of whom nothing is known counts as the median."""
    by_precision = OptimiserSettings(weigh_by_precision=True)
    cells = [*CELLS[3:8], replace(CELLS[3], n_effective=None)]
    n = np.array([100, 200, 300, 400, 500, 300])
    expected = n / (n + 200)
    assert cell_weights(cells, by_precision) == pytest.approx(expected / expected.mean())
    unknown = [replace(cell, n_effective=None) for cell in CELLS]
    assert cell_weights(unknown, by_precision) == pytest.approx(np.ones(len(CELLS)))


def test_a_step_has_the_weighted_mean_as_its_loss(tmp_path: Path) -> None:
    """What a step returns is the mean of loss times weight, before it moves anything."""
    config = small_config(balance=Balance.ITEM)
    job = open_job(make_training_folder(tmp_path / "run", config), Processes())
    job.cell_weights = np.linspace(0.5, 1.5, len(job.train))
    rows = [[0, 1, 2], [7, 5]]
    with torch.no_grad():
        losses = [_row_losses(job, [job.train[i]]).item() * job.cell_weights[i] for row in rows for i in row]
    assert train_step(job, rows, 0) == pytest.approx(sum(losses) / 5, rel=1e-5)


def test_more_items_have_the_fewer_among_them() -> None:
    """Of so many items all cells are learnt from; validation is as it was, and 0 takes every item."""
    cells = [*CELLS, Cell(CellKey("b", "q9", "C1"), "validation", "en", (0.5, 0.5))]
    learnt = {}
    for n_items in (0, 1, 2, 3, 9):
        apart = held_apart(cells, QUESTIONS, FinetuneConfig("x", train_items=n_items))
        learnt[n_items] = {(cell.key.survey_id, cell.key.item_id) for cell in apart.train}
        assert len(apart.train) == sum(SIZES[item] for item in learnt[n_items])
        assert len(apart.validation) == 1
    assert learnt[1] < learnt[2] < learnt[3] < learnt[0] == learnt[9] == set(SIZES)
