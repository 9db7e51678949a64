"""The plain way: the probabilities of the option letters as the first token of the answer."""

from __future__ import annotations

from surveycli.configuration import FIRST_TOKEN
from surveycli.prediction.elicitation import ModelPredictor
from surveycli.predictor import Need

PREDICTORS = (
    ModelPredictor(
        name="zero-shot",
        draws=False,
        help="A model as it comes: its first-token probabilities.",
        needs=frozenset({Need.MODEL}),
        elicitation=FIRST_TOKEN,
    ),
    ModelPredictor(
        name="fine-tuned",
        draws=False,
        help="A fine-tuned model: its first-token probabilities.",
        needs=frozenset({Need.RUN}),
        elicitation=FIRST_TOKEN,
    ),
)
