"""`surveycli lock`: fix a run's predictions before people have answered."""

from __future__ import annotations

from typing import Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, StorePath


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, lock)


def lock(
    run: Annotated[str, typer.Argument(help="The run whose predictions are locked.", show_default=False)],
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Record a hash of predictions before the answers are known.

    `surveycli score` then shows when the predictions were locked and that they have not changed. Publish the hash to
    let others check it, too.

    Examples:
      surveycli lock item-mean-1
      surveycli score item-mean-1
    """
    from surveycli.cli.render import note, result, say
    from surveycli.score.lock import lock_run
    from surveycli.store import open_store

    with open_store(store, write=True) as opened:
        found = lock_run(opened, run)
    result(found)
    say(f"{run}: {found}.")
    say(f"SHA-256: {found.sha256}")
    if found.n_answered:
        note("Answers that were there before the lock may have been known to whoever predicted them.")
