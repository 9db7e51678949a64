"""`surveycli predict`: every predictor, statistical ones and language models alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, get_origin

import typer

from surveycli.cli.command import chosen, typed_settings
from surveycli.cli.options import DEFAULT_STORE, ConfigFile, NameOption, PresetOption, StorePath
from surveycli.cli.predict_ways import SERVED, SETTINGS, PredictCommand
from surveycli.configuration import PredictConfig
from surveycli.errors import usage
from surveycli.setting import Setting, settings_of

if TYPE_CHECKING:
    from surveycli.predictor import Predictor
    from surveycli.predictors import PredictReport
    from surveycli.request.model_run import PredictRequest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict", cls=PredictCommand)(predict)


def predict(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Option(help="Add predictions to this run: a fine-tuning, or a model that was asked before.")
    ] = None,
    predictor: Annotated[
        str,
        typer.Option(
            "--predictor",
            "-p",
            help="How to predict.",
            show_default="as --run asks (fine-tuned for a fine-tuning), else zero-shot",
        ),
    ] = "",
    temperature: Annotated[
        str | None,
        typer.Option(help="Divides the letters' logits; auto chooses it on the validation part.", show_default="1"),
    ] = None,
    preset: PresetOption = "",
    config: ConfigFile = None,
    name: NameOption = None,
    replaces: Annotated[
        bool, typer.Option("--replace", help="Predict these cells anew; says first what will be replaced.")
    ] = False,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Write the run folder and stop, to predict it elsewhere.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Predict a run folder by itself, without a store (on a GPU node).")
    ] = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Predict response distributions.

    They are written to the store, as a run.

    Examples:
      surveycli predict --run finetune-1
      surveycli predict --predictor item-mean --split paper
      surveycli predict --model tiny --split paper --part C2-Q1
    """
    if folder is not None:
        _predict_folder(folder)
        return
    named = {"predictor": predictor, "run": run, "preset": preset}
    heat = {} if temperature is None else {"temperature": _temperature(temperature)}
    request = replace(_request(context, named, config, **heat), name=name, replaces=replaces)
    if replaces:
        _say_what_goes(store, request)
    if prepare_only:
        _prepare(store, request)
    else:
        _predict(store, request)


def _request(
    context: typer.Context, named: Mapping[str, str | None], config: Path | None, **more: Any
) -> PredictRequest:
    """Return what was typed, over what the file says; `named` are the predictor, run and preset that were typed."""
    from surveycli.plain import nested
    from surveycli.predictors import predictor_asked
    from surveycli.request.model_run import PredictRequest, read_choices

    file = read_choices(config) if config else {}
    named = {**named, "predictor": named["predictor"] or (SERVED if "--engine" in typed_settings(context) else None)}
    predictor, run, preset = (named[name] or file.pop(name, None) for name in ("predictor", "run", "preset"))
    asked = PredictRequest(predictor or "", run, preset or "")
    choices = chosen(PredictConfig, context)
    settings = {**file.pop("settings", {}), **_own_settings(predictor_asked(asked), context, choices)}
    return replace(asked, choices=nested({**file, **choices, **more}), settings=settings)


def _own_settings(row: Predictor, context: typer.Context, choices: dict[str, Any]) -> dict[str, Any]:
    """Return the predictor's settings by field; those that share a flag with `choices` are taken out of these."""
    own = {setting.first_flag: setting for setting in settings_of(row.settings)}
    typed = dict(typed_settings(context))
    for setting in SETTINGS:
        if setting.name in choices and setting.first_flag in own:
            typed[setting.first_flag] = choices.pop(setting.name)
    return {setting.name: _one(setting, typed[flag]) for flag, setting in own.items() if flag in typed}


def _one(setting: Setting, value: Any) -> Any:
    """Return a value as the predictor takes it: of an option that is repeated elsewhere it may take one alone."""
    if not isinstance(value, tuple) or get_origin(setting.kind) is tuple:
        return value
    if len(value) > 1:
        raise usage(f"This predictor takes one {setting.first_flag}.", "Make a run for each.")
    return value[0]


