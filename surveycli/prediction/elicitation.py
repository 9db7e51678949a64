"""How a language model is asked for a distribution: the row that makes an elicitation known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surveycli.configuration import PredictConfig
from surveycli.distribution.arrays import Floats
from surveycli.domain import Cell, Population, Question
from surveycli.engine.option_orders import Permute
from surveycli.errors import bad_input, usage
from surveycli.predictor import Predictor, rows_of
from surveycli.progress import Progress

if TYPE_CHECKING:
    from surveycli.prediction.prediction_job import PredictionJob
    from surveycli.run_folder import FolderContents, RunFolder

FOLDER = "surveycli.prediction.elicitations"


def _as_they_are(populations: Sequence[Population], shown: Sequence[str], seed: int) -> Sequence[Population]:  # noqa: ARG001 - what every elicitation may use
    return populations


def _in_code_order(config: PredictConfig) -> list[Permute | None]:  # noqa: ARG001 - what every elicitation may use
    return [None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPredictor(Predictor):
    """A predictor that asks a language model.

    `elicitation` is how it is asked, as a run's configuration keeps it; predictors that differ in their weights alone
    share one. `show` gives the populations that prompts name instead of the cells' own (all of them, the ids that
    are asked about, the seed); `orders` the orders of options to average over, None for code order. `write`, where
    given, predicts cells by what the model writes, instead of its first token's probabilities. `reword` gives the
    question that is asked in the place of the item's own, and `fold`, where its options are others, what their
    probabilities say of the item's. `serve`, where given, asks a server in the place of a model on this machine and
    returns its fingerprint, and `tell` says what there is to say of its predictions; of the settings those that are
    `incidental` change no prediction.
    """

    elicitation: str
    show: Callable[[Sequence[Population], Sequence[str], int], Sequence[Population]] = _as_they_are
    orders: Callable[[PredictConfig], list[Permute | None]] = _in_code_order
    write: Callable[[PredictionJob, Sequence[Cell], Progress], None] | None = None
    reword: Callable[[Question], Question] | None = None
    fold: Callable[[Question, Floats], Floats] | None = None
    serve: Callable[[RunFolder, PredictConfig, FolderContents, Sequence[Cell], Progress], str] | None = None
    tell: Callable[[RunFolder], tuple[str, ...]] | None = None
    incidental: frozenset[str] = frozenset()

    @property
    def reads_letters(self) -> bool:
        """Whether it reads the first token's probabilities, all of them, rather than what the model writes."""
        return self.write is None and self.serve is None

    @property
    def asks_server(self) -> bool:
        """Whether its model is behind a server rather than on this machine."""
        return self.serve is not None


def model_predictors() -> tuple[ModelPredictor, ...]:
    """Return the rows of all predictors that ask a model."""
    return rows_of(FOLDER, ModelPredictor)


def find_elicitation(name: str) -> ModelPredictor:
    """Return how to ask in the way that a run's configuration names. Raises SurveyError (exit 3) if it is unknown."""
    rows = model_predictors()
    found = next((row for row in rows if row.elicitation == name), None)
    if found is None:
        known = dict.fromkeys(row.elicitation for row in rows)
        raise bad_input(f"The run asks its model by {name!r}, which is not known.", f"There are: {', '.join(known)}.")
    return found


def predictor_of(config: PredictConfig) -> ModelPredictor:
    """Return the predictor that a configuration is of: by elicitation, and by whether weights were trained."""
    rows = [row for row in model_predictors() if row.elicitation == config.elicitation]
    trained = config.weights is not None
    return next((row for row in rows if row.fits(trained=trained)), find_elicitation(config.elicitation))


def questions_asked(config: PredictConfig, questions: Sequence[Question]) -> Sequence[Question]:
    """Return the questions that are asked in the place of the items' own."""
    reword = find_elicitation(config.elicitation).reword
    return questions if reword is None else [reword(question) for question in questions]


def without_shares(config: PredictConfig, cells: Sequence[Cell]) -> Sequence[Cell]:
    """Return the cells, without people's shares where other options are asked than people had.

    Raises SurveyError (exit 2) where something is to be chosen by these then.
    """
    if find_elicitation(config.elicitation).fold is None:
        return cells
    if config.temperature is None or config.debias:
        raise usage(
            f"{config.elicitation} asks with other options than people had: nothing can be chosen by their answers.",
            "Leave out --debias, and give the plain run's --temperature.",
        )
    return [replace(cell, shares=None) for cell in cells]
