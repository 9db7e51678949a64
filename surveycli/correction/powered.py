"""Predictions of single respondents, corrected with the answers of some of them: prediction-powered inference, PPI++.

theta = mean(y_n) + lambda (mean(f_N) - mean(f_n)) for each option, y being 1 for the option chosen, f for the one
predicted; n people have both, N a prediction alone. lambda is one per item, 0 where predictions tell nothing about
answers: cov(y, f) / ((1 + n/N) var(f)), summed over options and cells (Angelopoulos, Duchi and Zrnic 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from surveycli.correction.correct import LEVEL, PREDICTOR, Corrected
from surveycli.correction.sample import read_answers
from surveycli.distribution.arrays import Floats
from surveycli.domain import Shares
from surveycli.errors import bad_input, missing_extra
from surveycli.request.correct import CorrectRequest
from surveycli.store import RunRecord, Store, finish_run, next_run_id, start_run

if TYPE_CHECKING:
    import polars as pl

_FEW = 30  # answers, below which normal intervals are doubtful
_Z = 1.959964  # of a 95% interval
_KEY = ["survey_id", "item_id", "population_id"]


@dataclass(frozen=True, slots=True)
class People:
    """A cell's people: answers and predictions of n, predictions of N others, one-hot (n, K), (n, K), (N, K)."""

    key: tuple[str, str, str]
    codes: tuple[int, ...]
    answers: Floats
    predicted: Floats
    others: Floats


def correct_people(store: Store, request: CorrectRequest) -> Corrected:
    """Write shares of every sampled cell from answers and single people's predictions, with intervals.

    Raises SurveyError: 6 without the package ppi-python, 3 for files that do not fit the store or each other.
    """
    if find_spec("ppi_py") is None:
        raise missing_extra("PPI++ needs the package ppi-python.", "`pip install 'surveycli[correction]'`.")
    assert request.predicted is not None
    options = store.frame("exchange/list_options")
    items = options["item_id"].unique(maintain_order=True).to_list()
    answers = read_answers(store, request.sample, request.survey_id, items)
    predicted = read_answers(store, request.predicted, request.survey_id, items)
    cells = _people(answers.rows, predicted.rows, options)
    run_id = request.name or next_run_id(store, PREDICTOR)
    record = RunRecord(
        run_id=run_id,
        kind="predictor",
        predictor=PREDICTOR,
        split=None,
        shares=Shares.UNWEIGHTED,
        seed=request.seed,
        configuration={
            "corrects": request.predicted.name,
            "predicted_sha256": predicted.sha256,
            "sample": request.sample.name,
            "sample_sha256": answers.sha256,
            "level": LEVEL,
        },
    )
    rows = [_correct(cell, strength) for item in _by_item(cells) for strength in [choose_lambda(item)] for cell in item]
    import polars as pl

    frames = {
        "cells": pl.DataFrame([cell for cell, _ in rows], schema_overrides={"strength": pl.Float64}),
        "shares": pl.concat([shares for _, shares in rows]),
    }
    with store.transaction():
        start_run(store, record)
        store.run("correction/write", frames=frames, run_id=run_id)
        finish_run(store, run_id)
    n_few = sum(len(cell.answers) < _FEW for cell in cells)
    note = f"{n_few} cells have fewer than {_FEW} answers: their intervals, made for large samples, are doubtful."
    return Corrected(run_id, len(cells), (note,) if n_few else ())


def choose_lambda(cells: Sequence[People]) -> float:
    """Return how far to trust the predictions of an item's people: 0 to 1."""
    covariance = variance = 0.0
    for cell in cells:
        n, n_others = len(cell.answers), len(cell.others)
        both = np.concatenate([cell.predicted, cell.others])
        apart = (cell.answers - cell.answers.mean(axis=0)) * (cell.predicted - cell.predicted.mean(axis=0))
        covariance += float(apart.sum()) / max(n - 1, 1)
        variance += (1 + n / n_others) * float(((both - both.mean(axis=0)) ** 2).sum()) / (len(both) - 1)
    return float(np.clip(covariance / variance, 0.0, 1.0)) if variance > 0 else 0.0


