"""`surveycli report` and `surveycli plot`: results as a page and as single figures."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.grouping import By

if TYPE_CHECKING:
    from surveycli.report.page import Figure

_BAR_WIDTH = 30


class PageFormat(StrEnum):
    """What kind of file a report is."""

    HTML = "html"
    PDF = "pdf"


_Metric = Annotated[str, typer.Option("--metric", "-m", help="The metric of the charts.")]
_DEFAULT_METRIC = "paper_one_minus_jsd"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("report")(report)
    app.command("plot")(plot)


def report(
    runs: Annotated[list[str], typer.Argument(help="Runs to show, the first in detail; at most six.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("report.html"),
    format: Annotated[
        PageFormat | None, typer.Option("--format", "-f", help="What to write.", show_default="by the file's ending")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", help="An item whose answers to show; repeat for several.")
    ] = None,
    metric: _Metric = _DEFAULT_METRIC,
    title: Annotated[str, typer.Option(help="Title of the page.", show_default="made from the runs")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over an existing file.")] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Write one self-contained page about runs: it opens offline in any browser and can be mailed as it is.

    Example: [bold]surveycli report item-mean-1 uniform-1 --item Q57 -o report.html[/bold]
    """
    from surveycli.cli.render import progress_bar
    from surveycli.errors import conflict
    from surveycli.report.make import ReportRequest, make_report, print_pdf
    from surveycli.store import open_store

    if output.exists() and not replace:
        raise conflict(f"{output} is there already.", "--replace writes over it; -o names another file.")
    as_pdf = format is PageFormat.PDF or (format is None and output.suffix.lower() == ".pdf")
    request = ReportRequest(tuple(dict.fromkeys(runs)), metric, tuple(item or ()), title)
    with open_store(store, write=True) as opened, progress_bar() as progress:
        page = make_report(opened, request, progress)
    if as_pdf:
        print_pdf(page, output)
    else:
        output.write_text(page, encoding="utf-8")
    typer.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB, one file that needs no network.")


def plot(
    kind: Annotated[str, typer.Argument(help="distribution, scores, compare, calibration, learning, map or heat.")],
    runs: Annotated[list[str], typer.Argument(help="Runs to show.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="PNG, SVG, PDF, HTML or JSON file.", show_default="the terminal"),
    ] = None,
    item: Annotated[str | None, typer.Option(help="The item of a distribution.")] = None,
    country: Annotated[
        str | None,
        typer.Option("--country", "--population", help="Whose answers: ISO-3 code, name or a subgroup's id."),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What scores are split up by.")] = By.PART,
    metric: _Metric = _DEFAULT_METRIC,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Draw one figure into a file, or its numbers with bars in the terminal.

    Example: [bold]surveycli plot scores item-mean-1 uniform-1 -o scores.png[/bold]
    """
    from surveycli.report.plots import PlotRequest, draw, save_figure
    from surveycli.store import open_store

    with open_store(store, write=True) as opened:
        figure = draw(opened, PlotRequest(kind, tuple(dict.fromkeys(runs)), metric, by, item, country))
    if output is None:
        _print_figure(figure)
        return
    save_figure(figure, output)
    typer.echo(f"{output}: {figure.title}")


def _print_figure(figure: Figure) -> None:
    """Print a figure's rows; where they have a share or a value, with bars of it."""
    import polars as pl

    from surveycli.cli.render import print_frame

    table = figure.table
    column = next((name for name in ("share", "value") if name in table.columns), None)
    if column is not None:
        most = table[column].abs().max() or 1.0
        bars = [_bar(value, float(str(most))) for value in table[column].to_list()]
        table = table.with_columns(pl.Series("", bars, dtype=pl.String))
    print_frame(table, title=figure.title)


def _bar(value: float | None, most: float) -> str:
    return "" if value is None else "█" * round(_BAR_WIDTH * abs(value) / most)
