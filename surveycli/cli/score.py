"""`surveycli score`: how good predictions are, how sure that is, and what they are worth."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.grouping import By, Clusters, Kind

if TYPE_CHECKING:
    from surveycli.score import ScoreReport
    from surveycli.store import Store

_CHOSEN = "surveycli.score.tables"
_PANEL = "Other tables than the plain one"
_EVERYWHERE = {"runs", "format", "store", "help"}


class ScoreCommand(TyperCommand):
    """A command with an option for each table of the registry; which of them were typed is kept in the context.

    The registry is read only here, when the command is parsed or explained, so that other commands start without it.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's options and the tables', those with the names of all metrics in their help."""
        from surveycli.distribution.metric import METRICS

        own = super().get_params(ctx)
        metric: Any = next(option for option in own if option.name == "metric")
        metric.help = f"A column of `score`; repeat for several: {', '.join(METRICS)}."
        return [*own[:-1], *_table_options(), own[-1]]


def _table_options() -> list[Any]:
    """Return a flag for each table but the plain one."""
    from surveycli.score.table import all_tables

    parameters = [
        inspect.Parameter(
            f"table_{place}",
            inspect.Parameter.KEYWORD_ONLY,
            default=False,
            annotation=Annotated[bool, typer.Option(table.flag, help=table.help, rich_help_panel=_PANEL)],
        )
        for place, table in enumerate(all_tables().values())
        if table.flag
    ]

    def command(**_: Any) -> None: ...

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False)
    app.command()(command)
    options: list[Any] = [option for option in typer.main.get_command(app).params if option.opts[0] != "--help"]
    for option in options:
        option.expose_value = False
        option.callback = _keep
    return options


def _keep(context: typer.Context, option: Any, value: bool) -> bool:
    if value:
        context.meta.setdefault(_CHOSEN, []).append(option.opts[0].removeprefix("--"))
    return value


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score", cls=ScoreCommand)(score)


def score(
    context: typer.Context,
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs to score; all finished ones if left out.", show_default=False)
    ] = None,
    by: Annotated[By, typer.Option("--by", help="One row per what, within each run and part.")] = By.PART,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", "-m", help="A column of `score`; repeat for several.", show_default=False),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="Only predictions in this language; repeat for several.", show_default="all"),
    ] = None,
    published: Annotated[
        list[str] | None,
        typer.Option(
            "--published",
            help="With --paper: only known rows with this in their name, or none; repeat for several.",
            show_default="all",
        ),
    ] = None,
    clusters: Annotated[
        Clusters, typer.Option("--clusters", help="What intervals take for a sample; both: country and battery.")
    ] = Clusters.BOTH,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Only countries, or only subgroups.", show_default="both, told apart")
    ] = None,
    min_respondents: Annotated[
        int, typer.Option("--min-respondents", help="Leave out cells of fewer effective respondents.", min=0)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of simulations.", min=0)] = 1,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Score runs against people, and report the scores.

    Without a run: all finished runs, one column per part. low and high are the 95% interval of the first metric.

    Example: [bold]surveycli score item-mean-1 --by dimension[/bold]
    """
    from dataclasses import replace

    from surveycli.cli.render import note, print_frame
    from surveycli.score.cells import Selection
    from surveycli.score.interval import HOW_TO_READ
    from surveycli.score.table import Request, check_request, one_table
    from surveycli.store import open_store

    names = tuple(dict.fromkeys(runs or []))
    request = Request(
        all_runs=not names,
        by=by,
        metrics=tuple(metric or []),
        published=tuple(published or []),
        selection=Selection(kind, min_respondents, tuple(language or [])),
        clusters=clusters,
        seed=seed,
    )
    table = one_table(context.meta.get(_CHOSEN, []))
    check_request(table, _typed(context), request, len(names))
    with open_store(store, write=True) as opened:
        reports, notes = _score_all(opened, names)
        frame = table.make(opened, replace(request, reports=tuple(reports)))
    print_frame(frame, format)
    of_intervals = HOW_TO_READ if "clusters" in frame.columns else ""
    for text in filter(None, [*notes, table.how_to_read, of_intervals]):
        note(text)


def _typed(context: typer.Context) -> frozenset[str]:
    """Return the options that were typed and that only some tables take."""
    typed = {name for name in context.params if str(context.get_parameter_source(name)).endswith("COMMANDLINE")}
    return frozenset(typed - _EVERYWHERE)


def _score_all(store: Store, runs: tuple[str, ...]) -> tuple[list[ScoreReport], list[str]]:
    """Score the runs asked for, or all that can be; return what came of each and what to tell about them."""
    from surveycli.errors import not_found
    from surveycli.score import score_run

    names, notes = list(runs), []
    if not names:
        finished = store.rows("score/list_runs")
        names = [row["run_id"] for row in finished if row["has_predictions"]]
        notes = [f"{row['run_id']}: no predictions yet." for row in finished if not row["has_predictions"]]
    if not names:
        raise not_found(
            "No finished run has predictions.", "`surveycli predict -p item-mean --split paper` makes some."
        )
    reports = [score_run(store, name) for name in names]
    return reports, notes + [line for report in reports for line in _remarks(report)]


def _remarks(report: ScoreReport) -> list[str]:
    """Return what a user should know about a run's scores beside the scores."""
    lines = [f"{report.run_id}: {u.n_cells} cells not scored: {u.reason}." for u in report.unscored]
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
            f"{report.run_id}: which cells it was trained on is not known any more, since its split was made anew and "
            "its run folder is gone: what is called test here may hold some of them."
        )
    return lines
