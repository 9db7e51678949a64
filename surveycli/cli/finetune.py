"""`surveycli finetune`, and `surveycli presets`, which lists its named settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.configuration import Loss, Precision, Quantise
from surveycli.domain import Shares
from surveycli.prompt import Describe, PromptOrder

if TYPE_CHECKING:
    from surveycli.configuration import FinetuneConfig
    from surveycli.training.plan import PlanReport
    from surveycli.training.train import TrainingOutcome


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("finetune")(finetune)
    add_command(app, presets)


def finetune(
    split: Annotated[str, typer.Option(help="The split whose train part is learnt from.")] = "",
    model: Annotated[
        str,
        typer.Option(
            help="A Hugging Face id, a local folder, a name from `presets`, or `tiny` (built in, no download)."
        ),
    ] = "tiny",
    preset: Annotated[
        str,
        typer.Option(
            help="Named settings to start from; see `surveycli presets`.",
            show_default="tiny for tiny, else recommended",
        ),
    ] = "",
    order: Annotated[PromptOrder | None, typer.Option(help="What comes first in the prompt.")] = None,
    describe: Annotated[Describe | None, typer.Option(help="How much the prompt says of the population.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Language of the prompts; repeat for several.")] = None,
    shares: Annotated[Shares | None, typer.Option(help="Which human shares to learn.")] = None,
    loss: Annotated[Loss | None, typer.Option(help="What training minimises.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0.0)] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Prompts per optimiser step.")] = None,
    patience: Annotated[
        int | None, typer.Option(min=0, help="Epochs without a better validation loss before stopping; 0 never stops.")
    ] = None,
    lora_rank: Annotated[int | None, typer.Option(min=1)] = None,
    lora_targets: Annotated[str | None, typer.Option(help="Comma-separated matrix names, or all-linear.")] = None,
    precision: Annotated[Precision, typer.Option()] = Precision.AUTO,
    quantise: Annotated[Quantise | None, typer.Option(help="Bits of the frozen weights (extra: quantised).")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    attention: Annotated[
        str, typer.Option(help="Attention of the model: auto, sdpa, eager or flex_attention.")
    ] = "auto",
    share_prefixes: Annotated[
        bool | None, typer.Option("--share-prefixes/--no-share-prefixes", help="Compute what prompts share once.")
    ] = None,
    examples_per_tree: Annotated[
        int | None,
        typer.Option(min=1, help="Prompts that share a beginning and are computed together, at most."),
    ] = None,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Less memory, more time.")
    ] = False,
    compile_layers: Annotated[
        bool, typer.Option("--compile", help="Faster steps after a minute of compiling (torch.compile).")
    ] = False,
    shard_model: Annotated[
        bool,
        typer.Option(
            "--shard-model",
            help="Where torchrun starts several processes, share out the frozen weights. --plan is for whole ones.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option()] = 42,
    name: Annotated[str | None, typer.Option(help="Name of the run.", show_default="finetune-N")] = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Write the run folder and stop, to train it elsewhere.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what the training would take, tokens, memory and time, and stop.")
    ] = False,
    device_tflops: Annotated[
        float | None,
        typer.Option(min=0.001, help="Rate to reckon --plan's time with.", show_default="some steps are timed"),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(help="Go on with this run, from its last checkpoint.", metavar="RUN")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Train a run folder by itself, without a store (on a GPU node).")
    ] = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Fine-tune a language model until its option probabilities match the human distribution.

    Example: [bold]surveycli finetune --split unseen-questions --model tiny --epochs 1[/bold]
    """
    from surveycli.errors import usage

    if folder is not None:
        _train_folder(folder)
        return
    if plan and resume is not None:
        raise usage("--plan is for a training that has not begun.", "Leave out --resume.")
    if resume is None and not split:
        raise usage("Which split? --split NAME is missing.", "`surveycli split` lists and makes splits.")
    config = None
    if resume is None:
        config = _configure(
            preset or ("tiny" if model == "tiny" else "recommended"),
            model,
            {
                "split": split,
                "model.precision": precision,
                "model.quantise": quantise,
                "model.device": device,
                "model.attention": attention,
                "model.sharded": shard_model,
                "model.compiled": compile_layers,
                "prompt.order": order,
                "prompt.describe": describe,
                "languages": language or None,
                "lora.rank": lora_rank,
                "lora.targets": lora_targets.split(",") if lora_targets else None,
                "optimiser.loss": loss,
                "optimiser.epochs": epochs,
                "optimiser.learning_rate": learning_rate,
                "optimiser.batch_size": batch_size,
                "optimiser.patience": patience,
                "batches.share_prefixes": share_prefixes,
                "batches.examples_per_tree": examples_per_tree,
                "batches.gradient_checkpointing": gradient_checkpointing,
                "shares": shares,
                "seed": seed,
            },
        )
    if plan and config is not None:
        from surveycli.training.plan import plan_finetune

        _show_plan(plan_finetune(store, config, device_tflops))
        return
    _train(store, config, name, resume, prepare_only=prepare_only)


