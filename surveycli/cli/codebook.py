"""`surveycli codebook`: a survey file's labels as a codebook to edit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from surveycli.cli.command import add_command

_MAX_REASONS = 15


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, codebook)


def codebook(
    file: Annotated[
        list[Path],
        typer.Argument(
            help="A survey file, or several of one survey; SPSS and Stata files have labels.", show_default=False
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write: YAML, CSV or XLSX by its name.")
    ] = Path("codebook.yaml"),
    items: Annotated[
        str | None,
        typer.Option(
            help="Columns that are items: names with commas, `Q2*` for many.", show_default="inferred from labels"
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over an existing file.")] = False,
) -> None:
    """Write a codebook of all columns of a survey file.

    Edit its wordings and response options, say which of the left-out columns to use, then give it to
    `surveycli ingest --codebook`.

    Examples:
      surveycli codebook survey.sav
      surveycli codebook survey.dta --items 'Q1,Q2*' --output codebook.yaml
      surveycli codebook survey.sav --output codebook.xlsx
    """
    import polars as pl

    from surveycli.cli.render import print_frame, result, say, working
    from surveycli.survey import write_codebook_draft

    names = tuple(name.strip() for name in (items or "").split(",") if name.strip())
    with working("read"):
        n_items, skipped = write_codebook_draft(file, output, items=names, overwrite=replace)
    result({"file": output, "items": n_items, "left_out": skipped})
    name = file[0].name if len(file) == 1 else f"{len(file)} files"
    say(f"{output}: {n_items:,} items of {name}, and {len(skipped):,} other columns with the reason why.")
    typed = " ".join(quote(str(path)) for path in file)
    say(f"Edit it, then: surveycli ingest {typed} --codebook {quote(str(output))}")
    reasons = Counter(skip.reason for skip in skipped)
    if reasons:
        print_frame(pl.DataFrame(reasons.most_common(_MAX_REASONS), schema=["left out", "columns"], orient="row"))
