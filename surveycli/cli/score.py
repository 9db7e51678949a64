"""`surveycli score`: how good predictions are, how sure that is, and what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import SurveyCommand, fill, typed_settings
from surveycli.cli.help_page import HelpSection
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, always, flags, given
from surveycli.setting import Setting, settings_of

if TYPE_CHECKING:
    from surveycli.progress import Progress
    from surveycli.score import ScoreReport
    from surveycli.score.table import Table
    from surveycli.store import Store

_TABLES = "Other tables"
_EVERYWHERE = "RUNS --format --store"


class ScoreCommand(SurveyCommand):
    """`score`, with a way and an option for each table of the registry, and the metrics in its help."""

    def ways(self) -> Sequence[Way]:
        """Return a way for each table."""
        from surveycli.score.table import all_tables

        plain, *others = (_way_of(table) for table in all_tables().values())
        return [*others, plain]  # the plain one is at hand where no option names another

    def settings(self) -> Sequence[Setting]:
        """Return what may be asked of tables, and an option for each but the plain one."""
        from surveycli.score.table import TableRequest, all_tables

        tables = [table for table in all_tables().values() if table.flag]
        names = [Setting(table.name, bool, False, table.help, table.flag, group=_TABLES) for table in tables]
        return [*settings_of(TableRequest), *names]

    def sections(self) -> list[HelpSection]:
        """Return the metrics, with their formulas."""
        from surveycli.distribution.metric import METRICS

        return [HelpSection("Metrics (--metric)", [(m.name, m.formula) for m in METRICS.values()])]


def _way_of(table: Table) -> Way:
    takes = flags(_EVERYWHERE, table.flag, (f"--{name.replace('_', '-')}" for name in table.takes))
    return Way(f"RUNS {table.flag}".strip(), table.help, takes, given(table.flag) if table.flag else always)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score", cls=ScoreCommand)(score)


def score(
    context: typer.Context,
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to score.", show_default="all finished ones")] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Score predictions against what people answered.

    Without RUNS, all finished runs are shown, one column per part. low and high are the 95% interval of the first
    metric.

    Examples:
      surveycli score
      surveycli score item-mean-1 --by dimension
      surveycli score item-mean-1 uniform-1 --compare
    """
    from dataclasses import replace

    from surveycli.cli.render import note, print_frame, progress_bar
    from surveycli.score.interval import HOW_TO_READ
    from surveycli.score.table import PLAIN, TableRequest, all_tables, check_request
    from surveycli.store import open_store

    names = tuple(dict.fromkeys(runs or []))
    request = fill(TableRequest, context, all_runs=not names)
    tables = all_tables()
    table = next((table for table in tables.values() if table.flag in typed_settings(context)), tables[PLAIN])
    check_request(table, request, len(names))
    with open_store(store, write=True) as opened, progress_bar(passing=True) as progress:
        reports, notes = _score_all(opened, names, progress)
        progress("make the table", 0, 0)
        frame = table.make(opened, replace(request, reports=tuple(reports)))
    print_frame(frame, format)
    of_intervals = HOW_TO_READ if "clusters" in frame.columns else ""
    for text in filter(None, [*notes, table.how_to_read, of_intervals]):
        note(text)


def _score_all(store: Store, runs: tuple[str, ...], progress: Progress) -> tuple[list[ScoreReport], list[str]]:
    """Score the runs asked for, or all that can be; return what came of each and what to tell about them."""
    from dataclasses import replace

    from surveycli.errors import not_found
    from surveycli.score import score_run
    from surveycli.score.lock import find_lock

    names, notes = list(runs), []
    if not names:
        finished = store.rows("score/list_runs")
        names = [row["run_id"] for row in finished if row["has_predictions"]]
        notes = [f"{row['run_id']}: no predictions yet." for row in finished if not row["has_predictions"]]
    if not names:
        raise not_found(
            "No finished run has predictions.", "`surveycli predict -p item-mean --split paper` makes some."
        )
    reports = []
    for number, name in enumerate(names):
        progress("score", number, len(names), name)
        reports.append(replace(score_run(store, name), lock=str(find_lock(store, name) or "")))
    progress("score", len(names), len(names))
    return reports, notes + [line for report in reports for line in _remarks(report)]


def _remarks(report: ScoreReport) -> list[str]:
    """Return what a user should know about a run's scores beside the scores."""
    lines = [f"{report.run_id}: {report.lock}."] if report.lock else []
    lines += [f"{report.run_id}: {u.n_cells} cells not scored: {u.reason}." for u in report.unscored]
    if report.n_unweighted_instead:
        n = report.n_unweighted_instead
        lines.append(f"{report.run_id}: {n} cells have no weighted shares; scored against unweighted ones.")
    lines += [
        f"{report.run_id}: {s.n_cells} cells of {s.part} (split {s.split}) are cells that it was trained or chosen on: "
        "they stand under 'seen in training' and count in no other part."
        for s in report.seen
    ]
    if report.is_training_unknown:
        lines.append(
            f"{report.run_id}: which cells it was trained on is no longer known, since its split was made anew and "
            "its run folder is gone: what is called test here may hold some of them."
        )
    return lines
