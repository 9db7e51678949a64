"""Cells one by one: people's answers beside what the runs predicted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from surveycli.distribution.metric import Better, find_metric
from surveycli.report.page import Bar, CellView, Explorer, Section
from surveycli.report.sections import Subject

if TYPE_CHECKING:
    import polars as pl

_WORST = 3  # cells of each part
_MOST_CELLS = 4000  # that can be chosen from on the page, some 100 bytes each
_CELL = ("survey_id", "item_id", "population_id")


def cells_section(subject: Subject) -> Section | None:
    """Show cells of the items asked for, the worst of the first run in each part, and all of them to choose from."""
    import polars as pl

    frame = compared_cells(subject)
    if frame.is_empty():
        return None
    everywhere = replace(subject, parts=tuple(subject.cells["part"].unique().to_list()))
    chosen = (compared_cells(everywhere) if subject.items else frame).filter(pl.col("item_id").is_in(subject.items))
    chosen = pl.concat([group.head(1) for group in chosen.partition_by("item_id")]) if chosen.height else chosen
    lowest_first = find_metric(subject.metric).better is Better.HIGHER
    by_score = frame.sort("score", *_CELL, descending=[not lowest_first, False, False, False], nulls_last=True)
    worst = [by_score.filter(part=part).head(_WORST) for part in subject.parts]
    views = [_view(row, subject) for part in (chosen, *worst) for row in part.iter_rows(named=True)]
    text = (
        f"Of each part the {_WORST} cells that {subject.runs[0]} predicts worst"
        + (", after the items asked for" if subject.items else "")
        + "; below, any cell to choose.",
    )
    return Section("cells", "Predicted and observed", text, cells=tuple(views), explorer=_explorer(frame, subject))


def compared_cells(subject: Subject) -> pl.DataFrame:
    """Return one row per part and cell that all runs predicted: keys, score of the first run, texts, human, predicted.

    `human` and each list of `predicted`, one per run, hold shares in option-code order.
    """
    import polars as pl

    first = subject.cells.filter(pl.col("run_id") == subject.runs[0], pl.col("part").is_in(subject.parts))
    scores = first.group_by("part", *_CELL, maintain_order=True).agg(
        pl.col(subject.metric).mean().alias("score"), pl.col("shares").first().alias("which")
    )
    wanted = {"wanted": scores.select(_CELL)}
    which = "unweighted" if scores.is_empty() else str(scores["which"][0])
    human = subject.store.frame("cell/list_shares", frames=wanted, shares=which)
    texts = subject.store.frame("report/list_cell_texts", frames=wanted)
    predicted = subject.store.frame("report/list_predicted", run_ids=list(subject.runs))
    people = human.select(*_CELL, pl.col("shares").alias("human"), "n_respondents")
    for other in (people, texts, predicted):
        scores = scores.join(other, on=list(_CELL), how="inner", maintain_order="left")
    same_options = pl.col("predicted").list.first().list.len() == pl.col("human").list.len()
    return scores.drop("which").filter(same_options)


def _view(row: dict[str, Any], subject: Subject) -> CellView:
    score = "" if row["score"] is None else f"{subject.metric.replace('_', ' ')} {row['score']:.3f} "
    answers = "" if row["n_respondents"] is None else f"; {row['n_respondents']:,} answers"
    bars = tuple(
        Bar(label, human, tuple(run[place] for run in row["predicted"]))
        for place, (label, human) in enumerate(zip(row["labels"], row["human"], strict=True))
    )
    note = f"Part {row['part']}; {score}of {subject.runs[0]}{answers}"
    return CellView(
        f"{row['item_id']}, {row['population']}", row["wording"], row["population"], note, subject.runs, bars
    )


def _explorer(frame: pl.DataFrame, subject: Subject) -> Explorer:
    """Return cells to choose from, each once; texts are named once and referred to by their place."""
    distinct = frame.unique(list(_CELL), maintain_order=True)
    shown = distinct.head(_MOST_CELLS)
    items: dict[str, tuple[int, tuple[str, str, tuple[str, ...]]]] = {}
    people: dict[str, int] = {}
    cells = []
    for row in shown.iter_rows(named=True):
        item, _ = items.setdefault(
            f"{row['survey_id']}|{row['item_id']}",
            (len(items), (row["item_id"], row["wording"], tuple(row["labels"]))),
        )
        population = people.setdefault(row["population"], len(people))
        human = tuple(round(share, 4) for share in row["human"])
        predicted = tuple(tuple(round(share, 4) for share in run) for run in row["predicted"])
        cells.append((item, population, human, predicted))
    note = f"{shown.height:,} of {distinct.height:,} cells that all runs predicted."
    return Explorer(subject.runs, tuple(entry for _, entry in items.values()), tuple(people), tuple(cells), note)
