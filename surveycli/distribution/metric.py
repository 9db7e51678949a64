"""The metrics of a score: one row each says what it is, and everything that names metrics is made from these rows.

To add one, write its function and its row here; the column of `score`, its comment, help, lists of errors and the means
of `score_by_part` follow. Functions take `human` and `model` (..., K) and `n_options` (...), as divergence.py does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from surveycli.distribution import divergence
from surveycli.distribution.arrays import Bools, Floats, Ints
from surveycli.distribution.divergence import modes, total_variation, uniform
from surveycli.errors import usage

_CHUNK = 1 << 16  # cells at a time: bounds the memory of the metrics' intermediate arrays
_TIE = 1e-12

Function = Callable[[Floats, Floats, Ints], Floats]


class Better(StrEnum):
    """In which direction a metric improves; `neither` describes and cannot rank."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one cell, and how cells make a mean.

    low, high: its range. proper: whether the truth, and nothing else, has the best expected score also where people's
    answers are a sample of it (strictly proper: Gneiting and Raftery 2007). needs_order: whether options must lie on
    one line. undefined: when a cell has no value, "" for never; `by_prediction` says that the prediction is the reason:
    then a mean over the other cells would reward what it leaves out, and there is none. ratio: mean = scale (1 - mean
    of the first / mean of the second), both metrics, instead of a mean of ratios.
    """

    name: str
    formula: str
    low: float
    high: float
    better: Better
    function: Function
    proper: bool = False
    needs_order: bool = False
    undefined: str = ""
    by_prediction: bool = False
    ratio: tuple[str, str] | None = None
    scale: float = 1.0

    @property
    def range(self) -> str:
        """The range in words: "0 to 1"."""
        if self.high == np.inf:
            return f"{self.low:g} or more"
        return f"up to {self.high:.4g}" if self.low == -np.inf else f"{self.low:.4g} to {self.high:.4g}"

    @property
    def comment(self) -> str:
        """What the column of `score` says of itself."""
        best = {Better.LOWER: "; lower is better", Better.HIGHER: "; higher is better", Better.NEITHER: ""}[self.better]
        proper = "; proper" if self.proper else ""
        null = f"; NULL where {self.undefined}" if self.undefined else ""
        return f"{self.formula} ({self.range}{best}{proper}){null}."


def brier(human: Floats, model: Floats, _: Ints) -> Floats:
    """Return the mean over respondents of sum_k (q_k - [k was chosen])^2, 0 to 2 (Brier 1950).

    >>> float(brier(np.array([0.5, 0.5]), np.array([0.5, 0.5]), np.array(2)))
    0.5
    """
    return np.asarray(((model - human) ** 2).sum(axis=-1) + 1 - (human**2).sum(axis=-1))


def ranked_probability_score(human: Floats, model: Floats, n_options: Ints) -> Floats:
    """Return the mean over respondents of sum_j (Q_j - [answer <= j])^2 / (k-1), 0 to 1 (Epstein 1969).

    P and Q are cumulated shares; over respondents (Q - [..])^2 averages to (Q - P)^2 + P (1 - P).

    >>> float(ranked_probability_score(np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), np.array(3)))
    1.0
    """
    k = np.asarray(n_options)
    between = np.arange(human.shape[-1]) < (k - 1)[..., None]
    below, predicted = np.cumsum(human, axis=-1), np.cumsum(model, axis=-1)
    terms = ((predicted - below) ** 2 + below * (1 - below)) * between
    return np.asarray(terms.sum(axis=-1) / np.maximum(k - 1, 1))


def mode_flipped(human: Floats, model: Floats, n_options: Ints) -> Floats:
    """Return 1 where the most probable option lies on the other side of the scale's middle than people's, else 0.

    An option in the middle is on no side, nor are people whose most chosen options tie across it; of several most
    probable options it is the share that lie on the other side.

    >>> float(mode_flipped(np.array([0.1, 0.3, 0.6]), np.array([0.5, 0.3, 0.2]), np.array(3)))
    1.0
    """
    twice = 2 * np.arange(human.shape[-1]) - (np.asarray(n_options) - 1)[..., None]  # position from the middle, doubled
    people, predicted = modes(human), modes(model)
    low, high = ((predicted & side).sum(axis=-1) for side in (twice < 0, twice > 0))
    all_low, all_high = (~(people & ~side).any(axis=-1) for side in (twice < 0, twice > 0))
    return np.asarray((all_low * high + all_high * low) / predicted.sum(axis=-1))


def rank_correlation(human: Floats, model: Floats, n_options: Ints) -> Floats:
    """Return Spearman's correlation between the options' ranks by share, -1 to 1; ties share their mean rank.

    0 where the prediction gives every option the same; NaN where people did.

    >>> float(rank_correlation(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]), np.array(3)))
    -1.0
    """
    people, predicted = _centred_ranks(human, n_options), _centred_ranks(model, n_options)
    ours, theirs = (predicted**2).sum(axis=-1), (people**2).sum(axis=-1)
    scale = np.sqrt(ours * theirs)
    found = np.divide((people * predicted).sum(axis=-1), scale, out=np.zeros_like(scale), where=scale > 0)
    return np.asarray(np.where(theirs > 0, found, np.nan))


def error_location(human: Floats, model: Floats, n_options: Ints) -> Floats:
    """Return the mean predicted position minus people's, over k-1: -1 to 1; never more than `emd_ordinal` in size.

    >>> float(error_location(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]), np.array(3)))
    0.5
    """
    k = np.asarray(n_options)
    return np.asarray(((model - human) * np.arange(human.shape[-1])).sum(axis=-1) / np.maximum(k - 1, 1))


def error_shape(human: Floats, model: Floats, _: Ints) -> Floats:
    """Return the total variation between the sorted shares: what is left if options could be exchanged."""
    # Padding zeros sort to the front of both vectors and cancel.
    return total_variation(np.sort(human, axis=-1), np.sort(model, axis=-1))


def error_order(human: Floats, model: Floats, n_options: Ints) -> Floats:
    """Return total variation minus `error_shape`: the part of the error that exchanging options would mend.

    Sorted vectors are the closest of all arrangements, so it is not negative.
    """
    return np.asarray(np.maximum(total_variation(human, model) - error_shape(human, model, n_options), 0.0))


def uniform_total_variation(human: Floats, _: Floats, n_options: Ints) -> Floats:
    """Return the total variation between people and the uniform prediction."""
    return total_variation(human, uniform(np.asarray(n_options), human.shape[-1]))


def _centred_ranks(shares: Floats, n_options: Ints) -> Floats:
    """Return each option's mean rank minus the mean of all: half of how many it exceeds less how many exceed it."""
    inside = np.arange(shares.shape[-1]) < np.asarray(n_options)[..., None]
    rank = np.zeros(np.broadcast_shapes(shares.shape, inside.shape))
    for other in range(shares.shape[-1]):  # against one option after the other: (..., K) at a time, not (..., K, K)
        gap = shares - shares[..., other : other + 1]
        rank += ((gap > _TIE).astype(np.float64) - (gap < -_TIE)) * inside[..., other : other + 1]
    return rank * inside / 2


