"""The nearest training cells by what their questions say and their populations are called.

Source: Cao et al. 2025, whose baseline takes the single nearest cell by BERT embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from surveycli.baseline.answer import Answer, answer_or
from surveycli.baseline.encoder import load_encoder, unit_rows
from surveycli.baseline.predictors.means import predict_position_marginal
from surveycli.baseline.statistical import Evidence, StatisticalPredictor
from surveycli.distribution.arrays import AnsweredCells, Bools, Cells, Floats
from surveycli.distribution.divergence import js_distance
from surveycli.predictor import Need
from surveycli.prompt import Describe
from surveycli.setting import setting

NEIGHBOURS = (1, 2, 3, 5, 8, 13, 21, 34, 55)
PAPER_K = 1
_BLOCK = 1024  # target cells at a time, which bounds the matrix of similarities


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Unit vectors of a catalogue's items (I, D) and populations (P, D)."""

    item: Floats
    population: Floats

    def similarity(self, first: Cells, second: Cells) -> Floats:
        """Return the cosine of cells' vectors, item's and population's side by side: (A,), (B,) -> (A, B), -1 to 1.

        Both halves have length 1, so that this is the mean of their two cosines.
        """
        item = self.item[first.item] @ self.item[second.item].T
        return np.asarray(item + self.population[first.population] @ self.population[second.population].T) / 2


@dataclass(frozen=True, slots=True)
class KnnSettings:
    """How nearest cells are found: by which encoder, from texts in which language, and how many."""

    encoder: str = setting("google-bert/bert-base-uncased", "What texts are read with: an id or a folder.")
    language: str = setting("en", "Language of the texts.")
    describe: Describe = setting(Describe.NAME, "How much is read about the population.")
    k: int | None = setting(None, "Cells that are averaged.", least=1, shown="chosen on validation")


def predict_nearest_cells(evidence: Evidence, settings: KnnSettings) -> Answer:
    """Read the texts of all cells and give the mean of the nearest training cells, as `predict_knn` does."""
    encode = load_encoder(settings.encoder)
    texts = evidence.texts(settings.language, settings.describe)
    embeddings = Embeddings(unit_rows(encode(texts.wordings)), unit_rows(encode(texts.names)))
    answer = predict_knn(evidence.train, evidence.target, embeddings, evidence.validation, settings.k)
    return replace(answer, language=settings.language, model=settings.encoder)


def predict_knn(
    train: AnsweredCells, target: Cells, embeddings: Embeddings, tuning: AnsweredCells | None, k: int | None = None
) -> Answer:
    """Give the mean of the k nearest training cells whose item has as many options as the target's.

    Where there is no such cell, the position marginal (which then is uniform) answers. Without a `k` it is chosen on
    the cells of `tuning`; without those, too, it is the 1 of the paper.
    """
    tuned = None if k is not None or tuning is None else choose_k(train, tuning, embeddings)
    chosen = k or tuned or PAPER_K
    means, known = neighbour_means(train, target, embeddings, (chosen,))
    fallback = predict_position_marginal(train, target)
    by = "given" if k else "validation part" if tuned else "paper"
    return answer_or(means[0], known, "nearest cells", fallback, {"k": chosen, "k_chosen_by": by})


def choose_k(train: AnsweredCells, tuning: AnsweredCells, embeddings: Embeddings) -> int | None:
    """Return the k with the least mean Jensen-Shannon distance on `tuning`; None where no cell has neighbours."""
    means, known = neighbour_means(train, tuning, embeddings, NEIGHBOURS)
    if not known.any():
        return None
    losses = [float(js_distance(tuning.shares[known], mean[known]).mean()) for mean in means]
    return NEIGHBOURS[int(np.argmin(losses))]


def neighbour_means(
    train: AnsweredCells, cells: Cells, embeddings: Embeddings, ks: Sequence[int]
) -> tuple[Floats, Bools]:
    """Return the mean of the k nearest training cells for each of R values of k, and where there are any.

    (N,) cells -> (R, N, K), (N,). Fewer than k cells with as many options are all averaged; of equally near ones the
    first in the order of the training cells counts as nearer.
    """
    means = np.zeros((len(ks), len(cells), train.shares.shape[1]))
    known = np.zeros(len(cells), dtype=np.bool_)
    for n_options in np.unique(cells.n_options):
        pool = train.take(train.n_options == n_options)
        rows = np.flatnonzero(cells.n_options == n_options)
        for start in range(0, len(rows) if len(pool) else 0, _BLOCK):
            block = rows[start : start + _BLOCK]
            means[:, block] = _block_means(pool, cells.cells_at(block), embeddings, ks)
            known[block] = True
    return means, known


def _block_means(pool: AnsweredCells, cells: Cells, embeddings: Embeddings, ks: Sequence[int]) -> Floats:
    similarity = embeddings.similarity(cells, pool)
    # Running sums over the nearest cells give the mean of the first k for every k at once.
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, : max(ks)]
    running = np.cumsum(pool.shares[nearest], axis=1)
    counts = [min(k, len(pool)) for k in ks]
    return np.stack([running[:, count - 1] / count for count in counts])


PREDICTORS = (
    StatisticalPredictor(
        name="knn",
        draws=False,
        help="The mean of the training cells whose question and population read most alike (text embeddings).",
        needs=frozenset({Need.TRAINING_ANSWERS, Need.VALIDATION_ANSWERS, Need.TEXTS}),
        settings=KnnSettings,
        extra="embeddings",
        predict=predict_nearest_cells,
    ),
)
