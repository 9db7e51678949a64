"""`surveycli translate`: items in further languages."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli import translations
from surveycli.cli.command import add_command, way_at_hand
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.translations import ItemsOption, SurveyId, To
from surveycli.cli.ways import Way, flags, given

if TYPE_CHECKING:
    from surveycli.server.chat_server import ServerSettings
    from surveycli.translation import TranslateOptions, TranslateReport
    from surveycli.translation.engine import TranslationEngine


class EngineName(StrEnum):
    """Who translates: a model on this machine, or a server."""

    HF = "hf"
    OPENAI = "openai"


class FileOrigin(StrEnum):
    """Where a file's translations come from: the survey's own questionnaires, or anybody else."""

    OFFICIAL = "official"
    IMPORTED = "imported"


_SERVER, _MODEL, _FILES, _PROMPTS = "Server", "Model", "Files", "Prompts in further languages"


_ITEMS = "--to --from --survey --items --prompt-frame"
_CHECKED = f"{_ITEMS} --redo --glossary --dry-run --format --store"
_ASKED = f"{_CHECKED} --engine --model --back-translate --min-similarity"
_PRICED = "--price-per-million-tokens"
_FRAME = "--to LANGUAGE --prompt-frame FILE"
_SIMILAR = {"--min-similarity": "--back-translate"}
WAYS = (
    Way(
        "--to LANGUAGE --write-prompt-frame FILE",
        "Writes a file for the sentences around questions in a language.",
        flags("--to --write-prompt-frame"),
        given("--write-prompt-frame"),
    ),
    Way(
        "--to LANGUAGE --write-template FILE",
        "Writes what lacks a translation to a file to fill in.",
        flags(_ITEMS, "--redo --write-template --store"),
        given("--write-template"),
    ),
    Way(
        "--to LANGUAGE --from-file FILE",
        "Reads translations from a file.",
        flags(_CHECKED, "--from-file --origin"),
        given("--from-file"),
    ),
    Way(
        "--to LANGUAGE --engine hf --model MODEL",
        "Translates with a model on this machine.",
        flags(_ASKED, "--revision --device"),
        given("--engine", value="hf"),
        ("--model",),
        _SIMILAR,
    ),
    Way(
        "--to LANGUAGE --engine openai --model MODEL",
        "Translates with an OpenAI-compatible server.",
        flags(_ASKED, "--base-url --key-variable --timeout --tries --requests-per-minute --yes", _PRICED),
        given("--engine", value="openai"),
        ("--model",),
        _SIMILAR,
    ),
    Way(
        _FRAME,
        "Reads the sentences around questions from a file.",
        flags("--to --prompt-frame --redo --dry-run --store"),
        given("--prompt-frame"),
    ),
    Way(
        "--to LANGUAGE --dry-run",
        "Says what lacks a translation.",
        flags(_CHECKED, _PRICED),
        given("--dry-run"),
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command and its group of reviews."""
    add_command(app, translate, ways=WAYS)
    translations.register(app)


