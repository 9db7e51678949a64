"""A run's predictions and a sample in, corrected shares out, as a run of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surveycli.correction.allocate import allocate
from surveycli.correction.posterior import Posterior
from surveycli.correction.sample import read_answers, sampled_cells
from surveycli.correction.strength import (
    STRENGTHS,
    UNKNOWN,
    concentrations,
    floored,
    item_posteriors,
    learn_spread,
    log_likelihoods,
    spread_of,
)
from surveycli.distribution.arrays import Bools, Floats, Ints, pad_lists, within
from surveycli.distribution.pilot import draw_answers
from surveycli.distribution.pooling import sum_by
from surveycli.domain import Shares
from surveycli.errors import not_found, usage
from surveycli.request.correct import CorrectRequest
from surveycli.store import RunRecord, Store, finish_run, inherit_training, next_run_id, start_run

if TYPE_CHECKING:
    import polars as pl

PREDICTOR = "corrected"
LEVEL = 0.95
_KEY = ["survey_id", "item_id", "population_id"]
_LEAST_SIMULATED = 20  # answers per validation cell, below which no strength shows
_MAX_VALIDATION_CELLS = 4000


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction came to: the new run, its cells, what to know about it, and where to ask next if asked for."""

    run_id: str
    n_cells: int
    notes: tuple[str, ...] = ()
    next_answers: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class SampledCells:
    """N cells with a sample or without: a frame (survey_id, item_id, population_id, option_code: a list), counts (N, K)
    of the sample, predicted shares (N, K) that leave no option out, is_option (N, K), has_prediction (N,), item (N,).
    """

    frame: pl.DataFrame
    counts: Floats
    predicted: Floats
    is_option: Bools
    has_prediction: Bools
    item: Ints

    def rows_of(self, values: Floats) -> list[list[float]]:
        """Return values (N, K) as a list per cell, without what is beyond its options."""
        return [row[own].tolist() for row, own in zip(values, self.is_option, strict=True)]


def correct_run(store: Store, request: CorrectRequest) -> Corrected:
    """Write the run's predictions of the sampled cells, corrected, with intervals and what the prediction added.

    How far to trust the prediction is told item by item from how well it foresaw the sample, starting from how well
    the run did on its validation part. Raises SurveyError: 4 for an unknown run or one without predictions, 3 for a
    sample that contradicts the store, 2 where a language must be named, 5 where the name is taken.
    """
    run, predicted = _predictions(store, request)
    items = predicted["item_id"].unique(maintain_order=True).to_list()
    answers = read_answers(store, request.sample, request.survey_id, items)
    cells = beside(sampled_cells(answers, store.frame("exchange/list_options")), predicted)
    spread, chosen_on = spread_of_run(store, run, predicted, cells, request.seed)
    found = posterior_of(cells, spread)
    run_id = request.name or next_run_id(store, PREDICTOR)
    record = RunRecord(
        run_id=run_id,
        kind="predictor",
        predictor=PREDICTOR,
        split=run["split"],
        shares=Shares(run["shares"]),
        seed=request.seed,
        configuration={
            "corrects": request.run,
            "sample": request.sample.name,
            "sample_sha256": answers.sha256,
            "strengths_chosen_on": chosen_on,
            "strengths": dict(zip(["no help", *map(str, STRENGTHS)], spread.round(4).tolist(), strict=True)),
            "level": LEVEL,
        },
    )
    with store.transaction():
        start_run(store, record)
        frames = {"cells": cell_rows(cells, found), "shares": share_rows(cells, found)}
        store.run("correction/write", frames=frames, run_id=run_id)
        if request.run is not None:
            inherit_training(store, run_id, request.run)
        finish_run(store, run_id)
    where = None if request.n_more is None else next_answers(cells, predicted, spread, request.n_more)
    return Corrected(run_id, len(cells.counts), _notes(cells, chosen_on), where)


