"""Audits of a run: what a mean score hides. Every audit is rows of one table.

Columns: audit, part, what, value, predicted, human, n. `value` is the audit's own figure; `predicted` and `human` are
what it was made from, where it was made from two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import AnsweredCells, Floats, Ints, pad_lists
from surveycli.distribution.divergence import js_distance
from surveycli.distribution.metric import Better, find_metric
from surveycli.distribution.pooling import normalise
from surveycli.errors import bad_input
from surveycli.grouping import By
from surveycli.score.calibration import calibration_bins
from surveycli.score.cells import groups_of, mean_of, part_order
from surveycli.score.gaps import entropy_ratio, gaps_between, spread_within
from surveycli.score.material import RunCells, run_cells
from surveycli.score.score_run import find_scored_run
from surveycli.score.spread import (
    mean_gap_between_groups,
    mean_pairwise_distance,
    variance_across_populations,
)
from surveycli.score.table import DEFAULTS, Table, TableRequest
from surveycli.similarity import NEAR_DUPLICATE, nearest_training_items

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

PlainRow = dict[str, object]
_COLUMNS = ("audit", "part", "what", "value", "predicted", "human", "n")
_KEYS = ["survey_id", "item_id", "population_id"]


def audit_run(store: Store, run_id: str, against: Sequence[str] = (), request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return all audits of a scored run, and how far its predictions are from those of the runs `against`.

    outside mass: probability outside the option letters. calibration: mean |human - predicted share| over the bins of
    `calibration_table`. simbench S: 100 x (1 - mean total variation / that of uniform). variance ratio and diversity
    ratio: predicted over human spread across populations, below 1 where the model makes them alike. group gap ratio:
    the same between groups, above 1 where it exaggerates. entropy ratio and spread ratio: the same within a cell, below
    1 where it is too sure. group gaps: of the difference between two populations' mean positions, how much of it is
    predicted (slope), how often on its side, and how many are flipped, stereotyped (over 1.5 times as large), erased
    (under half) or aligned. test use: how often runs of this split have been scored. worst population: the lowest mean
    of `metric`.
    near-duplicates: share of unseen items that are worded like a training item. sensitivity: mean Jensen-Shannon
    distance between two runs' predictions of a cell in the same language.
    """
    import polars as pl

    cells = run_cells(store, run_id, request.selection)
    rows = list(_outside_mass(store, run_id))
    numbered = cells.frame.with_columns(pl.Series("row", np.arange(cells.frame.height)))
    for labels, group in groups_of(numbered, By.PART):
        chosen = group["row"].to_numpy()
        part = RunCells(group, cells.human.take(chosen), cells.predicted[chosen])
        name = _part_name(labels["part"], labels.get("language", ""), labels.get("kind", ""))
        rows += [*_calibration(name, part), *_skill(name, part), *_spreads(name, part, request.seed)]
        rows += [*_within_cells(name, part), *_gaps(name, part, request.seed)]
        rows += _worst_population(name, part, request.metric)
    rows += _test_use(store, run_id)
    rows += _near_duplicates(store, run_id, set(cells.frame["part"]))
    for other in against:
        rows += _sensitivity(store, run_id, other)
    order = list(dict.fromkeys(row["audit"] for row in rows))
    rows.sort(key=lambda row: order.index(row["audit"]))  # stable: parts keep their order within an audit
    return pl.DataFrame(rows, schema=_schema())


def _schema() -> dict[str, type[pl.DataType]]:
    import polars as pl

    text, count = dict.fromkeys(_COLUMNS[:3], pl.String), {"n": pl.Int64}
    return {**text, **dict.fromkeys(_COLUMNS[3:6], pl.Float64), **count}


def _row(audit: str, part: str, what: str, value: float | None, n: int, **more: float) -> PlainRow:
    return {**dict.fromkeys(_COLUMNS), "audit": audit, "part": part, "what": what, "value": value, "n": n, **more}


