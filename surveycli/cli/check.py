"""`surveycli check`: does the store hold together."""

from __future__ import annotations

from typing import Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, StorePath


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, check)


def check(
    migrate: Annotated[
        bool, typer.Option("--migrate", help="First bring a store of an older surveycli up to date.")
    ] = False,
    examples: Annotated[int, typer.Option(help="Rows to show of each violation.", min=1)] = 5,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Check that everything in the store holds together.

    It runs every invariant, and ends with exit code 3 if one is broken.

    Examples:
      surveycli check
      surveycli check --migrate
    """
    from surveycli.cli.render import note, print_frame, result, say, working
    from surveycli.errors import bad_input
    from surveycli.store import open_store
    from surveycli.store.invariant import find_violations, invariant_names

    with open_store(store, write=migrate) as opened, working("check"):
        violations = list(find_violations(opened))
    for violation in violations:
        print_frame(violation.rows.head(examples), title=f"{violation.name}: {violation.rows.height} rows")
        note(f"Broken: {violation.purpose}\n")
    n_invariants = len(invariant_names())
    if violations:
        raise bad_input(
            f"{len(violations)} of {n_invariants} invariants do not hold for {store}.",
            "Each is a query in sql/check/; ingest the survey or make the split anew with --replace.",
        )
    result({"invariants": n_invariants, "broken": []})
    say(f"All {n_invariants} invariants hold.")
