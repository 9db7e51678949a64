"""Nearest cells: against a loop over pairs, and the rules for ties, for k and for what nothing resembles."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.baseline.predictors.knn import NEIGHBOURS, Embeddings, choose_k, neighbour_means, predict_knn
from surveycli.baseline.predictors.means import predict_position_marginal
from surveycli.distribution.arrays import AnsweredCells, Catalogue, Cells
from surveycli.distribution.divergence import js_distance

N_ITEMS, N_POPULATIONS, WIDTH = 12, 9, 5
CATALOGUE = Catalogue(tuple(("s", f"Q{i}") for i in range(N_ITEMS)), tuple(f"P{p}" for p in range(N_POPULATIONS)))
OPTIONS_OF_ITEM = np.array([2, 3, 5])[np.arange(N_ITEMS) % 3]


def answered(n_cells: int, seed: int, n_options: tuple[int, ...] = (2, 3, 5)) -> AnsweredCells:
    """Return cells of random items that have so many options, with random answers."""
    generator = np.random.default_rng(seed)
    item = generator.choice(np.flatnonzero(np.isin(OPTIONS_OF_ITEM, n_options)), n_cells)
    shares = generator.random((n_cells, WIDTH)) * (np.arange(WIDTH) < OPTIONS_OF_ITEM[item][:, None])
    return AnsweredCells(
        CATALOGUE,
        item,
        generator.integers(0, N_POPULATIONS, n_cells),
        OPTIONS_OF_ITEM[item],
        shares / shares.sum(axis=1, keepdims=True),
        np.full(n_cells, 100.0),
    )


def embeddings(seed: int = 0, dimension: int = 6) -> Embeddings:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(N_ITEMS + N_POPULATIONS, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Embeddings(vectors[:N_ITEMS], vectors[N_ITEMS:])


def test_similarity_is_the_cosine_of_the_joined_vectors() -> None:
    """Item's and population's vectors side by side, one pair at a time."""
    first, second, known = answered(7, 1), answered(8, 2), embeddings()
    found = known.similarity(first, second)
    for i in range(len(first)):
        for j in range(len(second)):
            a = np.concatenate([known.item[first.item[i]], known.population[first.population[i]]])
            b = np.concatenate([known.item[second.item[j]], known.population[second.population[j]]])
            assert found[i, j] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_means_are_those_of_a_loop_over_pairs() -> None:
    """For each cell: sort the training cells with as many options by similarity, average the first k."""
    train, cells, known = answered(150, 3), answered(1100, 4), embeddings()
    means, answerable = neighbour_means(train, cells, known, (1, 4, 500))
    assert answerable.all()
    similarity = known.similarity(cells, train)
    for cell in range(0, len(cells), 7):
        pool = [j for j in range(len(train)) if train.n_options[j] == cells.n_options[cell]]
        order = sorted(pool, key=lambda j: (-similarity[cell, j], j))
        for place, k in enumerate((1, 4, 500)):
            assert means[place, cell] == pytest.approx(train.shares[order[:k]].mean(axis=0))


def test_of_equally_near_cells_the_first_counts() -> None:
    """Where all vectors are the same, the neighbours are the first cells in the training part's order."""
    train, cells = answered(40, 5, (3,)), answered(4, 6, (3,))
    same = Embeddings(np.ones((N_ITEMS, 1)), np.ones((N_POPULATIONS, 1)))
    means, _ = neighbour_means(train, cells, same, (3,))
    assert means[0] == pytest.approx(np.tile(train.shares[:3].mean(axis=0), (4, 1)))


def test_what_nothing_resembles_is_left_to_the_marginal() -> None:
    """A cell with a number of options that no training item has gets the stretched marginal, which says so."""
    train, target = answered(50, 7, (2, 3)), answered(30, 8)
    marginal = predict_position_marginal(train, target)
    answer = predict_knn(train, target, embeddings(), None, k=2)
    alone = target.n_options == 5
    assert alone.any()
    assert not alone.all()
    assert answer.shares[alone] == pytest.approx(marginal.shares[alone])
    bases = np.array(answer.bases)[answer.basis]
    assert set(bases[alone]) == {"fallback: position marginal, stretched"}
    assert set(bases[~alone]) == {"nearest cells"}
    assert answer.shares.sum(axis=1) == pytest.approx(1)


def test_k_is_the_one_that_is_best_on_the_validation_cells() -> None:
    """The chosen k has the least mean distance there; answers that are all noise want many neighbours."""
    train, tuning, known = answered(400, 9, (3,)), answered(80, 10, (3,)), embeddings()
    chosen = choose_k(train, tuning, known)
    losses = {
        k: js_distance(tuning.shares, neighbour_means(train, tuning, known, (k,))[0][0]).mean() for k in NEIGHBOURS
    }
    assert losses[chosen] == min(losses.values())
    assert chosen >= 8
    answer = predict_knn(train, tuning, known, tuning)
    assert answer.chosen == {"k": chosen, "k_chosen_by": "validation part"}


def test_a_cell_that_training_repeats_wants_one_neighbour() -> None:
    """Where each validation cell stands in the training part with the same answer, k is 1."""
    pairs = [(item, population) for item in range(N_ITEMS) for population in range(N_POPULATIONS)]
    item, population = np.array(pairs).T
    many = answered(len(pairs), 11)
    shares = np.random.default_rng(12).dirichlet(np.ones(WIDTH), len(pairs)) * (
        np.arange(WIDTH) < OPTIONS_OF_ITEM[item][:, None]
    )
    shares /= shares.sum(axis=1, keepdims=True)
    train = AnsweredCells(CATALOGUE, item, population, OPTIONS_OF_ITEM[item], shares, many.n_respondents)
    assert choose_k(train, train.take(np.arange(0, len(pairs), 5)), embeddings()) == 1


@pytest.mark.parametrize("n_options", [(), (5,)])
def test_without_validation_cells_k_is_the_papers(n_options: tuple[int, ...]) -> None:
    """No validation part, or one that no training cell can answer, leaves the single nearest cell."""
    train = answered(50, 13, (2, 3))
    tuning = answered(5, 14, n_options) if n_options else None
    answer = predict_knn(train, answered(5, 15, (2,)), embeddings(), tuning)
    assert answer.chosen["k"] == 1
    assert answer.chosen["k_chosen_by"] == "paper"


def test_cells_without_answers_can_be_targets() -> None:
    """Targets need no shares."""
    train, target = answered(50, 16), answered(6, 17)
    bare = Cells(CATALOGUE, target.item, target.population, target.n_options)
    assert predict_knn(train, bare, embeddings(), None, 3).shares == pytest.approx(
        predict_knn(train, target, embeddings(), None, 3).shares
    )
