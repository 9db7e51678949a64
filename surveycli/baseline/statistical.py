"""What a statistical predictor is given, and the row that makes it known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from surveycli.baseline.answer import Answer
from surveycli.baseline.descriptors import Descriptors
from surveycli.distribution.arrays import AnsweredCells, Cells, Floats, Ints
from surveycli.predictor import Predictor, rows_of
from surveycli.prompt import Describe

FOLDER = "surveycli.baseline.predictors"


@dataclass(frozen=True, slots=True)
class Texts:
    """Wordings of a catalogue's items (I) and names of its populations (P), in one language."""

    wordings: list[str]
    names: list[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that predictors may read, besides their settings.

    `own_answers` are those to the cells that are predicted, `validation` those of the validation part: None but for
    predictors whose rows say that they need them. Read from the store when called: `descriptors`, `texts`, the number
    of each item's battery (I,), and a run's predictions of cells (N, K), NaN where it has none.
    """

    train: AnsweredCells
    target: Cells
    seed: int
    descriptors: Callable[[], Descriptors]
    texts: Callable[[str, Describe], Texts]
    batteries: Callable[[], Ints]
    member: Callable[[str, Cells], Floats]
    own_answers: AnsweredCells | None = None
    validation: AnsweredCells | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticalPredictor(Predictor):
    """A predictor without a language model: `predict` takes the evidence and the predictor's settings (or None).

    `run_name` is the stem of its runs' names, where settings may be filled in.
    """

    predict: Callable[[Evidence, Any], Answer]
    run_name: str = ""


def from_answers(predict: Callable[[AnsweredCells, Cells], Answer]) -> Callable[[Evidence, Any], Answer]:
    """Return the `predict` of a row whose function needs only the training part's answers and the target cells."""
    return lambda evidence, _: predict(evidence.train, evidence.target)


def from_populations(
    predict: Callable[[AnsweredCells, Cells, Descriptors, int], Answer],
) -> Callable[[Evidence, Any], Answer]:
    """Return the `predict` of a row whose function also needs what is known of populations, and the seed."""
    return lambda evidence, _: predict(evidence.train, evidence.target, evidence.descriptors(), evidence.seed)


def statistical_predictors() -> tuple[StatisticalPredictor, ...]:
    """Return the rows of all statistical predictors."""
    return rows_of(FOLDER, StatisticalPredictor)