_OVER_UNIFORM = ("total_variation", "uniform_total_variation")
_FLAT = "people chose all options alike"
_UNORDERED = "the options have no order"

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "js_divergence_nats",
            "Jensen-Shannon divergence, natural log",
            0.0,
            float(np.log(2)),
            Better.LOWER,
            lambda human, model, _: divergence.js_divergence(human, model),
        ),
        Metric(
            "js_distance",
            "square root of js_divergence_nats",
            0.0,
            float(np.sqrt(np.log(2))),
            Better.LOWER,
            lambda human, model, _: divergence.js_distance(human, model),
        ),
        Metric(
            "kl_nats",
            "KL(human || prediction), natural log",
            0.0,
            np.inf,
            Better.LOWER,
            lambda human, model, _: divergence.kl(human, model),
            proper=True,
            undefined="the prediction gives 0 to an option that people chose",
            by_prediction=True,
        ),
        Metric(
            "total_variation",
            "half the sum of absolute differences",
            0.0,
            1.0,
            Better.LOWER,
            lambda human, model, _: total_variation(human, model),
        ),
        Metric(
            "emd_ordinal",
            "earth mover's distance between option positions, over k-1",
            0.0,
            1.0,
            Better.LOWER,
            divergence.emd_ordinal,
            needs_order=True,
            undefined=_UNORDERED,
        ),
        Metric(
            "modal_accuracy",
            "1 where the most probable option is the one most people chose, else 0; ties share the point",
            0.0,
            1.0,
            Better.HIGHER,
            lambda human, model, _: divergence.modal_accuracy(human, model),
        ),
        Metric(
            "skill_vs_uniform",
            "1 - total variation / that of the uniform prediction; over cells a ratio of their means",
            -np.inf,
            1.0,
            Better.HIGHER,
            divergence.skill_vs_uniform,
            undefined=_FLAT,
            ratio=_OVER_UNIFORM,
        ),
        Metric(
            "paper_one_minus_jsd",
            "what Cao et al. 2025 print as 1-JSD: 1 - js_distance",
            float(1 - np.sqrt(np.log(2))),
            1.0,
            Better.HIGHER,
            lambda human, model, _: divergence.paper_one_minus_jsd(human, model),
        ),
        Metric(
            "paper_emd",
            "what Cao et al. 2025 print as EMD: the two probability vectors taken as samples, blind to option order",
            0.0,
            1.0,
            Better.LOWER,
            divergence.paper_emd,
        ),
        Metric(
            "simbench_s",
            "SimBench's S: 100 (1 - total variation / that of the uniform prediction); over cells a ratio of means",
            -np.inf,
            100.0,
            Better.HIGHER,
            lambda human, model, n_options: 100 * divergence.skill_vs_uniform(human, model, n_options),
            undefined=_FLAT,
            ratio=_OVER_UNIFORM,
            scale=100.0,
        ),
        Metric(
            "brier",
            "Brier score: mean over respondents of the squared distance between prediction and answer",
            0.0,
            2.0,
            Better.LOWER,
            brier,
            proper=True,
        ),
        Metric(
            "ranked_probability_score",
            "mean over respondents of the squared distance between cumulated prediction and answer, over k-1",
            0.0,
            1.0,
            Better.LOWER,
            ranked_probability_score,
            proper=True,
            needs_order=True,
            undefined=_UNORDERED,
        ),
        Metric(
            "rank_correlation",
            "Spearman's correlation between the options' ranks by share; 0 where the prediction ranks none",
            -1.0,
            1.0,
            Better.HIGHER,
            rank_correlation,
            undefined=_FLAT,
        ),
        Metric(
            "mode_flipped",
            "1 where the most probable option lies on the other side of the scale's middle than people's, else 0",
            0.0,
            1.0,
            Better.LOWER,
            mode_flipped,
            needs_order=True,
            undefined=_UNORDERED,
        ),
        Metric(
            "error_location",
            "mean predicted position minus people's, over k-1: the part of emd_ordinal that moves everybody one way",
            -1.0,
            1.0,
            Better.NEITHER,
            error_location,
            needs_order=True,
            undefined=_UNORDERED,
        ),
        Metric(
            "error_order",
            "total_variation - error_shape: right shares at wrong options",
            0.0,
            1.0,
            Better.LOWER,
            error_order,
        ),
        Metric(
            "error_shape",
            "total variation between the sorted shares: wrong shares, whichever option has them",
            0.0,
            1.0,
            Better.LOWER,
            error_shape,
        ),
        Metric(
            "uniform_total_variation",
            "total variation of the uniform prediction, which skill_vs_uniform and simbench_s divide by",
            0.0,
            1.0,
            Better.NEITHER,
            uniform_total_variation,
        ),
    )
}


