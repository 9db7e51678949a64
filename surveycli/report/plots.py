"""Single figures by kind. To add one, write its function and its row in PLOTS; help and errors follow from the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import vl_convert

from surveycli.errors import not_found, usage
from surveycli.grouping import By
from surveycli.new_file import write_new_file
from surveycli.report import charts
from surveycli.report.compared_cells import compared_cells
from surveycli.report.make import subject_of
from surveycli.report.page import VEGALITE, Figure, Section
from surveycli.report.sections import (
    Subject,
    calibration_section,
    labelled_means,
    learning_section,
    metric_words,
    places_section,
)
from surveycli.request.report import PlotRequest, ReportRequest

if TYPE_CHECKING:
    from surveycli.store import Store

_PIXELS = 2.0  # per point of a PNG: sharp on today's screens and in print


@dataclass(frozen=True, slots=True)
class Plot:
    """A kind of figure: one line of help, what makes it, and of how many runs at least.

    `takes` are the options of `plot` that change it, beside those that all plots take; it cannot do without `needs`.
    """

    name: str
    help: str
    make: Callable[[Subject, PlotRequest], Figure]
    takes: str = ""
    needs: tuple[str, ...] = ()
    least_runs: int = 1


def find_plot(name: str) -> Plot:
    """Return a plot by name. Raises SurveyError (exit 2) that lists the plots there are."""
    found = next((plot for plot in PLOTS if plot.name == name), None)
    if found is None:
        raise usage(f"There is no plot {name!r}.", f"Choose one of {', '.join(plot.name for plot in PLOTS)}.")
    return found


def draw(store: Store, request: PlotRequest) -> Figure:
    """Return the figure that was asked for, scored anew first.

    Raises SurveyError: 2 for an unknown kind or too few runs, 4 for unknown names, or where there is nothing to draw.
    """
    plot = find_plot(request.kind)
    if len(request.runs) < plot.least_runs:
        raise usage(f"A {plot.name} plot needs {plot.least_runs} runs.", "`surveycli runs` lists them.")
    return plot.make(subject_of(store, ReportRequest(request.runs, request.metric)), request)


def save_figure(figure: Figure, target: Path) -> None:
    """Write a figure's chart as PNG, SVG, PDF, HTML (interactive) or Vega-Lite JSON, told by the file's ending.

    A file of that name is replaced. Raises SurveyError: exit 2 for another ending, 3 where it cannot be written, 5 for
    the name of a store or a folder.
    """
    assert figure.chart is not None
    chart = figure.chart.properties(title=figure.title, width=2 * charts.WIDTH)
    spec = chart.to_dict() | {"background": "white"}
    writers: dict[str, Callable[[], bytes]] = {
        ".png": lambda: vl_convert.vegalite_to_png(spec, vl_version=VEGALITE, scale=_PIXELS),
        ".svg": lambda: vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE).encode(),
        ".pdf": lambda: vl_convert.vegalite_to_pdf(spec, vl_version=VEGALITE),
        ".html": lambda: vl_convert.vegalite_to_html(spec, vl_version=VEGALITE, bundle=True).encode(),
        ".json": lambda: chart.to_json().encode(),
    }
    if target.suffix.lower() not in writers:
        raise usage(f"{target} should end in {', '.join(writers)}.", "The ending says which format to write.")
    write_new_file(target, writers[target.suffix.lower()](), overwrite=True)


def _scores(subject: Subject, request: PlotRequest) -> Figure:
    rows = labelled_means(subject.table("table", request.by), subject, request.by.value)
    words = metric_words(subject.metric)
    return Figure(f"Mean {words} by {request.by.value}", rows, charts.scores_chart(rows, words))


def _compare(subject: Subject, request: PlotRequest) -> Figure:
    import polars as pl

    table = subject.table("compare", request.by).filter(pl.col("part").is_in(subject.parts))
    label = [pl.format("{} - {}", "first", "second"), pl.col("part")]
    if request.by is not By.PART:
        label.append(pl.col(request.by.value))
    rows = table.select(
        pl.concat_str(label, separator=", ").alias("label"),
        pl.col("difference").alias("value"),
        pl.col("low").cast(pl.Float64),
        pl.col("high").cast(pl.Float64),
        "n_cells",
    )
    words = f"difference of {metric_words(subject.metric)}"
    return Figure(f"Paired {words}, with 95% intervals", rows, charts.difference_chart(rows, words))


def _distribution(subject: Subject, request: PlotRequest) -> Figure:
    import polars as pl

    everywhere = replace(subject, parts=tuple(subject.cells["part"].unique().to_list()))
    cells = compared_cells(everywhere).filter(pl.col("item_id") == request.item)
    if request.population is not None:
        wanted = request.population.casefold()
        named = pl.col("population").str.to_lowercase() == wanted
        cells = cells.filter(named | (pl.col("population_id").str.to_lowercase() == wanted))
    if cells.is_empty():
        where = f" in {request.population}" if request.population else ""
        raise not_found(
            f"These runs have no scored cell of {request.item}{where}.", "`surveycli items` lists items; see --country."
        )
    cell = cells.row(0, named=True)
    sources = {"people": cell["human"], **dict(zip(subject.runs, cell["predicted"], strict=True))}
    rows = pl.DataFrame(
        [
            (option, source, share)
            for source, shares in sources.items()
            for option, share in zip(cell["labels"], shares, strict=True)
        ],
        schema={"option": pl.String, "source": pl.String, "share": pl.Float64},
        orient="row",
    )
    title = f"{cell['item_id']}, {cell['population']}: {cell['wording']}"
    return Figure(title, rows, charts.distribution_chart(rows))


def _of_section(
    make: Callable[[Subject], Section | None], place: int, lacking: str
) -> Callable[[Subject, PlotRequest], Figure]:
    """Return the maker of a figure that a section of the report has, too."""

    def figure_of(subject: Subject, _: PlotRequest) -> Figure:
        section = make(subject)
        if section is None:
            raise not_found(lacking, "`surveycli runs` lists the runs.")
        return section.figures[place]

    return figure_of


PLOTS = (
    Plot(
        "distribution",
        "People's answers to an item beside predictions.",
        _distribution,
        "--item --country",
        needs=("--item",),
    ),
    Plot("scores", "Mean score by part, or by what --by says.", _scores, "--by --metric"),
    Plot("compare", "Paired differences of two runs and more.", _compare, "--by --metric", least_runs=2),
    Plot(
        "calibration",
        "People's share by predicted share.",
        _of_section(calibration_section, 0, "These runs have no scored options."),
    ),
    Plot(
        "learning",
        "Loss by epoch of fine-tunings.",
        _of_section(learning_section, 0, "None of these runs has a learning curve."),
    ),
    Plot(
        "map",
        "Mean score by country on a map.",
        _of_section(places_section, 0, "A map needs scores of two countries."),
        "--metric",
    ),
    Plot(
        "heat",
        "Mean score by country and dimension.",
        _of_section(places_section, 1, "A heat map needs scores of two countries."),
        "--metric",
    ),
)
