"""A sweep in a file: settings that trainings share, and those in which they differ, as a grid or one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from surveycli.errors import SurveyError, bad_input
from surveycli.request.model_run import read_choices
from surveycli.untrusted.text import shown

_MOST_RUNS = 1000
_FORM = "Such as `grid: {optimiser.learning_rate: [1e-4, 1e-3]}`, or `runs: [{seed: 1}, {seed: 2}]`."


@dataclass(frozen=True, slots=True)
class Sweep:
    """What all trainings share, by name, and what each has of its own, by dotted name."""

    common: Mapping[str, Any]
    runs: tuple[Mapping[str, Any], ...]


def read_sweep(file: Path) -> Sweep:
    """Return the sweep of a YAML file, which has a `grid` (lists by name) or `runs` (a list of settings by name).

    A grid is every combination of its lists. Raises SurveyError (exit 3) for a file in another form.
    """
    common = read_choices(file)
    grid, runs = common.pop("grid", None), common.pop("runs", None)
    if (grid is None) == (runs is None):
        raise bad_input(f"{file}: expected a grid or runs, one of the two.", _FORM)
    found = tuple(_of_grid(file, grid) if runs is None else _of_list(file, runs))
    if any(run in found[:place] for place, run in enumerate(found)):
        raise bad_input(f"{file}: two of its runs are the same.", "Leave one out.")
    return Sweep(common, found)


def _of_grid(file: Path, grid: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(grid, Mapping) or not grid:
        raise _misfit(file, "grid", "lists by name", grid)
    lists = dict(dotted(grid))
    n_runs = 1
    for name, values in lists.items():
        if not isinstance(values, list) or not values:
            raise _misfit(file, f"grid, {name}", "a list of values", values)
        n_runs *= len(values)
    if n_runs > _MOST_RUNS:
        raise bad_input(f"{file}: the grid has {n_runs:,} combinations.", f"A sweep has at most {_MOST_RUNS:,} runs.")
    for values in product(*lists.values()):
        yield dict(zip(lists, values, strict=True))


def _of_list(file: Path, runs: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(runs, list) or not 0 < len(runs) <= _MOST_RUNS:
        raise _misfit(file, "runs", f"a list of 1 to {_MOST_RUNS:,} settings by name", runs)
    for run in runs:
        if not isinstance(run, Mapping) or not run:
            raise _misfit(file, "runs", "settings by name", run)
        yield dict(dotted(run))


def dotted(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by dotted name.

    >>> dict(dotted({"optimiser": {"epochs": 2}, "seed": 1}))
    {'optimiser.epochs': 2, 'seed': 1}
    """
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from dotted(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _misfit(file: Path, place: str, expected: str, value: object) -> SurveyError:
    return bad_input(f"{file}, {place}: expected {expected}, found {shown(value)}.", _FORM)
