"""`surveycli import-predictions` and `surveycli export`: other tools' predictions in, tables out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.domain import Shares

if TYPE_CHECKING:
    from surveycli.exchange.import_predictions import ImportReport

_Survey = Annotated[str | None, typer.Option("--survey", help="Only this survey.", show_default="any")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import-predictions")(import_predictions)
    app.command("export")(export)


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
        str | None,
        typer.Option(help="probability, log-probability, count or answers.", show_default="told by the columns"),
    ] = None,
    model: Annotated[str | None, typer.Option(help="What made the predictions, for the record.")] = None,
    shares: Annotated[Shares, typer.Option(help="Which human shares they are scored against.")] = Shares.WEIGHTED,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Take in predictions that another tool made, as a run to score beside all others.

    Example: [bold]surveycli import-predictions theirs.csv --run theirs --split paper[/bold]
    """
    from surveycli.errors import usage
    from surveycli.exchange.import_predictions import ImportRequest, Quantity
    from surveycli.exchange.import_predictions import import_predictions as take_in
    from surveycli.store import open_store

    if quantity is not None and quantity not in set(Quantity):
        raise usage(f"There is no quantity {quantity!r}.", f"Choose one of {', '.join(Quantity)}.")
    kind = None if quantity is None else Quantity(quantity)
    with open_store(store, write=True) as opened:
        report = take_in(opened, ImportRequest(file, run, survey, split, kind, model, shares))
    _print_report(report)


def _print_report(report: ImportReport) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame

    typer.echo(f"{report.run_id}: {report.n_cells:,} cells from {report.n_rows:,} rows ({report.quantity.value}).")
    if report.left_out:
        rows = [(out.reason, out.n_rows, ", ".join(out.examples)) for out in report.left_out]
        print_frame(pl.DataFrame(rows, schema=["left out because of", "how many", "for instance"], orient="row"))
    typer.echo(f"Next: surveycli score {report.run_id}")


def export(
    what: Annotated[str, typer.Argument(help="distributions, predictions, scores or prompts.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .parquet, .csv, .jsonl, .xlsx, .sav or .dta file; without an ending a Hugging Face dataset folder.",
        ),
    ],
    run: Annotated[list[str] | None, typer.Option("--run", help="Only this run; repeat for several.")] = None,
    survey: _Survey = None,
    split: Annotated[str | None, typer.Option(help="The split of prompts.")] = None,
    language: Annotated[str, typer.Option(help="Language of wordings and labels.")] = "en",
    replace: Annotated[bool, typer.Option("--replace", help="Write over what is there.")] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Write a table of the store to a file that other tools read.

    Example: [bold]surveycli export predictions --run item-mean-1 -o predictions.parquet[/bold]
    """
    from surveycli.exchange.export import ExportRequest, export_table
    from surveycli.store import open_store

    request = ExportRequest(what, output, tuple(run or ()), survey, split, language, replace)
    with open_store(store) as opened:
        n_rows = export_table(opened, request)
    typer.echo(f"{output}: {n_rows:,} rows of {what}.")
