"""Requests from fields by name, as Python calls and workflow files give them: one place says what each may have.

Every function raises SurveyError: exit 2 for a name of a recipe, table or figure that there is not and for what does
not go together, 3 for a field that the request does not have, or a value that does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surveycli.errors import bad_input, usage
from surveycli.plain import from_plain, nested, with_choices
from surveycli.request.correct import CorrectRequest
from surveycli.request.ingest import IngestOptions
from surveycli.request.model_run import FinetuneRequest, PredictRequest
from surveycli.request.report import (
    ExportName,
    ExportRequest,
    ImportRequest,
    PlotRequest,
    ReportRequest,
)
from surveycli.request.simulate import NewQuestion, SimulateRequest
from surveycli.request.split import Recipe, SplitOptions
from surveycli.setting import settings_of

if TYPE_CHECKING:
    from surveycli.configuration import FinetuneConfig
    from surveycli.score.table import Table, TableRequest

Fields = Mapping[str, Any]
# Fields of a table's request that the options of `score` have other names for.
_OPTION_OF = {"metrics": "metric", "languages": "language"}
# Fields of a prediction's configuration that follow from the predictor and the run.
_FOLLOWS = ("elicitation", "settings", "weights", "trained_by")


def ingest_options(fields: Fields) -> IngestOptions:
    """Return how a file is read; `by`, `bands` and `missing` may be texts as they are typed, `country_map` a file."""
    from surveycli.survey import read_country_map

    values = dict(fields)
    for setting in settings_of(IngestOptions):
        if setting.name not in values:
            continue
        value = values[setting.name]
        if setting.parse is not None:
            values[setting.name] = setting.parse(_texts(value, setting.name))
        elif setting.commas and isinstance(value, str):
            values[setting.name] = [part.strip() for part in value.split(",") if part.strip()]
        elif setting.kind == Path | None and isinstance(value, str):
            values[setting.name] = Path(value)
    if isinstance(values.get("country_map"), str | Path):
        values["country_map"] = read_country_map(Path(values["country_map"]))
    return from_plain(IngestOptions, values)


def bundled_replaces(fields: Fields) -> bool:
    """Return whether the bundled survey takes the place of the one that is there: the only choice that it has."""
    strange = sorted(set(fields) - {"replace"})
    if strange:
        raise usage(f"the bundled survey takes no {', '.join(strange)}.", "It takes replace.")
    return bool(fields.get("replace", False))


def split_request(recipe: str, fields: Fields) -> tuple[Recipe, SplitOptions]:
    """Return a split's recipe and its choices."""
    return Recipe(_one_of(recipe, Recipe, "recipe")), from_plain(SplitOptions, fields)


def finetune_config(preset: str, choices: Fields) -> FinetuneConfig:
    """Return a fine-tuning's configuration: the preset's, but for what is chosen."""
    from surveycli.training.configure import configure_finetuning

    return configure_finetuning(FinetuneRequest(preset, choices))


def predict_request(fields: Fields) -> PredictRequest:
    """Return what to predict: `predictor`, `run`, `preset`, `name`, `settings`, `replaces`, and choices by name."""
    from surveycli.baseline.options import BaselineOptions
    from surveycli.configuration import PredictConfig
    from surveycli.predictors import predictor_asked

    own = {name: fields[name] for name in ("predictor", "run", "preset", "name", "replaces") if name in fields}
    settings = fields.get("settings", {})
    choices = {name: value for name, value in fields.items() if name not in {*own, "settings"}}
    request = PredictRequest(**own, choices=choices, settings=settings)
    row = predictor_asked(request)
    for name in set(nested(choices)) & set(_FOLLOWS):
        raise bad_input(f"{name} cannot be chosen: it follows from the predictor and the run.")
    with_choices(PredictConfig() if row.asks_model else BaselineOptions(split=""), choices)
    if row.settings is not None:
        from_plain(row.settings, settings)
    elif settings:
        raise usage(f"{row.name} has no settings of its own, but {', '.join(settings)} are given.")
    return request


def table_request(table: str, n_runs: int, fields: Fields) -> tuple[Table, TableRequest]:
    """Return a table of scores and what is asked of it, given how many runs are named."""
    from surveycli.score.table import TableRequest, all_tables, check_request, check_taken

    row = all_tables()[_one_of(table, all_tables(), "table")]
    asked = from_plain(TableRequest, {"all_runs": not n_runs, **fields})
    check_taken(row, (_OPTION_OF.get(name, name) for name in fields))
    check_request(row, asked, n_runs)
    return row, asked


def plot_request(kind: str, runs: tuple[str, ...], fields: Fields) -> PlotRequest:
    """Return what to draw."""
    from surveycli.report.plots import find_plot

    return from_plain(PlotRequest, {"kind": find_plot(kind).name, "runs": runs, **fields})


def report_request(runs: tuple[str, ...], fields: Fields) -> ReportRequest:
    """Return what to report."""
    return from_plain(ReportRequest, {"runs": runs, **fields})


def export_request(what: str, target: Path, fields: Fields) -> ExportRequest:
    """Return what to export, and where to."""
    return from_plain(ExportRequest, {"name": _one_of(what, ExportName, "export"), "target": target, **fields})


def import_request(file: Path, run: str, fields: Fields) -> ImportRequest:
    """Return which file becomes which run."""
    return from_plain(ImportRequest, {"file": file, "run_id": run, **fields})


def correct_request(sample: Path, run: str | None, fields: Fields) -> CorrectRequest:
    """Return what is corrected with whose answers."""
    return from_plain(CorrectRequest, {"sample": sample, "run": run, **fields})


def simulate_request(questions: tuple[NewQuestion, ...], fields: Fields) -> SimulateRequest:
    """Return which questions are asked of whom, and who answers."""
    return replace(from_plain(SimulateRequest, {"questions": (), **fields}), questions=questions)


def _texts(value: object, name: str) -> list[str]:
    """Return one text or several; groupings and bands are written as on the command line."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise bad_input(f"{name} is a text or a list of texts, as --{name} of `surveycli ingest` takes them.")
    return list(texts)


def _one_of(value: str, kind: Any, what: str) -> str:
    if value not in set(kind):
        raise usage(f"There is no {what} {value!r}.", f"Choose one of {', '.join(kind)}.")
    return value
