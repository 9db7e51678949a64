"""Between store and run folder: cells out, measurements and predictions back in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from surveycli.domain import Cell, CellKey, Option, Population, Question, Scale, Shares
from surveycli.errors import SurveyError, conflict, not_found
from surveycli.prompt import PromptFrame, load_frame, parse_frame
from surveycli.run_folder.contents import FolderContents, read_cell_keys
from surveycli.run_folder.failures import PredictionFailure, read_failures
from surveycli.run_folder.folder import RunFolder, replacing
from surveycli.run_folder.metrics import read_metrics
from surveycli.run_folder.reading import damaged, field, read_json
from surveycli.run_folder.shards import (
    drop_basis_if_empty,
    drop_cells,
    predicted_cell,
    read_shards,
    read_there,
    write_prediction_shard,
)
from surveycli.store import Store
from surveycli.store.parts import parts_asked

if TYPE_CHECKING:
    import polars as pl

_STAGED_ROWS = 50_000
_KEY = ("survey_id", "item_id", "population_id")


@dataclass(frozen=True, slots=True)
class CellRequest:
    """Which cells a run needs: parts of a split (None: all of them), in each of `languages`."""

    split: str
    languages: tuple[str, ...]
    shares: Shares
    parts: tuple[str, ...] | None = None


def export_contents(store: Store, request: CellRequest) -> FolderContents:
    """Return the cells of a split with their questions and populations in every language asked for.

    A cell without weighted shares is given its unweighted ones. Raises SurveyError (exit 4) where the split does not
    exist or has no cells in those parts, or where a text or the prompt's sentences are missing in a language.
    """
    parts = None if request.parts is None else list(request.parts)
    frame = store.frame("run/export_cells", split=request.split, parts=parts)
    if not frame.height:
        raise _no_cells(store, request)
    human = store.frame("cell/list_shares", frames={"wanted": frame.select(_KEY)}, shares=request.shares.value)
    human = human.select(*_KEY, "shares", "n_respondents", "n_effective")
    frame = frame.join(human, on=_KEY, how="left", maintain_order="left")
    questions = _questions(store, request)
    populations = _populations(store, request)
    _check_texts(frame, questions, populations, request.languages)
    cells = tuple(cell for language in request.languages for cell in _cells(frame, language))
    return FolderContents(questions, populations, cells, _frames(store, request))


def _no_cells(store: Store, request: CellRequest) -> SurveyError:
    parts = parts_asked(store, request.split, request.parts or ())
    return not_found(f"The split {request.split!r} has no cells in: {', '.join(parts)}.", "Name another --part.")


def _cells(frame: pl.DataFrame, language: str) -> list[Cell]:
    return [
        Cell(
            CellKey(row["survey_id"], row["item_id"], row["population_id"]),
            row["part"],
            language,
            None if row["shares"] is None else tuple(row["shares"]),
            row["n_respondents"],
            row["n_effective"],
        )
        for row in frame.iter_rows(named=True)
    ]


def _questions(store: Store, request: CellRequest) -> tuple[Question, ...]:
    return tuple(
        Question(
            row["survey_id"],
            row["item_id"],
            row["language"],
            row["wording"],
            tuple(Option(c, label) for c, label in zip(row["option_code"], row["option_label"], strict=True)),
            Scale(row["scale"]),
            row["battery"],
        )
        for row in store.rows("run/export_questions", split=request.split, languages=list(request.languages))
    )


def _populations(store: Store, request: CellRequest) -> tuple[Population, ...]:
    rows = store.rows("run/export_populations", split=request.split, languages=list(request.languages))
    return tuple(Population(**row) for row in rows)


def _frames(store: Store, request: CellRequest) -> tuple[PromptFrame, ...]:
    """Return the sentences of each language: those that the user gave, else the package's."""
    rows = store.rows("run/export_prompt_frames", languages=list(request.languages))
    given = {str(row["language"]): json.loads(row["frame"]) for row in rows}
    return tuple(
        parse_frame(given[language], f"the prompt frame of {language}") if language in given else load_frame(language)
        for language in dict.fromkeys(request.languages)
    )


def _check_texts(
    frame: pl.DataFrame,
    questions: Sequence[Question],
    populations: Sequence[Population],
    languages: Sequence[str],
) -> None:
    worded = {(q.survey_id, q.item_id, q.language) for q in questions}
    named = {(p.population_id, p.language) for p in populations}
    items = frame.select("survey_id", "item_id").unique().rows()
    people = frame.get_column("population_id").unique().to_list()
    for language in languages:
        unworded = sorted(item for survey, item in items if (survey, item, language) not in worded)
        if unworded:
            raise not_found(
                f"{len(unworded)} items have no wording or option labels in {language!r}, {unworded[0]} among them.",
                f"`surveycli translate --to {language} --write-template FILE` lists them; --engine translates them.",
            )
        unnamed = sorted(p for p in people if (p, language) not in named)
        if unnamed:
            raise not_found(
                f"{len(unnamed)} populations have no name in {language!r}, {unnamed[0]} among them.",
                "Countries are named when a survey is ingested or translated; others in a prompt frame's populations: "
                f"`surveycli translate --to {language} --write-prompt-frame FILE`.",
            )


