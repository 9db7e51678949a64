"""`surveycli report` and `surveycli plot`: results as a page and as single figures."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import SurveyCommand, add_command
from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.cli.ways import Typed, Way, flags, given
from surveycli.grouping import By
from surveycli.request.report import DEFAULT_METRIC, PlotRequest, ReportRequest

if TYPE_CHECKING:
    from surveycli.report.page import Figure
    from surveycli.report.plots import Plot

_BAR_WIDTH = 24  # what a table never breaks


class PageFormat(StrEnum):
    """What kind of file a report is."""

    HTML = "html"
    PDF = "pdf"


_DRAWS = "KIND RUNS --output --replace --store"

_Metric = Annotated[str, typer.Option("--metric", "-m", help="The metric of the charts.")]


class PlotCommand(SurveyCommand):
    """`plot`, with a way for each plot of the registry."""

    def ways(self) -> Sequence[Way]:
        """Return a way for each plot."""
        from surveycli.report.plots import PLOTS

        return [_way_of(plot) for plot in PLOTS]

    def typed(self, context: typer.Context) -> Typed:
        """Return what was typed. Raises SurveyError (exit 2) for an unknown plot."""
        from surveycli.report.plots import find_plot

        find_plot(context.params["kind"])
        return super().typed(context)


def _way_of(plot: Plot) -> Way:
    call = " ".join([plot.name, "RUNS", *(f"{flag} {flag.removeprefix('--').upper()}" for flag in plot.needs)])
    return Way(call, plot.help, flags(_DRAWS, plot.takes), given("KIND", value=plot.name), plot.needs)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_command(app, report)
    app.command("plot", cls=PlotCommand)(plot)


def report(
    runs: Annotated[list[str], typer.Argument(help="Runs to show, the first in detail; at most six.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("report.html"),
    format: Annotated[
        PageFormat | None, typer.Option("--format", "-f", help="What to write.", show_default="by the file's ending")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", help="An item whose answers to show; repeat for several.")
    ] = None,
    metric: _Metric = DEFAULT_METRIC,
    title: Annotated[str, typer.Option(help="Title of the page.", show_default="made from the runs")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over an existing file.")] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Write one self-contained page about runs.

    It opens offline in any browser and can be mailed as it is.

    Examples:
      surveycli report item-mean-1 uniform-1 --item Q57
      surveycli report item-mean-1 --output report.pdf
    """
    from surveycli.cli.render import progress_bar, result, say
    from surveycli.new_file import demand_free
    from surveycli.report.make import make_report, write_report
    from surveycli.store import open_store

    demand_free(output, replace=replace)
    request = ReportRequest(tuple(dict.fromkeys(runs)), metric, tuple(item or ()), title)
    with open_store(store, write=True) as opened, progress_bar() as progress:
        page = make_report(opened, request, progress)
    write_report(page, output, as_pdf=None if format is None else format is PageFormat.PDF)
    say(f"{output}: {output.stat().st_size / 1e6:.1f} MB, one file that needs no network.")
    result({"file": output, "bytes": output.stat().st_size, "runs": request.runs})


def plot(
    kind: Annotated[str, typer.Argument(help="What to draw.")],
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
    metric: _Metric = DEFAULT_METRIC,
    replace: Annotated[bool, typer.Option("--replace", help="Write over an existing file.")] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Draw one figure, in a file or as bars in the terminal.

    Examples:
      surveycli plot scores item-mean-1 uniform-1 --output scores.png
      surveycli plot distribution item-mean-1 --item Q57 --country KEN
    """
    from surveycli.cli.render import result, say, working
    from surveycli.new_file import demand_free
    from surveycli.report.plots import draw, save_figure
    from surveycli.store import open_store

    if output is not None:
        demand_free(output, replace=replace)
    with open_store(store, write=True) as opened, working("draw"):
        figure = draw(opened, PlotRequest(kind, tuple(dict.fromkeys(runs)), metric, by, item, country))
    if output is None:
        result(figure.table)
        _print_figure(figure)
        return
    save_figure(figure, output)
    say(f"{output}: {figure.title}")
    result({"file": output, "title": figure.title})


def _print_figure(figure: Figure) -> None:
    """Print a figure's rows; where they have a share or a value, with bars of it."""
    import polars as pl

    from surveycli.cli.render import print_frame

    table = figure.table
    column = next((name for name in ("share", "value") if name in table.columns), None)
    if column is not None:
        sizes = table[column].abs().fill_null(0.0).to_list()
        most = max(sizes, default=0.0) or 1.0
        bars = ["█" * round(_BAR_WIDTH * size / most) for size in sizes]
        table = table.with_columns(pl.Series("", bars, dtype=pl.String))
    print_frame(table, title=figure.title)
