"""Makes a split: plan, write, check for leaks, all in one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from surveycli.clock import utc_now
from surveycli.domain import LEARNT_FROM, SUBPOP_EVAL_SURVEY, SUBPOP_SURVEY
from surveycli.errors import bad_input, conflict, usage
from surveycli.request.split import PartSize, Recipe, SplitOptions, SplitReport
from surveycli.split.custom import given_cells, refuse_unknown
from surveycli.split.plan import load_materials
from surveycli.split.recipes import PLANS
from surveycli.split.similar import similarity_note
from surveycli.store import Store
from surveycli.store.invariant import find_violations

if TYPE_CHECKING:
    import polars as pl

# What a split's parameters say of it; the rest is in columns of its own or in its cells.
_NOT_PARAMETERS = ("name", "replace", "cells", "seed")


def make_split(store: Store, recipe: str, options: SplitOptions | None = None) -> SplitReport:
    """Write a split of the store's cells and return its parts and what to know about them.

    Nothing is written where it fails. Raises SurveyError: exit 2 for an unknown recipe or options that do not fit, 3
    for no cells or a leak between parts, 4 for an unknown survey, 5 where the name is taken and `replace` is not set.
    """
    options = options or SplitOptions()
    chosen = _find_recipe(recipe)
    if chosen is Recipe.SUBPOP:
        options = replace(options, survey_id=SUBPOP_SURVEY, test_survey_id=SUBPOP_EVAL_SURVEY)
    split = options.name or chosen.value
    is_there = bool(store.scalar("split/exists", split=split))
    if is_there and not options.replace:
        raise conflict(
            f"There is already a split named {split}.", "--replace makes it anew, --name gives this one another name."
        )
    with store.transaction():
        _write_split(store, split, chosen, options)
        notes = _write_cells(store, split, chosen, options)
        parts = _part_sizes(store, split)
        if not parts:
            raise bad_input(
                f"Split {split} would have no cells.", "Does the store have the answers that the recipe asks for?"
            )
        _refuse_leaks(store, split)
    return SplitReport(split, chosen, parts, (*notes, *_closing_notes(store, split, parts)))


def list_splits(store: Store) -> pl.DataFrame:
    """Return the splits of the store, one row per split and part, with their sizes."""
    return store.frame("split/list")


def _find_recipe(recipe: str) -> Recipe:
    try:
        return Recipe(recipe)
    except ValueError:
        raise usage(f"Unknown recipe {recipe!r}.", f"Choose one of: {', '.join(Recipe)}.") from None


def _write_split(store: Store, split: str, recipe: Recipe, options: SplitOptions) -> None:
    parameters = {name: value for name, value in asdict(options).items() if name not in _NOT_PARAMETERS}
    store.run(
        "split/write_split",
        split=split,
        recipe=recipe.value,
        seed=options.seed,
        parameters=json.dumps(parameters, sort_keys=True),
        created_at=utc_now(),
    )


def _write_cells(store: Store, split: str, recipe: Recipe, options: SplitOptions) -> tuple[str, ...]:
    if recipe is Recipe.CUSTOM:
        return _write_custom(store, split, options)
    plan = PLANS[recipe](store, load_materials(store, (options.survey_id, *options.with_surveys)), options)
    frames = {"item_set": plan.item_set, "population_set": plan.population_set, "part_rule": plan.part_rule}
    store.run("split/write_cells", frames=frames, split=split)
    return plan.notes


def _write_custom(store: Store, split: str, options: SplitOptions) -> tuple[str, ...]:
    cells = given_cells(options.cells, options.survey_id)
    refuse_unknown(store, cells)
    store.run("split/write_given_cells", frames={"given_cell": cells}, split=split)
    n_left_out = cells.height - sum(part.n_cells for part in _part_sizes(store, split))
    note = f"{n_left_out} of {cells.height} rows left out: their population was not asked that item."
    return (note,) if n_left_out else ()


def _part_sizes(store: Store, split: str) -> tuple[PartSize, ...]:
    return tuple(PartSize(**row) for row in store.rows("split/part_sizes", split=split))


def _refuse_leaks(store: Store, split: str) -> None:
    """Raise SurveyError (exit 3) where an invariant of splits does not hold for this one."""
    for violation in find_violations(store, prefix="split_"):
        rows = violation.rows.filter(split=split).drop("split")
        if rows.height:
            example = ", ".join(f"{name} {value}" for name, value in rows.row(0, named=True).items())
            raise bad_input(
                f"Split {split} breaks the rule {violation.name} {rows.height} times: {violation.purpose} "
                f"First: {example}.",
                "Nothing was written. Correct the cells or the recipe.",
            )


def _closing_notes(store: Store, split: str, parts: tuple[PartSize, ...]) -> list[str]:
    torn = store.frame("split/torn_batteries", split=split)["battery_id"].to_list()
    lacking = [name for name in LEARNT_FROM if name not in {part.part for part in parts}]
    runs = store.frame("split/runs_of_split", split=split)["run_id"].to_list()
    more = ", ..." if len(torn) > 5 else ""
    found = [
        (torn, f"{len(torn)} batteries have items in train and others elsewhere: {', '.join(torn[:5])}{more}."),
        (lacking, f"No part is named {' or '.join(lacking)}."),
        (runs, f"Runs made on the earlier split of this name are now scored by these parts: {', '.join(runs)}."),
    ]
    similar = similarity_note(store, split)
    return [*(text for there_is, text in found if there_is), *([similar] if similar else [])]
