"""Cells that a user assigned to parts: from a table file, or from a query on the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from surveycli.errors import SurveyError, bad_input, not_found, usage
from surveycli.store.user_sql import ad_hoc

if TYPE_CHECKING:
    from surveycli.store import Store

_COLUMNS = ("part", "item_id", "population_id")


def read_cells(store_path: Path, *, query: str | None = None, file: Path | None = None) -> pl.DataFrame:
    """Return the rows of a query on the store, run read-only, or of a CSV or Parquet file.

    Raises SurveyError: exit 2 where both or neither are given, 3 where they give no table.
    """
    if (query is None) == (file is None):
        raise _needs_cells()
    if query is not None:
        return ad_hoc(store_path, query)
    assert file is not None
    try:
        return pl.read_parquet(file) if file.suffix.lower() == ".parquet" else pl.read_csv(file, infer_schema=False)
    except FileNotFoundError as error:
        raise bad_input(f"There is no file {file}.", "Check the path; it is relative to the current folder.") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise bad_input(f"{file} cannot be read as a CSV or Parquet table: {error}") from error


def _needs_cells() -> SurveyError:
    return usage(
        "A custom split needs its cells, from a query or a file.",
        "Give --query or --file with columns part, survey_id, item_id, population_id.",
    )


def given_cells(cells: pl.DataFrame | None, survey_id: str) -> pl.DataFrame:
    """Return a user's cells as text columns part, survey_id, item_id, population_id.

    A table without survey_id is about `survey_id`. Raises SurveyError: exit 2 without a table, 3 for lacking
    columns and empty values.
    """
    if cells is None:
        raise _needs_cells()
    lacking = [name for name in _COLUMNS if name not in cells.columns]
    if lacking:
        raise bad_input(
            f"Expected columns part, survey_id, item_id, population_id; found {', '.join(cells.columns)}, "
            f"which lack {', '.join(lacking)}.",
            "Rename the columns of the table, or `AS` them in the query.",
        )
    if "survey_id" not in cells.columns:
        cells = cells.with_columns(survey_id=pl.lit(survey_id))
    cells = cells.select("part", "survey_id", "item_id", "population_id").cast(pl.String)
    empty = cells.filter(pl.any_horizontal(pl.all().is_null() | (pl.all().str.strip_chars() == "")))
    if empty.height:
        raise bad_input(
            f"{empty.height} of {cells.height} rows have an empty part, survey, item or population.",
            "Fill or drop them.",
        )
    return cells.unique(maintain_order=True)


def refuse_unknown(store: Store, cells: pl.DataFrame) -> None:
    """Raise SurveyError (exit 4) where the cells name a survey, item or population that the store does not have."""
    unknown = store.frame("split/unknown_ids", frames={"given_cell": cells})
    if unknown.height:
        names = ", ".join(f"{kind} {name}" for kind, name in unknown.head(5).iter_rows())
        more = f" and {unknown.height - 5} more" if unknown.height > 5 else ""
        raise not_found(f"The store does not have {names}{more}.", "`surveycli items` lists what it has.")
