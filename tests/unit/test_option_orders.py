"""The orders that a training asks options in: other ones in each epoch, the same for the same names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from model_samples import make_training_folder, save_local_model, small_config

from surveycli.configuration import Loss
from surveycli.domain import Cell, CellKey
from surveycli.engine.compute import in_code_order
from surveycli.engine.examples import Example
from surveycli.engine.option_orders import orders_of_epoch
from surveycli.engine.processes import Processes
from surveycli.run_folder import read_metrics
from surveycli.training import train as training
from surveycli.training.job import open_job

CELLS = [Cell(CellKey("s", f"q{item}", f"C{n}"), "train", "en") for item in range(5) for n in range(200)]


def test_an_item_has_as_many_orders_as_asked_for() -> None:
    """One of them is that of the codes; each population has one by chance, about as many populations each."""
    permute = orders_of_epoch(seed=1, epoch=0, n_orders=3)
    for item in ("q0", "q4"):
        orders = Counter(tuple(permute(cell, 6)) for cell in CELLS if cell.key.item_id == item)
        assert len(orders) == 3 and tuple(range(6)) in orders
        assert all(sorted(order) == list(range(6)) for order in orders)
        assert min(orders.values()) > 40


def test_orders_follow_from_seed_epoch_and_names() -> None:
    """They are the same whatever was asked before, and others in another epoch or with another seed."""

    def all_orders(seed: int, epoch: int, cells: list[Cell]) -> dict[CellKey, list[int]]:
        permute = orders_of_epoch(seed, epoch, 4)
        return {cell.key: list(permute(cell, 7)) for cell in cells}

    assert all_orders(1, 0, CELLS) == all_orders(1, 0, CELLS[::-1])
    assert all_orders(1, 0, CELLS) != all_orders(1, 1, CELLS)
    assert all_orders(1, 0, CELLS) != all_orders(2, 0, CELLS)


def test_values_of_letters_come_back_to_their_codes() -> None:
    """Places beyond a prompt's own options stay where they are."""
    orders = ((2, 0, 1), (1, 0), (0, 1, 2, 3))
    examples = [Example(CELLS[0], np.zeros(1, np.int64), len(order), order, ()) for order in orders]
    lettered = torch.tensor([[0.1, 0.2, 0.7, 9.0], [0.4, 0.6, 9.0, 9.0], [0.1, 0.2, 0.3, 0.4]])
    expected = [[0.2, 0.7, 0.1, 9.0], [0.6, 0.4, 9.0, 9.0], [0.1, 0.2, 0.3, 0.4]]
    torch.testing.assert_close(in_code_order(lettered, examples), torch.tensor(expected))


@pytest.mark.parametrize("loss", list(Loss))
def test_a_loss_in_any_order_is_that_of_the_same_shares(tmp_path: Path, loss: Loss) -> None:
    """What is learnt from a prompt is the distance between shares of the same options, whichever letters they have."""
    config = small_config(str(save_local_model(tmp_path / "base")))
    config = replace(config, optimiser=replace(config.optimiser, loss=loss))
    job = open_job(make_training_folder(tmp_path / "run", config), Processes())
    cells = [example.cell for example in job.train]
    for epoch in range(2):
        examples = job.source.examples(cells, orders_of_epoch(3, epoch, 4))
        assert any(example.permutation != tuple(range(example.n_options)) for example in examples)
        for example in examples[:6]:
            q = training.compute_options(job.model.eval(), [example], job.tokens, job.batches)
            shares = q.logits.detach().double().softmax(-1).numpy()[0]
            by_code = np.zeros(example.n_options)
            by_code[list(example.permutation)] = shares
            expected = reference(loss, np.array(example.cell.shares), by_code)
            found = training._row_losses(job, [example])
            assert float(found.detach()) == pytest.approx(expected, abs=1e-6)


def reference(loss: Loss, p: np.ndarray, q: np.ndarray) -> float:
    """Return a loss in float64, shares in code order."""

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        return float(sum(x * np.log(x / y) for x, y in zip(a, b, strict=True) if x > 0))

    match loss:
        case Loss.KL:
            return kl(p, q)
        case Loss.KL_PER_OPTION:
            return kl(p, q) / len(p)
        case Loss.JS:
            return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2
        case Loss.EMD:
            return float(np.abs(np.cumsum(p - q))[:-1].mean())
        case Loss.CROSS_ENTROPY:
            return float(-(p * np.log(q)).sum())


def test_each_epoch_of_a_training_has_its_own_orders(tmp_path: Path) -> None:
    """A training with several orders ends, and learns something else than one in the codes' order alone."""
    base = str(save_local_model(tmp_path / "base"))
    losses = {}
    for n_orders in (1, 3):
        folder = make_training_folder(tmp_path / f"run-{n_orders}", replace(small_config(base), option_orders=n_orders))
        outcome = training.train_folder(folder)
        losses[n_orders] = [metric.values["train_loss"] for metric in read_metrics(folder)]
        assert outcome.epochs == len(losses[n_orders]) == small_config(base).optimiser.epochs
    assert losses[1] != losses[3]
