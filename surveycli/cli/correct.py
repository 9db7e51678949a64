"""`surveycli correct`: predictions and the answers of a few real respondents together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given
from surveycli.request.correct import CorrectRequest

if TYPE_CHECKING:
    from surveycli.correction.correct import Corrected
    from surveycli.store import Store

_ALL = "--sample --survey --name --shares --format --store"
WAYS = (
    Way(
        "--predicted FILE --sample FILE",
        "Corrects with a prediction for each respondent: PPI++ (extra: correction).",
        flags(_ALL, "--predicted"),
        given("--predicted"),
        ("--sample",),
    ),
    Way(
        "RUN --sample FILE",
        "Corrects a run's predictions, cell by cell.",
        flags(_ALL, "RUN --language --seed --allocate"),
        given("RUN"),
        ("--sample",),
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, correct, ways=WAYS)


def correct(
    run: Annotated[
        str | None, typer.Argument(help="The run whose predictions are corrected.", show_default=False)
    ] = None,
    sample: Annotated[
        Path | None,
        typer.Option(
            help="What a few people answered: a row per person (population, a column per item, weight), or counts "
            "(population, item, option, n).",
            show_default=False,
        ),
    ] = None,
    predicted: Annotated[
        Path | None,
        typer.Option(
            help="A predicted answer for each of many people, as `--sample` has their answers; both with `respondent`.",
            show_default=False,
        ),
    ] = None,
    allocate: Annotated[
        int | None, typer.Option(help="Say where this many more answers are worth most.", min=1, show_default=False)
    ] = None,
    shares: Annotated[bool, typer.Option("--shares", help="Print each share with its interval.")] = False,
    survey: Annotated[
        str | None, typer.Option(help="The survey of the items.", show_default="any that has them")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The run's predictions in this language.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new run.", show_default="corrected-1, ...")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the answers drawn in validation cells.")] = 1,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Correct predictions with a few real respondents.

    How far to trust the prediction is learnt from their answers, item by item; where it does not help, the sample
    stands as it is.

    Examples:
      surveycli correct answers-gp-1 --sample hundred.csv
      surveycli correct answers-gp-1 --sample hundred.csv --allocate 200
    """
    from surveycli.cli.render import note, print_frame, say, working
    from surveycli.store import open_store

    assert sample is not None
    request = CorrectRequest(sample, run, predicted, allocate, survey, language, name, seed)
    with open_store(store, write=True) as opened, working("correct"):
        report = _correct(opened, request)
        table = opened.frame("correction/list_shares" if shares else "correction/by_item", run_id=report.run_id)
    is_table = format is TableFormat.TABLE
    if is_table or report.next_answers is None:  # otherwise nothing but one table goes to stdout
        print_frame(table, format)
    if report.next_answers is not None:
        print_frame(report.next_answers, format, title=f"Where the next {allocate} answers are worth most")
    for text in report.notes:
        note(text)
    done = f"{report.run_id}: {report.n_cells} cells corrected. Shares and intervals: the table corrected_share."
    (say if is_table else note)(done)


def _correct(store: Store, request: CorrectRequest) -> Corrected:
    if request.predicted is None:
        from surveycli.correction.correct import correct_run

        return correct_run(store, request)
    from surveycli.correction.powered import correct_people

    return correct_people(store, request)
