"""How far to trust a run's predictions: a radius from its validation part, and how often it held where that shows.

Cells are told apart by what training knew: the item, the population, both or neither. For each kind the radius (total
variation) comes from the validation cells of that kind, each battery counting once. Its coverage is measured twice
there, leaving out whole batteries and whole regions, and once more in the parts that the run is scored on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.conformal import coverage_left_out, radius
from surveycli.domain import VALIDATION
from surveycli.errors import not_found
from surveycli.grouping import By
from surveycli.score.cells import floats, group_columns, groups_of, scored_cells
from surveycli.score.table import DEFAULTS, Table, TableRequest, per_run

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

LEVEL = 0.9
_KINDS = {
    (True, True): "item and population known",
    (True, False): "new population",
    (False, True): "new item",
    (False, False): "new item and population",
}


@dataclass(frozen=True, slots=True)
class Calibration:
    """What validation cells of one kind tell: the radius and its coverage where batteries or regions were left out.

    mean_error: mean total variation; uniform_error: that of the uniform distribution on the same cells. Coverages are
    None where there is a single battery, or region.
    """

    radius: float
    without_batteries: float | None
    without_regions: float | None
    n_cells: int
    n_batteries: int
    mean_error: float
    uniform_error: float


def calibrate(cells: pl.DataFrame) -> Mapping[str, Calibration]:
    """Return what the validation cells tell, by kind; `cells` are a run's scored cells with `kind_of_cell`."""
    import polars as pl

    validation = cells.filter(pl.col("part") == VALIDATION)
    return {
        str(key[0]): _calibration(group)
        for key, group in sorted(validation.partition_by("kind_of_cell", as_dict=True).items())
    }


def with_kinds(store: Store, run_id: str, cells: pl.DataFrame) -> pl.DataFrame:
    """Return cells (survey_id, item_id, population_id...) with `kind_of_cell`: what the run's training knew of them."""
    import polars as pl

    items = store.frame("score/list_train_items", run_id=run_id).with_columns(item_known=pl.lit(True))
    people = store.frame("score/list_train_populations", run_id=run_id).with_columns(people_known=pl.lit(True))
    found = cells.join(items, on=["survey_id", "item_id"], how="left", maintain_order="left")
    found = found.join(people, on="population_id", how="left", maintain_order="left")
    known = [pl.col(name).fill_null(False) for name in ("item_known", "people_known")]
    kind = pl.coalesce(
        pl.when((known[0] == item) & (known[1] == people)).then(pl.lit(kind)) for (item, people), kind in _KINDS.items()
    )
    return found.with_columns(kind.alias("kind_of_cell")).drop("item_known", "people_known")


def trust_table(store: Store, run_id: str, request: TableRequest = DEFAULTS) -> pl.DataFrame:
    """Return nominal and observed coverage by part, kind of cell and `by` (topics, if nothing else is asked for).

    radius and the coverages without batteries and regions are NULL for a kind that validation has no cells of: there
    nothing is promised. Raises SurveyError (4) where no validation cell is scored.
    """
    import polars as pl

    by = By.DIMENSION if request.by is By.PART else request.by
    cells = with_kinds(store, run_id, scored_cells(store, [run_id], request.selection))
    known = calibrate(cells)
    if not known:
        raise not_found(
            f"No validation cell of {run_id} has human answers to learn its errors from.",
            f"`surveycli predict --run {run_id} --part validation`, or a split with a validation part.",
        )
    rows = []
    for labels, group in groups_of(cells.filter(pl.col("part") != VALIDATION), by):
        for (kind,), own in sorted(group.partition_by("kind_of_cell", as_dict=True).items()):
            rows.append({**labels, "kind_of_cell": kind, **_row(own, known.get(str(kind)))})
    columns = [*group_columns(cells, by), "kind_of_cell", *_COLUMNS]
    return pl.DataFrame(rows, infer_schema_length=None).select(columns) if rows else pl.DataFrame(schema=columns)


_COLUMNS = ("n_cells", "nominal", "radius", "observed", "without_batteries", "without_regions", "validation_cells")


def _calibration(cells: pl.DataFrame) -> Calibration:
    import polars as pl

    errors = floats(cells, "total_variation")
    battery = cells["battery_unit"].to_numpy()
    region = cells["un_region"].rank("dense").cast(pl.Int64).to_numpy()
    covered = [coverage_left_out(errors, battery, left_out, LEVEL) for left_out in (battery, region)]
    without_batteries, without_regions = (None if np.isnan(share) else share for share in covered)
    return Calibration(
        radius(errors, battery, LEVEL),
        without_batteries,
        without_regions,
        len(errors),
        len(np.unique(battery)),
        float(errors.mean()),
        float(floats(cells, "uniform_total_variation").mean()),
    )


def _row(cells: pl.DataFrame, known: Calibration | None) -> dict[str, float | int | None]:
    errors = floats(cells, "total_variation")
    return {
        "n_cells": cells.height,
        "nominal": LEVEL,
        "radius": known.radius if known else None,
        "observed": float((errors <= known.radius).mean()) if known else None,
        "without_batteries": known.without_batteries if known else None,
        "without_regions": known.without_regions if known else None,
        "validation_cells": known.n_cells if known else 0,
    }


TABLES = (
    Table(
        "trust",
        "How far off predictions may be: a radius that should hold for 90% of cells, and how often it held.",
        per_run(trust_table),
        columns=("run_id", "part", "kind_of_cell", *_COLUMNS),
        takes=frozenset({"by", "kind", "min_respondents", "language"}),
        least_runs=1,
        how_to_read=(
            "radius: total variation that 90% of validation cells of the kind stay within, each battery counting once. "
            "observed: how many cells of the row do. without_...: how many validation cells do when whole batteries "
            "or regions are left out of the radius. No radius: validation has no such cells."
        ),
    ),
)