def _temperature(text: str) -> float | None:
    """Return the number, None for `auto`. Raises SurveyError (exit 2) for what is neither."""
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise usage(f"--temperature is a number above 0, or auto; not {text!r}.")
    return value


def _say_what_goes(store: Path, request: PredictRequest) -> None:
    """Say what a replacement discards, before anything is computed."""
    from surveycli.cli.render import note
    from surveycli.predictors import what_is_replaced

    held = what_is_replaced(store, request)
    if held is None or not held.n_predicted:
        note("There is nothing to replace.")
        return
    note(
        f"--replace: {held.n_predicted} predictions of {held.run_id} will be made anew, and their {held.n_scored} "
        "scores dropped where predictions change. Until all new ones are there, the store keeps the old."
    )


def _prepare(store: Path, request: PredictRequest) -> None:
    from surveycli.cli.render import note, result, say
    from surveycli.predictors import prepare

    prepared = prepare(store, request)
    folder = prepared.folder.path
    note(f"Run {prepared.run_id} in {folder}; `{prepared.way_on}` brings the predictions in.")
    say(f"surveycli predict --folder {quote(str(folder))}")
    result({"run_id": prepared.run_id, "folder": folder})


def _predict_folder(folder: Path) -> None:
    from surveycli.cli.render import progress_bar, result, say
    from surveycli.prediction.predict import predict_folder
    from surveycli.run_folder import RunFolder

    with progress_bar() as progress:
        outcome = predict_folder(RunFolder(folder), progress)
    if outcome.is_first_process:
        _say_asked_anew(outcome.n_asked_anew)
        n_failed = _say_failures(outcome.n_cells, outcome.n_already_there, outcome.failures)
        _say_notes(outcome.notes)
        say(f"{outcome.n_cells - n_failed} cells predicted in {folder}.")
        result(outcome)


def _predict(store: Path, request: PredictRequest) -> None:
    from surveycli.cli.render import progress_bar, result, say
    from surveycli.predictors import predict as predict_cells

    with progress_bar() as progress:
        report = predict_cells(store, request, progress)
    if report.predictor.asks_model:
        _say_asked_anew(report.n_asked_anew)
        n_asked = report.n_cells + sum(count for _, count in report.failures)
        _say_failures(n_asked, report.n_already_there, report.failures)
        _say_notes(report.notes)
    else:
        _say_bases(store, report)
    say(f"{report.run_id}: {report.n_cells} cells predicted.")
    say(f"Next: surveycli score {report.run_id}")
    result(report)


def _say_notes(notes: Sequence[str]) -> None:
    from surveycli.cli.render import note

    for text in notes:
        note(text)


def _say_asked_anew(n_cells: int) -> None:
    from surveycli.cli.render import note

    if n_cells:
        note(f"{n_cells} cells were asked anew, as their texts have changed.")


def _say_failures(n_asked: int, n_already_there: int, failures: Sequence[tuple[str, int]]) -> int:
    """Note what was not computed again and what failed; return how many cells failed."""
    from surveycli.cli.render import note

    if n_already_there:
        note(f"{n_already_there} cells were predicted before and were not computed again.")
    n_failed = sum(count for _, count in failures)
    if n_failed:
        why = ", ".join(f"{count} {reason}" for reason, count in failures)
        note(f"{n_failed} of {n_asked} cells have no prediction: {why}.")
    return n_failed


def _say_bases(store: Path, report: PredictReport) -> None:
    """Note how many cells rest on a fallback, and what served each kind of cell where that was chosen."""
    from surveycli.cli.render import note, print_frame
    from surveycli.store import open_store

    with open_store(store) as opened:
        bases = opened.rows("baseline/count_rules", run_id=report.run_id)
        served = opened.frame("baseline/list_served", run_id=report.run_id)
    for row in bases:
        if row["basis"].startswith("fallback"):
            note(f"{row['n_cells']} of {report.n_cells} cells by {row['basis']}.")
    if served.height:
        print_frame(served, title="Each kind of cell, and what did best on held-out cells of its kind")