def next_answers(cells: SampledCells, predicted: pl.DataFrame, spread: Floats, n_more: int) -> pl.DataFrame:
    """Return in which cells `n_more` answers are worth most, among those that were predicted or sampled.

    expected_error is the expected total variation, now and with the answers added: variances fall as 1 / (a + 1 + m).
    """
    import polars as pl

    asked = cells.frame.select(*_KEY, "option_code", pl.Series("counts", cells.rows_of(cells.counts)))
    others = predicted.filter(~pl.col("is_validation")).join(asked, on=_KEY, how="anti")
    none = pl.col("option_code").list.eval(pl.lit(0.0)).alias("counts")
    everywhere = beside(pl.concat([asked, others.select(*_KEY, "option_code", none)]).sort(_KEY), predicted)
    found = posterior_of(everywhere, spread)
    mean, worth = found.mean(), found.n_equivalent()
    more = allocate(n_more, (mean * (1 - mean)).sum(axis=1), worth)
    error = np.sqrt(2 / np.pi * found.variance()).sum(axis=1) / 2
    rows = everywhere.frame.select(_KEY).with_columns(
        pl.Series("answers_now", everywhere.counts.sum(axis=1)),
        pl.Series("answers_to_add", more),
        pl.Series("expected_error_now", error),
        pl.Series("expected_error_then", error * np.sqrt((worth + 1) / (worth + 1 + more))),
    )
    return rows.filter(pl.col("answers_to_add") > 0).sort(
        "answers_to_add", *_KEY, descending=[True, False, False, False]
    )


def _notes(cells: SampledCells, chosen_on: str) -> tuple[str, ...]:
    n_lacking = int((~cells.has_prediction).sum())
    found = [
        (
            chosen_on.startswith("nothing"),
            f"How far to trust the prediction was learnt from {chosen_on}; intervals may be "
            "a little too narrow for samples of 2 to 20 answers per cell.",
        ),
        (n_lacking, f"{n_lacking} cells have no prediction: there the sample stands alone."),
    ]
    return tuple(text for there_is, text in found if there_is)


def spread_of_run(
    store: Store, run: Mapping[str, Any], predicted: pl.DataFrame, cells: SampledCells, seed: int
) -> tuple[Floats, str]:
    """Return how strengths are spread (H,) before the sample is looked at, and what that was learnt from.

    Samples of the size at hand are drawn from the human shares of the run's validation cells.
    """
    import polars as pl

    known = predicted.filter(pl.col("is_validation"))
    human = store.frame("cell/list_shares", frames={"wanted": known.select(_KEY)}, shares=run["shares"])
    both = human.join(known.select(*_KEY, "probability"), on=_KEY, how="inner", maintain_order="left")
    if both.is_empty():
        return UNKNOWN, "nothing: the run has no validation part with answers"
    both = both.sample(min(both.height, _MAX_VALIDATION_CELLS), seed=seed)
    n = max(int(np.median(cells.counts.sum(axis=1))), _LEAST_SIMULATED)
    held = beside(both.with_columns(pl.col("shares").alias("counts")), known)
    shares = held.counts / held.counts.sum(axis=1, keepdims=True)
    counts = draw_answers(shares, n, np.random.default_rng(seed))
    spread = spread_of(counts, held.predicted, held.is_option, held.item)
    return spread, f"{len(counts)} validation cells, {n} answers drawn in each"


def posterior_of(cells: SampledCells, spread: Floats) -> Posterior:
    """Return what is believed of each cell, its item's strength told from all the item's cells."""
    likelihood = log_likelihoods(cells.counts, cells.predicted, cells.is_option) * cells.has_prediction[:, None]
    by_item = sum_by(cells.item, likelihood, int(cells.item.max(initial=-1)) + 1)
    weight = item_posteriors(by_item, learn_spread(by_item, spread))[cells.item]
    alone = np.zeros_like(weight)
    alone[:, 0] = 1.0  # without a prediction the sample stands alone
    weight = np.where(cells.has_prediction[:, None], weight, alone)
    return Posterior(concentrations(cells.counts, cells.predicted, cells.is_option), weight)


