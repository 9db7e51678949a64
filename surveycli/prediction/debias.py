"""Read a language model without its biases: what is chosen, and on what, is kept with the run.

Letters are biased by their place, prompts by their sentences, options by their order. Four remedies, each taken only
where it brings predictions nearer to people on validation batteries that were left out: the mean log probability of
each letter over training items with as many options is taken off (no answer is read for it); several orders of the
options are averaged, in logs; the prediction for nobody in particular ("people") is divided out, to a power; the words
of the options are scored in the place of their letters. One weight then says how sure to be: an inverse temperature,
and 0, the uniform distribution, for a reading that does not beat it by more than a standard error.
Source: Zhao et al. 2021 (contextual calibration); Zheng et al. 2024 (letters and their places).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from surveycli.bundled import read_yaml, resource
from surveycli.distribution.arrays import Floats, Ints, within
from surveycli.domain import Cell, Population
from surveycli.engine.examples import ExampleSource
from surveycli.engine.option_orders import Permute
from surveycli.prediction.ask import Lettered, ask_in_order, failure
from surveycli.prediction.elicitations.orders import rotated_order
from surveycli.prediction.option_texts import score_texts
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.prediction.reading import WayOfReading
from surveycli.run_folder import PredictedCell, PredictionFailure


def predict_debiased(
    job: PredictionJob, cells: Sequence[Cell], reading: WayOfReading
) -> list[PredictedCell | PredictionFailure]:
    """Return each cell's distribution as the reading has it, or why it has none."""
    said = _said(job, cells, reading, job.source)
    nobody: Mapping[tuple[str, str, str], Said | str] = {}
    if reading.power:
        items = {_item(cell): cell for cell in cells}
        asked = _said(job, list(items.values()), reading, nobody_source(job.source, cells))
        nobody = dict(zip(items, asked, strict=True))
    return [_predicted(cell, own, nobody.get(_item(cell)), reading) for cell, own in zip(cells, said, strict=True)]


def nobody_source(source: ExampleSource, cells: Sequence[Cell]) -> ExampleSource:
    """Return a source whose prompts ask about people in general, whatever the population of a cell."""
    words = read_yaml(resource("phrases.yaml"))
    populations = dict(source.populations)
    for cell in cells:
        people = words[cell.language]["people"]
        place = (cell.key.population_id, cell.language)
        populations[place] = Population(*place, people, people)
    return replace(source, populations=populations)


def knows_nobody(languages: Sequence[str]) -> bool:
    """Return whether there are words for people in general in all of the languages."""
    return set(languages) <= set(read_yaml(resource("phrases.yaml")))


@dataclass(frozen=True, slots=True)
class Said:
    """A cell's scores (K,) in code order, and the mean mass outside its letters; None where words were scored."""

    scores: Floats
    outside: float | None


def ask_letters(
    job: PredictionJob, cells: Sequence[Cell], n_orders: int, source: ExampleSource
) -> list[tuple[Lettered | str, ...]]:
    """Return what the model says of each cell's letters, in as many orders of the options; in code order if in one."""
    orders: list[Permute | None] = [rotated_order(job.config.seed, turn, n_orders) for turn in range(n_orders)]
    passes = [ask_in_order(job, cells, permute, source) for permute in (orders if n_orders > 1 else [None])]
    return list(zip(*passes, strict=True))


def join_orders(said: Sequence[Lettered | str], prior: Mapping[int, tuple[float, ...]]) -> Said | str:
    """Return the mean over orders, in logs, of what is said of the letters less what their places bring."""
    known = [one for one in said if isinstance(one, Lettered)]
    if len(known) < len(said):
        return next(one for one in said if isinstance(one, str))
    n_options = len(known[0].logs)
    off = np.array(prior.get(n_options, (0.0,) * n_options))
    scores = np.mean([one.by_code(one.logs - off) for one in known], axis=0)
    return Said(scores, float(np.mean([one.outside for one in known])))


def _item(cell: Cell) -> tuple[str, str, str]:
    return cell.key.survey_id, cell.key.item_id, cell.language


def _said(job: PredictionJob, cells: Sequence[Cell], reading: WayOfReading, source: ExampleSource) -> list[Said | str]:
    if reading.texts:
        return [one if isinstance(one, str) else Said(one, None) for one in score_texts(job, cells, source)]
    return [join_orders(said, reading.letter_prior) for said in ask_letters(job, cells, reading.n_orders, source)]


def _predicted(
    cell: Cell, own: Said | str, nobody: Said | str | None, reading: WayOfReading
) -> PredictedCell | PredictionFailure:
    if isinstance(own, str) or isinstance(nobody, str):
        return failure(cell, own if isinstance(own, str) else str(nobody))
    scores = own.scores - (reading.power * nobody.scores if nobody is not None else 0.0)
    n_options = np.array([len(scores)])
    shares = sharpened(scores[None], n_options, reading.weight)[0]
    return PredictedCell(cell.key, cell.language, tuple(shares.tolist()), own.outside, f"first-token, {reading.words}")


def sharpened(scores: Floats, n_options: Ints, weight: float) -> Floats:
    """Return the distributions (N, K) by scores (N, K) that a weight multiplies; 0 beyond a cell's options."""
    logs = np.where(within(n_options, scores.shape[1]), weight * scores, -np.inf)
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
