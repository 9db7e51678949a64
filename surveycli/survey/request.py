"""What an ingest is asked for: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How a file is to be read.

    `by` lists groupings, each a list of names in lower case that begins with `country`; every grouping makes
    populations. `bands` gives the bands that a grouping's numbers fall into, by its name. A cell with fewer than
    `min_cell` valid answers is left out and counted.

    `layout` forces a reader, else the content decides. `country_column`, `weight_column` and `items` (names, `*` for
    anything) name columns that the file's layout leaves open, `codebook` is a file with wordings and response options,
    and `country_map` gives the ISO-3 codes of labels that nobody else knows ('' leaves a label out).

    `strata` and `psu` name the columns of strata and sampling units (`none`: not even those of known names),
    `replicates` is a pattern of replicate weights, whose variance `replicate_method` (brr, fay:0.5, jk1, jk2) makes.
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
    strata: str | None = None
    psu: str | None = None
    replicates: str | None = None
    replicate_method: str = "brr"
