"""The tables of `surveycli score`: every module of this room that has TABLES adds its own to the registry.

To add a table, write a module here with its function and its row: option, help, the list of tables and what each takes
follow from the row.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import surveycli.score
from surveycli.distribution.metric import find_metric
from surveycli.errors import usage
from surveycli.grouping import By, Clusters
from surveycli.score.cells import EVERYTHING, Selection
from surveycli.score.score_run import ScoreReport
from surveycli.setting import setting

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

DEFAULT_METRIC = "paper_one_minus_jsd"
PLAIN = "table"


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What was asked of a table: `reports` are those of the runs, just scored; the rest are options of `score`.

    `all_runs`: no run was named, so these are all that there are.
    """

    reports: tuple[ScoreReport, ...] = ()
    all_runs: bool = False
    by: By = setting(By.PART, "What each row is, within each run and part.")
    metrics: tuple[str, ...] = setting((), "A column of `score`; repeat for several.", flag="--metric -m")
    published: tuple[str, ...] = setting(
        (), "With --paper: only known rows with this in their name, or none; repeat for several.", shown="all"
    )
    selection: Selection = EVERYTHING
    clusters: Clusters = setting(Clusters.BOTH, "What intervals treat as sampled; both: countries and batteries.")
    seed: int = setting(1, "Seed of simulations.", least=0)

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of the runs."""
        return tuple(report.run_id for report in self.reports)

    @property
    def metric(self) -> str:
        """The one metric of a table that takes one."""
        return self.metrics[0] if self.metrics else DEFAULT_METRIC


DEFAULTS = TableRequest()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of `score`, asked for by `--name`; the plain one has no option.

    takes: the options of `score` that change it; any other typed one is refused. columns: those that it always has.
    by: what --by may be. least_runs: how many runs must be named; `check` refuses more, given the request and how many
    are. how_to_read: what to tell beside it.
    """

    name: str
    help: str
    make: Callable[[Store, TableRequest], pl.DataFrame]
    columns: tuple[str, ...]
    takes: frozenset[str] = frozenset()
    by: frozenset[By] = frozenset(By)
    least_runs: int = 0
    check: Callable[[TableRequest, int], None] | None = None
    several_metrics: bool = False
    how_to_read: str = ""

    @property
    def flag(self) -> str:
        """The option that asks for it."""
        return "" if self.name == PLAIN else f"--{self.name}"


def all_tables() -> dict[str, Table]:
    """Return the tables by name, the plain one first."""
    found = sorted(_tables_of(tuple(surveycli.score.__path__)), key=lambda table: (table.name != PLAIN, table.name))
    return {table.name: table for table in found}


def per_run(
    table_of: Callable[[Store, str, TableRequest], pl.DataFrame],
) -> Callable[[Store, TableRequest], pl.DataFrame]:
    """Return what makes a table of several runs, one under the other, from what makes it of one."""

    def make(store: Store, request: TableRequest) -> pl.DataFrame:
        import polars as pl

        return pl.concat([table_of(store, name, request) for name in request.runs], how="diagonal_relaxed")

    return make


def check_request(table: Table, request: TableRequest, named_runs: int) -> None:
    """Raise SurveyError (exit 2) where what was asked for does not go together; needs no store."""
    for metric in request.metrics:
        find_metric(metric)
    if request.by not in table.by:
        raise usage(f"{table.flag} has no --by {request.by.value}.", f"It has {', '.join(sorted(table.by))}.")
    if len(request.metrics) > 1 and not table.several_metrics:
        raise usage(f"{table.flag} takes one --metric.", "The plain table takes several.")
    if named_runs < table.least_runs:
        raise usage(f"{table.flag} needs a run.", f"`surveycli score RUN {table.flag}`; `surveycli runs` lists them.")
    if table.check is not None:
        table.check(request, named_runs)


def check_taken(table: Table, options: Iterable[str]) -> None:
    """Raise SurveyError (exit 2) for an option that was chosen and that the table does not take."""
    strange = sorted(set(options) - table.takes)
    if strange:
        takers = [other.name for other in all_tables().values() if strange[0] in other.takes]
        raise usage(f"The table {table.name!r} has no {strange[0]}.", f"It is for {', '.join(takers)}.")


@cache
def _tables_of(path: tuple[str, ...]) -> tuple[Table, ...]:
    """Return the tables of every module in the folders of the room."""
    return tuple(table for name in _modules(path) for table in getattr(import_module(name), "TABLES", ()))


def _modules(path: tuple[str, ...]) -> Iterator[str]:
    for module in pkgutil.iter_modules(list(path)):
        yield f"surveycli.score.{module.name}"
