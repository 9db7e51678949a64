"""What a report, a single figure, an export and an import are asked for: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from surveycli.domain import Shares
from surveycli.grouping import By

DEFAULT_METRIC = "paper_one_minus_jsd"


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What to report: runs, the first in detail; the metric of its charts; items that must be shown; a title."""

    runs: tuple[str, ...]
    metric: str = DEFAULT_METRIC
    items: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class PlotRequest:
    """What to draw: a kind of report/plots.py, runs, and what that takes of metric, grouping, item and population."""

    kind: str
    runs: tuple[str, ...]
    metric: str = DEFAULT_METRIC
    by: By = By.PART
    item: str | None = None
    population: str | None = None


class Quantity(StrEnum):
    """What the number of an imported row is. With `answers` rows have no number: each is one simulated answer."""

    PROBABILITY = "probability"
    LOG_PROBABILITY = "log-probability"
    COUNT = "count"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Which file becomes which run.

    `survey_id` None takes whichever survey has an item; `quantity` None is inferred from the columns. Scores
    are listed by the parts of `split`.
    """

    file: Path
    run_id: str
    survey_id: str | None = None
    split: str | None = None
    quantity: Quantity | None = None
    model: str | None = None
    shares: Shares = Shares.WEIGHTED


class ExportName(StrEnum):
    """What can be exported."""

    DISTRIBUTIONS = "distributions"
    PREDICTIONS = "predictions"
    SCORES = "scores"
    PROMPTS = "prompts"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, about which runs, survey or split (empty: all), into which file; `language` is that of texts."""

    name: ExportName
    target: Path
    runs: tuple[str, ...] = ()
    survey_id: str | None = None
    split: str | None = None
    language: str = "en"
    replace: bool = False
