"""Ask a model about cells: one pass for each order of the options, and what comes of it read as shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import torch

from surveycli.distribution.arrays import Floats
from surveycli.domain import Cell
from surveycli.engine.batching import plan_pass
from surveycli.engine.compute import compute_options, vocabulary_normalisers
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.first_token import option_log_probabilities, outside_mass
from surveycli.engine.option_orders import Permute
from surveycli.engine.reach import fit_examples
from surveycli.engine.sharding import pace_of
from surveycli.prediction.elicitation import find_elicitation
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.run_folder import PredictedCell, PredictionFailure

_NOT_FINITE = "the model's answer is not a finite number"
# Rows of so many prompts in all are multiplied with the vocabulary at once, of which each time makes a float32 copy.
_PROMPTS_TOGETHER = 1024


@dataclass(frozen=True, slots=True)
class Lettered:
    """What the model says of a cell's letters: their log probabilities (K,), whose sum is 1, and the mass outside.

    `permutation[i]` is the code-order index of the option behind the i-th letter.
    """

    logs: Floats
    permutation: tuple[int, ...]
    outside: float

    def by_code(self, values: Floats) -> Floats:
        """Return values of letters (K,) in code order."""
        ordered = np.zeros(len(values))
        ordered[list(self.permutation)] = values
        return ordered


def predict_cells(job: PredictionJob, cells: Sequence[Cell]) -> list[PredictedCell | PredictionFailure]:
    """Return the predicted distribution of each cell, averaged over the permutations asked for, or why it has none."""
    orders = find_elicitation(job.config.elicitation).orders(job.config)
    passes = [ask_in_order(job, cells, permute) for permute in orders]
    return [
        _calibrated(job, _average(job, cell, said)) for cell, said in zip(cells, zip(*passes, strict=True), strict=True)
    ]


@torch.no_grad()
def ask_in_order(
    job: PredictionJob, cells: Sequence[Cell], permute: Permute | None, source: ExampleSource | None = None
) -> list[Lettered | str]:
    """Return what the model says of each cell with its options in one order, or why it says nothing.

    `source` makes the prompts in the place of the job's own.
    """
    fitted = fit_examples(job.model, (source or job.source).examples(cells, permute))
    examples = [example for example in fitted if isinstance(example, Example)]
    answers: dict[int, Lettered | str] = {}
    for rows in asked_together(plan_pass(examples, job.config.batches), exact=job.config.exact):
        said = _ask_rows(job, [[examples[i] for i in row] for row in rows])
        answers.update(zip(chain.from_iterable(rows), said, strict=True))
    in_order = iter([answers[i] for i in range(len(examples))])
    return [one if isinstance(one, str) else next(in_order) for one in fitted]


def failure(cell: Cell, reason: str) -> PredictionFailure:
    """Return that a cell has no prediction, and why."""
    return PredictionFailure(cell.key, cell.language, reason, "")


def asked_together(rows: Sequence[list[int]], *, exact: bool = False) -> Iterator[list[list[int]]]:
    """Yield rows in groups that the vocabulary is multiplied with at once, or one by one to be `exact`."""
    group: list[list[int]] = []
    for row in rows:
        group.append(row)
        if exact or sum(map(len, group)) >= _PROMPTS_TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _ask_rows(job: PredictionJob, rows: Sequence[Sequence[Example]]) -> Iterator[Lettered | str]:
    computed = []
    for examples in rows:
        pace_of(job.processes, job.model).before_row()
        computed.append(compute_options(job.model, examples, job.tokens, job.config.batches))
    normalisers = vocabulary_normalisers(job.model, computed)
    for examples, options, normaliser in zip(rows, computed, normalisers, strict=True):
        logits = options.logits.double()
        logs = option_log_probabilities(logits / job.temperature, options.present).cpu().numpy()
        outside = outside_mass(logits, options.present, normaliser.double()).cpu().numpy()
        for example, lettered, beyond in zip(examples, logs, outside, strict=True):
            own = lettered[: example.n_options]
            finite = np.isfinite([*np.exp(own), beyond]).all()
            yield Lettered(own, example.permutation, float(beyond)) if finite else _NOT_FINITE


def _average(job: PredictionJob, cell: Cell, said: Sequence[Lettered | str]) -> PredictedCell | PredictionFailure:
    known = [one for one in said if isinstance(one, Lettered)]
    if len(known) < len(said):
        return failure(cell, next(one for one in said if isinstance(one, str)))
    shares = np.mean([one.by_code(np.exp(one.logs)) for one in known], axis=0)
    fold = find_elicitation(job.config.elicitation).fold
    shares = shares if fold is None else fold(job.source.question(cell), shares)
    outside = float(np.mean([one.outside for one in known]))
    return PredictedCell(cell.key, cell.language, tuple(shares.tolist()), outside, _basis(job))


def _calibrated(job: PredictionJob, predicted: PredictedCell | PredictionFailure) -> PredictedCell | PredictionFailure:
    if job.calibration is None or isinstance(predicted, PredictionFailure):
        return predicted
    shares, how = job.calibration.apply(predicted.key, predicted.language, predicted.probabilities)
    return replace(predicted, probabilities=shares, basis=f"{predicted.basis}, {how}")


def _basis(job: PredictionJob) -> str:
    asked = job.config.elicitation
    return asked if job.temperature == 1 else f"{asked}, temperature {job.temperature:.4g}"