def translate(
    context: typer.Context,
    to: To,
    source: Annotated[str, typer.Option("--from", help="The language to translate from.")] = "en",
    survey: SurveyId = None,
    items: ItemsOption = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Replace machine translations (a person's never), or a prompt frame.")
    ] = False,
    glossary: Annotated[Path | None, typer.Option(help="CSV with term,translation: words that are settled.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    from_file: Annotated[
        Path | None, typer.Option(help="Translations in .csv, .xlsx, .jsonl or .yaml.", rich_help_panel=_FILES)
    ] = None,
    origin: Annotated[
        FileOrigin, typer.Option(help="What the file's translations are.", rich_help_panel=_FILES)
    ] = FileOrigin.IMPORTED,
    write_template: Annotated[
        Path | None, typer.Option(help="Write what is missing to a file to fill in.", rich_help_panel=_FILES)
    ] = None,
    prompt_frame: Annotated[
        Path | None,
        typer.Option(
            help="YAML with the sentences around a question, for a language that the package has none in.",
            rich_help_panel=_PROMPTS,
        ),
    ] = None,
    write_prompt_frame: Annotated[
        Path | None, typer.Option(help="Write such a file, to put your own sentences in.", rich_help_panel=_PROMPTS)
    ] = None,
    engine: Annotated[EngineName | None, typer.Option(help="Who translates.", rich_help_panel=_MODEL)] = None,
    model: Annotated[str | None, typer.Option(help="The model's name or folder.", rich_help_panel=_MODEL)] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit or tag of a Hugging Face model.", rich_help_panel=_MODEL)
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=_MODEL)] = "auto",
    back_translate: Annotated[
        bool, typer.Option("--back-translate", help="Translate back and compare.", rich_help_panel=_MODEL)
    ] = False,
    min_similarity: Annotated[
        float, typer.Option(help="Least chrF (0-100) of a back-translation.", min=0, max=100, rich_help_panel=_MODEL)
    ] = 40.0,
    base_url: Annotated[
        str, typer.Option(help="Address of an OpenAI-compatible server.", rich_help_panel=_SERVER)
    ] = "https://api.openai.com/v1",
    key_variable: Annotated[
        str, typer.Option(help="Environment variable with the server's key.", rich_help_panel=_SERVER)
    ] = "OPENAI_API_KEY",
    timeout: Annotated[
        float, typer.Option(help="Seconds that a whole request may take.", min=0.01, rich_help_panel=_SERVER)
    ] = 60,
    tries: Annotated[int, typer.Option(help="Tries per request.", min=1, rich_help_panel=_SERVER)] = 5,
    requests_per_minute: Annotated[
        float | None, typer.Option(help="No more requests than this.", min=0.01, rich_help_panel=_SERVER)
    ] = None,
    price_per_million_tokens: Annotated[
        float | None, typer.Option(help="For the estimate of the cost.", min=0, rich_help_panel=_SERVER)
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before it costs.", rich_help_panel=_SERVER)
    ] = False,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Translate questions and answers that lack a language: with a model, a server, or from a file.

    Each finished item is kept at once, so that a stopped run goes on where it was. What fails a check is held back
    for `surveycli translations`; what a person translated is never replaced. Countries get their names, too.

    Examples:
      surveycli translate --to de --dry-run
      surveycli translate --to de --engine openai --model gpt-4.1-mini
      surveycli translate --to de --write-template de.csv
    """
    from surveycli.translation import TranslateOptions, export_template, import_translations, read_glossary

    if write_prompt_frame:
        _write_frame(write_prompt_frame, to)
        return
    if prompt_frame:
        _save_frame(store, prompt_frame, to, redo=redo, dry_run=dry_run)
        if way_at_hand(context).call == _FRAME:
            _name_populations(store, to)
            return
    terms = read_glossary(glossary) if glossary else ()
    options = TranslateOptions(to, source, survey, items, redo, terms)
    if write_template:
        _note_template(export_template(store, write_template, options), write_template, to)
    elif from_file:
        _print_report(import_translations(store, from_file, options, origin.value, dry_run=dry_run), format)
    elif dry_run:
        _print_plan(store, options, price_per_million_tokens, format)
    else:
        assert model is not None
        if engine is EngineName.OPENAI:
            from surveycli.translation.openai_engine import OpenAiEngine

            settings = _server_settings(model, base_url, key_variable, timeout, tries, requests_per_minute)
            with OpenAiEngine(settings) as server:
                _agree_to_cost(store, options, price_per_million_tokens, yes)
                _run(store, server, options, min_similarity if back_translate else None, format)
        else:
            local = _local_engine(model, revision, device)
            _run(store, local, options, min_similarity if back_translate else None, format)
    if not dry_run and not write_template:
        _name_populations(store, to)


def _write_frame(file: Path, to: str) -> None:
    from surveycli.cli.render import note
    from surveycli.translation import write_prompt_frame

    write_prompt_frame(file, to)
    note(f"Put your sentences into {file}; `surveycli translate --to {to} --prompt-frame {file}` reads them.")


def _save_frame(store: Path, file: Path, to: str, *, redo: bool, dry_run: bool) -> None:
    from surveycli.cli.render import note
    from surveycli.translation import save_prompt_frame
    from surveycli.translation.prompt_frame import read_prompt_frame

    if dry_run:
        read_prompt_frame(file, to)
        note(f"{file} is a whole prompt frame.")
        return
    save_prompt_frame(store, file, to, redo=redo)
    note(f"Prompts in {to} are made of the sentences of {file}.")


def _name_populations(store: Path, to: str) -> None:
    """Name the store's populations in the language, and say what it still lacks before it can be run in."""
    from surveycli.cli.render import note
    from surveycli.store import open_store
    from surveycli.survey import name_populations
    from surveycli.translation import known_frame

    with open_store(store, write=True) as opened:
        unnamed = name_populations(opened, to)
        frame = known_frame(opened, to)
    if unnamed:
        note(
            f"{len(unnamed)} populations have no name in {to}, {unnamed[0]} among them: their cells cannot be run in "
            "it, unless a prompt frame names them."
        )
    if frame is None:
        note(
            f"Before a run in {to}, prompts need their sentences in it: `surveycli translate --to {to} "
            "--write-prompt-frame FILE` writes a file to put them in."
        )


