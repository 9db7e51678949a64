"""What a split is asked for and what it came to: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from surveycli.errors import usage

if TYPE_CHECKING:
    import polars as pl


class Recipe(StrEnum):
    """How cells are given to parts."""

    PAPER = "paper"
    UNSEEN_QUESTIONS = "unseen-questions"
    UNSEEN_COUNTRIES = "unseen-countries"
    UNSEEN_BOTH = "unseen-both"
    K_FOLD = "k-fold"
    UNSEEN_REGIONS = "unseen-regions"
    UNSEEN_SURVEY = "unseen-survey"
    NEW_ITEMS = "new-items"
    MISSING_GROUPS = "missing-groups"
    CUSTOM = "custom"


class Validation(StrEnum):
    """What the validation part of the recipe `paper` is made of."""

    PAPER = "paper"
    POPULATIONS = "populations"


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The choices of a split; each recipe reads those that concern it.

    `name` defaults to the recipe's. Fractions are of items, of countries or (missing-groups) of groups, between 0 and
    1. `fold` counts from 0. `min_respondents` (paper) leaves out countries known to have interviewed fewer; None is
    1,000, unless the store holds a sample in which no country has as many. `regions` (unseen-regions) are UN regions;
    without any, one is drawn. `donors` (new-items) countries are asked the new items, too. `cells` (custom) has columns
    part, item_id, population_id and, if not `survey_id`'s, survey_id.
    """

    name: str | None = None
    survey_id: str = "wvs7"
    seed: int = 42
    replace: bool = False
    validation: Validation | str = Validation.PAPER
    validation_fraction: float = 0.1
    test_fraction: float = 0.2
    min_respondents: int | None = None
    folds: int = 5
    fold: int = 0
    regions: tuple[str, ...] = ()
    test_survey_id: str | None = None
    donors: int = 10
    cells: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        """Raise SurveyError (exit 2) for values that no recipe can work with."""
        if self.validation not in tuple(Validation):
            raise usage(f"Unknown validation {self.validation!r}.", f"Choose one of: {', '.join(Validation)}.")
        fractions = (self.validation_fraction, self.test_fraction)
        if min(fractions) <= 0 or sum(fractions) >= 1:
            raise usage(
                f"The validation and test fractions must be above 0 and leave something to train on, found "
                f"{self.validation_fraction:g} and {self.test_fraction:g}.",
                "For instance --validation-fraction 0.1 --test-fraction 0.2.",
            )
        if self.folds < 2 or self.fold < 0:
            raise usage(f"Expected 2 folds or more and a fold from 0, found --folds {self.folds} --fold {self.fold}.")
        if self.donors < 1:
            raise usage(f"New items are asked in at least 1 donor country, found --donors {self.donors}.")


@dataclass(frozen=True, slots=True)
class PartSize:
    """How many cells a part has, of how many items and populations."""

    part: str
    n_cells: int
    n_items: int
    n_populations: int


@dataclass(frozen=True, slots=True)
class SplitReport:
    """A split as written, and what its user should know about it."""

    split: str
    recipe: Recipe
    parts: tuple[PartSize, ...]
    notes: tuple[str, ...] = ()
