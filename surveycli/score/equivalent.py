"""What a prediction is worth in real answers: how many respondents per cell would score as well.

A pilot of n respondents per cell, shrunk towards a prior, is simulated for a grid of n; a run is worth the n at which
the pilot's mean score equals the run's. Both are held against equally noisy figures: the run against people's answers,
the pilot against as many new answers from a truth that those allow, to which its own respondents add nothing. Two
priors stand side by side: the position marginal of the training items; and the best that is known of the cell without a
model: what the newest run of `best` on the split says, else the item mean where the training part has the item. The
strength of shrinkage is chosen on the training part for each n, to the position marginal and to the item mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import find_metric
from surveycli.distribution.pilot import choose_strength, draw_answers, draw_survey, draw_truth, shrink
from surveycli.distribution.pooling import item_means, marginal_prior, own_item_prior, own_marginal_prior
from surveycli.grouping import Clusters
from surveycli.score.ceiling import distance_of
from surveycli.score.cells import floats, group_columns, groups_of, mean_of, units_of
from surveycli.score.interval import Units, uncertainty_of_means
from surveycli.score.material import RunCells, run_cells, train_cells
from surveycli.score.score_run import find_scored_run
from surveycli.score.table import DEFAULTS, Table, TableRequest, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

GRID = (1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 125, 200, 320, 500, 1000)
_LOGS = np.log(GRID)
_REPEATS = (4, 10)  # simulations of each cell, at least and at most
_MAX_DRAWS = 60_000  # cells x simulations for each n: enough for three digits of a part's mean
_MAX_TUNING_CELLS = 2_000
_AS_THE_SURVEY = "as good as this survey"
_FIGURES = (
    ("n_equivalent", "low", "high", "equivalent"),
    ("n_best", "low_best", "high_best", "equivalent_best"),
)
_TEXTS = ("equivalent", "equivalent_best", "best")


@dataclass(frozen=True, slots=True)
class ShrinkageTarget:
    """What a pilot is shrunk to in each cell (N, K), and for each n of the grid how strongly (N, G)."""

    shares: Floats
    strengths: Floats


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Respondents per cell: below 1 is 0 (and "<1"), above the grid is infinite (and ">1000").

    as_good: cannot be told apart from as many respondents as the survey has. at_least: how many respondents people's
    figures have is not known; taken as exact, they make a prediction look worth less than it is.
    """

    n: float
    low: float | None = None
    high: float | None = None
    as_good: bool = False
    at_least: bool = False

    def __str__(self) -> str:
        before = "at least " if self.at_least else ""
        if self.low is None or self.high is None or (self.n == self.low == self.high and not self.as_good):
            return before + _write(self.n)
        high = _AS_THE_SURVEY if self.as_good else _write(self.high)
        return before + f"{_write(self.n)} ({_write(self.low)} to {high})"

    def named(self, names: tuple[str, ...]) -> Iterator[tuple[str, float | str | None]]:
        """Yield its figures under the names of columns."""
        return zip(names, (*map(_on_grid, (self.n, self.low, self.high)), str(self)), strict=True)


