"""A report as a person sees it, in a real browser: whole, quiet, readable on a phone, in the dark, without scripts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scored_store import RUNS, make_scored_store

import surveycli as sc
from surveycli.report.make import make_report, print_pdf
from surveycli.request.report import ReportRequest
from surveycli.store import open_store

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed on this machine")


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two baselines, written once."""
    folder = tmp_path_factory.mktemp("report")
    with open_store(make_scored_store(folder / "survey.duckdb"), write=True) as store:
        html = make_report(store, ReportRequest(RUNS, items=("Q57",)))
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def test_the_page_says_what_was_asked_and_how_good_the_answers_are(page_path: Path) -> None:
    """Every section that these runs have something for is there, with both runs and the question asked for."""
    html = page_path.read_text(encoding="utf-8")
    anchors = re.findall(r'<section id="(\w+)"', html)
    assert anchors == ["asked", "headline", "breakdown", "places", "cells", "calibration", "audits", "provenance"]
    assert all(run in html for run in RUNS)
    assert "Q57" in html
    assert "no respondent was interviewed" in html
    assert "Haerpfer" in html  # the citation that WVS asks for
    assert "Predicted over human spread" in html
    assert "Aggregate figures may be quoted" in html  # the licence


def test_the_card_discloses_what_a_program_can_know(page_path: Path) -> None:
    """Method, model, what it learnt from, prompts, dates and checks stand there for each run."""
    html = page_path.read_text(encoding="utf-8")
    card = html[html.index("Disclosure card") :]
    told = ("none were interviewed", "item-mean: ", "no language model", "cells of the split paper", "scored once")
    assert [words for words in told if words not in card] == []


def test_how_far_to_trust_an_answer_stands_there_where_it_was_measured(tmp_path: Path) -> None:
    """A run that predicted the validation part has a table of radii; its prompts are shown as they were asked."""
    path = make_scored_store(tmp_path / "survey.duckdb")
    project = sc.open(path)
    rows = [
        {"part": part, "item_id": item, "population_id": population}
        for part, populations in {"train": ("USA", "JPN"), "validation": ("DEU", "BRA"), "test": ("KEN", "PER")}.items()
        for population in populations
        for item in ("Q1", "Q46", "Q57")
    ]
    project.split("custom", name="small", cells=pl.DataFrame(rows))
    project.predict("zero-shot", split="small", name="asked", parts=["validation", "test"])
    html = project.report("asked", output=tmp_path / "asked.html").read_text(encoding="utf-8")
    assert "How far to trust one answer: asked" in html
    assert "Which answer do people give to this question?" in html
    assert "none of the answers in this store" in html


def test_the_page_names_nothing_outside_itself(page_path: Path) -> None:
    """No element loads from an address; the policy in the page forbids it besides."""
    html = page_path.read_text(encoding="utf-8")
    body = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)=[\"'](?!#|data:)", body)
    assert "default-src 'none'" in html


@needs_browser
@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_stays_quiet(browser: Any, page_path: Path, width: int, scheme: str) -> None:
    """No request leaves, nothing is logged, nothing overflows, and every chart has become interactive."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(page_path.as_uri())
    page.wait_for_function(
        "document.querySelectorAll('.chart').length === document.querySelectorAll('.vega-embed').length"
    )
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert messages == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 24, 31)") == (scheme == "dark")
    context.close()


@needs_browser
def test_any_cell_can_be_chosen_with_the_keyboard(browser: Any, page_path: Path) -> None:
    """Another question and population show their own bars; people and both runs have one each per option."""
    page = browser.new_page()
    page.goto(page_path.as_uri())
    before = page.inner_text("#chosen")
    page.focus("#choose-item")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("before => document.getElementById('chosen').innerText !== before", arg=before)
    n_options = page.locator("#chosen tbody th").count()
    assert page.locator("#chosen .bar").count() == n_options * (1 + len(RUNS))
    page.close()


@needs_browser
def test_the_page_is_readable_without_scripts(browser: Any, page_path: Path) -> None:
    """Charts are there as pictures, their figures as tables, cells as bars."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_path.as_uri())
    assert page.locator(".chart svg").count() == page.locator(".chart").count() > 5
    assert page.locator(".cell .bar").first.is_visible()
    context.close()


@needs_browser
def test_a_report_prints_to_pdf(page_path: Path, tmp_path: Path) -> None:
    """The browser of this machine prints it, without a network."""
    print_pdf(page_path.read_text(encoding="utf-8"), tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
