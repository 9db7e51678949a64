"""`surveycli doctor`: whether all is as it should be, and what to do if not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat

if TYPE_CHECKING:
    from surveycli.doctor import Diagnosis


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, doctor)


def doctor(format: Format = TableFormat.TABLE, store: StorePath = DEFAULT_STORE) -> None:
    """Examine the installation, the store and run folders.

    It names the repair for each fault, changes nothing, and ends with exit code 3 if there is a fault. Notes are good
    to know: an extra that is not installed, a run that can go on.

    Examples:
      surveycli doctor
      surveycli doctor --format json
    """
    import polars as pl

    from surveycli.cli.render import print_frame
    from surveycli.doctor import State, examine_installation, examine_store
    from surveycli.errors import bad_input

    findings = [*examine_installation(), *examine_store(store)]
    if format is TableFormat.TABLE:
        _print(findings)
    else:
        rows = [(f.state.value, f.subject, f.says, f.repair or None) for f in findings]
        columns = dict.fromkeys(("state", "subject", "says", "repair"), pl.String)
        print_frame(pl.DataFrame(rows, schema=columns, orient="row"), format)
    n_faults = sum(finding.state is State.FAULT for finding in findings)
    if n_faults:
        raise bad_input(f"{n_faults} fault{'s' if n_faults > 1 else ''} found.", "Each has its repair beside it.")


def _print(findings: list[Diagnosis]) -> None:
    from surveycli.cli.render import say

    for finding in findings:
        say(f"{finding.state:<6} {finding.subject}: {finding.says}")
        if finding.repair:
            say(f"       repair: {finding.repair}")
