"""Charts: what they draw of the rows they are given."""

from __future__ import annotations

import json

import polars as pl
import pytest
import vl_convert

from surveycli.report import charts
from surveycli.report.page import VEGALITE, Figure, Page, Section, render_page

SCORES = pl.DataFrame(
    {
        "label": ["C2-Q1", "C3-Q1", "C2-Q1", "C3-Q1"],
        "run_id": ["a", "a", "b", "b"],
        "value": [0.8, 0.87, 0.82, float("nan")],
        "low": [0.7, 0.85, None, None],
        "high": [0.85, 0.9, None, None],
        "n_cells": [10, 20, 10, 20],
    }
)
ONE_OF_EACH = {
    "scores": charts.scores_chart(SCORES, "1-JSD"),
    "difference": charts.difference_chart(SCORES[:2], "difference"),
    "distribution": charts.distribution_chart(
        pl.DataFrame({"option": ["Yes", "No"] * 2, "source": ["people"] * 2 + ["a"] * 2, "share": [0.6, 0.4, 0.5, 0.5]})
    ),
    "learning": charts.learning_chart(
        pl.DataFrame({"run_id": ["a"] * 2, "epoch": [1, 2], "metric": ["train_loss"] * 2, "value": [0.3, 0.2]})
    ),
    "calibration": charts.calibration_chart(
        pl.DataFrame({"run_id": ["a"], "part": ["t"], "predicted": [0.2], "human": [0.3], "n_options": [9]})
    ),
    "heat": charts.heat_map(
        pl.DataFrame({"country": ["Kenya"], "dimension": ["trust"], "value": [0.5], "n_cells": [3]}), "1-JSD"
    ),
    "map": charts.world_map(
        pl.DataFrame({"iso_numeric": ["404"], "country": ["Kenya"], "value": [0.5], "n_cells": [3]}), "1-JSD"
    ),
}


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_every_chart_becomes_a_picture_with_its_marks(name: str) -> None:
    """Vega-Lite compiles each specification and draws at least one mark from the rows."""
    svg = vl_convert.vegalite_to_svg(ONE_OF_EACH[name].to_dict(), vl_version=VEGALITE)
    assert svg.startswith("<svg")
    assert any(mark in svg for mark in ("mark-symbol", "mark-rect", "mark-shape", "mark-line"))


def test_a_specification_is_valid_json_though_a_value_is_not_finite() -> None:
    """NaN and infinity become null, which JSON has a word for."""
    text = json.dumps(ONE_OF_EACH["scores"].to_dict(), allow_nan=False)
    assert "NaN" not in text


def test_people_keep_their_colour_whatever_runs_stand_beside_them() -> None:
    """The human bars are grey, and the first run has the first colour of runs."""
    scale = ONE_OF_EACH["distribution"].to_dict()["encoding"]["color"]["scale"]
    assert scale == {"domain": ["people", "a"], "range": [charts.PEOPLE, charts.PREDICTION]}


def test_the_map_knows_the_numeric_codes_of_most_countries() -> None:
    """Kenya, Japan and Brazil have an outline; Singapore is smaller than the map's resolution."""
    assert {"404", "392", "076"} <= charts.mapped_countries()
    assert "702" not in charts.mapped_countries()


def test_no_text_of_a_survey_can_act_on_a_page() -> None:
    """Wordings, labels and names are shown as they are written, in tables, charts and headings."""
    evil = "</script><script>document.title='taken'</script><b onclick=x>"
    table = pl.DataFrame(
        {"label": [evil], "run_id": [evil], "value": [0.5], "low": [0.4], "high": [0.6], "n_cells": [1]}
    )
    figure = Figure(evil, table, charts.scores_chart(table, evil), note=evil)
    html = render_page(Page(evil, evil, (Section("a", evil, (evil,), (figure,)),)))
    assert evil not in html
    assert "<b onclick" not in html