def beside(sampled: pl.DataFrame, predicted: pl.DataFrame) -> SampledCells:
    """Return cells with their counts beside what was predicted; where nothing was, the uniform distribution stands."""
    import polars as pl

    frame = sampled.join(predicted.select(*_KEY, "probability"), on=_KEY, how="left", maintain_order="left", suffix="_")
    n_options = frame["option_code"].list.len().to_numpy().astype(np.int64)
    width = int(n_options.max(initial=1))
    is_option = within(n_options, width)
    flat = pl.col("option_code").list.eval(pl.lit(1.0))
    shares = pad_lists(frame.select(pl.coalesce("probability", flat).alias("shares"))["shares"], width)
    item = frame.select(pl.struct("survey_id", "item_id").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    return SampledCells(
        frame.select(*_KEY, "option_code", pl.col("^n_(answers|effective)$")),
        pad_lists(frame["counts"], width),
        floored(shares, is_option),
        is_option,
        frame["probability"].is_not_null().to_numpy(),
        item,
    )


def cell_rows(cells: SampledCells, found: Posterior) -> pl.DataFrame:
    """Return the rows of `correction`, with the basis of each cell's prediction."""
    import polars as pl

    n = cells.counts.sum(axis=1)
    strength = np.exp(
        (found.weight[:, 1:] * np.log(STRENGTHS)).sum(axis=1) / np.maximum(found.weight[:, 1:].sum(axis=1), 1e-12)
    )
    weight = (found.weight[:, 1:] * (STRENGTHS / (STRENGTHS + n[:, None]))).sum(axis=1)
    n_equivalent = found.n_equivalent()
    helps = cells.has_prediction & (found.weight[:, 0] < 0.5) & (n_equivalent - n >= 1)
    return cells.frame.select(*_KEY, "n_answers", "n_effective").with_columns(
        pl.Series("strength", np.where(cells.has_prediction, strength, np.nan)).fill_nan(None),
        pl.Series("weight", weight),
        pl.Series("n_equivalent", n_equivalent),
        pl.Series("helps", helps),
        pl.Series("basis", [_basis(count, has) for count, has in zip(n, cells.has_prediction, strict=True)]),
    )


def share_rows(cells: SampledCells, found: Posterior) -> pl.DataFrame:
    """Return the rows of `corrected_share`: one per cell and option."""
    import polars as pl

    tail = (1 - LEVEL) / 2
    share = found.mean()
    # The mean of a very skewed distribution may lie beyond its quantiles.
    low, high = np.minimum(found.quantile(tail), share), np.maximum(found.quantile(1 - tail), share)
    sampled = cells.counts / np.maximum(cells.counts.sum(axis=1, keepdims=True), 1e-12)
    predicted = np.where(cells.has_prediction[:, None], cells.predicted, np.nan)
    columns = {"predicted": predicted, "sampled": sampled, "share": share, "low": low, "high": high}
    rows = cells.frame.select(*_KEY, "option_code").explode("option_code")
    return rows.with_columns(
        pl.Series(name, values[cells.is_option]).fill_nan(None) for name, values in columns.items()
    )


def _basis(n: float, has_prediction: bool) -> str:
    return f"{n:.4g} answers and a prediction" if has_prediction else f"{n:.4g} answers alone"


def _predictions(store: Store, request: CorrectRequest) -> tuple[dict[str, Any], pl.DataFrame]:
    """Return the run's record and its predictions in one language, one row per cell."""
    found = store.rows("run/find", run_id=request.run)
    if not found:
        raise not_found(f"There is no run {request.run!r} in the store.", "`surveycli runs` lists the runs.")
    predicted = store.frame("correction/list_predicted", run_id=request.run)
    if predicted.is_empty():
        raise not_found(f"The run {request.run} has no predictions.", f"`surveycli predict --run {request.run}`.")
    languages = sorted(predicted["language"].unique())
    if request.language is None and len(languages) > 1:
        raise usage(f"{request.run} predicted in {', '.join(languages)}.", "Name one with --language.")
    chosen = predicted.filter(language=request.language) if request.language else predicted
    if chosen.is_empty():
        raise not_found(f"{request.run} predicted nothing in {request.language!r}, but in {', '.join(languages)}.")
    return found[0], chosen
