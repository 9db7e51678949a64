"""What runs have learnt from, between run folder and store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from surveycli.domain import LEARNT_FROM, Cell, Question
from surveycli.errors import SurveyError
from surveycli.run_folder.contents import read_contents
from surveycli.run_folder.place import find_folder
from surveycli.store import Store, inherit_training, record_training

if TYPE_CHECKING:
    import polars as pl


def record_training_cells(store: Store, run_id: str, cells: Iterable[Cell]) -> None:
    """Keep which of the cells a run learns from: those of train and validation that have human shares."""
    import polars as pl

    learnt = {cell.key: cell for cell in cells if cell.part in LEARNT_FROM and cell.shares is not None}
    rows = [
        (cell.part, key.survey_id, key.item_id, key.population_id, list(cell.shares or ()))
        for key, cell in learnt.items()
    ]
    schema = dict.fromkeys(("part", "survey_id", "item_id", "population_id"), pl.String)
    frame = pl.DataFrame(rows, schema={**schema, "shares": pl.List(pl.Float64)}, orient="row")
    record_training(store, run_id, frame)


def recover_training_cells(store: Store) -> tuple[str, ...]:
    """Keep, from their run folders, what trainings of an older surveycli have learnt from; return these runs.

    Such a training's split was made anew since, so that the store cannot tell. A folder that is gone or damaged leaves
    its run as it is: `check` lists it.
    """
    recovered = []
    unknown = store.rows("run/list_unknown_training")
    for row in unknown:
        folder = find_folder(store.path, row["run_id"], row["folder"]) if row["kind"] == "finetune" else None
        if folder is None:
            continue
        try:
            contents = read_contents(folder)
        except SurveyError:
            continue
        with store.transaction():
            record_training_cells(store, row["run_id"], contents.cells)
            texts = _texts(contents.questions)
            store.run("run/record_training_texts", frames={"incoming": texts}, run_id=row["run_id"])
        recovered.append(row["run_id"])
    for row in unknown:
        if row["trained_by"] is not None:
            with store.transaction():
                inherit_training(store, row["run_id"], row["trained_by"])
    return tuple(recovered)


def _texts(questions: Iterable[Question]) -> pl.DataFrame:
    import polars as pl

    rows = [(q.survey_id, q.item_id, q.language, q.wording, [o.label for o in q.options]) for q in questions]
    schema = dict.fromkeys(("survey_id", "item_id", "language", "wording"), pl.String)
    return pl.DataFrame(rows, schema={**schema, "labels": pl.List(pl.String)}, orient="row")
