"""The kinds of steps: what each needs and makes. To add one, write its functions and its row in KINDS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from surveycli.api import Project
from surveycli.bundled import BUNDLED_SURVEY
from surveycli.errors import bad_input, usage
from surveycli.request.workflow import Step, StepKind
from surveycli.request_fields import (
    bundled_replaces,
    export_request,
    finetune_config,
    ingest_options,
    plot_request,
    predict_request,
    report_request,
    split_request,
    table_request,
)
from surveycli.store import Store, open_store
from surveycli.survey import survey_hash
from surveycli.table_file import check_target, write_table

BUNDLED = "bundled"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """What the store or the folder has of a step: whether it is there, and whether its work has come to its end."""

    is_there: bool
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step.

    `check` raises SurveyError where no request can be made of the fields; `carry_out` makes the call, once the thing of
    that name is gone if it `replaces` it, and goes on with what was begun; `find` says what is there of it; `reads`
    names the fields that are files. `is_file`: it writes a file that can always be written again.
    """

    check: Callable[[Step], object]
    carry_out: Callable[[Project, Step, bool], object]
    find: Callable[[Store | None, Step], Made]
    reads: tuple[str, ...] = ()
    is_file: bool = False


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content, or of a folder's files with their names."""
    digest = hashlib.sha256()
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    return digest.hexdigest()


def _without(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _refuse(step: Step, *names: str) -> None:
    """Raise SurveyError (exit 2) for a field that the workflow itself decides."""
    for name in names:
        if name in step.fields:
            raise usage(f"{name} cannot be chosen here: the step is named {step.name}.", "Leave it out.")


def _runs(step: Step) -> tuple[str, ...]:
    runs = step.fields.get("runs", [])
    if not isinstance(runs, list) or not all(isinstance(run, str) for run in runs):
        raise bad_input(f"runs is a list of names, not {runs!r}.")
    return tuple(runs)


def _text(step: Step, name: str) -> str:
    value = step.fields.get(name)
    if not isinstance(value, str):
        raise bad_input(f"{name} is missing, or is not a text.", f"For instance `{name}: ...`.")
    return value


def survey_path(name: str) -> Path | None:
    """Return the file or folder that a survey is in, of one within an archive the archive; None where none is there."""
    path = Path(name)
    archive = next((above for above in path.parents if above.is_file()), None)
    return path if path.is_file() or path.is_dir() else archive


def _check_ingest(step: Step) -> None:
    _refuse(step, "replace")
    if step.name == BUNDLED:
        bundled_replaces(step.fields)
        return
    ingest_options(step.fields)
    if survey_path(step.name) is None:
        raise bad_input(f"There is no file {step.name}.", "Paths are relative to the current folder.")


def _ingest(project: Project, step: Step, replaces: bool) -> object:
    file = None if step.name == BUNDLED else step.name
    return project.ingest(file, **step.fields, replace=replaces)


def _find_survey(store: Store | None, step: Step) -> Made:
    if store is None:
        return Made(False)
    if step.name == BUNDLED:
        return Made(bool(store.rows("survey/find_survey", survey_id=BUNDLED_SURVEY)))
    rows = store.rows("survey/find_file", content_sha256=survey_hash([Path(step.name)]))
    wanted = step.fields.get("survey_id")
    if wanted is None:
        return Made(bool(rows))
    return Made(bool(store.rows("survey/find_survey", survey_id=wanted)))


def _cells_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in ("query", "file") if name in fields}


def _check_split(step: Step) -> None:
    _refuse(step, "name", "replace", "cells")
    recipe = _text(step, "recipe")
    split_request(recipe, _without(step.fields, "recipe", "query", "file"))
    if _cells_of(step.fields) and recipe != "custom":
        raise usage(f"The recipe {recipe} takes neither query nor file.", "They are for the recipe custom.")


def _split(project: Project, step: Step, replaces: bool) -> object:
    from surveycli.split import read_cells

    given = _cells_of(step.fields)
    fields = _without(step.fields, "recipe", "query", "file")
    if given:
        file = given.get("file")
        fields["cells"] = read_cells(project.path, query=given.get("query"), file=Path(file) if file else None)
    return project.split(step.fields["recipe"], name=step.name, replace=replaces, **fields)