def _server_settings(
    model: str, base_url: str, key_variable: str, timeout: float, tries: int, requests_per_minute: float | None
) -> ServerSettings:
    import os

    from surveycli.server.chat_server import ServerSettings

    return ServerSettings(
        model=model,
        base_url=base_url,
        key=os.environ.get(key_variable) or None,
        key_variable=key_variable,
        timeout_s=timeout,
        max_tries=tries,
        requests_per_minute=requests_per_minute,
    )


def _local_engine(model: str, revision: str | None, device: str) -> TranslationEngine:
    from surveycli.configuration import ModelSpec
    from surveycli.translation.hf_engine import HfSettings, load_hf_engine

    return load_hf_engine(HfSettings(ModelSpec(name=model, revision=revision, device=device)))


def _agree_to_cost(store: Path, options: TranslateOptions, price: float | None, yes: bool) -> None:
    """Say what a server's work will cost, and ask unless told not to."""
    from surveycli.cli.render import note
    from surveycli.errors import usage
    from surveycli.translation import first_requests, read_plan
    from surveycli.translation.estimate import estimate_cost

    estimate = estimate_cost(first_requests(read_plan(store, options, write=True), options), price)
    cost = "" if estimate.cost is None else f", costing about {estimate.cost:.4f}"
    tokens = f"{estimate.n_input_tokens} tokens in and {estimate.n_output_tokens} out"
    note(f"About {estimate.n_requests} requests, {tokens}{cost}.")
    if yes or not estimate.n_requests:
        return
    if not sys.stdin.isatty():
        raise usage("There is nobody to ask whether to go on.", "--yes goes on without asking.")
    typer.confirm("Go on?", abort=True, err=True)


def _run(
    store: Path, engine: TranslationEngine, options: TranslateOptions, min_similarity: float | None, format: TableFormat
) -> None:
    from surveycli.cli.render import progress_bar
    from surveycli.translation import BackTranslation, translate_items

    back = None if min_similarity is None else BackTranslation(min_similarity)
    with progress_bar() as progress:
        report = translate_items(store, engine, options, back=back, progress=progress)
    _print_report(report, format)
    _refuse_nothing(report)


def _refuse_nothing(report: TranslateReport) -> None:
    """Raise SurveyError (exit 3) where not one item got as much as a reply: the server is at fault."""
    from surveycli.errors import bad_input

    if report.n_unasked and report.n_unasked == len(report.held) and not report.translated:
        raise bad_input(
            f"No item could be translated; the last: {report.held[-1].findings[0].message}.",
            "The same command goes on from here; failed items are tried again.",
        )


def _print_plan(store: Path, options: TranslateOptions, price: float | None, format: TableFormat) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame
    from surveycli.translation import first_requests, read_plan
    from surveycli.translation.estimate import estimate_cost

    plan = read_plan(store, options)
    estimate = estimate_cost(first_requests(plan, options), price)
    row = {
        "survey_id": plan.survey_id,
        "language": plan.target.code,
        "n_to_translate": len(plan.work),
        "n_kept": plan.n_translated,
        "n_waiting": plan.n_waiting,
        "n_input_tokens": estimate.n_input_tokens,
        "n_output_tokens": estimate.n_output_tokens,
        "cost": estimate.cost,
    }
    print_frame(pl.DataFrame([row], schema_overrides={"cost": pl.Float64}), format)


def _print_report(report: TranslateReport, format: TableFormat) -> None:
    import polars as pl

    from surveycli.cli.render import note, print_frame
    from surveycli.untrusted.text import excerpt

    row = {
        "survey_id": report.survey_id,
        "language": report.language,
        "n_translated": len(report.translated),
        "n_held_back": len(report.held),
        "n_kept": report.n_kept,
        "n_waiting": report.n_waiting,
    }
    print_frame(pl.DataFrame([row]), format)
    if report.unknown:
        note(f"Not in the survey: {excerpt(', '.join(report.unknown))}.")
    if report.held or report.n_waiting:
        note(f"`surveycli translations list --to {report.language}` shows what was held back, and why.")


def _note_template(n_items: int, file: Path, to: str) -> None:
    from surveycli.cli.render import note

    note(f"{file} has {n_items} items to translate. `surveycli translate --to {to} --from-file {file}` reads it back.")
