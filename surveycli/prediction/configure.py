"""From a request to the configuration of a prediction: a run's or a preset's, but for what the request chooses."""

from __future__ import annotations

from dataclasses import replace

from surveycli.configuration import BatchSettings, ModelSpec, PredictConfig
from surveycli.engine.launch import as_held, demand_fitting
from surveycli.errors import usage
from surveycli.plain import Plain, from_plain, nested, to_plain, with_choices
from surveycli.prediction.elicitation import ModelPredictor, predictor_of
from surveycli.prediction.existing_run import config_of_run
from surveycli.presets import chosen_model, default_preset, preset_config, resolve_model
from surveycli.request.model_run import PredictRequest
from surveycli.store import Store


def configure_prediction(store: Store, row: ModelPredictor, request: PredictRequest) -> PredictConfig:
    """Return what a predictor is to do: as the run asks or the preset says, but for what the request chooses.

    A run without a named predictor goes on as it asks, also one of a model that is not a fine-tuning. Raises
    SurveyError: exit 2 without a split and for what the model cannot take, 3 for a wrong name or value, 4 for an
    unknown run or preset.
    """
    choices = nested(request.choices)
    if request.run is None:
        base = _of_preset(request.preset, choices)
    else:
        base = config_of_run(store, request.run)
        base = replace(base, model=replace(base.model, device="auto", compiled=False))
        if choices.get("split", base.split) != base.split:
            base = replace(base, parts=None)
        if not request.predictor:
            row = predictor_of(base)
    config = _with_calibration(with_choices(base, choices), choices)
    if not config.split:
        raise usage(
            "What should be predicted? Give --run RUN, or --split with --predictor or --model.",
            "`surveycli runs` and `surveycli split` list both.",
        )
    config = replace(config, elicitation=row.elicitation, settings=_settings(row, base, request))
    if row.asks_server:
        return _as_served(row, config, choices, named=request.run is not None)
    if config.exact and not row.reads_letters:
        raise usage(f"{row.name} reads what a model writes, in batches: --exact is not for it.", "Leave it out.")
    model = replace(config.model, name=resolve_model(config.model.name))
    demand_fitting(model)
    return replace(config, model=model)


def _as_served(row: ModelPredictor, config: PredictConfig, choices: Plain, *, named: bool) -> PredictConfig:
    """Return the configuration of a model that a server holds: it has a name, and nothing of how it is computed.

    Raises SurveyError (exit 2) where the name is missing (unless a run has it: `named`), or more is chosen.
    """
    of_model = choices.get("model", {})
    if not named and "name" not in of_model:
        raise usage("Which model should the server be asked for? --model is missing.", "The server's own name for it.")
    more = [*(f"model.{name}" for name in of_model if name != "name")]
    more += [name for name in ("temperature", "debias", "calibrate", "exact") if choices.get(name)]
    if more:
        raise usage(
            f"{row.name} asks a server, which computes as it does: {', '.join(more)} cannot be chosen.", "Leave it out."
        )
    return replace(config, model=ModelSpec(config.model.name), batches=BatchSettings())


def _with_calibration(config: PredictConfig, choices: Plain) -> PredictConfig:
    """Return the configuration with at most one way to say how sure the model is: what is chosen goes first.

    Raises SurveyError (exit 2) where two are chosen.
    """
    plain = {"calibrate": False, "debias": False, "temperature": 1.0}
    chosen = {f"--{name}" for name, value in plain.items() if choices.get(name, value) != value}
    if len(chosen) > 1:
        raise usage(f"{' and '.join(sorted(chosen))} both say how sure the model is.", "Choose one of them.")
    return replace(config, calibrate=config.calibrate and chosen <= {"--calibrate"})


def _settings(row: ModelPredictor, base: PredictConfig, request: PredictRequest) -> Plain:
    """Return the predictor's own settings: those of the run that goes on, with what the request chooses over them."""
    if request.settings and row.settings is None:
        raise usage(f"{row.name} has no settings of its own, but {', '.join(request.settings)} are given.")
    kept = base.settings if row.elicitation == base.elicitation else {}
    return to_plain(from_plain(row.settings, {**kept, **request.settings})) if row.settings else {}


def _of_preset(preset: str, choices: Plain) -> PredictConfig:
    name = chosen_model(choices)
    base = preset_config(preset or default_preset(name))
    return PredictConfig(model=as_held(replace(base.model, name=name)), prompt=base.prompt, batches=base.batches)
