"""Other runs' predictions, and the batteries of items, for predictors that are made of other predictors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import Catalogue, Cells, Floats, Ints, pad_lists
from surveycli.errors import conflict, not_found, usage
from surveycli.store import Store

if TYPE_CHECKING:
    import polars as pl


def member_shares(store: Store, split: str, run_id: str, cells: Cells, width: int) -> Floats:
    """Return a run's predictions of cells: (N, K), NaN where it has none.

    Raises SurveyError: exit 4 for an unknown run, 5 for one that is not finished, is of another split or has learnt
    from cells that are no longer known, 2 where it predicted in several languages.
    """
    _refuse_other(store, split, run_id)
    found = store.frame("baseline/list_member_predictions", frames={"wanted": _frame(cells)}, run_id=run_id)
    if found["language"].n_unique() > 1:
        languages = ", ".join(sorted(found["language"].unique()))
        raise usage(f"{run_id} predicted in {languages}.", "Name a run of one language.")
    shares = np.full((len(cells), width), np.nan)
    if found.height:
        shares[found["place"].to_numpy()] = pad_lists(found["probability"], width)
    return shares


def batteries(store: Store, catalogue: Catalogue) -> Ints:
    """Return the number of each item's battery: (I,). An item without one is a battery of its own."""
    import polars as pl

    survey, item = zip(*catalogue.items, strict=True) if catalogue.items else ((), ())
    wanted = pl.DataFrame({"survey_id": survey, "item_id": item}, schema={"survey_id": pl.String, "item_id": pl.String})
    found = store.frame("baseline/list_batteries", frames={"wanted": wanted})
    names = found["survey_id"] + " " + found["battery_id"].fill_null(found["item_id"])
    return np.unique(names.to_numpy(), return_inverse=True)[1].astype(np.int64)


def _refuse_other(store: Store, split: str, run_id: str) -> None:
    found = store.rows("run/find", run_id=run_id)
    if not found:
        raise not_found(f"There is no run {run_id!r} in the store.", "`surveycli runs` lists the runs.")
    run = found[0]
    if run["status"] != "finished":
        raise conflict(f"The run {run_id} is {run['status']}, not finished.", "Name one that is finished.")
    if run["split"] != split:
        raise conflict(
            f"The run {run_id} is of the split {run['split']}, not of {split}: its training may have the answers that "
            "are predicted here.",
            f"Name runs of {split}.",
        )
    if store.scalar("score/is_training_unknown", run_id=run_id):
        raise conflict(
            f"It is no longer known which cells {run_id} has learnt from, so none of them could count as a test.",
            "Name another run, or train it anew.",
        )


def _frame(cells: Cells) -> pl.DataFrame:
    import polars as pl

    survey, item = zip(*(cells.catalogue.items[place] for place in cells.item), strict=True) if len(cells) else ((), ())
    people = [cells.catalogue.populations[place] for place in cells.population]
    columns = {"place": range(len(cells)), "survey_id": survey, "item_id": item, "population_id": people}
    text = dict.fromkeys(("survey_id", "item_id", "population_id"), pl.String)
    return pl.DataFrame(columns, schema={"place": pl.Int64, **text})
