"""Between store and run folder: cells out, measurements and predictions back in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.domain import LEARNT_FROM, Cell, CellKey, Option, Population, Question, Scale, Shares
from surveycli.errors import not_found
from surveycli.prompt import PromptFrame, load_frame, parse_frame
from surveycli.run_folder.failures import PredictionFailure, read_failures
from surveycli.run_folder.folder import FolderContents, RunFolder, read_metrics
from surveycli.run_folder.shards import PredictedCell, read_predictions
from surveycli.store import Store, record_training
from surveycli.store.parts import parts_asked

if TYPE_CHECKING:
    import polars as pl


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
    frame = store.frame(
        "run/export_cells",
        split=request.split,
        parts=None if request.parts is None else list(request.parts),
        weighted=request.shares is Shares.WEIGHTED,
    )
    if not frame.height:
        raise _no_cells(store, request)
    questions = _questions(store, request)
    populations = _populations(store, request)
    _check_texts(frame, questions, populations, request.languages)
    cells = tuple(cell for language in request.languages for cell in _cells(frame, language))
    return FolderContents(questions, populations, cells, _frames(store, request))


def _no_cells(store: Store, request: CellRequest) -> Exception:
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
    """Replace the run's predictions by those of its folder, in one transaction; return the cells written."""
    predicted = read_predictions(folder)
    with store.transaction():
        store.run(
            "run/replace_predictions",
            frames={"incoming": _prediction_frame(predicted)},
            run_id=run_id,
        )
        store.run("run/replace_failures", frames={"incoming": _failure_frame(read_failures(folder))}, run_id=run_id)
    return len(predicted)


def _failure_frame(failures: Sequence[PredictionFailure]) -> pl.DataFrame:
    import polars as pl

    names = ("survey_id", "item_id", "population_id", "language", "reason", "reply")
    rows = [(f.key.survey_id, f.key.item_id, f.key.population_id, f.language, f.reason, f.reply) for f in failures]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _prediction_frame(predicted: Sequence[PredictedCell]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        {
            "survey_id": [p.key.survey_id for p in predicted],
            "item_id": [p.key.item_id for p in predicted],
            "population_id": [p.key.population_id for p in predicted],
            "language": [p.language for p in predicted],
            "probabilities": [list(p.probabilities) for p in predicted],
            "outside_mass": [p.outside_mass for p in predicted],
            "basis": [p.basis for p in predicted],
        },
        schema_overrides={"probabilities": pl.List(pl.Float64), "outside_mass": pl.Float64},
    )
