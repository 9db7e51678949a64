"""`surveycli translate`: items in further languages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from surveycli.cli import translations
from surveycli.cli.command import add_command, fill, way_at_hand
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.translations import ItemsOption, SurveyId, To
from surveycli.cli.ways import Way, flags, given
from surveycli.request.translate import EngineName, TranslateRequest
from surveycli.setting import settings_of

if TYPE_CHECKING:
    from surveycli.translation import TranslateOptions, TranslateReport
    from surveycli.translation.engine import TranslationEngine


_ITEMS = "--to --from --survey --items --prompt-frame"
_CHECKED = f"{_ITEMS} --redo --glossary --dry-run --format --store"
_ASKED = f"{_CHECKED} --engine --model --back-translate --min-similarity"
_PRICED = "--price-per-million-tokens"
_FRAME = "--to LANGUAGE --prompt-frame FILE"
_SIMILAR = {"--min-similarity": "--back-translate"}
WAYS = (
    Way(
        "--to LANGUAGE --write-prompt-frame FILE",
        "Writes a file to put the sentences around questions in.",
        flags("--to --write-prompt-frame"),
        given("--write-prompt-frame"),
    ),
    Way(
        "--to LANGUAGE --write-template FILE",
        "Writes what lacks a translation to a file, to fill in.",
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
        "Counts what lacks a translation.",
        flags(_CHECKED, _PRICED),
        given("--dry-run"),
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command and its group of reviews."""
    add_command(app, translate, ways=WAYS, settings=settings_of(TranslateRequest))
    translations.register(app)


def translate(
    context: typer.Context,
    to: To,
    survey: SurveyId = None,
    items: ItemsOption = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Translate questions and answers into another language.

    A model, a server or a file translates them. Each finished item is kept at once, so a stopped run goes on where it
    was. What fails a check is held back for `surveycli translations`; what a person translated is never replaced.
    Populations are named in the language, too.

    Examples:
      surveycli translate --to de --dry-run
      surveycli translate --to de --engine openai --model gpt-4.1-mini
      surveycli translate --to de --write-template de.csv
    """
    request = fill(TranslateRequest, context, target=to, survey_id=survey, items=items)
    if request.write_prompt_frame:
        _write_frame(request.write_prompt_frame, to)
        return
    if request.prompt_frame:
        _save_frame(store, request.prompt_frame, request)
    if request.write_template:
        _write_template(store, request.write_template, request)
    elif way_at_hand(context).call != _FRAME:
        _translate(store, request, format)
    if not request.dry_run and not request.write_template:
        _name_populations(store, to)


def _translate(store: Path, request: TranslateRequest, format: TableFormat) -> None:
    """Read translations from a file, ask for them, or only say what is missing."""
    from surveycli.translation import import_translations

    options = _options(request)
    if request.from_file:
        report = import_translations(store, request.from_file, options, request.origin.value, dry_run=request.dry_run)
        _print_report(report, format)
    elif request.dry_run:
        _print_plan(store, options, request.price_per_million_tokens, format)
    elif request.engine is EngineName.OPENAI:
        from surveycli.translation.openai_engine import OpenAiEngine, server_settings

        with OpenAiEngine(server_settings(request)) as server:
            _agree_to_cost(store, options, request)
            _run(store, server, options, request, format)
    else:
        _run(store, _local_engine(request), options, request, format)


def _options(request: TranslateRequest) -> TranslateOptions:
    from surveycli.translation import TranslateOptions, read_glossary

    terms = read_glossary(request.glossary) if request.glossary else ()
    return TranslateOptions(request.target, request.source, request.survey_id, request.items, request.redo, terms)


def _write_frame(file: Path, to: str) -> None:
    from surveycli.cli.render import note
    from surveycli.translation import write_prompt_frame

    write_prompt_frame(file, to)
    note(f"Edit the sentences in {file}; `surveycli translate --to {to} --prompt-frame {file}` reads them.")


def _save_frame(store: Path, file: Path, request: TranslateRequest) -> None:
    from surveycli.cli.render import note
    from surveycli.translation import save_prompt_frame
    from surveycli.translation.prompt_frame import read_prompt_frame

    to = request.target
    if request.dry_run:
        read_prompt_frame(file, to)
        note(f"{file} is a whole prompt frame.")
        return
    save_prompt_frame(store, file, to, redo=request.redo)
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


def _local_engine(request: TranslateRequest) -> TranslationEngine:
    from surveycli.configuration import ModelSpec
    from surveycli.translation.hf_engine import HfSettings, load_hf_engine

    assert request.model is not None
    return load_hf_engine(HfSettings(ModelSpec(request.model, revision=request.revision, device=request.device)))


def _agree_to_cost(store: Path, options: TranslateOptions, request: TranslateRequest) -> None:
    """Say what a server's work will cost, and ask unless told not to."""
    from surveycli.cli.render import note
    from surveycli.errors import usage
    from surveycli.translation import first_requests, read_plan
    from surveycli.translation.estimate import estimate_cost

    requests = first_requests(read_plan(store, options, write=True, server=request.base_url), options)
    estimate = estimate_cost(requests, request.price_per_million_tokens)
    cost = "" if estimate.cost is None else f", costing about {estimate.cost:.4f}"
    tokens = f"{estimate.n_input_tokens} tokens in and {estimate.n_output_tokens} out"
    note(f"About {estimate.n_requests} requests, {tokens}{cost}.")
    if request.yes or not estimate.n_requests:
        return
    if not sys.stdin.isatty():
        raise usage("There is no terminal to ask in.", "--yes goes on without asking.")
    typer.confirm("Go on?", abort=True, err=True)


def _run(
    store: Path, engine: TranslationEngine, options: TranslateOptions, request: TranslateRequest, format: TableFormat
) -> None:
    from surveycli.cli.render import progress_bar
    from surveycli.translation import BackTranslation, translate_items

    back = BackTranslation(request.min_similarity) if request.back_translate else None
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
            "The same command goes on from here, and tries failed items again.",
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


def _write_template(store: Path, file: Path, request: TranslateRequest) -> None:
    from surveycli.cli.render import note
    from surveycli.translation import export_template

    n_items, to = export_template(store, file, _options(request)), request.target
    note(f"{file} has {n_items} items to translate. `surveycli translate --to {to} --from-file {file}` reads it back.")
