"""The whole distribution in words: the model writes a JSON object of percentages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.domain import Cell
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.predictor import Need
from surveycli.progress import Progress

if TYPE_CHECKING:
    from surveycli.prediction.prediction_job import PredictionJob


def _write(job: PredictionJob, todo: Sequence[Cell], progress: Progress) -> None:
    from surveycli.prediction.verbalised import predict_verbalised  # loads torch

    predict_verbalised(job, todo, progress)


PREDICTORS = (
    ModelPredictor(
        name="json",
        draws=False,
        help="The model writes the distribution as a JSON object of percentages.",
        needs=frozenset({Need.MODEL_OR_RUN}),
        elicitation="json",
        write=_write,
    ),
)
