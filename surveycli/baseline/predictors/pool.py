"""`pool`: a log-linear stack of other runs, weighted where people answered and neither those runs nor training know it.

Weights are fitted for each kind of cell on validation cells of the same kind (see kinds.py): validation cells of items
that training has say nothing about how members do on items that it lacks, nor the other way about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from surveycli.baseline.answer import Answer, answer_each
from surveycli.baseline.evidence.kinds import CellKind, kinds_of
from surveycli.baseline.evidence.log_pool import Weights, fit_weights, pooled_shares
from surveycli.baseline.statistical import Evidence, StatisticalPredictor
from surveycli.distribution.arrays import Floats
from surveycli.errors import bad_input, not_found, usage
from surveycli.predictor import Need
from surveycli.setting import setting


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Which runs are pooled."""

    of: tuple[str, ...] = setting((), "A run to pool; repeat for several.", shown="none")


def predict_pool(evidence: Evidence, settings: PoolSettings) -> Answer:
    """Give the weighted geometric mean of the runs' predictions, weights fitted on the validation part.

    Raises SurveyError: exit 2 for fewer than two runs, 4 where a run has not predicted the validation part, 3 where
    that part has no cells like those that are predicted.
    """
    names = tuple(dict.fromkeys(settings.of))
    if len(names) < 2:
        raise usage(f"A pool is made of two runs or more, found {len(names)}.", "--of RUN --of RUN")
    if evidence.validation is None:
        raise not_found("The split has no validation part to fit weights on.", "Make it anew with one.")
    validation, target = evidence.validation, evidence.target
    known = np.stack([evidence.member(name, validation) for name in names])
    _refuse_gaps(names, known)
    members = np.stack([evidence.member(name, target) for name in names])
    descriptors = evidence.descriptors()
    kind_known, kind = (kinds_of(evidence.train, cells, descriptors) for cells in (validation, target))
    _refuse_other_kinds(set(kind_known.tolist()), set(kind.tolist()))
    shares, chosen = np.zeros((len(target), members.shape[-1])), {}
    for one in np.unique(kind):
        rows = kind_known == one
        weights = fit_weights(
            known[:, rows], validation.take(rows), evidence.batteries()[validation.item[rows]], evidence.seed
        )
        wanted = kind == one
        shares[wanted] = pooled_shares(members[:, wanted], weights.value, target.n_options[wanted])
        chosen[CellKind(one).title] = _record(names, weights)
    bases = [_basis(names, there) for there in np.isfinite(members[..., 0]).T]
    return answer_each(shares, bases, chosen={"weights": chosen})


def _refuse_gaps(names: tuple[str, ...], known: Floats) -> None:
    for name, shares in zip(names, known, strict=True):
        n_lacking = int(np.isnan(shares[:, 0]).sum())
        if n_lacking:
            raise not_found(
                f"{name} has no prediction of {n_lacking} of the {len(shares)} validation cells, on which weights are "
                "fitted.",
                "`surveycli predict ... --part validation` makes them.",
            )


def _refuse_other_kinds(known: set[int], wanted: set[int]) -> None:
    lacking = sorted(wanted - known)
    if lacking:
        there = ", ".join(repr(CellKind(kind).title) for kind in sorted(known))
        raise bad_input(
            f"Cells to predict are of the kind {CellKind(lacking[0]).title!r}, of which the validation part has none. "
            f"It has {there}; weights fitted there may not hold.",
            "Name parts of its kind with --part, or make a split whose validation part resembles them.",
        )


def _record(names: tuple[str, ...], weights: Weights) -> dict[str, Any]:
    """Return the weights as they are kept with the run; `uniform` is what they leave to the uniform distribution."""
    intervals = zip(names, weights.value, weights.low, weights.high, strict=True)
    return {
        "members": {
            name: {"weight": round(float(value), 4), "low": _or_none(low), "high": _or_none(high)}
            for name, value, low, high in intervals
        },
        "uniform": round(max(1 - float(weights.value.sum()), 0.0), 4),
        "ridge": weights.ridge,
        "n_batteries": weights.n_batteries,
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _basis(names: tuple[str, ...], there: Floats) -> str:
    lacking = [name for name, known in zip(names, there, strict=True) if not known]
    return f"pool of {', '.join(names)}" + (f" without {', '.join(lacking)}" if lacking else "")


PREDICTORS = (
    StatisticalPredictor(
        name="pool",
        help="A weighted geometric mean of other runs' predictions, fitted on validation.",
        needs=frozenset({Need.TRAINING_ANSWERS, Need.VALIDATION_ANSWERS, Need.OTHER_RUNS}),
        settings=PoolSettings,
        predict=predict_pool,
    ),
)
