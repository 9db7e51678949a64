"""What answers each kind of cell best, measured on the data in the box: the demo's first table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.demo.people import Sample, invent_respondents
from surveycli.domain import TEST, Shares
from surveycli.progress import Progress
from surveycli.score import score_run
from surveycli.score.ceiling import ceiling_table
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import Store, open_store
from surveycli.survey import IngestOptions, ingest_file, parse_groupings

if TYPE_CHECKING:
    import polars as pl

BEST = "best"
NEW_ITEMS, PEOPLE = "new-items", "invented-people"
_SAMPLE = Sample(n_countries=20, n_people=400, every=12)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the table: a kind of cell, the run and part that it is measured on, a run of uniform shares of the part,
    and by whom it is answered; None is whom `best` chose.
    """

    kind: str
    run_id: str
    part: str
    uniform: str
    by: str | None = None


def show_kinds(store: Store, split: str, run_id: str, people: Path, progress: Progress) -> pl.DataFrame:
    """Return each kind of cell with what answers it best, its score, and uniform and perfect ones beside it.

    `split` has test parts of countries that were not asked (C3-Q1) and of questions asked nowhere (C1-Q2); `run_id` is
    a language model's run of it. Questions new to most countries and missing groups have splits of their own; the
    groups are of invented people, in a new store `people`.
    """
    import polars as pl

    seen, flat = _answer(store, split, ("C3-Q1", "C1-Q2"))
    progress("best", 1, 3)
    make_split(store, Recipe.NEW_ITEMS, SplitOptions(name=NEW_ITEMS))
    new, new_flat = _answer(store, NEW_ITEMS, (TEST,))
    progress("best", 2, 3)
    shown = (
        Shown("country not asked", seen, "C3-Q1", flat),
        Shown("question not asked here", new, TEST, new_flat),
        Shown("question asked nowhere", seen, "C1-Q2", flat),
        Shown("  by this small model", run_id, "C1-Q2", flat, "tiny"),
    )
    rows = [_row(store, one) for one in shown]
    rows.insert(2, _missing_group(store, people))
    progress("best", 3, 3)
    return pl.DataFrame(rows)


def _missing_group(store: Store, path: Path) -> dict[str, object]:
    """Return the row of groups that are missing in their country, measured on invented people."""
    table = path.with_suffix(".csv")
    items = invent_respondents(store, table, _SAMPLE)
    with open_store(path, create=True) as invented:
        by = parse_groupings(["country,sex,age"])
        options = IngestOptions(survey_id=PEOPLE, country_column="country", items=tuple(items), by=by)
        ingest_file(invented, table, options)
        make_split(invented, Recipe.MISSING_GROUPS, SplitOptions(survey_id=PEOPLE))
        run_id, flat = _answer(invented, Recipe.MISSING_GROUPS.value, (TEST,))
        return _row(invented, Shown("group not asked here *", run_id, TEST, flat))


def _answer(store: Store, split: str, parts: tuple[str, ...]) -> tuple[str, str]:
    """Return new runs of `best` and of uniform shares, scored."""
    best, flat = (
        predict_baseline(store, name, BaselineOptions(split, parts, Shares.UNWEIGHTED)) for name in (BEST, "uniform")
    )
    for run_id in (best, flat):
        score_run(store, run_id)
    return best, flat


def _row(store: Store, shown: Shown) -> dict[str, object]:
    own, flat = (
        store.rows("demo/score_of_part", run_id=run_id, part=shown.part)[0] for run_id in (shown.run_id, shown.uniform)
    )
    (limits,) = ceiling_table(store, shown.run_id).filter(part=shown.part).to_dicts()
    return {
        "kind of cell": shown.kind,
        "answered by": shown.by or own["served_by"],
        "cells": own["n_cells"],
        "uniform": round(flat["score"], 3),
        "score": round(own["score"], 3),
        "perfect": round(limits["perfect"], 3),
    }
