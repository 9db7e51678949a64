"""What every predictor says of itself: a row of the registry, from which help, errors and tables are made.

A folder of modules is a registry: `rows_of` collects the rows that its modules list as `PREDICTORS`, so that adding a
predictor is adding one module (or one row to one). These modules import neither torch nor duckdb at their top, because
`surveycli predict --help` reads them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

from surveycli.errors import usage


class Need(StrEnum):
    """What a predictor reads, or what a user has to name for it, beside the split."""

    TRAINING_ANSWERS = "answers in the training part"
    VALIDATION_ANSWERS = "answers in the validation part"
    OWN_ANSWERS = "answers to the cells that it predicts"
    TEXTS = "wordings and names in its language"
    OTHER_RUNS = "predictions of other runs"
    MODEL = "a language model"
    RUN = "a fine-tuning"
    MODEL_OR_RUN = "a language model or a fine-tuning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """A named way to response distributions.

    `help` is one line. `settings` is a frozen dataclass whose settings are its own options.
    `extra` is the optional dependency that it cannot do without. One that `draws` nothing at random has no seed.
    """

    name: str
    help: str
    needs: frozenset[Need] = frozenset()
    settings: type | None = None
    extra: str = ""
    draws: bool = True

    @property
    def asks_model(self) -> bool:
        """Whether it is a language model that is asked."""
        return bool(self.needs & {Need.MODEL, Need.RUN, Need.MODEL_OR_RUN})

    @property
    def reads_letters(self) -> bool:
        """Whether the probabilities of a model's option letters are read, which a temperature can scale."""
        return False

    @property
    def asks_server(self) -> bool:
        """Whether its model is behind a server rather than on this machine."""
        return False

    def fits(self, *, trained: bool) -> bool:
        """Whether it asks models of this kind: `trained` by a fine-tuning here, or as they came."""
        return bool(self.needs & {Need.MODEL_OR_RUN, Need.RUN if trained else Need.MODEL})


SomePredictor = TypeVar("SomePredictor", bound=Predictor)


@cache
def rows_of(folder: str, kind: type[SomePredictor]) -> tuple[SomePredictor, ...]:
    """Return the rows that the modules of a package list as `PREDICTORS`, by name.

    Raises TypeError where two rows share a name, or one is not of the `kind`: a mistake in the program.
    """
    modules = [import_module(f"{folder}.{found.name}") for found in iter_modules(import_module(folder).__path__)]
    rows = sorted((row for module in modules for row in getattr(module, "PREDICTORS", ())), key=lambda row: row.name)
    if len({row.name for row in rows}) < len(rows) or not all(isinstance(row, kind) for row in rows):
        raise TypeError(f"The predictors of {folder} need distinct names and the kind {kind.__name__}: {rows}.")
    return tuple(rows)


def find_row(rows: Sequence[SomePredictor], name: str) -> SomePredictor:
    """Return the row of a name. Raises SurveyError (exit 2) that lists the names there are."""
    found = next((row for row in rows if row.name == name), None)
    if found is None:
        raise usage(f"There is no predictor {name!r}.", f"There are: {', '.join(names_of(rows))}.")
    return found


def names_of(rows: Iterable[Predictor]) -> list[str]:
    """Return the rows' names."""
    return [row.name for row in rows]
