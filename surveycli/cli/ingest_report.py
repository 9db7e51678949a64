"""Shows what an ingest read: what was taken for what, and what was left out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.cli.render import print_frame, say

if TYPE_CHECKING:
    from surveycli.survey import IngestReport, LabelTaken, Skipped

_WIDTH, _NAME = 80, 14
_MAX_SKIP_ROWS = 15
_MAX_SUBJECTS = 5  # for one reason; more of them share a line
_MAX_LABELS = 12
_LONGEST_LABEL = 32
_KEPT = "not left out: "


def print_report(report: IngestReport, store: Path | None) -> None:
    """Print a report of an ingest into `store`, or of one that stored nothing."""
    where = f"is survey {report.survey_id} in {store}" if store else f"would be survey {report.survey_id}"
    say(f"{report.title}: {report.file_name} {where}.")
    for name, value in (*_facts(report), *_reading(report)):
        _print_fact(name, value)
    if report.skipped:
        _print_skipped(report.skipped, store)
    if store is None:
        say("Nothing was stored (--dry-run).")


def _print_fact(name: str, text: str) -> None:
    for number, line in enumerate(textwrap.wrap(text, _WIDTH - _NAME - 3, break_on_hyphens=False) or [""]):
        say(f"  {'' if number else name:<{_NAME}} {line}")


def _facts(report: IngestReport) -> list[tuple[str, str]]:
    known = report.n_items_known
    kinds = ", ".join(f"{scale} {n:,}" for scale, n in report.scales.items())
    return [
        ("release", report.release or "unknown"),
        ("layout", report.layout),
        ("respondents", "none, ready distributions" if report.n_respondents is None else f"{report.n_respondents:,}"),
        ("items", f"{report.n_items:,}" + (f" with answers, of {known:,}" if known > report.n_items else "")),
        ("scales", kinds),
        ("populations", f"{report.n_populations:,}"),
        ("cells", f"{report.n_cells:,} (an item asked of a population)"),
        ("licence", report.licence or "unknown"),
        ("AI policy", report.ai_policy.value),
    ]


def _reading(report: IngestReport) -> list[tuple[str, str]]:
    """Return what was taken for what, of a file of respondents."""
    reading = report.reading
    if reading is None:
        return []
    options = [taken for taken in reading.volunteered if taken.taken_for == "option"]
    missing = [taken for taken in reading.volunteered if taken.taken_for != "option"]
    facts = [
        ("programme", reading.profile or "unknown"),
        ("wave, year", ", ".join(dict.fromkeys(filter(None, [report.wave, reading.year]))) or "unknown"),
        ("language", reading.language),
        ("country", reading.country),
        ("weight", reading.weight or "none: no weighted shares"),
        ("design", reading.design),
        ("missing", _labels(reading.missing)),
        ("volunteered", "; ".join(filter(None, [_said("options: ", options), _said("missing: ", missing)]))),
    ]
    return [(name, value) for name, value in facts if value]


def _said(what: str, labels: Sequence[LabelTaken]) -> str:
    return what + _labels(labels) if labels else ""


def _labels(labels: Sequence[LabelTaken]) -> str:
    """Return labels, the most frequent first, each with the number of items that have it."""
    shown = [
        f"{textwrap.shorten(taken.label, _LONGEST_LABEL, placeholder='...')} ({taken.n_items})" for taken in labels
    ]
    more = f" and {len(shown) - _MAX_LABELS} more" if len(shown) > _MAX_LABELS else ""
    return ", ".join(shown[:_MAX_LABELS]) + more


def _print_skipped(skipped: Sequence[Skipped], store: Path | None) -> None:
    """Print what was left out, by reason, and below it what there is to say about what was kept."""
    import polars as pl

    rows = sorted(_folded(skipped), key=lambda skip: -skip.n_skipped)
    left_out = [skip for skip in rows if not skip.reason.startswith(_KEPT)]
    table = [(skip.reason, skip.subject, skip.n_skipped) for skip in left_out[:_MAX_SKIP_ROWS]]
    if table:
        print_frame(pl.DataFrame(table, schema=["left out", "where", "how many"], orient="row"))
    if len(left_out) > _MAX_SKIP_ROWS and store:
        query = "select reason, subject, n_skipped from ingest_skip order by n_skipped desc"
        say(f'  {len(left_out) - _MAX_SKIP_ROWS} more lines: surveycli sql --store {store} "{query}"')
    for skip in rows:
        if skip.reason.startswith(_KEPT):
            _print_fact("note", f"{skip.reason.removeprefix(_KEPT)}: {skip.subject} ({skip.n_skipped})")


def _folded(skipped: Sequence[Skipped]) -> list[Skipped]:
    """Put what was left out for one reason, of many subjects, into one line."""
    by_reason: dict[str, list[Skipped]] = {}
    for skip in skipped:
        by_reason.setdefault(skip.reason, []).append(skip)
    return [
        skip
        for reason, group in by_reason.items()
        for skip in (group if len(group) <= _MAX_SUBJECTS else [_together(reason, group)])
    ]


def _together(reason: str, group: Sequence[Skipped]) -> Skipped:
    from surveycli.survey import Skipped

    first = ", ".join(skip.subject for skip in group[:_MAX_SUBJECTS])
    return Skipped(reason, f"{first} and {len(group) - _MAX_SUBJECTS} more", sum(skip.n_skipped for skip in group))
