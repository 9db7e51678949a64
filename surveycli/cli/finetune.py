"""`surveycli finetune`, and `surveycli presets`, which lists its named settings."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surveycli.cli.command import SurveyCommand, add_command, chosen
from surveycli.cli.help_page import HelpSection
from surveycli.cli.options import DEFAULT_STORE, ConfigFile, Format, NameOption, PresetOption, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given
from surveycli.configuration import FinetuneConfig
from surveycli.setting import settings_of

if TYPE_CHECKING:
    from surveycli.run_folder import TrainingOutcome
    from surveycli.training.plan import PlanReport
    from surveycli.training.run_finetuning import PreparedRun

_CONFIGURES = flags((setting.first_flag for setting in settings_of(FinetuneConfig)), "--preset --config --store")
WAYS = (
    Way("--folder DIR", "Trains a prepared run folder, without a store.", flags("--folder"), given("--folder")),
    Way(
        "--resume RUN",
        "Resumes a run from its last checkpoint.",
        flags("--resume --store"),
        given("--resume"),
    ),
    Way(
        "--split SPLIT --plan",
        "Estimates what a training would take.",
        _CONFIGURES | flags("--plan --device-tflops"),
        given("--plan"),
    ),
    Way(
        "--merge RUN --output DIR",
        "Writes a trained model as a folder that transformers loads.",
        flags("--merge --output --store"),
        given("--merge"),
        ("--output",),
    ),
    Way(
        "--sweep FILE",
        "Trains the runs of a file, which differ in a few settings.",
        (_CONFIGURES - flags("--config")) | flags("--sweep --name"),
        given("--sweep"),
    ),
    Way("--split SPLIT", "Trains a model, or prepares the training.", _CONFIGURES | flags("--name --prepare-only")),
)


class FinetuneCommand(SurveyCommand):
    """`finetune`, whose help lists the presets."""

    declared_ways = WAYS
    declared_settings = settings_of(FinetuneConfig)

    def sections(self) -> list[HelpSection]:
        """Return the presets, by name."""
        from surveycli.presets import PRESETS

        return [HelpSection("Presets", [(preset.name, preset.about) for preset in PRESETS.values()])]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("finetune", cls=FinetuneCommand)(finetune)
    add_command(app, presets)


def finetune(
    context: typer.Context,
    preset: PresetOption = "",
    config: ConfigFile = None,
    name: NameOption = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Write the run folder and stop, to train it elsewhere.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Estimate the training's tokens, memory and time, and stop.")
    ] = False,
    device_tflops: Annotated[
        float | None,
        typer.Option(min=0.001, help="Rate to estimate --plan's time with.", show_default="some steps are timed"),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(help="Go on with this run, from its last checkpoint.", metavar="RUN")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Train a run folder by itself, without a store (on a GPU node).")
    ] = None,
    merge: Annotated[str | None, typer.Option(help="Write this run's model, whole.", metavar="RUN")] = None,
    sweep: Annotated[
        Path | None, typer.Option(help="Train the runs of this YAML file: a grid, or a list of runs.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The folder that --merge writes.")] = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Fine-tune a language model on human distributions.

    Training moves the probabilities that it gives to the options towards the shares of people who chose them.

    Examples:
      surveycli finetune --split unseen-questions --epochs 1
      surveycli finetune --split paper --model llama3-8b-instruct --preset paper --plan
      surveycli finetune --resume finetune-1
    """
    if folder is not None:
        _train_folder(folder)
    elif merge is not None and output is not None:
        _merge(store, merge, output)
    elif sweep is not None:
        typed = chosen(FinetuneConfig, context) | ({"preset": preset} if preset else {})
        _sweep(store, sweep, name or sweep.stem, typed)
    elif resume is not None:
        from surveycli.training.run_finetuning import find_run

        _train(store, find_run(store, resume))
    elif plan:
        from surveycli.training.plan import plan_finetune

        _show_plan(plan_finetune(store, _configured(context, preset, config), device_tflops))
    else:
        _begin(store, _configured(context, preset, config), name, prepare_only=prepare_only)


def _sweep(store: Path, file: Path, stem: str, typed: dict[str, Any]) -> None:
    from surveycli.cli.render import print_frame, progress_bar
    from surveycli.training.sweep import plan_sweep, refuse_failed, run_sweep, sweep_table

    with progress_bar() as progress:
        ended = run_sweep(store, stem, plan_sweep(file, typed), progress)
    print_frame(sweep_table(ended))
    refuse_failed(ended)


def _merge(store: Path, run_id: str, output: Path) -> None:
    from surveycli.cli.render import result, say
    from surveycli.training.run_finetuning import merge

    say(f"{merge(store, run_id, output)}: the model of {run_id}, for transformers, vLLM and other engines.")
    result({"run_id": run_id, "folder": output})


def _configured(context: typer.Context, preset: str, file: Path | None) -> FinetuneConfig:
    """Return the preset's configuration with what the file says in its place, and over it what was typed."""
    from surveycli.plain import nested
    from surveycli.request.model_run import FinetuneRequest, read_choices
    from surveycli.training.configure import configure_finetuning

    said = read_choices(file) if file else {}
    preset = preset or str(said.pop("preset", ""))
    choices = nested({**said, **chosen(FinetuneConfig, context)})
    return configure_finetuning(FinetuneRequest(preset, choices))


