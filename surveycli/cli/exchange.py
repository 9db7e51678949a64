"""`surveycli import-predictions` and `surveycli export`: other tools' predictions in, tables out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.cli.ways import Way, flags, given
from surveycli.domain import Shares
from surveycli.request.report import ExportName, ExportRequest, ImportRequest, Quantity

if TYPE_CHECKING:
    from surveycli.exchange.import_predictions import ImportReport

_WRITES = "WHAT --output --language --replace --store"
_EXPORTS = {
    ExportName.DISTRIBUTIONS: ("What people answered, one row per option.", "--survey"),
    ExportName.PREDICTIONS: ("What runs predicted, one row per option.", "--run"),
    ExportName.SCORES: ("Every metric, one row per cell and part.", "--run"),
    ExportName.PROMPTS: ("Questions with target distributions, one row per cell.", "--split"),
}
EXPORT_WAYS = tuple(
    Way(
        f"{name.value} --output FILE" + (" --split SPLIT" if name is ExportName.PROMPTS else ""),
        about,
        flags(_WRITES, takes),
        given("WHAT", value=name),
        ("--output", "--split") if name is ExportName.PROMPTS else ("--output",),
    )
    for name, (about, takes) in _EXPORTS.items()
)
_Survey = Annotated[str | None, typer.Option("--survey", help="Only this survey.", show_default="any")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_command(app, import_predictions, name="import-predictions")
    add_command(app, export, ways=EXPORT_WAYS)


def import_predictions(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, Parquet, XLSX or JSON lines with columns population, item, option and probability, "
            "log_probability or count; without a number each row is one simulated answer."
        ),
    ],
    run: Annotated[str, typer.Option("--run", help="Name of the run that the predictions become.")],
    split: Annotated[
        str | None, typer.Option(help="The split by whose parts it is scored.", show_default="no split")
    ] = None,
    survey: _Survey = None,
    quantity: Annotated[
        Quantity | None, typer.Option(help="What the number in each row is.", show_default="inferred from the columns")
    ] = None,
    model: Annotated[str | None, typer.Option(help="What made the predictions, for the record.")] = None,
    shares: Annotated[Shares, typer.Option(help="Which human shares they are scored against.")] = Shares.WEIGHTED,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Import the predictions of another tool as a run.

    They are checked, and scored like all others.

    Examples:
      surveycli import-predictions theirs.csv --run theirs --split paper
      surveycli import-predictions logprobs.jsonl --run served --model llama3-8b-instruct
    """
    from surveycli.cli.render import working
    from surveycli.exchange.import_predictions import import_predictions as take_in
    from surveycli.store import open_store

    with open_store(store, write=True) as opened, working("import"):
        report = take_in(opened, ImportRequest(file, run, survey, split, quantity, model, shares))
    _print_report(report)


def _print_report(report: ImportReport) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame, result, say

    result(report)
    say(f"{report.run_id}: {report.n_cells:,} cells from {report.n_rows:,} rows ({report.quantity.value}).")
    if report.left_out:
        rows = [(out.reason, out.n_rows, ", ".join(out.examples)) for out in report.left_out]
        print_frame(pl.DataFrame(rows, schema=["left out because of", "how many", "for instance"], orient="row"))
    say(f"Next: surveycli score {report.run_id}")


def export(
    what: Annotated[ExportName, typer.Argument(help=f"What to write: {', '.join(ExportName)}.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .parquet, .csv, .json, .jsonl, .xlsx, .sav, .dta, .md or .tex file; without an ending a Hugging "
            "Face dataset folder.",
        ),
    ],
    run: Annotated[list[str] | None, typer.Option("--run", help="Only this run; repeat for several.")] = None,
    survey: _Survey = None,
    split: Annotated[str | None, typer.Option(help="The split of prompts.")] = None,
    language: Annotated[str, typer.Option(help="Language of wordings and labels.")] = "en",
    replace: Annotated[bool, typer.Option("--replace", help="Write over what is there.")] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Write a table of the store to a file for other tools.

    Examples:
      surveycli export predictions --run item-mean-1 --output predictions.parquet
      surveycli export prompts --split paper --output prompts
    """
    from surveycli.cli.render import result, say, working
    from surveycli.exchange.export import export_table
    from surveycli.store import open_store

    request = ExportRequest(what, output, tuple(run or ()), survey, split, language, replace)
    with open_store(store) as opened, working("export"):
        n_rows = export_table(opened, request)
    say(f"{output}: {n_rows:,} rows of {what}.")
    result({"file": output, "rows": n_rows})