def _find_split(store: Store | None, step: Step) -> Made:
    return Made(store is not None and bool(store.scalar("split/exists", split=step.name)))


def _check_finetuning(step: Step) -> None:
    _refuse(step, "name")
    finetune_config(str(step.fields.get("preset", "")), _without(step.fields, "preset"))


def _finetune(project: Project, step: Step, replaces: bool) -> object:
    with open_store(project.path) as store:
        made = _find_training(store, step)
    if made.is_there and not replaces:
        return project.resume(step.name)
    if made.is_there:
        project.delete(step.name)
    return project.finetune(**step.fields, name=step.name)


def _find_training(store: Store | None, step: Step) -> Made:
    row = _standing(store, step.name)
    return Made(row is not None, row is not None and row["status"] == "finished")


def _check_prediction(step: Step) -> None:
    _refuse(step, "name", "replaces")
    predict_request(step.fields)


def _predict(project: Project, step: Step, replaces: bool) -> object:
    is_own = step.fields.get("run") == step.name  # a trained model's predictions stand in the run of its training
    if replaces and not is_own:
        with open_store(project.path) as store:
            is_there = _standing(store, step.name) is not None
        if is_there:
            project.delete(step.name)
    return project.predict(**step.fields, name=step.name, replaces=replaces and is_own)


def _find_prediction(store: Store | None, step: Step) -> Made:
    row = _standing(store, step.name)
    if row is None or (step.fields.get("run") == step.name and not row["n_parts"]):
        return Made(False)
    return Made(True, bool(row["n_parts"]) and not row["n_open"])


def _standing(store: Store | None, run_id: str) -> dict[str, Any] | None:
    rows = [] if store is None else store.rows("workflow/find_run", run_id=run_id)
    return rows[0] if rows else None


def _check_table(step: Step) -> None:
    check_target(Path(step.name), replace=True)
    table_request(str(step.fields.get("table", "table")), len(_runs(step)), _without(step.fields, "table", "runs"))


def _table(project: Project, step: Step, _replaces: bool) -> object:
    fields = _without(step.fields, "table", "runs")
    frame = project.score(*_runs(step), table=str(step.fields.get("table", "table")), **fields)
    write_table(frame, Path(step.name))
    return frame


def _check_figure(step: Step) -> None:
    plot_request(_text(step, "kind"), _runs(step), _without(step.fields, "kind", "runs"))


def _figure(project: Project, step: Step, _replaces: bool) -> object:
    fields = _without(step.fields, "kind", "runs")
    return project.plot(step.fields["kind"], *_runs(step), output=step.name, **fields)


def _check_export(step: Step) -> None:
    _refuse(step, "target", "replace")
    fields = _without(step.fields, "what")
    export_request(_text(step, "what"), Path(step.name), fields)
    if Path(step.name).suffix:
        check_target(Path(step.name), replace=True)


def _export(project: Project, step: Step, _replaces: bool) -> object:
    return project.export(step.fields["what"], step.name, replace=True, **_without(step.fields, "what"))


def _check_report(step: Step) -> None:
    report_request(_runs(step), _without(step.fields, "runs"))


def _report(project: Project, step: Step, _replaces: bool) -> object:
    return project.report(*_runs(step), output=step.name, **_without(step.fields, "runs"))


def _find_file(_store: Store | None, step: Step) -> Made:
    return Made(Path(step.name).exists())


_file_kind = partial(Kind, find=_find_file, is_file=True)
KINDS: Mapping[StepKind, Kind] = {
    StepKind.INGEST: Kind(_check_ingest, _ingest, _find_survey, ("codebook", "country_map")),
    StepKind.SPLIT: Kind(_check_split, _split, _find_split, ("file",)),
    StepKind.FINETUNE: Kind(_check_finetuning, _finetune, _find_training),
    StepKind.PREDICT: Kind(_check_prediction, _predict, _find_prediction),
    StepKind.TABLE: _file_kind(_check_table, _table),
    StepKind.FIGURE: _file_kind(_check_figure, _figure),
    StepKind.EXPORT: _file_kind(_check_export, _export),
    StepKind.REPORT: _file_kind(_check_report, _report),
}
