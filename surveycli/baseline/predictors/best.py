"""`best`: each cell by the predictor that did best on cells of its kind, measured inside training.

Kinds of cells (kinds.py) are told by what training knows. For each kind that is to be predicted training cells are
hidden that then are of this kind, all predictors that can serve it predict them, and the closest serves. Runs of
language models can serve what was asked nowhere: they are measured on validation cells of that kind, and have to beat
what needs no model there by more than one standard error over batteries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from surveycli.baseline.answer import Answer, answer_each
from surveycli.baseline.descriptors import Descriptors
from surveycli.baseline.evidence.hold_out import batteries_out, folds_like_targets
from surveycli.baseline.evidence.kinds import CellKind, kinds_of
from surveycli.baseline.predictors.answers_gp import predict_answers_gp
from surveycli.baseline.predictors.means import (
    predict_item_mean,
    predict_position_marginal,
    predict_region_mean,
    predict_uniform,
)
from surveycli.baseline.predictors.smoother import predict_kernel_smoother, predict_nearest
from surveycli.baseline.predictors.two_way import predict_two_way
from surveycli.baseline.statistical import Evidence, StatisticalPredictor
from surveycli.distribution.arrays import AnsweredCells, Cells, Floats, Ints
from surveycli.distribution.divergence import js_distance, uniform
from surveycli.errors import bad_input
from surveycli.predictor import Need
from surveycli.setting import setting

Predict = Callable[[AnsweredCells, Cells, Descriptors, int], Answer]

_BY_NAME: Mapping[str, Predict] = {
    "two-way": predict_two_way,
    "answers-gp": predict_answers_gp,
    "kernel-smoother": predict_kernel_smoother,
    "nearest-populations": predict_nearest,
    "region-mean": lambda train, target, known, _: predict_region_mean(train, target, known.sdg_region),
    "item-mean": lambda train, target, _, __: predict_item_mean(train, target),
    "position-marginal": lambda train, target, _, __: predict_position_marginal(train, target),
    "uniform": lambda train, target, _, __: predict_uniform(train, target),
}
_BORROWING = ("answers-gp", "kernel-smoother", "nearest-populations", "region-mean", "item-mean")
_CAN_SERVE: Mapping[CellKind, tuple[str, ...]] = {
    CellKind.OTHER_GROUPS: ("two-way", *_BORROWING),
    CellKind.ASKED_ELSEWHERE: _BORROWING,
    CellKind.NEW_POPULATION: _BORROWING,
    CellKind.ASKED_NOWHERE: ("position-marginal", "uniform"),
}
_N_FOLDS = 3


@dataclass(frozen=True, slots=True)
class BestSettings:
    """Which runs of language models may serve what was asked nowhere."""

    of: tuple[str, ...] = setting((), "A run that may serve cells asked nowhere.", shown="none")


@dataclass(frozen=True, slots=True)
class Choice:
    """Who serves a kind of cell. scores: mean 1 - JS distance of each candidate on `n_measured` held-out cells."""

    served_by: str
    scores: Mapping[str, float]
    n_measured: int


def predict_best(evidence: Evidence, settings: BestSettings) -> Answer:
    """Give each cell what the best predictor of its kind says; each basis begins with that predictor's name.

    Raises SurveyError (exit 3) where a run is named that no cell needs, or that validation cannot measure.
    """
    descriptors = evidence.descriptors()
    kinds = kinds_of(evidence.train, evidence.target, descriptors)
    if settings.of and CellKind.ASKED_NOWHERE not in kinds:
        raise bad_input(
            f"{settings.of[0]} is not needed: every item was asked of some population in the training part, and "
            "answers of people come before a model's.",
            "Leave out --of.",
        )
    shares = np.zeros((len(evidence.target), evidence.train.shares.shape[1]))
    bases: list[str | None] = [None] * len(shares)
    table = []
    for kind in map(CellKind, np.unique(kinds)):
        rows = np.flatnonzero(kinds == kind)
        target = evidence.target.cells_at(rows)
        choice = _choose(evidence, kind, target, descriptors, settings.of)
        found = _serve(evidence, choice.served_by, target, descriptors)
        shares[rows] = found.shares
        for place, row in enumerate(rows):
            bases[row] = f"{choice.served_by}: {found.basis_of(place)}"
        table.append({"kind": kind.title, "n_cells": len(rows), **asdict(choice)})
    return answer_each(shares, bases, chosen={"served": table})


def _choose(
    evidence: Evidence, kind: CellKind, target: Cells, descriptors: Descriptors, runs: tuple[str, ...]
) -> Choice:
    """Return who serves the targets, all of one kind: the best of those that were measured on held-out cells."""
    names = _CAN_SERVE[kind]
    losses: dict[str, list[Floats]] = {name: [] for name in names}
    for learnt, hidden in _held_out(evidence, kind, target, descriptors):
        for name in names:
            found = _BY_NAME[name](learnt, hidden, descriptors, evidence.seed)
            losses[name].append(js_distance(hidden.shares, found.shares))
    if not losses[names[0]]:  # training is too small to hide anything
        return Choice(names[0], {}, 0)
    scores = {name: 1 - float(np.concatenate(found).mean()) for name, found in losses.items()}
    choice = Choice(max(names, key=lambda name: scores[name]), scores, sum(map(len, losses[names[0]])))
    return _with_runs(evidence, choice, runs, descriptors) if runs and kind is CellKind.ASKED_NOWHERE else choice


def _held_out(
    evidence: Evidence, kind: CellKind, target: Cells, descriptors: Descriptors
) -> Iterator[tuple[AnsweredCells, AnsweredCells]]:
    """Yield what is learnt from and what is hidden, where the hidden cells are of the same kind as the targets."""
    train = evidence.train
    if kind is CellKind.ASKED_NOWHERE:
        folds = batteries_out(train, evidence.batteries(), evidence.seed, _N_FOLDS)
    else:
        folds = folds_like_targets(train, target, descriptors, evidence.seed, _N_FOLDS)
    for fold in folds:
        learnt, hidden = train.take(fold.learnt), train.take(fold.hidden)
        hidden = hidden.take(kinds_of(learnt, hidden, descriptors) == kind)
        if len(hidden):
            yield learnt, hidden


def _with_runs(evidence: Evidence, choice: Choice, runs: tuple[str, ...], descriptors: Descriptors) -> Choice:
    """Return the choice after the runs were held against what needs no model, on validation cells asked nowhere."""
    validation = evidence.validation
    alike = (
        np.zeros(0, dtype=np.bool_)
        if validation is None
        else np.array(kinds_of(evidence.train, validation, descriptors) == CellKind.ASKED_NOWHERE)
    )
    if validation is None or not alike.any():
        raise bad_input(
            f"{runs[0]} cannot be measured: the validation part has no cell of an item that was asked nowhere.",
            "Leave out --of, or use a split such as unseen-questions.",
        )
    cells = validation.take(alike)
    battery = evidence.batteries()[cells.item]
    plain = js_distance(cells.shares, _BY_NAME[choice.served_by](evidence.train, cells, descriptors, 1).shares)
    served_by, best, scores = (
        choice.served_by,
        0.0,
        {**choice.scores, f"{choice.served_by}, validation": 1 - plain.mean()},
    )
    for run in runs:
        shares = evidence.member(run, cells)
        flat = uniform(cells.n_options, shares.shape[1])
        gain = plain - js_distance(cells.shares, np.where(np.isnan(shares), flat, shares))
        scores[f"{run}, validation"] = 1 - float(plain.mean() - gain.mean())
        if gain.mean() - standard_error(gain, battery) > 0 and gain.mean() > best:
            served_by, best = run, float(gain.mean())
    return Choice(served_by, {name: float(score) for name, score in scores.items()}, choice.n_measured)


def standard_error(values: Floats, cluster: Ints) -> float:
    """Return the standard error of the mean of values (N,) that come in clusters (N,); infinite for one cluster."""
    _, of_value = np.unique(cluster, return_inverse=True)
    sums = np.bincount(of_value, weights=values - values.mean())
    n = len(sums)
    return float(np.sqrt((sums**2).sum() * n / (n - 1)) / len(values)) if n > 1 else float("inf")


def _serve(evidence: Evidence, name: str, target: Cells, descriptors: Descriptors) -> Answer:
    """Return the answer of a predictor, or of a run where it has one and of the prior elsewhere."""
    if name in _BY_NAME:
        return _BY_NAME[name](evidence.train, target, descriptors, evidence.seed)
    found = evidence.member(name, target)
    bases = [None if np.isnan(row[0]) else "a language model; nobody was asked" for row in found]
    return answer_each(np.nan_to_num(found), bases, predict_position_marginal(evidence.train, target))


PREDICTORS = (
    StatisticalPredictor(
        name="best",
        help="For each cell, the predictor that did best on training cells of its kind.",
        needs=frozenset({Need.TRAINING_ANSWERS, Need.VALIDATION_ANSWERS}),
        settings=BestSettings,
        predict=predict_best,
    ),
)
