"""What a score would be in other settings that could as well have been chosen: prompt, language, temperature, shares.

The settings are those that the store has: other runs of the same predictor, or of the same weights, on the same split;
the languages of each; and people's weighted and unweighted shares, against either of which any run can be scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.distribution.metric import find_metric
from surveycli.domain import Shares
from surveycli.errors import bad_input
from surveycli.grouping import By
from surveycli.score.cells import mean_of, part_order, scored_cells
from surveycli.score.score_run import find_scored_run, score_frame, score_run, with_humans
from surveycli.score.table import DEFAULTS, Table, TableRequest, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_KEYS = ["survey_id", "item_id", "population_id"]
_FIGURES = ("n_settings", "n_cells", "headline", "lowest", "highest", "lowest_in", "highest_in")


@dataclass(frozen=True, slots=True)
class Variant:
    """A run in one language, held against one kind of shares: its cells with their scores."""

    run_id: str
    language: str
    shares: str
    cells: pl.DataFrame

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.run_id, self.language, f"{self.shares} shares")))


def multiverse_table(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return, by part, the mean of a metric as the run has it, and the least and the most that settings make of it.

    Means are over the cells of the part that all settings have. The headline is the run in its first language, against
    the shares that it was made for. Raises SurveyError (3) where the settings have no cell of a part in common.
    """
    import polars as pl

    metric = find_metric(request.metric).name
    settings = list(_settings(store, run_id, request))
    parts = sorted(settings[0].cells["part"].unique().to_list(), key=part_order)
    rows = [{"run_id": run_id, "part": part, **_range(settings, part, metric)} for part in parts]
    return pl.DataFrame(rows, infer_schema_length=None)


def _settings(store: Store, run_id: str, request: TableRequest) -> Iterator[Variant]:
    """Yield the headline's setting, then all others."""
    related = [row["run_id"] for row in store.rows("score/list_related_runs", run_id=run_id)]
    for name in dict.fromkeys([run_id, *related]):
        if name not in request.runs:
            score_run(store, name)
        own = find_scored_run(store, name)["shares"]
        for shares in (own, *(other.value for other in Shares if other.value != own)):
            cells = _cells(store, name, shares, request)
            for (language,), group in sorted(cells.partition_by("language", as_dict=True).items()):
                yield Variant(name, str(language), shares, group)


def _cells(store: Store, run_id: str, shares: str, request: TableRequest) -> pl.DataFrame:
    """Return a run's scored cells, held against the shares asked for."""
    import polars as pl

    cells = scored_cells(store, [run_id], request.selection)
    run = find_scored_run(store, run_id)
    if run["shares"] == shares:
        return cells
    predicted = with_humans(store, {**run, "shares": shares})
    scores = score_frame(predicted.filter(pl.col("reason").is_null() & ~pl.col("unweighted_instead")))
    names = [name for name in scores.columns if name not in (*_KEYS, "language")]
    return cells.drop(names).join(scores, on=[*_KEYS, "language"], how="inner", maintain_order="left")


def _range(settings: list[Variant], part: str, metric: str) -> dict[str, float | int | str | None]:
    import polars as pl

    found = [(setting, setting.cells.filter(pl.col("part") == part)) for setting in settings]
    found = [(setting, cells) for setting, cells in found if cells.height]
    shared = pl.concat([cells.select(_KEYS) for _, cells in found]).group_by(_KEYS).len().filter(len=len(found))
    if shared.is_empty():
        raise bad_input(f"The settings of {found[0][0].run_id} have no cell of {part} in common.")
    means = [(mean_of(cells.join(shared, on=_KEYS, how="semi"), metric), setting) for setting, cells in found]
    known = sorted((mean, number) for number, (mean, _) in enumerate(means) if mean is not None)
    counts: dict[str, float | int | str | None] = {
        "n_settings": len(found),
        "n_cells": shared.height,
        "headline": means[0][0],
    }
    if len(known) < len(means):
        return {**counts, **dict.fromkeys(_FIGURES[3:])}
    (lowest, low), (highest, high) = known[0], known[-1]
    places = {"lowest_in": str(means[low][1]), "highest_in": str(means[high][1])}
    return {**counts, "lowest": lowest, "highest": highest, **places}


TABLES = (
    Table(
        "multiverse",
        "The range over settings that could equally well have been chosen, as far as the store has them.",
        per_run(multiverse_table),
        columns=("run_id", "part", *_FIGURES),
        takes=frozenset({"metric", "kind", "min_respondents"}),
        by=frozenset({By.PART}),
        how_to_read=(
            "Settings: runs of the same predictor or weights on the same split, in each of their languages, against "
            "weighted and unweighted shares, on the cells that all have."
        ),
    ),
)
