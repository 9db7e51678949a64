"""Charts of scores and distributions, from plain frames to Vega-Lite: no store, no file.

Every chart is as wide as its place on a page and as high as its rows need; on its own it is `WIDTH` pixels wide.
Colours are of the Okabe-Ito palette's kind, told apart without red against green, and stand on light and dark ground.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import altair as alt

if TYPE_CHECKING:
    import polars as pl

WIDTH = 320
_ROW = 22  # pixels for a row of a chart whose rows are groups
_INK = "#6b7280"
PEOPLE, PREDICTION = "#8b93a1", "#2b7de0"
_RUNS = ("#2b7de0", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_SEQUENCE: Final = "viridis"
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None, "continuousWidth": WIDTH, "discreteWidth": WIDTH},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "gridColor": _INK,
        "gridOpacity": 0.2,
        "domainColor": _INK,
        "tickColor": _INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 150,
    },
    "legend": {
        "labelColor": _INK,
        "titleColor": _INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "orient": "bottom",
        "columns": 1,
        "labelLimit": 280,
        "symbolStrokeColor": _INK,
    },
    "title": {"color": _INK},
    "range": {"category": list(_RUNS)},
}

Chart = alt.Chart | alt.LayerChart


def scores_chart(rows: pl.DataFrame, title: str) -> Chart:
    """Return a point with its interval per row of `rows`: label, run_id, value, low, high (NULL: no interval).

    Labels keep the order of the frame; several runs stand side by side in one label, each in its colour.
    """
    labels = list(dict.fromkeys(rows["label"].to_list()))
    runs = list(dict.fromkeys(rows["run_id"].to_list()))
    base = _base(rows).encode(
        y=alt.Y("label:N", sort=labels, title=None),
        yOffset=alt.YOffset("run_id:N", sort=runs) if len(runs) > 1 else alt.Undefined,
        color=alt.Color("run_id:N", sort=runs, title=None, legend=alt.Legend() if len(runs) > 1 else None),
        tooltip=["label:N", "run_id:N", _figure("value"), _figure("low"), _figure("high"), "n_cells:Q"],
    )
    scale = alt.Scale(zero=False, nice=True)
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale, title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("value:Q", scale=scale, title=title))
    return _finish(interval + point, height=_height(len(labels) * max(1, 0.6 * len(runs))))


def difference_chart(rows: pl.DataFrame, title: str) -> Chart:
    """Return a paired difference with its interval per row: label, value, low, high; a line marks no difference."""
    labels = list(dict.fromkeys(rows["label"].to_list()))
    base = _base(rows).encode(
        y=alt.Y("label:N", sort=labels, title=None),
        tooltip=["label:N", _figure("value"), _figure("low"), _figure("high"), "n_cells:Q"],
    )
    none = _base(rows).mark_rule(strokeDash=[4, 4], color=_INK).encode(x=alt.datum(0))
    interval = base.mark_rule(strokeWidth=2, color=PREDICTION).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=60, opacity=1, color=PREDICTION).encode(x=alt.X("value:Q", title=title))
    return _finish(none + interval + point, height=_height(len(labels)))


def ratio_chart(rows: pl.DataFrame) -> Chart:
    """Return a point per label and run at a predicted over a human figure: label, run_id, value; a line marks 1."""
    labels = list(dict.fromkeys(rows["label"].to_list()))
    runs = list(dict.fromkeys(rows["run_id"].to_list()))
    points = (
        _base(rows)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("value:Q", title="predicted / human"),
            y=alt.Y("label:N", sort=labels, title=None),
            yOffset=alt.YOffset("run_id:N", sort=runs) if len(runs) > 1 else alt.Undefined,
            color=alt.Color("run_id:N", sort=runs, title=None, legend=alt.Legend() if len(runs) > 1 else None),
            tooltip=["label:N", "run_id:N", _figure("value"), _figure("predicted"), _figure("human"), "what:N"],
        )
    )
    same = _base(rows).mark_rule(strokeDash=[4, 4], color=_INK).encode(x=alt.datum(1))
    return _finish(same + points, height=_height(len(labels) * max(1, 0.6 * len(runs))))


def distribution_chart(rows: pl.DataFrame) -> Chart:
    """Return bars of shares per option, one per source: option, source ("people" or a run), share (0 to 1)."""
    options = list(dict.fromkeys(rows["option"].to_list()))
    sources = list(dict.fromkeys(rows["source"].to_list()))
    runs = [source for source in sources if source != "people"]
    colours = [PEOPLE, *(_RUNS[number % len(_RUNS)] for number in range(len(runs)))]
    bars = (
        _base(rows)
        .mark_bar()
        .encode(
            y=alt.Y("option:N", sort=options, title=None),
            yOffset=alt.YOffset("source:N", sort=sources),
            x=alt.X("share:Q", title="share", axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0)),
            color=alt.Color("source:N", title=None, scale=alt.Scale(domain=["people", *runs], range=colours)),
            tooltip=["option:N", "source:N", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    return _finish(bars, height=_height(len(options) * len(sources) * 0.8))


def learning_chart(rows: pl.DataFrame) -> Chart:
    """Return losses by epoch: run_id, epoch, metric (train_loss, validation_loss), value; one line each."""
    runs = list(dict.fromkeys(rows["run_id"].to_list()))
    epochs = sorted(set(rows["epoch"].to_list()))
    nearest = alt.selection_point(nearest=True, on="pointerover", fields=["epoch"], empty=False)
    base = _base(rows).encode(
        x=alt.X("epoch:Q", axis=alt.Axis(values=epochs, format="d")),
        y=alt.Y("value:Q", title="loss, nats", scale=alt.Scale(zero=False)),
        color=alt.Color("run_id:N", sort=runs, title=None, legend=alt.Legend() if len(runs) > 1 else None),
        strokeDash=alt.StrokeDash("metric:N", title=None),
        tooltip=["run_id:N", "metric:N", "epoch:Q", _figure("value")],
    )
    points = base.mark_point(filled=True, size=50).encode(opacity=alt.condition(nearest, alt.value(1), alt.value(0.4)))
    return _finish(base.mark_line() + points.add_params(nearest), height=200)


def calibration_chart(rows: pl.DataFrame) -> Chart:
    """Return people's mean share against the predicted one, by bin: run_id, predicted, human, n_options."""
    runs = list(dict.fromkeys(rows["run_id"].to_list()))
    shares = alt.Scale(domain=[0, 1])
    diagonal = (
        alt.Chart(alt.InlineData(values=[{"a": 0, "b": 0}, {"a": 1, "b": 1}]))
        .mark_line(strokeDash=[4, 4], color=_INK)
        .encode(x=alt.X("a:Q", scale=shares, title="predicted share"), y=alt.Y("b:Q", scale=shares, title="people"))
    )
    points = (
        _base(rows)
        .mark_point(filled=True, opacity=0.9)
        .encode(
            x=alt.X("predicted:Q", scale=shares),
            y=alt.Y("human:Q", scale=shares),
            size=alt.Size("n_options:Q", legend=None, scale=alt.Scale(range=[30, 250])),
            color=alt.Color("run_id:N", sort=runs, title=None, legend=alt.Legend() if len(runs) > 1 else None),
            tooltip=["run_id:N", "part:N", _figure("predicted"), _figure("human"), "n_options:Q"],
        )
    )
    return _finish(diagonal + points, height=WIDTH - 60)


