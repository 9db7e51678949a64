"""The scored cells that every table is made of, and the groups that its rows are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import Floats
from surveycli.distribution.metric import find_metric
from surveycli.domain import LEARNT_FROM
from surveycli.errors import not_found
from surveycli.grouping import By, PopulationKind
from surveycli.score.interval import Units
from surveycli.setting import setting

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

_COLUMNS = {
    By.PART: (),
    By.POPULATION: ("population_id",),
    By.ITEM: ("item_id",),
    By.REGION: ("un_region",),
    By.CELL: ("item_id", "population_id"),
}
UNIT_COLUMNS = ("population_unit", "country_unit", "item_unit", "battery_unit")
_IN_QUESTIONNAIRE_ORDER = {By.ITEM, By.DIMENSION, By.CELL}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which scored cells a table is made of.

    kind: `country` or `subgroup` populations (both, told apart, if None). min_respondents: cells of fewer effective
    respondents are left out, cells of unknown number kept. languages: none means all; predictors that read no text
    always count.
    """

    kind: PopulationKind | None = setting(None, "Only countries, or only subgroups.", shown="both, separately")
    min_respondents: int = setting(0, "Leave out cells of fewer effective respondents.", least=0)
    languages: tuple[str, ...] = setting(
        (), "Only predictions in this language; repeat for several.", flag="--language", shown="all"
    )


EVERYTHING = Selection()


def scored_cells(store: Store, run_ids: Sequence[str], selection: Selection = EVERYTHING) -> pl.DataFrame:
    """Return the scores of runs with what tables group by: one row per run, part, cell and language.

    Raises SurveyError (exit 4) for a language or a kind of population of which nothing is scored.
    `population_unit`, `country_unit`, `item_unit` and `battery_unit` number what intervals take for a sample.
    """
    import polars as pl

    cells = store.frame("score/list_scored_cells", run_ids=list(run_ids))
    units = {
        "population": pl.col("population_id"),
        "country": pl.col("country"),
        "item": pl.struct("survey_id", "item_id"),
        "battery": pl.struct("survey_id", pl.coalesce("battery_id", "item_id")),
    }
    cells = cells.with_columns(of.rank("dense").cast(pl.Int64).alias(f"{name}_unit") for name, of in units.items())
    if selection.kind is not None:
        cells = cells.filter(kind=selection.kind.value)
    if selection.min_respondents:
        enough = pl.col("n_effective").is_null() | (pl.col("n_effective") >= selection.min_respondents)
        cells = cells.filter(enough)
    if cells.is_empty():
        raise not_found("No scored cell is left.", "Leave out --kind or --min-respondents.")
    return _in_languages(cells, selection.languages)


def _in_languages(cells: pl.DataFrame, languages: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    known = sorted(set(cells["language"].unique()) - {""})
    unknown = [language for language in languages if language not in known]
    if unknown:
        raise not_found(
            f"Nothing scored here was predicted in {', '.join(unknown)}; there is: {', '.join(known) or 'none'}.",
            f"`surveycli predict --language {unknown[0]}` predicts in it.",
        )
    return cells.filter(pl.col("language").is_in([*languages, ""])) if languages else cells


def group_columns(cells: pl.DataFrame, by: By) -> list[str]:
    """Return the columns that tell the rows of a table apart; split, kind, language, survey only where they differ."""
    extra = list(_COLUMNS.get(by, (by.value,)))
    if "item_id" in extra and cells["survey_id"].n_unique() > 1:
        extra = ["survey_id", *extra]
    return ["run_id", "part", *dict.fromkeys([*telling_columns(cells), *extra])]


def label_column(by: By) -> str:
    """Return the column in which a table says which group a row is of."""
    return _COLUMNS.get(by, (by.value,))[-1]


def groups_of(cells: pl.DataFrame, by: By) -> Iterator[tuple[dict[str, str], pl.DataFrame]]:
    """Yield the labels and the cells of each group: parts in their order, items in the questionnaire's."""
    columns = group_columns(cells, by)
    runs = list(dict.fromkeys(cells["run_id"].to_list()))
    parted = cells.partition_by(columns, as_dict=True, maintain_order=True)

    def order(entry: tuple[tuple[object, ...], pl.DataFrame]) -> tuple[object, ...]:
        key, group = entry
        position = group["position"].min() if by in _IN_QUESTIONNAIRE_ORDER else None
        return (runs.index(str(key[0])), part_order(str(key[1])), position or 0, key[2:])

    for key, group in sorted(parted.items(), key=order):
        yield dict(zip(columns, map(str, key), strict=True)), group


def contributions(frame: pl.DataFrame, name: str) -> Floats:
    """Return what each cell adds to the mean of a metric: their mean is the metric's, by the metric's own rule.

    NaN where a cell is left out, everywhere where there is no mean. A ratio of means R = mean(a) / mean(b) is made
    linear: 1 - R - (a - R b) / mean(b) has the mean 1 - R and, to first order, its variance.
    """
    metric = find_metric(name)
    if metric.ratio is not None:
        above, below = (floats(frame, column) for column in metric.ratio)
        known = np.isfinite(above) & np.isfinite(below)
        bottom = below[known].mean() if known.any() else 0.0
        if bottom <= 0:
            return np.full(frame.height, np.nan)
        ratio = above[known].mean() / bottom
        return np.asarray(metric.scale * (1 - ratio - (above - ratio * below) / bottom))
    values = floats(frame, name)
    return np.full(frame.height, np.nan) if metric.by_prediction and np.isnan(values).any() else values


def mean_of(frame: pl.DataFrame, name: str) -> float | None:
    """Return the mean of a metric over cells, None where it has none."""
    values = contributions(frame, name)
    defined = np.isfinite(values)
    return float(values[defined].mean()) if defined.any() else None


def _split_column(cells: pl.DataFrame) -> list[str]:
    if "split" not in cells.columns:
        return []
    several = cells.select("run_id", "split").unique().height > cells["run_id"].n_unique()
    return ["split"] if several else []


def part_order(part: str) -> tuple[int, str]:
    """Return the sort key of a part: train, validation, then the others by name."""
    return (LEARNT_FROM.index(part) if part in LEARNT_FROM else len(LEARNT_FROM), part)


def floats(frame: pl.DataFrame, column: str) -> Floats:
    """Return a column as float64, NaN for NULL."""
    return frame[column].cast(float).fill_null(np.nan).to_numpy()


def units_of(frame: pl.DataFrame) -> Units:
    """Return what each row is of, for intervals."""
    return Units(*(frame[name].to_numpy() for name in UNIT_COLUMNS))


def telling_columns(cells: pl.DataFrame) -> list[str]:
    """Return the columns whose values never go into one mean: split, kind and language, where there are several."""
    kinds = ["kind"] if cells["kind"].n_unique() > 1 else []
    return [*_split_column(cells), *kinds, *(["language"] if len(set(cells["language"].unique()) - {""}) > 1 else [])]