def _outside_mass(store: Store, run_id: str) -> Iterator[PlainRow]:
    found = store.rows("score/summarise_outside_mass", run_id=run_id)
    several = len({row["language"] for row in found}) > 1
    for row in sorted(found, key=lambda row: (part_order(row["part"]), row["language"])):
        part = _part_name(row["part"], row["language"] if several else "")
        for what in ("mean", "95th percentile"):
            if row["n_cells"]:
                yield _row("outside mass", part, what, row[what], row["n_cells"])


def _calibration(name: str, part: RunCells) -> Iterator[PlainRow]:
    total, weighted = 0, 0.0
    for _, predicted, human, n in calibration_bins(part.human, part.predicted):
        total, weighted = total + n, weighted + n * abs(human - predicted)
    if total:
        yield _row("calibration", name, "mean absolute error over bins", weighted / total, total)


def _skill(name: str, part: RunCells) -> Iterator[PlainRow]:
    value = mean_of(part.frame, "simbench_s")
    if value is not None:
        yield _row("simbench S", name, "a ratio of means", value, len(part.human))


def _near_duplicates(store: Store, run_id: str, parts: set[str]) -> Iterator[PlainRow]:
    """Yield how many of a part's unseen items are worded like a training item, and the two that are most alike."""
    import polars as pl

    split = find_scored_run(store, run_id)["split"]
    items = store.frame("cell/list_item_texts", split=split, language="en")
    found = nearest_training_items(items).filter(pl.col("part").is_in(parts))
    for part in sorted(found["part"].unique().to_list(), key=part_order):
        unseen = found.filter(pl.col("part") == part)
        alike = unseen["similarity"]
        share = float((alike >= NEAR_DUPLICATE).to_numpy().mean())
        what = f"unseen items, similarity {NEAR_DUPLICATE} or more"
        yield _row("near-duplicates", part, what, share, unseen.height)
        most = unseen.row(0, named=True)
        yield _row("near-duplicates", part, f"{most['item_id']} is like {most['nearest']}", most["similarity"], 1)


def _spreads(name: str, part: RunCells, seed: int) -> Iterator[PlainRow]:
    kind, group = _group_of(part.frame)
    audits = {
        "variance ratio": (
            "across populations, noise removed",
            variance_across_populations(part.human, part.predicted),
        ),
        "diversity ratio": ("between two populations", mean_pairwise_distance(part.human, part.predicted, seed)),
        "group gap ratio": (f"between {kind}", mean_gap_between_groups(part.human, part.predicted, group)),
    }
    for audit, (what, spread) in audits.items():
        if spread is not None:
            sides = {"predicted": spread.predicted, "human": spread.human}
            yield _row(audit, name, what, spread.ratio, spread.n_items, **sides)


def _within_cells(name: str, part: RunCells) -> Iterator[PlainRow]:
    ordered = _ordered(part)
    ratios = {
        ("entropy ratio", "of a cell, sampling taken into account"): (entropy_ratio, (part.human, part.predicted)),
        ("spread ratio", "variance of positions within a cell"): (spread_within, ordered),
    }
    for (audit, what), (ratio, cells) in ratios.items():
        ours, people = ratio(*cells) if len(cells[0]) else (0.0, 0.0)
        if people > 0:
            yield _row(audit, name, what, ours / people, len(cells[0]), predicted=ours, human=people)


def _gaps(name: str, part: RunCells, seed: int) -> Iterator[PlainRow]:
    """Yield how gaps between populations are predicted: of one country where there are subgroups, else countries."""
    human, predicted = _ordered(part)
    rows = (part.frame["scale"] != "nominal").to_numpy()
    subgroups = bool((part.frame["kind"] == "subgroup").any())
    country = part.frame["country_unit"].to_numpy()[rows]
    gaps = gaps_between(human, predicted, country if subgroups else np.zeros_like(country), seed)
    of = "subgroups of a country" if subgroups else "countries"
    if gaps.slope is not None:
        yield _row("group gaps", name, f"slope, {of}", gaps.slope, len(gaps))
    clear = gaps.clear
    if clear.sign_rate is not None:
        yield _row("group gaps", name, "on the right side, of those beyond noise", clear.sign_rate, len(clear))
        for kind, count in clear.kinds().items():
            yield _row("group gaps", name, f"{kind}, of those beyond noise", count / len(clear), count)


