"""Kriging over populations: what it weighs, where it falls back, and that hidden answers stay hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from surveycli.baseline.descriptors import Descriptors, describe
from surveycli.baseline.evidence.answers import as_shares, known_answers
from surveycli.baseline.evidence.hold_out import folds_like_targets
from surveycli.baseline.evidence.kriging import KrigingSettings, alignment, compare, krige
from surveycli.baseline.predictors.answers_gp import predict_answers_gp
from surveycli.distribution.arrays import AnsweredCells, Catalogue, Cells
from surveycli.distribution.divergence import js_distance

N_POPULATIONS, N_ITEMS, K = 24, 12, 4
ASKED_ELSEWHERE = np.arange(9, N_ITEMS)  # items that the last six populations are not asked
TARGETS = np.arange(18, N_POPULATIONS)


def world(seed: int = 1) -> tuple[AnsweredCells, Descriptors]:
    """Every population on every item: shares follow two traits of a population, descriptors say nothing."""
    rng = np.random.default_rng(seed)
    names = tuple(f"P{i:02d}" for i in range(N_POPULATIONS))
    traits = rng.normal(size=(N_POPULATIONS, 2))
    logits = rng.normal(size=(N_ITEMS, 1, K)) + np.einsum("pt,itk->ipk", traits, rng.normal(size=(N_ITEMS, 2, K)))
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    item, population = (
        axis.ravel() for axis in np.meshgrid(np.arange(N_ITEMS), np.arange(N_POPULATIONS), indexing="ij")
    )
    n = len(item)
    catalogue = Catalogue(tuple(("s", f"Q{i:02d}") for i in range(N_ITEMS)), names)
    cells = AnsweredCells(catalogue, item, population, np.full(n, K), shares.reshape(n, K), np.full(n, 1000.0))
    empty = dict.fromkeys(
        (
            "un_region",
            "un_subregion",
            "cultural_zone",
            "majority_religion",
            "income_group",
            "human_development",
            "democracy",
        )
    )
    return cells, describe([{**empty, "iso3": name, "definition": "{}"} for name in names])


def parted(cells: AnsweredCells) -> tuple[AnsweredCells, AnsweredCells]:
    hidden = np.isin(cells.item, ASKED_ELSEWHERE) & np.isin(cells.population, TARGETS)
    return cells.take(~hidden), cells.take(hidden)


def unanswered(cells: AnsweredCells) -> Cells:
    return Cells(cells.catalogue, cells.item, cells.population, cells.n_options)


def test_alike_answers_tell_what_the_item_mean_does_not() -> None:
    """Where two traits make all answers, a population's known answers halve the error of the item mean."""
    cells, descriptors = world()
    train, test = parted(cells)
    answer = predict_answers_gp(train, unanswered(test), descriptors)
    mean = np.array([train.shares[train.item == item].mean(axis=0) for item in test.item])
    assert js_distance(test.shares, answer.shares).mean() < js_distance(test.shares, mean).mean() / 2
    assert answer.bases[0].startswith("asked in 18 populations, compared by 9 shared items, most alike P")


def test_answers_of_targets_move_nothing() -> None:
    """Whatever the targets answered to the items they are asked, the predictions are the same to the last digit."""
    cells, descriptors = world()
    train, test = parted(cells)
    upside_down = replace(test, shares=test.shares[:, ::-1])
    first, second = (predict_answers_gp(train, part, descriptors) for part in (test, upside_down))
    assert np.array_equal(first.shares, second.shares)
    assert first.bases == second.bases


def test_what_was_asked_nowhere_gets_the_position_marginal() -> None:
    """An item without donors is flagged as a fallback; one donor's answer is given as it is."""
    cells, descriptors = world()
    train, _ = parted(cells)
    only = (train.item != 10) | (train.population == 0)
    train = train.take((train.item != 9) & only)
    target = Cells(cells.catalogue, np.array([9, 10]), np.array([20, 20]), np.array([K, K]))
    answer = predict_answers_gp(train, target, descriptors)
    assert answer.bases[answer.basis[0]] == "fallback: position marginal"
    assert answer.shares[1] == pytest.approx(train.shares[train.item == 10][0], abs=0.01)


def test_a_population_without_answers_is_placed_by_descriptors() -> None:
    """Of a target that answered nothing the descriptors say who is alike: its own subregion comes first."""
    cells, _ = world()
    rows = [
        {"iso3": f"P{i:02d}", "definition": "{}", "un_subregion": "N" if i % 2 else "S"}
        | dict.fromkeys(
            ("un_region", "cultural_zone", "majority_religion", "income_group", "human_development", "democracy")
        )
        for i in range(N_POPULATIONS)
    ]
    train = cells.take(cells.population < 18)
    test = cells.take(cells.population == 23)
    answer = predict_answers_gp(train, unanswered(test), describe(rows))
    assert {answer.bases[basis] for basis in answer.basis} == {
        "asked in 18 populations, compared by descriptors only, most alike P01, P03, P05"
    }


def test_items_that_go_with_the_asked_one_are_aligned() -> None:
    """Alignment is 1 for the same answers, near 0 for answers drawn apart, though both vary as much."""
    rng = np.random.default_rng(0)
    asked = rng.normal(size=(200, K))
    asked -= asked.mean(axis=0)
    found = alignment(np.stack([asked, rng.normal(size=(200, K))], axis=1), asked)
    assert found == pytest.approx([1, 0], abs=0.05)


def test_noisy_donors_weigh_less() -> None:
    """Between two donors equally far the target goes with the one whose shares rest on more respondents."""
    roots = np.sqrt(np.array([[0.9, 0.1], [0.1, 0.9]]))
    apart = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    nothing = np.zeros((3, 0, 2))
    compared = compare(roots, np.array([1e-4, 1.0]), nothing, apart)
    shares = as_shares(krige(compared, KrigingSettings()), np.array([2]))
    assert shares[0, 0] > 0.6


def test_held_out_populations_lose_what_targets_lack() -> None:
    """Each fold hides the items that targets are asked, and nothing else, of populations that training has."""
    cells, descriptors = world()
    train, test = parted(cells)
    folds = folds_like_targets(train, unanswered(test), descriptors, seed=1)
    assert len(folds) == 5
    for fold in folds:
        assert set(train.item[fold.hidden]) == set(ASKED_ELSEWHERE)
        hidden_populations = set(train.population[fold.hidden])
        learnt = train.take(fold.learnt)
        assert set(learnt.item[np.isin(learnt.population, list(hidden_populations))]) == set(range(9))
    everyone = np.concatenate([train.population[fold.hidden] for fold in folds])
    assert set(everyone) == set(range(18))


def test_sampling_noise_is_known_for_cells_without_numbers() -> None:
    """A cell of which only shares are published counts as a usual national sample, not as none."""
    cells, _ = world()
    known = known_answers(replace(cells, n_respondents=np.full(len(cells), np.nan)), unanswered(cells))
    assert known.n_respondents.min() == known.n_respondents.max() == 1000
