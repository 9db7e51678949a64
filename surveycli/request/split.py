"""What a split is asked for and what it came to: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from surveycli.bundled import BUNDLED_SURVEY
from surveycli.errors import usage
from surveycli.setting import setting

_PARTS = "How large, and what is held out"


class Recipe(StrEnum):
    """How cells are given to parts."""

    PAPER = "paper"
    UNSEEN_QUESTIONS = "unseen-questions"
    UNSEEN_COUNTRIES = "unseen-countries"
    UNSEEN_BOTH = "unseen-both"
    K_FOLD = "k-fold"
    UNSEEN_REGIONS = "unseen-regions"
    UNSEEN_SURVEY = "unseen-survey"
    SUBPOP = "subpop"
    NEW_ITEMS = "new-items"
    MISSING_GROUPS = "missing-groups"
    CUSTOM = "custom"


RECIPE_HELP: Mapping[Recipe, str] = {
    Recipe.PAPER: "The published parts of Cao et al. 2025.",
    Recipe.UNSEEN_QUESTIONS: "Whole batteries of items are held out.",
    Recipe.UNSEEN_COUNTRIES: "Countries are held out, with their subgroups.",
    Recipe.UNSEEN_BOTH: "Batteries and countries are held out; parts where one of them is new too.",
    Recipe.K_FOLD: "One of several folds of batteries is held out.",
    Recipe.UNSEEN_REGIONS: "A UN region is held out.",
    Recipe.UNSEEN_SURVEY: "Another survey is held out.",
    Recipe.SUBPOP: "SubPOP-Train to learn from, SubPOP-Eval to test on (Suh et al. 2025).",
    Recipe.NEW_ITEMS: "Items are held out in most countries, and asked in a few donor countries.",
    Recipe.MISSING_GROUPS: "Groups are held out in some countries.",
    Recipe.CUSTOM: "Your own cells, from a query or a file.",
}


class Validation(StrEnum):
    """What the validation part of the recipe `paper` is made of."""

    PAPER = "paper"
    POPULATIONS = "populations"


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The choices of a split; each recipe reads those that concern it.

    `name` defaults to the recipe's. The cells of `with_surveys` are split as if they were the survey's own: a country
    that is held out is so in all of them. Fractions are of items, of countries or (missing-groups) of groups, between
    0 and 1. `fold` counts from 0. `min_respondents` (paper) leaves out countries known to have interviewed fewer; None
    is 1,000, unless the store holds a sample in which no country has as many. `regions` (unseen-regions) are UN
    regions; without any, one is drawn. `donors` (new-items) countries are asked the new items, too. `cells` (custom) is
    a Polars frame with columns part, item_id, population_id and, if not `survey_id`'s, survey_id.
    """

    name: str | None = setting(None, "Name of the split.", shown="the recipe's")
    survey_id: str = setting(BUNDLED_SURVEY, "Survey whose cells are split.", flag="--survey")
    with_surveys: tuple[str, ...] = setting(
        (), "Another survey that is split together with it; repeat for several.", flag="--with-survey"
    )
    seed: int = setting(42, "The same seed gives the same parts.")
    replace: bool = setting(False, "Replace a split of this name.")
    validation: Validation = setting(
        Validation.PAPER,
        "Validate as published, or on countries held out of training.",
        group="The recipe paper",
    )
    min_respondents: int | None = setting(
        None,
        "Leave out countries known to have interviewed fewer.",
        least=0,
        shown="1000, unless no country has as many",
        group="The recipe paper",
    )
    validation_fraction: float = setting(0.1, "Share of items or countries for validation.", group=_PARTS)
    test_fraction: float = setting(0.2, "Share of items or countries for test.", group=_PARTS)
    folds: int = setting(5, "k-fold: number of folds.", least=2, group=_PARTS)
    fold: int = setting(0, "k-fold, unseen-regions: which one is held out, from 0.", least=0, group=_PARTS)
    regions: tuple[str, ...] = setting(
        (),
        "unseen-regions: a UN region to hold out; repeat for several.",
        flag="--region",
        shown="one is drawn",
        group=_PARTS,
    )
    test_survey_id: str | None = setting(
        None, "unseen-survey: the survey to test on.", flag="--test-survey", group=_PARTS
    )
    donors: int = setting(10, "new-items: countries that are asked the new items, too.", least=1, group=_PARTS)
    cells: Any = None

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
