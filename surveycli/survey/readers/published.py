"""What data sets of ready distributions have in common: cells of shares, gathered row by row."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import Codebook, ItemSpec, SurveyFacts
from surveycli.survey.population.population import TextPopulation
from surveycli.survey.readers.readout import DistributionFile
from surveycli.untrusted.literal import parse_literal
from surveycli.untrusted.text import UnreadableError

if TYPE_CHECKING:
    import polars as pl

# Published shares are rounded to two decimals or so; further from 1 than this they are renormalised, but said so.
ROUNDING = 0.03
_MOST_SHARE = 1e6


def digest(*texts: str) -> str:
    """Return ten characters that stand for some texts."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:10]


def literal(text: str | None) -> object:
    """Return the value of a list or dictionary as Python or JSON writes it, or None for any other text."""
    try:
        return parse_literal(text or "")
    except UnreadableError:
        return None


def numbers(value: object) -> tuple[float, ...] | None:
    """Return a list of finite numbers of 0 or more, or None where a value is no such list."""
    if not isinstance(value, list) or not all(is_share(number) for number in value):
        return None
    return tuple(float(number) for number in value)


def is_share(number: object) -> bool:
    """Tell whether a value can be a share, a percentage or a count."""
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= _MOST_SHARE


@dataclass(slots=True)
class PublishedCells:
    """Items, shares and missing answers as they are read; what cannot be used is counted in `skipped`."""

    items: dict[str, ItemSpec] = field(default_factory=dict)
    shares: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)
    missing: list[tuple[str, str, str, float]] = field(default_factory=list)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    described: dict[str, TextPopulation] = field(default_factory=dict)

    def skip(self, reason: str, subject: str = "rows") -> None:
        """Count a row or cell that is left out."""
        self.skipped[reason, subject] += 1

    def add(self, item: ItemSpec, population: str, shares: Sequence[float]) -> bool:
        """Add a cell with shares in the order of the item's codes, or count why not; tell whether it was added.

        Shares are divided by their sum.
        """
        total = math.fsum(shares)
        if total <= 0:
            self.skip("shares of the response options sum to 0", "cells")
        elif (item.item_id, population) in self.shares:
            self.skip("another row of the same item and population came first", "cells")
        else:
            if abs(total - 1) > ROUNDING:
                self.skip(f"renormalised, not left out: shares miss 1 by more than {ROUNDING}", "cells")
            kept = [share / total for share in shares]
            self.shares[item.item_id, population] = dict(zip(item.codes, kept, strict=True))
            self.items.setdefault(item.item_id, item)
            return True
        return False

    def file(self, source: SourceFile, layout: str, survey_id: str, facts: SurveyFacts) -> DistributionFile:
        """Return the file of all cells."""
        with_cells = {population for _, population in self.shares}
        return DistributionFile(
            source=source,
            layout=layout,
            survey_id=survey_id,
            facts=facts,
            codebook=Codebook(survey_id, tuple(self.items.values()), origin="official"),
            shares=self._share_frame(),
            missing=self._missing_frame(),
            skipped=tuple(Skipped(reason, subject, n) for (reason, subject), n in sorted(self.skipped.items())),
            described=tuple(people for key, people in self.described.items() if key in with_cells),
        )

    def _share_frame(self) -> pl.DataFrame:
        import polars as pl

        rows = [(*cell, code, share) for cell, known in self.shares.items() for code, share in known.items()]
        columns = {"item_id": pl.String, "population_id": pl.String, "option_code": pl.Int32, "share": pl.Float64}
        unknown = pl.lit(None, dtype=pl.Int64).alias("n_respondents")
        return pl.DataFrame(rows, columns, orient="row").with_columns(unknown, share_unweighted=pl.col("share"))

    def _missing_frame(self) -> pl.DataFrame:
        import polars as pl

        columns = {"item_id": pl.String, "population_id": pl.String, "status": pl.String, "share": pl.Float64}
        return pl.DataFrame(self.missing, columns, orient="row")
