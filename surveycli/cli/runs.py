"""`surveycli runs`: what was run, and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from surveycli.cli.command import SurveyGroup, add_command, refuse_before_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat


def register(app: typer.Typer) -> None:
    """Add the command and its `show`."""
    group = typer.Typer(cls=SurveyGroup, invoke_without_command=True)
    group.callback()(list_runs)
    add_command(group, show)
    app.add_typer(group, name="runs")


def list_runs(
    context: typer.Context,
    status: Annotated[
        str | None, typer.Option(help="Only running, finished or failed runs.", show_default=False)
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only runs on this split.", show_default=False)] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """List runs with status, split, model, best validation loss and times.

    Examples:
      surveycli runs
      surveycli runs --split paper --format csv
    """
    from surveycli.cli.render import note, print_frame
    from surveycli.store import open_store

    context.obj = store
    if context.invoked_subcommand is not None:
        refuse_before_command(context, "--store")
        return
    with open_store(store) as opened:
        runs = opened.frame("run/list", status=status, split=split)
    if runs.is_empty():
        note("No run to list: `surveycli predict` and `surveycli finetune` make them.")
    if format is TableFormat.TABLE:
        runs = runs.select(column for column in runs if column.null_count() < runs.height)
    if runs.height or format is not TableFormat.TABLE:
        print_frame(runs, format)


def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, as `surveycli runs` names it.")],
    config: Annotated[
        bool, typer.Option("--config", help="Print only what repeats the run: YAML for `finetune` or `predict`.")
    ] = False,
    format: Format = TableFormat.TABLE,
    store: Annotated[
        Path | None,
        typer.Option("--store", help="The DuckDB file that everything is kept in.", show_default="survey.duckdb"),
    ] = None,
) -> None:
    """Show a run's whole configuration, seed, versions and results.

    Examples:
      surveycli runs show item-mean-1
      surveycli runs show finetune-1 --config > again.yaml
    """
    import polars as pl

    from surveycli.cli.render import print_frame, say, say_json
    from surveycli.errors import not_found
    from surveycli.request.model_run import choices_that_repeat, write_choices
    from surveycli.store import open_store

    with open_store(store or context.obj) as opened:
        found = opened.rows("run/show", run_id=run)
    if not found:
        raise not_found(f"There is no run {run} in the store.", "`surveycli runs` lists them.")
    if config:
        for line in write_choices(choices_that_repeat(_with_objects(found[0]))).splitlines():
            say(line)
        return
    if format is TableFormat.JSON:
        say_json(_with_objects(found[0]))
        return
    fields = _flatten("", _with_objects(found[0]))
    print_frame(
        pl.DataFrame(fields, schema={"field": pl.String, "value": pl.String}, orient="row"), format, title=f"Run {run}"
    )


def _with_objects(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with its JSON columns as objects."""
    return row | {name: json.loads(row[name]) for name in ("configuration", "versions")}


def _flatten(prefix: str, value: Any) -> list[tuple[str, str]]:
    """Return (path, text) of every known leaf: `configuration.seed`, `42`."""
    if value is None:
        return []
    if not isinstance(value, dict):
        return [
            (prefix, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str).strip('"'))
        ]
    return [leaf for key, inner in value.items() for leaf in _flatten(f"{prefix}.{key}".lstrip("."), inner)]