def equivalent_table(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return how many respondents per cell a run is worth, by part and `by`, with both priors.

    `n_equivalent`, `low` and `high` are NULL outside 1 to 1000; the text `equivalent` says on which side. A metric that
    is a ratio of means is taken through its distance.
    """
    import polars as pl

    metric = distance_of(request.metric)
    cells = run_cells(store, run_id, request.selection)
    leads, best = _leads(store, run_id, cells, metric, request.seed)
    frame = cells.frame.with_columns(pl.Series("row", np.arange(cells.frame.height)), pl.Series("best", best))
    rows = [{**labels, **_row(group, cells, leads, metric, request)} for labels, group in groups_of(frame, request.by)]
    figures = [name for names in _FIGURES for name in names[:-1]]
    columns = [*group_columns(frame, request.by), "n_cells", *_TEXTS, metric, "clusters", *figures]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns)


def _row(group: pl.DataFrame, cells: RunCells, leads: Floats, metric: str, request: TableRequest) -> dict[str, object]:
    """Return the figures of a group; cells of an unknown number of respondents count where the others have none."""
    known = np.isfinite(cells.human.n_respondents[group["row"].to_numpy()])
    group = group.filter(known) if known.any() else group
    lead, units = leads[:, group["row"].to_numpy()], units_of(group)
    found = [equivalent_of(of_prior, units, request.clusters, known=bool(known.any())) for of_prior in lead]
    named = zip(_FIGURES, (equivalent for equivalent, _ in found), strict=True)
    figures = {name: value for names, equivalent in named for name, value in equivalent.named(names)}
    n_cells = group.height - group[metric].null_count()
    best = ", ".join(group["best"].value_counts(sort=True)["best"])
    return {"n_cells": n_cells, metric: mean_of(group, metric), "clusters": found[0][1], "best": best, **figures}


def pilot_losses(human: AnsweredCells, priors: Sequence[ShrinkageTarget], metric: str, seed: int = 1) -> Floats:
    """Return how much worse than flawless cells' pilots score, for each n of the grid and a survey: (priors, N, G+1).

    Pilots grow: that of the next n has the respondents of this one, so that a curve over n is smooth.
    """
    repeats = int(np.clip(_MAX_DRAWS // max(len(human), 1), *_REPEATS))
    function, k = find_metric(metric).function, human.n_options
    losses = np.zeros((len(priors), len(human), len(GRID) + 1))
    generator = np.random.default_rng(seed)
    for _ in range(repeats):
        truth = draw_truth(human, generator)
        answers = draw_survey(truth, human, generator)
        best = function(answers, answers, k)
        counts, before = np.zeros_like(truth), 0
        for place, n in enumerate(GRID):
            counts, before = counts + draw_answers(truth, n - before, generator), n
            for loss, prior in zip(losses, priors, strict=True):
                pilot = shrink(counts, prior.shares, prior.strengths[:, place])
                loss[:, place] += np.abs(function(answers, pilot, k) - best)
        losses[:, :, -1] += np.abs(function(answers, draw_survey(truth, human, generator), k) - best)
    return losses / repeats


def respondents_worth(lead: Floats) -> float:
    """Return the n at which a lead over pilots (G,), which shrinks as n grows, becomes 0: 0 below the grid, inf above.

    Interpolates in log n; a lead that grows by chance is first made to shrink.

    >>> round(respondents_worth(np.linspace(0.5, -0.5, len(GRID))), 6)
    32.0
    """
    lead = np.minimum.accumulate(lead)
    if lead[0] < 0:
        return 0.0
    right = int((lead >= 0).sum())  # the first n that does better
    if right == len(GRID):
        return float(np.inf) if lead[-1] > 0 else float(GRID[-1])
    part = lead[right - 1] / (lead[right - 1] - lead[right])
    return float(np.exp(_LOGS[right - 1] + part * (_LOGS[right] - _LOGS[right - 1])))


def _leads(store: Store, run_id: str, cells: RunCells, metric: str, seed: int) -> tuple[Floats, list[str]]:
    """Return by how much each row of a run scores better than pilots and than a survey, and the second prior's name.

    Leads are (priors, R, G+1). Pilots are computed once per cell, though it may stand in several rows.
    """
    run = find_scored_run(store, run_id)
    width = cells.human.shares.shape[1]
    train = train_cells(store, run["split"], run["shares"], width) if run["split"] else None
    key = cells.human.item * len(cells.human.catalogue.populations) + cells.human.population
    _, first, row = np.unique(key, return_index=True, return_inverse=True)
    human = cells.human.take(first)
    function = find_metric(metric).function
    flawless = function(cells.human.shares, cells.human.shares, cells.human.n_options)
    lost = np.abs(floats(cells.frame, metric) - flawless)
    marginal, best, names = _priors(train, human, seed)
    if run["split"]:
        best = _with_the_best(store, run, human, best, names)
    return pilot_losses(human, [marginal, best], metric, seed)[:, row] - lost[:, None], [names[one] for one in row]


def _priors(
    train: AnsweredCells | None, target: AnsweredCells, seed: int
) -> tuple[ShrinkageTarget, ShrinkageTarget, list[str]]:
    """Return the position marginal, the item mean where the training part has the item, and which that is."""
    width = target.shares.shape[1]
    if train is None:
        flat = ShrinkageTarget(uniform(target.n_options, width), np.ones((len(target), len(GRID))))
        return flat, flat, ["uniform"] * len(target)
    chosen = np.arange(len(train))
    if len(train) > _MAX_TUNING_CELLS:
        chosen = np.random.default_rng(seed).choice(len(train), _MAX_TUNING_CELLS, replace=False)
    shares = train.shares[chosen]
    by_marginal, by_item = (
        np.array([choose_strength(shares, prior[chosen], n, seed) for n in GRID])
        for prior in (own_marginal_prior(train), own_item_prior(train))
    )
    marginal = ShrinkageTarget(marginal_prior(train, target)[:, :width], np.tile(by_marginal, (len(target), 1)))
    means, place = item_means(train), _places(train, target)
    asked = (place >= 0) & means.asked[place]
    item = np.where(asked[:, None], means.shares[place][:, :width], marginal.shares)
    best = ShrinkageTarget(item, np.where(asked[:, None], by_item, marginal.strengths))
    return marginal, best, ["item-mean" if one else "position-marginal" for one in asked]


def _with_the_best(
    store: Store, run: Mapping[str, Any], target: AnsweredCells, prior: ShrinkageTarget, names: list[str]
) -> ShrinkageTarget:
    """Return the prior with what the split's run of `best` says in its place, and write who says it into `names`."""
    found = store.frame("score/list_best_predictions", split=run["split"], shares=run["shares"])
    said = {tuple(row[:3]): row[3:] for row in found.iter_rows()}
    shares = prior.shares.copy()
    catalogue = target.catalogue
    for row, (item, population) in enumerate(zip(target.item, target.population, strict=True)):
        answer = said.get((*catalogue.items[item], catalogue.populations[population]))
        if answer is not None and len(answer[0]) == target.n_options[row]:
            shares[row, : len(answer[0])], names[row] = answer
    return ShrinkageTarget(shares, prior.strengths)


def _places(train: AnsweredCells, target: AnsweredCells) -> Floats:
    """Return where in the training part's catalogue each target cell's item stands, -1 where it does not: (N,)."""
    place = {item: number for number, item in enumerate(train.catalogue.items)}
    return np.array([place.get(item, -1) for item in target.catalogue.items])[target.item]


def equivalent_of(lead: Floats, units: Units, clusters: Clusters, *, known: bool) -> tuple[Equivalent, str]:
    """Return what rows (N, G+1) are worth together, and for which clusters its interval stands.

    An n is in the interval where the mean lead over its pilots may be 0.
    """
    defined = np.asarray(np.isfinite(lead).all(axis=1))
    lead, units = lead[defined], units.take(defined)
    if not len(lead):
        return Equivalent(float("nan")), ""
    mean = lead.mean(axis=0)
    n = respondents_worth(mean[:-1])
    uncertainty, words = uncertainty_of_means(lead, units, clusters)
    if uncertainty is None:
        return Equivalent(n, at_least=not known), words
    half = uncertainty.half_widths()
    low, high = (respondents_worth((mean + sign * half)[:-1]) for sign in (-1, 1))
    return Equivalent(n, low, high, known and mean[-1] + half[-1] >= 0, not known), words


def _on_grid(n: float | None) -> float | None:
    return n if n is not None and 0 < n < np.inf else None


def _write(n: float) -> str:
    if np.isnan(n):
        return "not defined"
    if n == 0:
        return "<1"
    return f">{GRID[-1]}" if n == np.inf else f"{n:.1f}" if n < 100 else f"{n:.0f}"


TABLES = (
    Table(
        "equivalent",
        "How many respondents per cell a prediction is worth.",
        per_run(equivalent_table),
        columns=("run_id", "part", "n_cells", *_TEXTS, "clusters", *_FIGURES[0][:-1], *_FIGURES[1][:-1]),
        takes=frozenset({"by", "metric", "clusters", "seed", "kind", "min_respondents"}),
        how_to_read=(
            "equivalent: this many respondents per cell score as well, their shares shrunk to the mean of training "
            "items with as many options; equivalent_best: shrunk to the best that is known without a model, named in "
            "`best` (`surveycli predict -p best` on the split makes it more than the item's training mean). "
            f'"{_AS_THE_SURVEY}": cannot be told apart from asking as many people again.'
        ),
    ),
)
