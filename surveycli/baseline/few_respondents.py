"""The pilot: what one would know after asking a few real respondents per cell."""

from __future__ import annotations

import numpy as np

from surveycli.baseline.answer import Answer
from surveycli.baseline.means import predict_item_mean, predict_position_marginal
from surveycli.baseline.options import BaselineOptions, Prior
from surveycli.distribution.arrays import AnsweredCells
from surveycli.distribution.pilot import choose_strength, draw_answers, shrink
from surveycli.distribution.pooling import own_item_prior, own_marginal_prior
from surveycli.errors import usage


def predict_pilot(train: AnsweredCells, answers: AnsweredCells, options: BaselineOptions) -> Answer:
    """Draw n respondents per cell from its human distribution and shrink their shares towards the prior.

    How strongly is chosen on the training part, whose cells get a prior that has not seen them. This is the one
    baseline that reads the cells it predicts: it says what a prediction is worth in real answers.
    """
    if options.n_respondents < 1:
        raise usage(f"A pilot asks at least 1 respondent per cell, not {options.n_respondents}.")
    by_item = options.prior is Prior.ITEM_MEAN
    n = options.n_respondents
    train_prior = own_item_prior(train) if by_item else own_marginal_prior(train)
    strength = choose_strength(train.shares, train_prior, n, options.seed)
    prior = (predict_item_mean if by_item else predict_position_marginal)(train, answers)
    generator = np.random.default_rng([options.seed, n])
    shares = shrink(draw_answers(answers.shares, n, generator), prior.shares, strength)
    settings = {"strength": strength}
    if not by_item:
        return Answer(shares, np.zeros(len(shares), dtype=np.int64), (f"{n} respondents, position marginal",), settings)
    rules = tuple(f"{n} respondents, {rule.removeprefix('fallback: ')}" for rule in prior.rules)
    return Answer(shares, prior.rule, rules, settings)
