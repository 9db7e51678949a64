"""`surveycli predictors`: every predictor, what it needs and which options it has."""

from __future__ import annotations

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import Format, TableFormat


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, predictors)


def predictors(format: Format = TableFormat.TABLE) -> None:
    """List the predictors, with what each needs and takes.

    Examples:
      surveycli predictors
      surveycli predictors --format markdown
    """
    import polars as pl

    from surveycli.cli.render import print_frame
    from surveycli.predictors import all_predictors
    from surveycli.setting import settings_of

    rows = [
        {
            "predictor": row.name,
            "what it predicts": row.help,
            "needs": "; ".join(sorted(row.needs)) or None,
            "extra": row.extra or None,
            "options": " ".join(setting.flag for setting in settings_of(row.settings)) or None,
        }
        for row in all_predictors()
    ]
    print_frame(pl.DataFrame(rows, schema_overrides={"extra": pl.String, "options": pl.String}), format)
