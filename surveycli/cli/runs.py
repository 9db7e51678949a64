"""`surveycli runs`: what was run, and how; and the end of runs that are no longer wanted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surveycli.cli.command import SurveyGroup, add_command, refuse_before_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat

if TYPE_CHECKING:
    import polars as pl

    from surveycli.run_folder.manage import Stake
    from surveycli.store import Store

Run = Annotated[str, typer.Argument(help="The run, as `surveycli runs` names it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
StoreOfGroup = Annotated[
    Path | None,
    typer.Option("--store", help="The DuckDB file that everything is kept in.", show_default="survey.duckdb"),
]


def register(app: typer.Typer) -> None:
    """Add the command and those under it."""
    group = typer.Typer(cls=SurveyGroup, invoke_without_command=True)
    group.callback()(list_runs)
    add_command(group, show)
    add_command(group, rename)
    add_command(group, delete)
    app.add_typer(group, name="runs")


def list_runs(
    context: typer.Context,
    status: Annotated[
        str | None,
        typer.Option(help="Only prepared, running, interrupted, finished or failed runs.", show_default=False),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only runs on this split.", show_default=False)] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """List runs, or show, rename or delete one.

    The list has each run's status, split, model, best validation loss and times, and the command that continues it. A
    run whose process was killed is interrupted; one that is "not brought in" ended while another process held the
    store.

    Examples:
      surveycli runs
      surveycli runs --split paper --format csv
    """
    from surveycli.cli.render import note, print_frame
    from surveycli.run_folder import standing
    from surveycli.store import open_store

    context.obj = store
    if context.invoked_subcommand is not None:
        refuse_before_command(context, "--store")
        return
    with open_store(store) as opened:
        runs = standing.list_runs(opened, split)
    if status is not None:
        runs = runs.filter(runs["status"].str.starts_with(status))
    if runs.is_empty():
        note("No run to list: `surveycli predict` and `surveycli finetune` make them.")
    if format is TableFormat.TABLE:
        runs = runs.select(column for column in runs if column.null_count() < runs.height)
    if runs.height or format is not TableFormat.TABLE:
        print_frame(runs, format)


def show(
    context: typer.Context,
    run: Run,
    config: Annotated[
        bool, typer.Option("--config", help="Print only what repeats the run: YAML for `finetune` or `predict`.")
    ] = False,
    format: Format = TableFormat.TABLE,
    store: StoreOfGroup = None,
) -> None:
    """Show all that is known of a run.

    That is its status, configuration and versions, what it learnt from, its learning curve and its predictions. CSV and
    LaTeX have the fields alone, JSON everything.

    Examples:
      surveycli runs show item-mean-1
      surveycli runs show finetune-1 --format json
      surveycli runs show finetune-1 --config > again.yaml
    """
    import polars as pl

    from surveycli.cli.render import print_frame, say, say_json
    from surveycli.request.model_run import choices_that_repeat, write_choices
    from surveycli.store import open_store

    with open_store(store or context.obj) as opened:
        fields = _fields(opened, run)
        tables = {
            "Learnt from": opened.frame("run/show_training_cells", run_id=run),
            "Learning curve": opened.frame("run/show_curve", run_id=run),
            "Predictions": _parts_as_they_stand(opened, run),
        }
    if config:
        for line in write_choices(choices_that_repeat(fields)).splitlines():
            say(line)
        return
    if format is TableFormat.JSON:
        say_json(fields | {title.lower().replace(" ", "_"): table.to_dicts() for title, table in tables.items()})
        return
    rows = _flatten("", fields)
    title = f"Run {run}"
    print_frame(pl.DataFrame(rows, schema={"field": pl.String, "value": pl.String}, orient="row"), format, title=title)
    if format not in (TableFormat.TABLE, TableFormat.MARKDOWN):
        return
    for title, table in tables.items():
        if table.height:
            say()
            print_frame(table.select(c for c in table if c.null_count() < table.height), format, title=title)


def _fields(store: Store, run: str) -> dict[str, Any]:
    """Return what is recorded of a run, as it stands now. Raises SurveyError (exit 4) where there is no such run."""
    from surveycli.errors import not_found
    from surveycli.run_folder.place import find_folder
    from surveycli.run_folder.standing import standing_of_run, ways_on

    found = store.rows("run/show", run_id=run)
    if not found:
        raise not_found(f"There is no run {run} in the store.", "`surveycli runs` lists them.")
    row = found[0]
    standing = standing_of_run(store.path, row)
    folder = find_folder(store.path, run, row["folder"])
    place = None if row["folder"] is None else str(folder.path) if folder else f"{row['folder']} (it is not there)"
    on = standing.next or ways_on(store, run).get(run)
    parsed = {name: json.loads(row[name]) for name in ("configuration", "versions")}
    return {**row, "status": standing.status, "next": on, "folder": place, **parsed}


def _parts_as_they_stand(store: Store, run: str) -> pl.DataFrame:
    import polars as pl

    from surveycli.run_folder.standing import standing_of_part

    parts = store.frame("run/show_parts", run_id=run)
    standing = {
        (row["split"], row["part"]): standing_of_part(store.path, row).status
        for row in store.rows("run/list_unfinished_parts", run_id=run)
    }
    now = [standing.get((row["split"], row["part"]), row["status"]) for row in parts.iter_rows(named=True)]
    return parts.with_columns(status=pl.Series(now, dtype=pl.String))


def rename(
    context: typer.Context,
    run: Run,
    name: Annotated[str, typer.Argument(help="Its new name.")],
    yes: Yes = False,
    store: StoreOfGroup = None,
) -> None:
    """Rename a run, in the store and on its folder.

    It asks first.

    Examples:
      surveycli runs rename finetune-1 qwen-7b
      surveycli runs rename finetune-1 qwen-7b --yes
    """
    from surveycli.cli.render import result, say
    from surveycli.run_folder.manage import find_stake, rename_run
    from surveycli.store import open_store

    path = store or context.obj
    with open_store(path) as opened:
        stake = find_stake(opened, run)
    folders = ", ".join(map(str, stake.folders)) or "none"
    _ask(f"{run} becomes {name}, with {stake.n_predicted} predicted cells; folders: {folders}.", "Rename it?", yes=yes)
    with open_store(path, write=True) as opened:
        rename_run(opened, run, name)
    say(f"{run} is now {name}.")
    result({"run_id": name, "was": run})


def delete(context: typer.Context, run: Run, yes: Yes = False, store: StoreOfGroup = None) -> None:
    """Delete a run and all that belongs to it.

    That is its record, measurements, weights, predictions, scores and folders. It says what goes and asks first.

    Examples:
      surveycli runs delete finetune-1
      surveycli runs delete finetune-1 --yes
    """
    from surveycli.cli.render import result, say
    from surveycli.run_folder.manage import delete_run, find_stake
    from surveycli.store import open_store

    path = store or context.obj
    with open_store(path) as opened:
        stake = find_stake(opened, run)
    _ask(_what_goes(stake), "Delete it?", yes=yes)
    with open_store(path, write=True) as opened:
        delete_run(opened, run)
    say(f"{run} is deleted.")
    result(stake)


def _what_goes(stake: Stake) -> str:
    counts = f"{stake.n_predicted} predicted cells, {stake.n_scored} scores, {stake.n_measured} measured steps"
    folders = "no folder"
    if stake.folders:
        folders = f"{stake.n_bytes / 2**20:,.1f} MiB in {', '.join(map(str, stake.folders))}"
    others = ""
    if stake.built_on:
        others = (
            f" {', '.join(stake.built_on)} keep what they have predicted with its weights, and can predict no more."
        )
    return f"With {stake.run_id} go {counts}, and {folders}.{others}"


def _ask(what: str, question: str, *, yes: bool) -> None:
    """Say what will be done, and ask unless told not to. Raises SurveyError (exit 2) without a terminal to ask in."""
    from surveycli.cli.render import note
    from surveycli.errors import usage

    note(what)
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage("There is no terminal to ask in.", "--yes goes on without asking.")
    typer.confirm(question, abort=True, err=True)


def _flatten(prefix: str, value: Any) -> list[tuple[str, str]]:
    """Return (path, text) of every known leaf: `configuration.seed`, `42`."""
    if value is None:
        return []
    if not isinstance(value, dict):
        return [
            (prefix, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str).strip('"'))
        ]
    return [leaf for key, inner in value.items() for leaf in _flatten(f"{prefix}.{key}".lstrip("."), inner)]
