"""`surveycli codebook`: a survey file's labels as a codebook to edit."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from surveycli.cli.command import add_command

_MAX_SKIP_ROWS = 15


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, codebook)


def codebook(
    file: Annotated[Path, typer.Argument(help="An SPSS or Stata file with labels.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The YAML file to write.")] = Path("codebook.yaml"),
    items: Annotated[
        str | None,
        typer.Option(help="Columns that are items: names with commas, `Q2*` for many.", show_default="told by labels"),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over an existing file.")] = False,
) -> None:
    """Write a codebook from the labels in a survey file.

    Edit its wordings and response options, then give it to `surveycli ingest --codebook`.

    Examples:
      surveycli codebook survey.sav
      surveycli codebook survey.dta --items 'Q1,Q2*' --output codebook.yaml
    """
    import polars as pl

    from surveycli.cli.render import print_frame, result, say
    from surveycli.survey import write_codebook_draft

    names = tuple(name.strip() for name in (items or "").split(",") if name.strip())
    n_items, skipped = write_codebook_draft(file, output, items=names, overwrite=replace)
    result({"file": output, "items": n_items, "left_out": skipped})
    say(f"{output}: {n_items:,} items from the labels of {file.name}.")
    say(f"Edit it, then: surveycli ingest {quote(str(file))} --codebook {quote(str(output))}")
    if skipped:
        rows = [(skip.reason, skip.subject, skip.n_skipped) for skip in skipped]
        rows.sort(key=lambda row: -row[2])
        print_frame(pl.DataFrame(rows[:_MAX_SKIP_ROWS], schema=["left out", "where", "how many"], orient="row"))
        if len(rows) > _MAX_SKIP_ROWS:
            say(f"  and {len(rows) - _MAX_SKIP_ROWS} more columns, most for the same reasons.")