def find_metric(name: str) -> Metric:
    """Return a metric by name. Raises SurveyError (exit 2) where there is none."""
    if name not in METRICS:
        raise usage(f"There is no metric {name}.", f"Metrics: {', '.join(METRICS)}.")
    return METRICS[name]


def find_ranking_metric(name: str) -> Metric:
    """Return a metric that can be set against samples of people. Raises SurveyError (exit 2) for any other."""
    metric = find_metric(name)
    if metric.by_prediction:
        raise usage(f"{name} has no value where {metric.undefined}: a few respondents always leave answers out.")
    if metric.better is Better.NEITHER:
        raise usage(f"{name} describes an error; no direction of it is better.", "Choose a metric that ranks.")
    return metric


def score_cells(human: Floats, model: Floats, n_options: Ints, ordered: Bools | None = None) -> dict[str, Floats]:
    """Return every metric of N cells, NaN where it is not defined: (N, K), (N, K), (N,) -> (N,) each.

    `ordered` (N,) says whose options lie on one line (all, if left out).
    """
    scores = {name: np.empty(len(human)) for name in METRICS}
    for start in range(0, len(human), _CHUNK):
        rows = slice(start, start + _CHUNK)
        for name, metric in METRICS.items():
            scores[name][rows] = metric.function(human[rows], model[rows], n_options[rows])
    for name, metric in METRICS.items():
        if metric.needs_order and ordered is not None:
            scores[name][~ordered] = np.nan
        scores[name][np.isinf(scores[name])] = np.nan
    return scores