def _people(answers: pl.DataFrame, predicted: pl.DataFrame, options: pl.DataFrame) -> list[People]:
    """Return the cells that have answers. Raises SurveyError (exit 3) where the files have no respondent in common."""
    who = [*_KEY, "respondent"]
    for name, rows in (("--sample", answers), ("--predicted", predicted)):
        if rows.select(who).is_duplicated().any():
            raise bad_input(f"{name} has a respondent twice.", "Give each person an id of its own in `respondent`.")
    both = answers.join(predicted.select(*who, predicted="option_code"), on=who, how="inner")
    if both.is_empty():
        raise bad_input(
            "No respondent of --sample is in --predicted for the same population and item.",
            "Both files need the column `respondent` with the same ids, and predictions of those who answered, too.",
        )
    others = predicted.join(answers.select(who), on=who, how="anti")
    codes = {
        key: tuple(group.sort("position")["option_code"])
        for key, group in options.partition_by(["survey_id", "item_id"], as_dict=True).items()
    }
    without = others.partition_by(_KEY, as_dict=True)
    found = []
    for key, group in sorted(both.partition_by(_KEY, as_dict=True).items()):
        if key not in without:
            raise bad_input(
                f"All respondents with a prediction for {key[1]} in {key[2]} also answered it.",
                "--predicted helps only where it has more respondents than --sample.",
            )
        own = codes[key[:2]]
        found.append(
            People(
                (str(key[0]), str(key[1]), str(key[2])),
                own,
                _one_hot(group["option_code"], own),
                _one_hot(group["predicted"], own),
                _one_hot(without[key]["option_code"], own),
            )
        )
    return found


def _one_hot(chosen: pl.Series, codes: Sequence[int]) -> Floats:
    return np.asarray(chosen.to_numpy()[:, None] == np.array(codes)).astype(np.float64)


def _by_item(cells: Sequence[People]) -> list[list[People]]:
    items: dict[tuple[str, ...], list[People]] = {}
    for cell in cells:
        items.setdefault(cell.key[:2], []).append(cell)
    return list(items.values())


def _correct(cell: People, trust: float) -> tuple[dict[str, object], pl.DataFrame]:
    """Return a cell's row of `correction` and its rows of `corrected_share`."""
    import polars as pl
    from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

    n = len(cell.answers)
    given = (cell.answers, cell.predicted, cell.others)
    point = np.clip(ppi_mean_pointestimate(*given, lam=trust), 0.0, 1.0)
    low, high = ppi_mean_ci(*given, alpha=1 - LEVEL, lam=trust)
    share = point / point.sum()
    variance = float((((high - low) / 2 / _Z) ** 2).sum())
    n_equivalent = float((share * (1 - share)).sum()) / variance if variance > 0 else float(n)
    key = dict(zip(_KEY, cell.key, strict=True))
    row: dict[str, object] = {
        **key,
        "n_answers": float(n),
        "n_effective": float(n),
        "strength": None,
        "weight": trust,
        "n_equivalent": n_equivalent,
        "helps": trust > 0 and n_equivalent - n >= 1,
        "basis": f"{n} answers and {len(cell.others)} people predicted (PPI++)",
    }
    shares = pl.DataFrame(
        {
            **key,
            "option_code": pl.Series(cell.codes, dtype=pl.Int32),
            "predicted": np.concatenate([cell.predicted, cell.others]).mean(axis=0),
            "sampled": cell.answers.mean(axis=0),
            "share": share,
            "low": np.minimum(np.clip(low, 0.0, 1.0), share),
            "high": np.maximum(np.clip(high, 0.0, 1.0), share),
        }
    )
    return row, shares