def heat_map(rows: pl.DataFrame, title: str) -> Chart:
    """Return a square per country and dimension, coloured by the mean: country, dimension, value, n_cells."""
    countries = sorted(set(rows["country"].to_list()))
    squares = (
        _base(rows)
        .mark_rect()
        .encode(
            x=alt.X("dimension:N", title=None, axis=alt.Axis(labelAngle=-50, orient="top", labelLimit=120)),
            y=alt.Y("country:N", sort=countries, title=None),
            color=alt.Color("value:Q", title=title, scale=alt.Scale(scheme=_SEQUENCE)),
            tooltip=["country:N", "dimension:N", _figure("value"), "n_cells:Q"],
        )
    )
    return _finish(squares, height=_height(len(countries), 15))


def world_map(rows: pl.DataFrame, title: str) -> Chart:
    """Return the countries of `rows` (iso_numeric, country, value, n_cells) on a map, coloured by the mean.

    Outlines of 1 : 110 million from Natural Earth (public domain); it has no territory smaller than about 10,000 km2.
    """
    outlines = alt.InlineData(values=_world(), format=alt.TopoDataFormat(feature="countries", type="topojson"))
    land = alt.Chart(outlines).mark_geoshape(fill=_INK, fillOpacity=0.15, stroke=_INK, strokeWidth=0.3)
    values = alt.InlineData(values=_records(rows))
    scored = (
        alt.Chart(outlines)
        .mark_geoshape(stroke=_INK, strokeWidth=0.3)
        .transform_lookup(
            lookup="id",
            from_=alt.LookupData(data=values, key="iso_numeric", fields=["country", "value", "n_cells"]),
        )
        .transform_filter("isValid(datum.value)")
        .encode(
            color=alt.Color("value:Q", title=title, scale=alt.Scale(scheme=_SEQUENCE, zero=False)),
            tooltip=["country:N", _figure("value"), "n_cells:Q"],
        )
    )
    return _finish((land + scored).project(type="equalEarth"), height=260)


def mapped_countries() -> frozenset[str]:
    """Return the ISO 3166 numeric codes that the map has an outline for."""
    return frozenset(str(shape["id"]) for shape in _world()["objects"]["countries"]["geometries"] if "id" in shape)


@cache
def _world() -> dict[str, Any]:
    source = resources.files("surveycli") / "resources" / "report" / "countries-110m.json"
    world: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return world


def _base(rows: pl.DataFrame) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=_records(rows)))


def _records(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain records; what is not finite becomes None, which JSON has a word for."""
    import polars.selectors as cs

    return rows.with_columns(cs.float().replace([float("nan"), float("inf"), float("-inf")], None)).to_dicts()


def _figure(name: str) -> alt.Tooltip:
    return alt.Tooltip(f"{name}:Q", format=".4f")


def _height(n_rows: float, row: int = _ROW) -> int:
    return int(max(60, row * n_rows))


def _finish(chart: Chart, height: int) -> Chart:
    finished: Chart = chart.properties(width="container", height=height).configure(**_CONFIG)
    return finished