def _configure(preset: str, model: str, choices: Mapping[str, object]) -> FinetuneConfig:
    """Return the preset's configuration with what the user chose in its place; the tiny model is trained in full."""
    from surveycli.configuration import with_choices
    from surveycli.presets import preset_config, resolve_model

    config = with_choices(preset_config(preset), {"model.name": resolve_model(model), **choices})
    return replace(config, lora=None) if config.model.is_tiny else config


def _train(
    store: Path, config: FinetuneConfig | None, name: str | None, resume: str | None, *, prepare_only: bool
) -> None:
    from surveycli.cli.render import TINY_NOTE, note, progress_bar, say
    from surveycli.training.run_finetuning import find_run, prepare_run
    from surveycli.training.run_finetuning import finetune as train

    if config is not None:
        run = prepare_run(store, config, name)
        if config.model.is_tiny:
            note(TINY_NOTE)
    else:
        run = find_run(store, str(resume))
    note(f"Run {run.run_id} in {run.folder.path}")
    if prepare_only:
        say(f"surveycli finetune --folder {quote(str(run.folder.path))}")
        return
    with progress_bar() as progress:
        outcome = train(store, run, progress)
    _say_trained(outcome, f"{run.run_id}: ")
    say(f"Next: surveycli predict --run {run.run_id}")


def _train_folder(folder: Path) -> None:
    from surveycli.cli.render import progress_bar
    from surveycli.run_folder import RunFolder
    from surveycli.training.train import train_folder

    with progress_bar() as progress:
        outcome = train_folder(RunFolder(folder), progress)
    if outcome.is_first_process:
        _say_trained(outcome)


def _say_trained(outcome: TrainingOutcome, prefix: str = "") -> None:
    from surveycli.cli.render import note, say

    if outcome.resumed_at_step:
        note(f"Resumed at step {outcome.resumed_at_step}, with trained weights of norm {outcome.norm_at_start:.6g}.")
    loss = outcome.best_validation_loss
    best = "No validation part" if loss is None else f"Best validation loss {loss:.4f} nats"
    say(f"{prefix}{best}, weights of epoch {outcome.best_epoch} of {outcome.epochs} ({outcome.steps} steps).")


def _show_plan(report: PlanReport) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame

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
        f"activations about {_gib(memory.activations)}",
        "time, estimate": f"{time} ({report.seconds_basis})",
    }
    frame = pl.DataFrame({"what": list(rows), report.model: list(rows.values())})
    print_frame(frame, title=f"Plan on {report.device}; nothing was trained or written")


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:,.2f} GiB"


def presets(format: Format = TableFormat.TABLE) -> None:
    """List the named settings and the published models.

    Examples:
      surveycli presets
      surveycli presets --format json
    """
    import polars as pl

    from surveycli.cli.render import print_frame
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
    print_frame(pl.DataFrame(settings), format, title="Settings (--preset)")
    models = [{"model": name, "hugging_face_id": identifier} for name, identifier in PUBLISHED_MODELS.items()]
    print_frame(pl.DataFrame(models), format, title="Models of the published comparison (--model)")
