"""`surveycli predict`: every predictor, language models and baselines alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import SurveyCommand
from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.cli.predictor_options import build_settings, predictor_settings
from surveycli.configuration import Precision, Quantise
from surveycli.domain import Shares
from surveycli.prompt import Describe, PromptOrder

if TYPE_CHECKING:
    from surveycli.baseline.options import BaselineOptions
    from surveycli.configuration import PredictConfig
    from surveycli.prediction.elicitation import ModelPredictor
    from surveycli.prediction.predict import PredictionOutcome
    from surveycli.predictor import Predictor
    from surveycli.setting import Setting


class PredictCommand(SurveyCommand):
    """`predict`, with the options of every predictor."""

    def settings(self) -> Sequence[Setting]:
        """Return the predictors' own options."""
        return predictor_settings()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict", cls=PredictCommand)(predict)


def predict(
    context: typer.Context,
    run: Annotated[str | None, typer.Option(help="Predict with the weights of this fine-tuning.")] = None,
    predictor: Annotated[
        str,
        typer.Option(
            "--predictor",
            "-p",
            help="How to predict; `surveycli predictors` explains each.",
            show_default="fine-tuned with --run, zero-shot with --model",
        ),
    ] = "",
    split: Annotated[str, typer.Option(help="The split to predict; a fine-tuning has its own.")] = "",
    part: Annotated[
        list[str] | None, typer.Option(help="A part to predict; repeat for several.", show_default="all but train")
    ] = None,
    model: Annotated[str, typer.Option(help="The model of zero-shot predictions.")] = "",
    order: Annotated[PromptOrder | None, typer.Option(help="What comes first in the prompt.")] = None,
    describe: Annotated[Describe | None, typer.Option(help="How much the prompt says of the population.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Language of the prompts; repeat for several.")] = None,
    shares: Annotated[
        Shares, typer.Option(help="Which human shares a predictor without training learns from and is scored against.")
    ] = Shares.WEIGHTED,
    temperature: Annotated[
        str, typer.Option(help="Divides the letters' logits; auto chooses it on the validation part.")
    ] = "1",
    preset: Annotated[
        str,
        typer.Option(help="Settings whose prompts a zero-shot model is asked with.", show_default="as in finetune"),
    ] = "",
    precision: Annotated[Precision | None, typer.Option(help="Number format of the weights.")] = None,
    quantise: Annotated[Quantise | None, typer.Option(help="Bits of the weights (extra: quantised).")] = None,
    attention: Annotated[str | None, typer.Option(help="auto, sdpa, eager or flex_attention.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    shard_model: Annotated[
        bool | None,
        typer.Option(
            "--shard-model/--no-shard-model",
            help="Where torchrun starts several processes, share out the weights.",
            show_default="as in finetune",
        ),
    ] = None,
    compile_layers: Annotated[
        bool, typer.Option("--compile", help="Faster after a minute of compiling (torch.compile).")
    ] = False,
    seed: Annotated[int | None, typer.Option()] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Write the run folder and stop, to predict it elsewhere.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Predict a run folder by itself, without a store (on a GPU node).")
    ] = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Predict response distributions and write them to the store.

    Examples:
      surveycli predict --run finetune-1
      surveycli predict --predictor item-mean --split paper
      surveycli predict --model tiny --split paper --part C2-Q1
    """
    from dataclasses import asdict, replace

    from surveycli.baseline.options import BaselineOptions
    from surveycli.errors import usage

    if folder is not None:
        _predict_folder(folder)
        return
    if run is None and not split:
        raise usage(
            "What should be predicted? Give --run RUN, or --split with --predictor or --model.",
            "`surveycli runs` and `surveycli split` list both.",
        )
    row = _predictor(predictor, run, model)
    shared = {"--language": _one_language(language), "--describe": describe} if not row.asks_model else {}
    settings = build_settings(row, context, shared)
    if not row.asks_model:
        if prepare_only:
            raise usage("A baseline has no run folder to compute elsewhere.", "Leave out --prepare-only.")
        if temperature != "1":
            raise usage("Only a language model has a temperature.", "Leave out --temperature.")
        options = BaselineOptions(split, tuple(part or ()), shares, 42 if seed is None else seed, name, settings)
        _predict_baseline(store, row.name, options)
        return
    from surveycli.prediction.elicitation import ModelPredictor

    assert isinstance(row, ModelPredictor)
    config = _model_config(store, run, model, split, shares, preset)
    if settings is not None:
        config = replace(config, **asdict(settings))
    prompt = replace(config.prompt, order=order or config.prompt.order, describe=describe or config.prompt.describe)
    config = replace(
        config,
        elicitation=row.elicitation,
        temperature=_temperature(temperature, row),
        parts=tuple(part) if part else None,
        prompt=prompt,
        languages=tuple(language) if language else config.languages,
        model=replace(
            config.model,
            device=device,
            precision=precision or config.model.precision,
            quantise=quantise or config.model.quantise,
            attention=attention or config.model.attention,
            sharded=config.model.sharded if shard_model is None else shard_model,
            compiled=compile_layers,
        ),
        seed=config.seed if seed is None else seed,
    )
    if prepare_only:
        _prepare(store, config, name)
    else:
        _predict_with_model(store, config, name)


def _predictor(name: str, run: str | None, model: str) -> Predictor:
    """Return the predictor asked for. Raises SurveyError (exit 2) where what it needs is not named, or too much is."""
    from surveycli.errors import usage
    from surveycli.predictors import find_predictor

    if not name and run is None and not model:
        raise usage("Which predictor? Give --predictor, --run or --model.", "`surveycli predictors` lists them.")
    row = find_predictor(name or ("zero-shot" if run is None else "fine-tuned"))
    if not row.asks_model and (run is not None or model):
        raise usage(f"{row.name} asks no language model.", "Leave out --run and --model: it takes --split alone.")
    if row.asks_model and not row.fits(trained=run is not None):
        raise usage(f"{row.name} needs {' and '.join(row.needs)}.", "--run is for fine-tunings, --model for others.")
    return row


def _temperature(text: str, row: ModelPredictor) -> float | None:
    """Return the number, None for `auto`. Raises SurveyError (exit 2) for what is neither, or has no meaning here."""
    import math

    from surveycli.errors import usage

    if row.write is not None and text != "1":
        raise usage("A distribution in words has no logits to divide.", "Leave out --temperature.")
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise usage(f"--temperature is a number above 0, or auto; not {text!r}.")
    return value


def _model_config(store: Path, run: str | None, model: str, split: str, shares: Shares, preset: str) -> PredictConfig:
    from dataclasses import replace

    from surveycli.configuration import PredictConfig
    from surveycli.prediction.run_prediction import config_of_run
    from surveycli.presets import preset_config, resolve_model
    from surveycli.store import open_store

    if run is not None:
        with open_store(store) as opened:
            trained = config_of_run(opened, run)
        return replace(trained, split=split or trained.split)
    base = preset_config(preset or ("tiny" if model in ("", "tiny") else "recommended"))
    return PredictConfig(
        split=split,
        model=replace(base.model, name=resolve_model(model or "tiny")),
        prompt=base.prompt,
        batches=base.batches,
        shares=shares,
    )


def _prepare(store: Path, config: PredictConfig, name: str | None) -> None:
    from surveycli.cli.render import note, say
    from surveycli.prediction.run_prediction import prepare_prediction

    run_id, folder = prepare_prediction(store, config, name)
    note(f"Run {run_id} in {folder.path}; the same command without --prepare-only brings the predictions in.")
    say(f"surveycli predict --folder {quote(str(folder.path))}")


def _predict_folder(folder: Path) -> None:
    from surveycli.cli.render import progress_bar, say
    from surveycli.prediction.predict import predict_folder
    from surveycli.run_folder import RunFolder

    with progress_bar() as progress:
        outcome = predict_folder(RunFolder(folder), progress)
    if outcome.is_first_process:
        say(f"{_say_how_it_went(outcome)} cells predicted in {folder}.")


def _predict_with_model(store: Path, config: PredictConfig, name: str | None) -> None:
    from surveycli.cli.render import progress_bar
    from surveycli.prediction.run_prediction import predict as predict_cells

    with progress_bar() as progress:
        run_id, outcome = predict_cells(store, config, name, progress)
    _say_done(run_id, _say_how_it_went(outcome))


def _say_how_it_went(outcome: PredictionOutcome) -> int:
    """Note what was not computed again and what failed; return how many cells have a prediction."""
    from surveycli.cli.render import note

    if outcome.n_already_there:
        note(f"{outcome.n_already_there} cells were predicted before and were not computed again.")
    n_failed = sum(count for _, count in outcome.failures)
    if n_failed:
        why = ", ".join(f"{count} {reason}" for reason, count in outcome.failures)
        note(f"{n_failed} of {outcome.n_cells} replies could not be read and have no prediction: {why}.")
    return outcome.n_cells - n_failed


def _one_language(languages: list[str] | None) -> str | None:
    from surveycli.errors import usage

    if len(languages or ()) > 1:
        raise usage("A baseline reads texts in one language.", "Make a run for each --language.")
    return languages[0] if languages else None


def _predict_baseline(store: Path, predictor: str, options: BaselineOptions) -> None:
    from surveycli.baseline.run_baseline import predict_baseline
    from surveycli.cli.render import note, print_frame
    from surveycli.store import open_store

    with open_store(store, write=True) as opened:
        run_id = predict_baseline(opened, predictor, options)
        rules = opened.rows("baseline/count_rules", run_id=run_id)
        served = opened.frame("baseline/list_served", run_id=run_id)
    n_cells = sum(row["n_cells"] for row in rules)
    for row in rules:
        if row["basis"].startswith("fallback"):
            note(f"{row['n_cells']} of {n_cells} cells by {row['basis']}.")
    if served.height:
        print_frame(served, title="Each kind of cell, and what did best on held-out cells of its kind")
    _say_done(run_id, n_cells)


def _say_done(run_id: str, n_cells: int) -> None:
    from surveycli.cli.render import say

    say(f"{run_id}: {n_cells} cells predicted.")
    say(f"Next: surveycli score {run_id}")
