"""The nouns that cross rooms: questions, populations, cells. Frozen, without behaviour that needs a library."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

# The parts that every split has, whatever its other parts are called. Runs learn from the first two.
TRAIN, VALIDATION, TEST = "train", "validation", "test"
LEARNT_FROM = (TRAIN, VALIDATION)
# The two files of SubPOP, as surveys: what its authors train on, and what they test on.
SUBPOP_SURVEY, SUBPOP_EVAL_SURVEY = "subpop", "subpop-eval"

# The codes that missing answers have in the store, whatever they were in the file: those of WVS, and one more.
MISSING_CODES = {
    "dont_know": -1,
    "no_answer": -2,
    "not_applicable": -3,
    "not_asked": -4,
    "missing_other": -5,
    "refused": -6,
}
STATUS_BY_CODE = {code: status for status, code in MISSING_CODES.items()}


class Scale(StrEnum):
    """How the options of an item relate to each other."""

    ORDINAL = "ordinal"
    NOMINAL = "nominal"
    BINARY = "binary"


class Shares(StrEnum):
    """Which response shares a run learns from and is scored against."""

    WEIGHTED = "weighted"
    UNWEIGHTED = "unweighted"


class AiPolicy(StrEnum):
    """Whether the data of a survey may be sent to a language model that runs elsewhere."""

    LOCAL_ONLY = "local-only"
    HOSTED_ALLOWED = "hosted-allowed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """One item asked of one population in one survey."""

    survey_id: str
    item_id: str
    population_id: str


class Familiarity(StrEnum):
    """Whether a training has learnt a cell's item, from other populations, or never saw it."""

    KNOWN_ITEMS = "known_items"
    NEW_ITEMS = "new_items"

    @classmethod
    def of(cls, key: CellKey, items: Collection[tuple[str, str]]) -> Familiarity:
        """Return what a cell is to a training that learnt from `items`, pairs of survey and item."""
        return cls.KNOWN_ITEMS if (key.survey_id, key.item_id) in items else cls.NEW_ITEMS

    @property
    def words(self) -> str:
        """The kind for people to read."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Option:
    """A response option: its code in the survey file and its label in one language."""

    code: int
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """An item in one language, with its options in code order.

    `battery` names the items that it shares a stem and a scale with; no prompt says it, so that it is no part of what
    makes two questions the same.
    """

    survey_id: str
    item_id: str
    language: str
    wording: str
    options: tuple[Option, ...]
    scale: Scale
    battery: str = field(default="", repr=False, compare=False)

    @property
    def codes(self) -> tuple[int, ...]:
        """The option codes in code order."""
        return tuple(option.code for option in self.options)


@dataclass(frozen=True, slots=True)
class Population:
    """A population in one language.

    `name` stands alone ("Kenya"), `description` fits into a sentence ("people in Kenya"), and `context` is what is
    known about it beside its name ("Eastern Africa, mostly Christian").
    """

    population_id: str
    language: str
    name: str
    description: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a run: its key, the part it belongs to, its language and, where known, the human shares.

    `shares` has one probability per option in code order and sums to 1; it is None where no one was asked.
    `n_effective` respondents of a simple random sample would give them as precisely; None where that is not known.
    """

    key: CellKey
    part: str
    language: str
    shares: tuple[float, ...] | None = None
    n_respondents: int | None = None
    n_effective: float | None = None
