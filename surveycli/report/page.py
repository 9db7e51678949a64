"""The page itself: sections with figures, filled into one HTML file that needs nothing beside it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import vl_convert
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from surveycli.report.charts import WIDTH, Chart
from surveycli.row_text import rounded_by_error

if TYPE_CHECKING:
    import polars as pl

VEGALITE = "6.4"
_FILES = ("page.html.j2", "style.css", "page.js")


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with the rows it shows, for readers who cannot see it; or rows alone. `wide` spans the page."""

    title: str
    table: pl.DataFrame
    chart: Chart | None = None
    note: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One option of a cell: its label, people's share and that of each run, in the order of `Cell.runs`."""

    option: str
    human: float
    predicted: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CellView:
    """A question as one population answered it and as runs predicted it."""

    title: str
    wording: str
    population: str
    note: str
    runs: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Explorer:
    """Cells to choose from on the page: plain values, kept small by naming each text once (see page.js)."""

    runs: tuple[str, ...]
    items: tuple[tuple[str, str, tuple[str, ...]], ...]
    populations: tuple[str, ...]
    cells: tuple[tuple[int, int, tuple[float, ...], tuple[tuple[float, ...], ...]], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with its anchor in the list of contents."""

    anchor: str
    title: str
    text: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    cells: tuple[CellView, ...] = ()
    explorer: Explorer | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...] = field(default_factory=tuple)


def render_page(page: Page) -> str:
    """Return the page as one HTML document: scripts, styles, data and pictures inside, no address of anything outside.

    Every chart is there twice: as a picture for readers without scripts and for print, and as a specification that a
    script makes interactive. All texts of surveys and runs are escaped.
    """
    charts = [figure.chart for section in page.sections for figure in section.figures if figure.chart is not None]
    specs = {f"chart-{number}": chart.to_dict() for number, chart in enumerate(charts, start=1)}
    names = iter(specs)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            chart_names=names,
            next=next,
            specs=specs,
            pictures={name: Markup(picture_of(spec)) for name, spec in specs.items()},
            style=Markup(_text("style.css")),
            script=Markup(_text("page.js")),
            library=Markup(_bundle()) if specs else "",
            chart_width=WIDTH,
        )
    )


def picture_of(spec: dict[str, Any]) -> str:
    """Return a chart as an SVG element that scales with its place."""
    svg: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)
    return svg


@cache
def _bundle() -> str:
    """Return vega, vega-lite and vega-embed as one script, `</script>` in their texts made harmless."""
    bundle = vl_convert.javascript_bundle(vl_version=VEGALITE)  # type: ignore[call-arg]  # its stub lacks the default
    return str(bundle).replace("</script", "<\\/script")


@cache
def _text(name: str) -> str:
    return (resources.files("surveycli") / "resources" / "report" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({name: _text(name) for name in _FILES}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["value"] = write_value
    environment.filters["rounded_by_error"] = rounded_by_error
    environment.filters["json"] = _as_json
    environment.filters["percent"] = lambda share: f"{100 * share:.0f}%"
    return environment


def _as_json(value: object) -> Markup:
    """Return JSON that can stand in a script element whatever texts are in it."""
    return Markup(json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"))


def write_value(value: object) -> str:
    """Return a table's value as text: a dash for what is missing, at most four significant digits after the point.

    >>> [write_value(value) for value in (None, 1234567, 0.87654, 12.3456, float("inf"), "Kenya")]
    ['–', '1,234,567', '0.877', '12.3', '∞', 'Kenya']
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3f}"