def _ordered(part: RunCells) -> tuple[AnsweredCells, Floats]:
    """Return the cells whose options have an order."""
    rows = (part.frame["scale"] != "nominal").to_numpy()
    return part.human.take(rows), part.predicted[rows]


def _test_use(store: Store, run_id: str) -> Iterator[PlainRow]:
    split = find_scored_run(store, run_id)["split"]
    for row in store.rows("score/count_scorings", split=split) if split else ():
        yield _row(
            "test use",
            row["part"],
            "times that predictions of it were scored, n runs",
            row["n_scorings"],
            row["n_runs"],
        )


def _group_of(frame: pl.DataFrame) -> tuple[str, Ints]:
    """Return the groups to compare: subgroups over all countries where there are any, else regions."""
    subgroup = frame["population_id"].str.splitn("|", 2).struct[1]
    kind, label = (
        ("subgroups", subgroup.fill_null("all")) if subgroup.is_not_null().any() else ("UN regions", frame["un_region"])
    )
    return kind, label.rank("dense").cast(int).to_numpy()


def _worst_population(name: str, part: RunCells, metric: str) -> Iterator[PlainRow]:
    """Yield the population with the worst mean, of those that have one; none for a metric that ranks nothing."""
    better = find_metric(metric).better
    by_population = part.frame.partition_by("population_id", as_dict=True, maintain_order=True)
    means = {key[0]: (mean_of(cells, metric), cells.height) for key, cells in by_population.items()}
    known = [(value, str(population), n) for population, (value, n) in means.items() if value is not None]
    if known and len(known) == len(means) and better is not Better.NEITHER:
        sign = 1 if better is Better.HIGHER else -1
        value, population, n = min(known, key=lambda row: (sign * row[0], row[1]))
        yield _row("worst population", name, f"{population}, {metric}", value, n)


def _sensitivity(store: Store, run_id: str, other: str) -> Iterator[PlainRow]:
    """Yield how far two runs' predictions are from each other, per part."""
    one, two = run_cells(store, run_id).frame, _predictions(store, other)
    # Predictors that read no text have one prediction for all languages.
    several = "" not in set(one["language"]) | set(two["language"])
    keys = [*_KEYS, *(["language"] if several else []), "option_code"]
    both = one.join(two, on=keys, how="inner", maintain_order="left")
    if both.is_empty():
        raise bad_input(f"The runs {run_id} and {other} predicted no cell in common.")
    width = max(both["option_code"].list.len().to_list())
    first, second = (normalise(pad_lists(both[name], width)) for name in ("probability", "other"))
    distance = js_distance(first, second)
    for part in sorted(both["part"].unique().to_list(), key=part_order):
        chosen = (both["part"] == part).to_numpy()
        yield _row("sensitivity", part, f"distance from {other}", float(distance[chosen].mean()), int(chosen.sum()))


def _predictions(store: Store, run_id: str) -> pl.DataFrame:
    import polars as pl

    find_scored_run(store, run_id)
    predicted = store.frame("score/list_predictions", run_id=run_id, first=None, last=None)
    return predicted.select(*_KEYS, "language", "option_code", pl.col("probability").alias("other"))


def _part_name(part: str, *told_apart: str) -> str:
    of = ", ".join(filter(None, told_apart))
    return f"{part} ({of})" if of else part


TABLES = (
    Table(
        "audit",
        "What a mean hides; with further runs, how far predictions differ from theirs.",
        lambda store, request: audit_run(store, request.runs[0], request.runs[1:], request),
        columns=_COLUMNS,
        takes=frozenset({"metric", "seed", "kind", "min_respondents"}),
        by=frozenset({By.PART}),
        least_runs=1,
        how_to_read=(
            "Ratios are predicted over human: below 1 the run makes populations or groups alike, above 1 it "
            "exaggerates. --calibration has the bins."
        ),
    ),
)
