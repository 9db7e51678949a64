"""Temperature scaling: one number by which option logits are divided, so that a model is as sure as it should be.

Source: Guo et al. 2017; Meister et al. 2025 apply it to first-token distributions of survey answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from surveycli.domain import VALIDATION, Cell
from surveycli.engine.batching import plan_pass
from surveycli.engine.compute import compute_options, human_shares
from surveycli.engine.examples import Example
from surveycli.engine.first_token import loss_per_prompt
from surveycli.engine.reach import fit_examples
from surveycli.errors import not_found
from surveycli.prediction.elicitation import find_elicitation
from surveycli.prediction.prediction_job import PredictionJob

LOWEST, HIGHEST = 0.05, 20.0


@torch.no_grad()
def choose_temperature(job: PredictionJob, cells: Sequence[Cell]) -> float:
    """Return the temperature with the least mean KL(human || prediction) on the validation cells among `cells`.

    Raises SurveyError (exit 4) where none of them has human answers.
    """
    answered = list({(c.key, c.language): c for c in cells if c.part == VALIDATION and c.shares is not None}.values())
    answered = [cell for cell in answered if job.source.why_not_asked(cell) is None]
    if not answered:
        raise not_found(
            "No validation cell has human answers to choose a temperature on.", "Name one: --temperature 2."
        )
    rows = [_row(job, examples) for examples in _rows(job, answered)]
    return fit_temperature(rows)


def fit_temperature(rows: Sequence[tuple[Tensor, Tensor, Tensor]]) -> float:
    """Return the T in 0.05 to 20 with the least mean KL(human || softmax(logits / T)).

    Each row is logits (N, K), which of them are options (N, K), and human shares (N, K). In 1/T the mean is convex, so
    there is one minimum.
    """
    n_prompts = sum(len(logits) for logits, _, _ in rows)

    def mean_kl(log_temperature: float) -> float:
        scale = math.exp(-log_temperature)
        losses = (loss_per_prompt(logits * scale, there, human) for logits, there, human in rows)
        return sum(float(loss.sum()) for loss in losses) / n_prompts

    bounds = (math.log(LOWEST), math.log(HIGHEST))
    found = minimize_scalar(mean_kl, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(math.exp(found.x))


def _rows(job: PredictionJob, cells: Sequence[Cell]) -> list[list[Example]]:
    """Return the prompts of every order of options that is asked in, by rows of the model."""
    orders = find_elicitation(job.config.elicitation).orders(job.config)
    made = [example for permute in orders for example in job.source.examples(cells, permute)]
    examples = [example for example in fit_examples(job.model, made) if isinstance(example, Example)]
    return [[examples[i] for i in row] for row in plan_pass(examples, job.config.batches)]


def _row(job: PredictionJob, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    options = compute_options(job.model, examples, job.tokens, job.config.batches)
    return options.logits.float(), options.present, human_shares(job.model, examples)
