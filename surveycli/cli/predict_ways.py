"""The ways to call `surveycli predict`, and its options, made from the registry of predictors when it needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from surveycli.cli.command import SurveyCommand, typed
from surveycli.cli.ways import Typed, Way, flags, given
from surveycli.configuration import PredictConfig
from surveycli.setting import Setting, settings_of

if TYPE_CHECKING:
    from surveycli.predictor import Predictor

SERVED = "served"  # the predictor that --engine asks for
_PROMPT = "--order --describe --language"
GROUP = "Options of single predictors"
# Settings of how prompts go through the model are a training's; a prediction takes them from its preset or run.
SETTINGS = [setting for setting in settings_of(PredictConfig) if not setting.name.startswith("batches.")]
_EVERY = "--predictor --split --part --name --config --store"
_FOLDER = Way("--folder DIR", "Predicts a prepared run folder, without a store.", flags("--folder"), given("--folder"))


class PredictCommand(SurveyCommand):
    """`predict`, whose ways and options come from the registry of predictors."""

    def ways(self) -> Sequence[Way]:
        """Return a way for each predictor, and for each kind of model where it asks one."""
        return _ways()

    def settings(self) -> Sequence[Setting]:
        """Return the settings of a prediction and those of single predictors."""
        return [*SETTINGS, *_predictor_settings()]

    def typed(self, context: typer.Context) -> Typed:
        """Return what was typed, and the predictor, run and model that a file names.

        Raises SurveyError (exit 2) for an unknown predictor, and for one that does not go with a run.
        """
        file = context.params.get("config")
        found = {**(_named_in(file) if file is not None else {}), **typed(context)}
        name, run = found.get("--predictor"), found.get("--run")
        if name is not None:
            from surveycli.predictors import find_predictor, predictor_asked
            from surveycli.request.model_run import PredictRequest

            if find_predictor(str(name)).asks_model:
                predictor_asked(PredictRequest(str(name), None if run is None else str(run)))
        return found


def _ways() -> tuple[Way, ...]:
    from surveycli.predictors import all_predictors

    return (_FOLDER, *(way for row in all_predictors() for way in _ways_of(row)))


def _ways_of(row: Predictor) -> list[Way]:
    """Return how a predictor is called: with a split, or with a run or a model to ask."""
    own = flags(setting.first_flag for setting in settings_of(row.settings))
    own |= flags("--seed") if row.draws else flags()
    if not row.asks_model:
        takes = flags(_EVERY, "--shares") | own
        return [Way(f"-p {row.name} --split SPLIT", row.help, takes, given("--predictor", value=row.name))]
    if row.asks_server:
        call = "--engine openai --base-url URL --model MODEL --split SPLIT"
        takes = flags(_EVERY, _PROMPT, "--model --shares --replace --prepare-only") | own
        return [Way(call, row.help, takes, _is(row.name, SERVED, run=False))]
    asked = flags(s.first_flag for s in SETTINGS) - flags("--seed --shares --model --calibrate --debias --exact")
    asked |= own | flags(_EVERY, "--prepare-only --replace", "--temperature --exact" if row.reads_letters else "")
    ways = []
    if row.fits(trained=True):
        call = "--run RUN" if row.name == "fine-tuned" else f"-p {row.name} --run RUN"
        takes = asked | flags("--run", "--calibrate" if row.reads_letters else "")
        ways.append(Way(call, row.help, takes, _is(row.name, "fine-tuned", run=True)))
    if row.fits(trained=False):
        call = (
            "--model MODEL --split SPLIT" if row.name == "zero-shot" else f"-p {row.name} --model MODEL --split SPLIT"
        )
        takes = asked | flags("--model --preset --shares", "--debias" if row.name == "zero-shot" else "")
        ways.append(Way(call, row.help, takes, _is(row.name, "zero-shot", run=False)))
    return ways


def _is(name: str, default: str, *, run: bool) -> Any:
    """Return whether a predictor was asked for, by its name or as the default, with a run or without.

    Without a run the default is asked for by a server's protocol or else by a model.
    """

    def holds(typed: Typed) -> bool:
        asked = run or ("--engine" if default == SERVED else "--model") in typed
        return typed.get("--predictor", default if asked else None) == name and ("--run" in typed) == run

    return holds


def _named_in(file: Path) -> dict[str, object]:
    """Return what a file names that tells the way: the predictor and the run, or else a model by its flag."""
    from surveycli.request.model_run import read_choices

    choices = read_choices(file)
    named = {f"--{name}": choices[name] for name in ("predictor", "run") if choices.get(name) is not None}
    return named or ({"--model": choices["model"]} if "model" in choices else {})


def _predictor_settings() -> list[Setting]:
    """Return the settings of all predictors; one that several share once, with the help of each."""
    from surveycli.predictors import all_predictors

    uses: dict[str, list[tuple[str, Setting]]] = {}
    for predictor in all_predictors():
        for setting in settings_of(predictor.settings):
            uses.setdefault(setting.flag, []).append((predictor.name, setting))
    return [
        replace(used[0][1], help=" ".join(f"{name}: {setting.help}" for name, setting in used), group=GROUP)
        for used in uses.values()
    ]
