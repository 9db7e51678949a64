"""Every predictor there is, statistical ones and those that ask a language model, in one list."""

from __future__ import annotations

from surveycli.baseline.statistical import statistical_predictors
from surveycli.prediction.elicitation import model_predictors
from surveycli.predictor import Predictor, find_row


def all_predictors() -> tuple[Predictor, ...]:
    """Return the rows of every predictor: statistical ones first, each kind by name."""
    return (*statistical_predictors(), *model_predictors())


def find_predictor(name: str) -> Predictor:
    """Return the row of a name. Raises SurveyError (exit 2) that lists the names there are."""
    return find_row(all_predictors(), name)
