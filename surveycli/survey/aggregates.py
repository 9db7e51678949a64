"""Response distributions of some populations, ready for the store: what counting comes to and what writing takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.survey.population.group_column import GroupText
from surveycli.survey.population.population import PopulationSpec, TextPopulation, parse_population_id
from surveycli.survey.readers.readout import DistributionFile

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Distributions of the populations of one grouping.

    shares: item_id, population_id, option_code, n_respondents, share, share_unweighted, one row per chosen option.
    cells: item_id, population_id, n_respondents, n_effective, n_effective_unweighted, has_share, one row per cell.
    missing: item_id, population_id, status, n_respondents, share (of all respondents, missing answers included).
    accounts: item_id, population_id, n_interviewed, n_valid, n_missing, n_left_out; None where respondents are unknown.
    `group_texts` say what groups mean that do not mean the same in every survey.
    """

    shares: pl.DataFrame
    cells: pl.DataFrame
    missing: pl.DataFrame
    populations: tuple[PopulationSpec | TextPopulation, ...]
    group_texts: tuple[GroupText, ...] = ()
    accounts: pl.DataFrame | None = None


def aggregates_of_shares(file: DistributionFile) -> Aggregates:
    """Return the distributions of a file that holds them ready."""
    import polars as pl

    shares = file.shares
    counts = pl.col("n_respondents")
    cells = shares.group_by("item_id", "population_id").agg(
        n_respondents=pl.when(counts.is_not_null().all()).then(counts.sum()),
        n_effective=pl.lit(None, dtype=pl.Float64),
        n_effective_unweighted=pl.lit(None, dtype=pl.Float64),
        has_share=pl.col("share").is_not_null().all(),
    )
    columns = {"item_id": pl.String, "population_id": pl.String, "status": pl.String, "n_respondents": pl.Int64}
    missing = pl.DataFrame(schema=columns) if file.missing is None else file.missing
    specs = populations_of(shares["population_id"].unique(maintain_order=True))
    return Aggregates(shares, cells, missing, (*specs, *file.described))


def populations_of(population_ids: Iterable[str]) -> tuple[PopulationSpec, ...]:
    """Return the populations of ids that readers made."""
    return tuple(spec for name in population_ids if (spec := parse_population_id(name)) is not None)
