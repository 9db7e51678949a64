"""The pilot: what one would know after asking a few real respondents per cell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from surveycli.baseline.answer import Answer
from surveycli.baseline.predictors.means import predict_item_mean, predict_position_marginal
from surveycli.baseline.statistical import Evidence, StatisticalPredictor
from surveycli.distribution.pilot import choose_strength, draw_answers, shrink
from surveycli.distribution.pooling import own_item_prior, own_marginal_prior
from surveycli.errors import usage
from surveycli.predictor import Need
from surveycli.setting import setting


class PilotPrior(StrEnum):
    """What the answers of a pilot's few respondents are shrunk towards."""

    POSITION_MARGINAL = "position-marginal"
    ITEM_MEAN = "item-mean"


@dataclass(frozen=True, slots=True)
class PilotSettings:
    """How many respondents are asked in each cell, and what their shares are shrunk towards."""

    n_respondents: int = setting(4, "Respondents per cell.", flag="--n", least=1)
    prior: PilotPrior = setting(PilotPrior.POSITION_MARGINAL, "What their shares are shrunk towards.")


def predict_pilot(evidence: Evidence, settings: PilotSettings) -> Answer:
    """Draw n respondents per cell from its human distribution and shrink their shares towards the prior.

    How strongly is chosen on the training part, whose cells get a prior that has not seen them. This is the one
    baseline that reads the cells it predicts: it says what a prediction is worth in real answers.
    """
    train, answers, n = evidence.train, evidence.own_answers, settings.n_respondents
    assert answers is not None
    if n < 1:
        raise usage(f"A pilot asks at least 1 respondent per cell, not {n}.")
    by_item = settings.prior is PilotPrior.ITEM_MEAN
    train_prior = own_item_prior(train) if by_item else own_marginal_prior(train)
    strength = choose_strength(train.shares, train_prior, n, evidence.seed)
    prior = (predict_item_mean if by_item else predict_position_marginal)(train, answers)
    generator = np.random.default_rng([evidence.seed, n])
    shares = shrink(draw_answers(answers.shares, n, generator), prior.shares, strength)
    chosen = {"strength": strength}
    if not by_item:
        return Answer(shares, np.zeros(len(shares), dtype=np.int64), (f"{n} respondents, position marginal",), chosen)
    bases = tuple(f"{n} respondents, {basis.removeprefix('fallback: ')}" for basis in prior.bases)
    return Answer(shares, prior.basis, bases, chosen)


PREDICTORS = (
    StatisticalPredictor(
        name="pilot",
        help="A few real respondents per cell, drawn from the human distribution: what an answer is worth.",
        needs=frozenset({Need.TRAINING_ANSWERS, Need.OWN_ANSWERS}),
        settings=PilotSettings,
        predict=predict_pilot,
        run_name="pilot-n{n_respondents}",
    ),
)
