"""`surveycli simulate`: what populations would answer to a question that they were never asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command, fill
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given
from surveycli.request.simulate import SimulateRequest
from surveycli.setting import settings_of

if TYPE_CHECKING:
    import polars as pl

    from surveycli.simulation.simulate import Simulated


_BEST = "best"
_ALL = "--country --language --run --predictor --split --orders --name --format --store"
WAYS = (
    Way("--file FILE", "Many questions, of a YAML or CSV file.", flags(_ALL, "--file"), given("--file")),
    Way(
        "QUESTION --option A --option B --country KEN",
        "One question.",
        flags(_ALL, "QUESTION --option --scale --battery"),
        given("QUESTION"),
        ("--option", "--country"),
    ),
)
_BAR = 30


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, simulate, ways=WAYS, settings=settings_of(SimulateRequest))


def simulate(
    context: typer.Context,
    question: Annotated[
        str | None, typer.Argument(help="The question, as people would be asked.", show_default=False)
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="An answer to choose; repeat for each, in their order.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Questions with their options, and countries if they differ: YAML or CSV.", show_default=False
        ),
    ] = None,
    predictor: Annotated[
        str,
        typer.Option("--predictor", "-p", help="best: a run only where it beats the prior.", show_default="the run"),
    ] = "",
    language: Annotated[str, typer.Option(help="Language of the question.")] = "en",
    scale: Annotated[
        str | None, typer.Option(help="ordinal, nominal or binary.", show_default="binary of two options, else nominal")
    ] = None,
    battery: Annotated[
        str | None, typer.Option(help="Name of the battery, for questions that share a stem.", show_default=False)
    ] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Predict what populations would answer to new questions.

    Each answer says how far to trust it. The questions become a survey without human answers, and the predictions are
    rows like any others.

    Examples:
      surveycli simulate "Should schools teach chess?" -o Yes -o No -c KEN -c JPN --run finetune-1
      surveycli simulate --file questions.yaml --country KEN --predictor best --run finetune-1
    """
    from surveycli.cli.render import progress_bar
    from surveycli.simulation.questions import one_question, read_questions
    from surveycli.simulation.simulate import simulate as ask

    if file is not None:
        questions = read_questions(file, language)
    else:
        assert question is not None
        questions = (one_question(question, option or [], language, scale, battery),)
    request = fill(SimulateRequest, context, questions=questions)
    request = replace(request, best=_is_best(predictor, request.runs))
    with progress_bar() as progress:
        simulated = ask(store, request, progress)
    _print_answers(store, simulated, format)


def _print_answers(store: Path, simulated: Simulated, format: TableFormat) -> None:
    """Print bars and how far to trust them, or the answers as a table."""
    from surveycli.cli.render import note, print_frame, say
    from surveycli.store import open_store

    with open_store(store) as opened:
        answers = opened.frame("simulation/list_answers", run_id=simulated.name)
        trust = opened.frame("simulation/list_trust", run_id=simulated.name)
    asked = "1 question" if simulated.n_questions == 1 else f"{simulated.n_questions} questions"
    done = f"{simulated.name}: {simulated.n_answers} answers to {asked}, in simulated_answer."
    note("Predictions, not answers of people. radius: total variation that 90% of like validation cells stay within.")
    if format is TableFormat.TABLE:
        _print_bars(answers)
        print_frame(trust, title="How far to trust it")
        say(done)
    else:
        print_frame(answers, format)
        note(done)


def _is_best(predictor: str, runs: tuple[str, ...]) -> bool:
    from surveycli.errors import usage

    if predictor not in ("", _BEST):
        raise usage(
            f"--predictor {predictor} cannot answer new questions.", "It is best, or left out where --run answers."
        )
    if not predictor and not runs:
        raise usage("Who answers?", "Name a run with --run, or --predictor best; `surveycli runs` lists the runs.")
    return predictor == _BEST


def _print_bars(answers: pl.DataFrame) -> None:
    """Print each question with a bar per population and option, and why what cannot be relied on cannot."""
    from surveycli.cli.render import say

    for (_, wording), asked in answers.partition_by("item_id", "wording", as_dict=True, maintain_order=True).items():
        say(str(wording))
        width = max(len(text) for text in asked["label"])
        for row, is_first in zip(asked.iter_rows(named=True), _firsts(asked), strict=True):
            if is_first:
                language = f" [{row['language']}]" if asked["language"].n_unique() > 1 else ""
                say(f"  {row['population']}{language}{'' if row['reliable'] else '  (not to be relied on)'}")
            bar = "#" * round(_BAR * row["probability"])
            say(f"    {row['label']:<{width}}  {row['probability']:>6.1%}  {bar}")
        for (reason,), doubted in asked.filter(~asked["reliable"]).partition_by("reason", as_dict=True).items():
            named = ", ".join(doubted["population"].unique(maintain_order=True))
            say(f"  Not to be relied on ({named}): {reason}.")
        say("")


def _firsts(asked: pl.DataFrame) -> list[bool]:
    keys = asked.select("population_id", "language").rows()
    return [place == 0 or keys[place - 1] != key for place, key in enumerate(keys)]