def import_metrics(store: Store, run_id: str, folder: RunFolder) -> None:
    """Replace the run's training metrics by those of its folder."""
    import polars as pl

    rows = [
        {"run_id": run_id, "epoch": m.epoch, "step": m.step, "metric": name, "value": value}
        for m in read_metrics(folder)
        for name, value in m.values.items()
    ]
    schema = {"run_id": pl.String, "epoch": pl.Int32, "step": pl.Int64, "metric": pl.String, "value": pl.Float64}
    with store.transaction():
        store.run("run/delete_metrics", run_id=run_id)
        store.insert("training_metric", pl.DataFrame(rows, schema=schema))


def bring_in_predictions(store: Store, run_id: str, folder: RunFolder) -> int:
    """Bring the predictions of the cells that the folder asks for into the store; return how many there are.

    All other cells of the run stay as they are, and so do cells that come as the store has them, with their scores.
    Shards pass through one by one. Raises SurveyError: exit 3 for a damaged shard, 5 where an item has other options by
    now. Nothing is written then.
    """
    store.run("run/stage_predictions")
    try:
        for frame in _staged_frames(read_shards(folder)):
            store.insert("staged_prediction", frame)
        for frame in _staged_frames(read_cell_keys(folder)):
            store.insert("staged_cell", frame)
        store.insert("staged_failure", _failure_frame(read_failures(folder)))
        _refuse_unfit(store, folder)
        with store.transaction():
            store.run("run/import_predictions", run_id=run_id)
        return int(store.scalar("run/count_staged"))
    finally:
        store.run("run/drop_staged")


def _staged_frames(batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """Yield frames of many rows each, of batches that may have few."""
    import polars as pl

    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(b.num_rows for b in waiting) >= _STAGED_ROWS:
            yield pl.DataFrame(pa.Table.from_batches(waiting))
            waiting = []
    if waiting:
        yield pl.DataFrame(pa.Table.from_batches(waiting))


def _refuse_unfit(store: Store, folder: RunFolder) -> None:
    """Raise SurveyError where staged predictions fit neither each other (exit 3) nor the store's items (5)."""
    twice = store.rows("run/find_staged_twice")
    if twice:
        raise damaged(folder.predictions, f"{twice[0]['item_id']}, {twice[0]['population_id']} is predicted twice")
    other = store.rows("run/find_other_options")
    if other:
        item = other[0]
        raise conflict(
            f"{item['item_id']} has {item['n_options'] or 'no'} options in {store.path} and was predicted with "
            f"{item['n_predicted']}: the survey has since been ingested again.",
            "The same command predicts again what has changed.",
        )


def bring_held(store: Store, run_id: str, folder: RunFolder, cells: Iterable[Cell]) -> None:
    """Write to the folder what the store holds of cells and the folder lacks, so that it is not computed again."""
    import polars as pl

    there = read_there(folder)
    lacking = {(cell.key, cell.language) for cell in cells} - there.keys()
    rows = [(key.survey_id, key.item_id, key.population_id, language) for key, language in sorted(lacking)]
    names = ("survey_id", "item_id", "population_id", "language")
    wanted = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    held = store.frame("run/list_held", frames={"wanted": wanted}, run_id=run_id)
    for frame in held.iter_slices(_STAGED_ROWS):
        write_prediction_shard(folder, [predicted_cell(row) for row in frame.iter_rows(named=True)])


def begin_replacement(folder: RunFolder, cells: Sequence[Cell], *, anew: bool) -> bool:
    """Drop what the folder has of `cells` if they are to be made `anew`; return whether a replacement is under way.

    It is noted in the folder, so that one that was interrupted goes on: what it has made by then stays. The store keeps
    the old predictions until the new ones are all there.
    """
    path = _replacement_note(folder)
    asked = _fingerprint(cells)
    if path.is_file() and field(path, read_json(path), "cells", str) == asked:
        return True
    if not anew:
        return False
    folder.predictions.mkdir(parents=True, exist_ok=True)
    with replacing(path) as aside:
        aside.write_text(json.dumps({"cells": asked}), encoding="utf-8")
    drop_cells(folder, {(cell.key, cell.language) for cell in cells})
    drop_basis_if_empty(folder)
    return True


def end_replacement(folder: RunFolder) -> None:
    """Forget the replacement, once the new predictions are in the store."""
    _replacement_note(folder).unlink(missing_ok=True)


def _replacement_note(folder: RunFolder) -> Path:
    return folder.predictions / "replacing.json"


def _fingerprint(cells: Sequence[Cell]) -> str:
    keys = sorted({(cell.key, cell.language) for cell in cells})
    return hashlib.sha256(repr(keys).encode()).hexdigest()[:16]


def _failure_frame(failures: Sequence[PredictionFailure]) -> pl.DataFrame:
    import polars as pl

    names = ("survey_id", "item_id", "population_id", "language", "reason", "reply")
    rows = [(f.key.survey_id, f.key.item_id, f.key.population_id, f.language, f.reason, f.reply) for f in failures]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
