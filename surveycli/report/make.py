"""Make a report of runs: read the store, fill the page, write one file."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from surveycli.distribution.metric import find_metric
from surveycli.errors import bad_input, missing_extra, not_found
from surveycli.new_file import write_new_file
from surveycli.progress import Progress, silent
from surveycli.report.compared_cells import cells_section
from surveycli.report.disclosure import provenance_section
from surveycli.report.page import Page, Section, render_page
from surveycli.report.sections import (
    Subject,
    asked_section,
    audit_section,
    breakdown_section,
    calibration_section,
    headline_section,
    learning_section,
    metric_words,
    parts_that_count,
    places_section,
    trust_section,
)
from surveycli.request.report import ReportRequest
from surveycli.score.cells import scored_cells
from surveycli.score.score_run import score_run
from surveycli.score.table import TableRequest
from surveycli.store import Store

SECTIONS: tuple[Callable[[Subject], Section | None], ...] = (
    asked_section,
    headline_section,
    breakdown_section,
    places_section,
    cells_section,
    learning_section,
    calibration_section,
    trust_section,
    audit_section,
    provenance_section,
)
MOST_RUNS = 6
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PRINT_SECONDS = 120


def make_report(store: Store, request: ReportRequest, progress: Progress = silent) -> str:
    """Score the runs and return the report about them as one HTML document that needs no network.

    Raises SurveyError: 4 for an unknown run or item, 3 for a run that did not finish or more than six, 2 for an
    unknown metric.
    """
    subject = subject_of(store, request)
    sections = []
    for number, make in enumerate(SECTIONS, start=1):
        section = make(subject)
        if section is not None:
            sections.append(section)
        progress("report", number, len(SECTIONS))
    title = request.title or f"How well {' and '.join(request.runs)} predict what people answer"
    splits = subject.cells["split"].drop_nulls().unique(maintain_order=True).to_list()
    subtitle = f"Split {', '.join(splits)}" if splits else "No split"
    counted = subject.cells.filter(subject.cells["part"].is_in(subject.parts))
    items, populations = counted["item_unit"].n_unique(), counted["population_id"].n_unique()
    better = find_metric(request.metric).better
    subtitle += f"; {items:,} items, {populations:,} populations; {metric_words(request.metric)}: {better} is better."
    return render_page(Page(title, subtitle, tuple(sections)))


def subject_of(store: Store, request: ReportRequest) -> Subject:
    """Score the runs and return what their report is about; raises as `make_report` does."""
    import polars as pl

    find_metric(request.metric)
    if not 1 <= len(request.runs) <= MOST_RUNS:
        raise bad_input(f"A report shows 1 to {MOST_RUNS} runs, not {len(request.runs)}.", "Name the runs to show.")
    reports = tuple(score_run(store, run_id) for run_id in request.runs)
    cells = scored_cells(store, request.runs)
    strange = [item for item in request.items if cells.filter(pl.col("item_id") == item).is_empty()]
    if strange:
        raise not_found(f"No scored cell has the item {', '.join(strange)}.", "`surveycli items` lists items.")
    return Subject(
        store, TableRequest(reports, metrics=(request.metric,)), cells, parts_that_count(cells), request.items
    )


def write_report(page: str, target: Path, *, as_pdf: bool | None = None) -> Path:
    """Write a page to a file, by default as PDF where the name ends so, replacing one of that name; return its path.

    Raises SurveyError as `print_pdf` and `write_new_file` do.
    """
    if target.suffix.lower() == ".pdf" if as_pdf is None else as_pdf:
        print_pdf(page, target)
    else:
        write_new_file(target, page, overwrite=True)
    return target


def print_pdf(html: str, target: Path) -> None:
    """Print a page to a PDF file with the Chromium or Chrome of this machine, which is given no network.

    Raises SurveyError: exit 6 where there is no browser, 3 where it fails.
    """
    browser = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        raise missing_extra(
            "Printing a report to PDF needs Chromium or Google Chrome, and none is on the PATH.",
            "Install one (Debian: `apt install chromium`), or write HTML and print it from any browser.",
        )
    with tempfile.TemporaryDirectory() as folder:
        page, made = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += [f"--user-data-dir={folder}/profile", "--no-pdf-header-footer", "--virtual-time-budget=20000"]
        command = [browser, *options, f"--print-to-pdf={made}", page.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PRINT_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise bad_input(f"{browser} could not print the report: {error}.", "Write HTML and print that.") from error
        if not made.is_file():
            raise bad_input(f"{browser} printed nothing.", "Write HTML and print that from a browser.")
        write_new_file(target, made.read_bytes(), overwrite=True)
