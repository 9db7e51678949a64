"""Choose how a model is read (debias.py), by validation batteries left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.divergence import js_distance, uniform
from surveycli.distribution.mixture import divergence, gains_over, leave_units_out
from surveycli.domain import TRAIN, VALIDATION, Cell
from surveycli.engine.examples import ExampleSource
from surveycli.errors import bad_input
from surveycli.prediction.ask import Lettered
from surveycli.prediction.debias import ask_letters, join_orders, knows_nobody, nobody_source, sharpened
from surveycli.prediction.option_texts import score_texts
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.prediction.reading import WayOfReading

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
N_ORDERS = 4
LEAST_BATTERIES = 3
MOST_CELLS = 400  # of validation, and of training items: enough for a handful of choices
_PLACES = 4  # to which figures are kept

Prior = Mapping[int, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class _Validation:
    """N validation cells with human shares (N, K), their options (N,) and the number of their battery (N,)."""

    cells: tuple[Cell, ...]
    shares: Floats
    n_options: Ints
    battery: Ints

    @property
    def flat(self) -> Floats:
        """The uniform distribution of each cell: (N, K)."""
        return uniform(self.n_options, self.shares.shape[1])

    def score(self, predicted: Floats) -> float:
        """Return the mean 1 - Jensen-Shannon distance of predictions (N, K), every battery counting once."""
        distance = np.bincount(self.battery, weights=js_distance(self.shares, predicted))
        return 1 - float((distance / np.bincount(self.battery)).mean())


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A reading with its weight, and its predictions of the validation cells (N, K)."""

    reading: WayOfReading
    predicted: Floats


def choose_reading(job: PredictionJob, cells: Sequence[Cell]) -> WayOfReading:
    """Return the reading that is nearest to people on validation cells among `cells`, each battery left out in turn.

    Raises SurveyError (exit 3) where these are of fewer than three batteries.
    """
    validation = _validation(job, [cell for cell in cells if cell.part == VALIDATION and cell.shares is not None])
    nobody = nobody_source(job.source, validation.cells) if knows_nobody(job.config.languages) else None
    prior = _letter_prior(job, [cell for cell in cells if cell.part == TRAIN])
    found = [
        _Candidate(replace(reading, power=power, weight=weight), sharpened(score, validation.n_options, weight))
        for reading, scores, of_nobody in _scored(job, validation.cells, prior, nobody)
        for power in ((0.0,) if of_nobody is None else POWERS)
        for score in [scores if of_nobody is None else scores - power * of_nobody]
        for weight in WEIGHTS
    ]
    return _best(found, validation)


def _validation(job: PredictionJob, cells: Sequence[Cell]) -> _Validation:
    distinct = list({(cell.key, cell.language): cell for cell in cells}.values())
    asked = [cell for cell in distinct if job.source.why_not_asked(cell) is None]
    drawn = np.random.default_rng(job.config.seed).permutation(len(asked))[:MOST_CELLS]
    chosen = tuple(asked[i] for i in np.sort(drawn))
    battery = [f"{c.key.survey_id} {job.source.question(c).battery or c.key.item_id}" for c in chosen]
    names, numbers = np.unique(battery, return_inverse=True) if battery else ((), np.zeros(0, np.int64))
    if len(names) < LEAST_BATTERIES:
        raise bad_input(
            f"--debias chooses on validation batteries with human answers: expected {LEAST_BATTERIES} or more, found "
            f"{len(names)}.",
            "Use a split whose validation part holds batteries out, such as unseen-questions.",
        )
    n_options = np.array([len(cell.shares or ()) for cell in chosen])
    shares = np.zeros((len(chosen), int(n_options.max())))
    for row, cell in zip(shares, chosen, strict=True):
        row[: len(cell.shares or ())] = cell.shares
    return _Validation(chosen, shares / shares.sum(axis=1, keepdims=True), n_options, numbers)


def _letter_prior(job: PredictionJob, cells: Sequence[Cell]) -> Prior:
    """Return the mean log probability of each letter over training items with as many options, each counting once."""
    asked = [cell for cell in cells if job.source.why_not_asked(cell) is None]
    drawn = np.random.default_rng(job.config.seed).permutation(len(asked))[:MOST_CELLS]
    by_item: dict[tuple[str, str], list[Floats]] = defaultdict(list)
    chosen = [asked[i] for i in drawn]
    for cell, (said,) in zip(chosen, ask_letters(job, chosen, 1, job.source), strict=True):
        if isinstance(said, Lettered):
            by_item[cell.key.survey_id, cell.key.item_id].append(said.logs)
    by_number: dict[int, list[Floats]] = defaultdict(list)
    for logs in by_item.values():
        by_number[len(logs[0])].append(np.mean(logs, axis=0))
    means = {k: np.mean(logs, axis=0) for k, logs in sorted(by_number.items())}
    return {k: tuple(float(value) for value in mean.round(_PLACES)) for k, mean in means.items()}


def _scored(
    job: PredictionJob, cells: Sequence[Cell], prior: Prior, nobody: ExampleSource | None
) -> list[tuple[WayOfReading, Floats, Floats | None]]:
    """Return each way to score options: as a reading, the scores of cells (N, K), and those of nobody in particular."""
    found = []
    for n_orders in (1, N_ORDERS):
        own = ask_letters(job, cells, n_orders, job.source)
        other = None if nobody is None else ask_letters(job, cells, n_orders, nobody)
        for off in ({}, prior) if prior else ({},):
            joined = [[join_orders(one, off) for one in said] for said in (own, other) if said is not None]
            scores = [_array([one if isinstance(one, str) else one.scores for one in said]) for said in joined]
            reading = WayOfReading(n_orders=n_orders, letter_prior=off)
            found.append((reading, scores[0], scores[1] if len(scores) > 1 else None))
    own_words = _array(score_texts(job, cells, job.source))
    found.append(
        (WayOfReading(texts=True), own_words, None if nobody is None else _array(score_texts(job, cells, nobody)))
    )
    return found


def _array(scores: Sequence[Floats | str]) -> Floats:
    """Return scores of cells as rows (N, K); a cell that cannot be asked says nothing: all zeros."""
    width = max((len(one) for one in scores if not isinstance(one, str)), default=1)
    rows = np.zeros((len(scores), width))
    for row, one in zip(rows, scores, strict=True):
        if not isinstance(one, str):
            row[: len(one)] = one
    return rows


def _best(found: Sequence[_Candidate], validation: _Validation) -> WayOfReading:
    """Return the reading with the least mean KL(human || predicted), or with weight 0 if that does not pay.

    What choosing is worth shows in what is chosen for each battery by the others.
    """
    losses = np.array([divergence(validation.shares, candidate.predicted) for candidate in found])
    best, without_own = leave_units_out(losses, validation.battery)
    left_out = np.array([found[place].predicted[row] for row, place in enumerate(without_own)])
    gain, error = gains_over(left_out, validation.flat, validation.shares, validation.battery)
    plain = next(c for c in found if c.reading == WayOfReading())
    scores = {
        "chosen so": validation.score(left_out),
        "letters as they are": validation.score(plain.predicted),
        "uniform": validation.score(validation.flat),
    }
    return replace(
        found[best].reading,
        weight=found[best].reading.weight if gain > error else 0.0,
        scores={name: round(score, _PLACES) for name, score in scores.items()},
        n_cells=len(validation.cells),
        n_batteries=int(validation.battery.max()) + 1,
    )
