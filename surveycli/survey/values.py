"""What passes between reading a file and writing it to the store: frozen values, no reader's private state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.survey.items.codebook import Codebook, SurveyFacts

if TYPE_CHECKING:
    import polars as pl

    from surveycli.survey.population.group_column import Groups

MISSING_STATUSES = ("dont_know", "no_answer", "refused", "not_applicable", "not_asked", "missing_other")


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """How many rows, columns or cells of a file were left out, of which subject, and why."""

    reason: str
    subject: str
    n_skipped: int


@dataclass(frozen=True, slots=True)
class Band:
    """Numbers from `low` to `high`, both included; `high` None is open."""

    low: float
    high: float | None

    @property
    def label(self) -> str:
        """`18-29` or `60+`."""
        return f"{self.low:g}+" if self.high is None else f"{self.low:g}-{self.high:g}"

    def holds(self, number: float) -> bool:
        """Tell whether a number lies in the band."""
        return self.low <= number and (self.high is None or number <= self.high)


DEFAULT_AGE_BANDS = (Band(18, 29), Band(30, 44), Band(45, 59), Band(60, None))


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How a file is to be read.

    `by` lists groupings, each a list of names in lower case that begins with `country`; every grouping makes
    populations. `bands` gives the bands that a grouping's numbers fall into, by its name. A cell with fewer than
    `min_cell` valid answers is left out and counted.

    `layout` forces a reader, else the content decides. `country_column`, `weight_column` and `items` (names, `*` for
    anything) name columns that the file's layout leaves open, `codebook` is a file with wordings and response options,
    and `country_map` gives the ISO-3 codes of labels that nobody else knows ('' leaves a label out).
    """

    survey_id: str | None = None
    by: tuple[tuple[str, ...], ...] = (("country",),)
    bands: tuple[tuple[str, tuple[Band, ...]], ...] = ()
    min_cell: int = 1
    replace: bool = False
    keep_dont_know: bool = False
    keep_private: bool = False
    layout: str | None = None
    country_column: str | None = None
    weight_column: str | None = None
    items: tuple[str, ...] = ()
    codebook: Path | None = None
    country_map: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest put into the store.

    `n_items` have answers, of `n_items_known` in the codebook. `also` has the reports of the file's other surveys.
    """

    survey_id: str
    title: str
    file_name: str
    layout: str
    release: str | None
    n_respondents: int | None
    n_items: int
    n_items_known: int
    n_populations: int
    n_cells: int
    skipped: tuple[Skipped, ...] = ()
    also: tuple[IngestReport, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file on disk, known by the hash of its content."""

    path: Path
    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class DistributionFile:
    """Ready distributions.

    `shares` has item_id, population_id, option_code, n_respondents, share and share_unweighted (either share or the
    count may be null), one row per option that the file names. Options of the codebook without a row are zero.
    `missing`, where the file knows of missing answers, has item_id, population_id, status and share (of all answers).
    `also` are the other surveys of the file.
    """

    source: SourceFile
    layout: str
    survey_id: str
    facts: SurveyFacts
    codebook: Codebook
    shares: pl.DataFrame
    skipped: tuple[Skipped, ...] = ()
    missing: pl.DataFrame | None = None
    also: tuple[DistributionFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Demographic:
    """A column that respondents of any survey are grouped by: its codes' values, or none where it holds an age."""

    column: str
    values: dict[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column of a respondent frame is what, under the names the store will have."""

    iso3: str
    weight: str | None
    items: tuple[str, ...]
    demographics: dict[str, Demographic] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some respondents of a file, one row each: iso3 as text, item codes as integers, blank cells as null."""

    respondents: pl.DataFrame
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class RespondentFile:
    """Respondents' own answers, read in batches so that memory does not grow with their number.

    `missing` gives the status of each code that is no answer; every other code must be in the codebook. `groups` are
    the columns that the user wants populations of.
    """

    source: SourceFile
    layout: str
    survey_id: str
    facts: SurveyFacts
    codebook: Codebook
    roles: Roles
    missing: dict[int, str]
    groups: Groups
    batches: Callable[[], Iterator[Batch]]
    skipped: tuple[Skipped, ...] = ()