def _begin(store: Path, config: FinetuneConfig, name: str | None, *, prepare_only: bool) -> None:
    from surveycli.api import FinetuneReport
    from surveycli.cli.render import TINY_NOTE, note, result, say
    from surveycli.training.run_finetuning import prepare_run

    run = prepare_run(store, config, name, elsewhere=prepare_only)
    if config.model.is_tiny:
        note(TINY_NOTE)
    if prepare_only:
        note(f"Run {run.run_id} in {run.folder.path}")
        say(f"surveycli finetune --folder {quote(str(run.folder.path))}")
        result(FinetuneReport(run.run_id, run.folder.path, None))
    else:
        _train(store, run)


def _train(store: Path, run: PreparedRun) -> None:
    from surveycli.api import FinetuneReport
    from surveycli.cli.render import note, progress_bar, result, say
    from surveycli.training.run_finetuning import finetune as train

    note(f"Run {run.run_id} in {run.folder.path}")
    with progress_bar() as progress:
        outcome = train(store, run, progress)
    _say_trained(outcome, f"{run.run_id}: ")
    say(f"Next: surveycli predict --run {run.run_id}")
    result(FinetuneReport(run.run_id, run.folder.path, outcome))


def _train_folder(folder: Path) -> None:
    from surveycli.cli.render import progress_bar, result
    from surveycli.run_folder import RunFolder
    from surveycli.training.train import train_folder

    with progress_bar() as progress:
        outcome = train_folder(RunFolder(folder), progress)
    if outcome.is_first_process:
        _say_trained(outcome)
        result(outcome)


def _say_trained(outcome: TrainingOutcome, prefix: str = "") -> None:
    from surveycli.cli.render import note, say

    if outcome.resumed_at_step:
        note(f"Resumed at step {outcome.resumed_at_step}, with trained weights of norm {outcome.norm_at_start:.6g}.")
    if outcome.left_out:
        why = ", ".join(f"{count} {reason}" for reason, count in outcome.left_out)
        note(f"{sum(count for _, count in outcome.left_out)} cells were left out: {why}.")
    loss = outcome.best_validation_loss
    best = "No validation part" if loss is None else f"Best validation loss {loss:.4f} nats"
    say(f"{prefix}{best}, weights of epoch {outcome.best_epoch} of {outcome.epochs} ({outcome.steps} steps).")
    if outcome.best_of_kind:
        kinds = ", ".join(f"{kind.words} {lost:.4f} in epoch {epoch}" for kind, epoch, lost in outcome.best_of_kind)
        say(f"Best on held-out cells: {kinds}; `predict` takes for each kind the weights of its own.")


def _show_plan(report: PlanReport) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame, result

    size, tokens, memory = report.size, report.tokens, report.memory
    time = "unknown" if report.seconds is None else f"{report.seconds / 60:,.1f} min"
    rows = {
        "parameters": f"{size.n_parameters:,}, of them {size.n_body_parameters:,} in the decoder's layers",
        "trained": f"{size.n_trained:,}",
        "examples": f"{report.n_examples:,} to train, {report.n_validation:,} to validate",
        "steps": f"{report.n_steps:,} in {report.epochs} epochs",
        "tokens per example": f"{tokens.unshared:.1f} unshared, {tokens.planned:.1f} planned, floor {tokens.floor:.1f}",
        "operations": f"{report.flops / 1e12:,.4g} TFLOP (the decoder's matrices)",
        "memory, estimate": f"{_gib(memory.total)}: weights {_gib(memory.weights)}, "
        f"gradients {_gib(memory.gradients)}, optimiser {_gib(memory.optimiser)}, "
        f"activations {_gib(memory.activations)}" + (f", program {_gib(memory.process)}" if memory.process else ""),
        "time, estimate": f"{time} ({report.seconds_basis})",
    }
    frame = pl.DataFrame({"what": list(rows), report.model: list(rows.values())})
    print_frame(frame, title=f"Plan on {report.device}; nothing was trained or written")
    result(report)


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:,.2f} GiB"


def presets(format: Format = TableFormat.TABLE) -> None:
    """List the named settings and the published models.

    Examples:
      surveycli presets
      surveycli presets --format json
    """
    import polars as pl

    from surveycli.cli.render import print_frames
    from surveycli.presets import PRESETS, PUBLISHED_MODELS

    settings = [
        {
            "preset": p.name,
            "about": p.about,
            "order": p.config.prompt.order.value,
            "epochs": p.config.optimiser.epochs,
            "learning_rate": f"{p.config.optimiser.learning_rate:g}",
            "batch_size": p.config.optimiser.batch_size,
            "lora": f"r={p.config.lora.rank} {','.join(p.config.lora.targets)}" if p.config.lora else "all weights",
            "shares": p.config.shares.value,
        }
        for p in PRESETS.values()
    ]
    models = [{"model": name, "hugging_face_id": identifier} for name, identifier in PUBLISHED_MODELS.items()]
    tables = {
        "Settings (--preset)": pl.DataFrame(settings),
        "Models of the published comparison (--model)": pl.DataFrame(models),
    }
    print_frames(tables, format)
