"""Effective numbers of cells by the design of their survey, where its file tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.design import (
    LEAST_UNITS,
    effective_numbers,
    linearised_variances,
    replicate_variances,
    weighted_shares,
)
from surveycli.survey.files.batch import Skipped
from surveycli.survey.population.design_columns import REPLICATE, STRATUM, UNIT
from surveycli.survey.readers.readout import RespondentFile

if TYPE_CHECKING:
    import polars as pl

_SCHEMA = ("item_id", "population_id", "by_design", "by_design_unweighted")


@dataclass(frozen=True, slots=True)
class _Country:
    """The respondents of one country: rows of all, their places of answers (N, I), weights, and units or replicates."""

    rows: Ints
    weight: Floats
    unit: Ints
    stratum: Ints
    replicates: Floats


class DesignRecord:
    """Remembers answers with the units that they come from: add batches, then ask for effective numbers."""

    def __init__(self, file: RespondentFile) -> None:
        self.columns = file.design
        self._by_id = file.codebook.by_id()
        self._items = file.roles.items if file.design else ()
        self._batches: list[pl.DataFrame] = []

    def without(self, respondents: pl.DataFrame) -> pl.DataFrame:
        """Return the respondents without the columns that are not stored."""
        return respondents.drop([name for _, name in self.columns.raw])

    def add(self, respondents: pl.DataFrame) -> None:
        """Take in some respondents."""
        import polars as pl

        if not self.columns:
            return
        # An answer is its option's place, or the number of options where there is no answer: a byte each, for memory.
        places = []
        for name in self._items:
            codes = self._by_id[name].codes
            place, kind = dict(zip(codes, range(len(codes)), strict=True)), pl.UInt8 if len(codes) < 255 else pl.UInt16
            found = respondents[name].replace_strict(place, default=len(codes), return_dtype=kind)
            places.append(found.fill_null(len(codes)))
        kept = ["iso3", "weight", *(name for _, name in self.columns.raw)]
        self._batches.append(pl.DataFrame(places).hstack(respondents.select(kept)))

    def effective(self, population_id: pl.Series) -> pl.DataFrame:
        """Return item_id, population_id, by_design and by_design_unweighted of respondents' populations (null: none).

        Only cells whose design says something have a row.
        """
        import polars as pl

        everyone = pl.concat(self._batches)
        names = population_id.drop_nulls().unique(maintain_order=True)
        of = population_id.replace_strict(
            dict(zip(names.to_list(), range(len(names)), strict=True)), default=-1, return_dtype=pl.Int64
        ).to_numpy()
        rows: dict[str, list[object]] = {name: [] for name in _SCHEMA}
        for country in self._countries(everyone):
            populations, here = np.unique(of[country.rows], return_inverse=True)
            inside = populations[here] >= 0
            for item_id in self._items if inside.any() else ():
                place = everyone[item_id].to_numpy()[country.rows].astype(np.int64)
                k = len(self._by_id[item_id].codes)
                counted = inside & (place < k)
                found = self._cells(country, here, place, counted, (len(populations), k))
                known = np.isfinite(found).any(axis=0) & (populations >= 0)
                rows["item_id"] += [item_id] * int(known.sum())
                rows["population_id"] += names.gather(populations[known]).to_list()
                for name, numbers in zip(_SCHEMA[2:], found, strict=True):
                    rows[name] += numbers[known].tolist()
        kinds = dict(zip(_SCHEMA, (pl.String, pl.String, pl.Float64, pl.Float64), strict=True))
        return pl.DataFrame(rows, schema=kinds).with_columns(pl.col(_SCHEMA[2:]).fill_nan(None))

    def notes(self) -> tuple[Skipped, ...]:
        """Return which countries have effective numbers from weights alone, as their design is not known."""
        import polars as pl

        if not self._batches:
            return ()
        everyone = pl.concat(self._batches).select("iso3", "weight", *(name for _, name in self.columns.raw))
        known = {everyone["iso3"][int(country.rows[0])] for country in self._countries(everyone)}
        reason = f"no design for effective numbers: a blank unit or stratum, or fewer than {LEAST_UNITS} units"
        return tuple(Skipped(reason, iso3, 1) for iso3 in sorted(set(everyone["iso3"].unique()) - known))

    def _countries(self, everyone: pl.DataFrame) -> Iterator[_Country]:
        """Yield the countries whose respondents all have a unit and a stratum, or all replicate weights."""
        import polars as pl

        numbered = everyone.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        design = [name for _, name in self.columns.raw]
        for part in numbered.select("row", "iso3", "weight", *design).partition_by("iso3", maintain_order=True):
            if part.select(pl.any_horizontal(pl.col(design).is_null()).any()).item():
                continue
            found = _country(part, design)
            if self.columns.replicates or len(found.stratum) >= LEAST_UNITS:
                yield found

    def _cells(
        self, country: _Country, here: Ints, place: Ints, counted: NDArray[np.bool_], shape: tuple[int, int]
    ) -> Floats:
        """Return the effective numbers of one item's cells, by design with weights and without: (2, D)."""
        cell = here * shape[1] + np.minimum(place, shape[1] - 1)
        n = np.bincount(here[counted], minlength=shape[0]).astype(np.float64)
        if self.columns.replicates:
            found = _by_replicates(country, cell, counted, shape, self.columns.factor)
            return np.asarray(np.minimum(np.stack([found, np.full(shape[0], np.nan)]), n))
        weights = (country.weight, np.ones_like(country.weight))
        return np.asarray(np.minimum(np.stack([_by_units(country, cell, counted, shape, w) for w in weights]), n))


def _country(part: pl.DataFrame, design: list[str]) -> _Country:
    import polars as pl

    empty = np.zeros(0, dtype=np.int64)
    rows, weight = part["row"].to_numpy(), part["weight"].to_numpy()
    if design[0].startswith(REPLICATE):
        return _Country(rows, weight, empty, empty, part.select(design).to_numpy())
    stratum = part[STRATUM] if STRATUM in design else pl.repeat("", part.height, eager=True)
    # Without units every respondent is one; a unit's number may be another one's in another stratum.
    unit = part[UNIT] if UNIT in design else pl.Series(range(part.height)).cast(pl.String)
    both = pl.DataFrame({"stratum": stratum, "unit": unit})
    units = both.unique(maintain_order=True).with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
    number = both.join(units, on=["stratum", "unit"], how="left", maintain_order="left")["number"].to_numpy()
    strata = (units["stratum"].rank("dense") - 1).cast(pl.Int64).to_numpy()
    return _Country(rows, weight, number, strata, np.zeros((part.height, 0)))


def _by_units(
    country: _Country, cell: Ints, counted: NDArray[np.bool_], shape: tuple[int, int], weight: Floats
) -> Floats:
    """Return the effective numbers of cells whose answers come from enough units: (D,), NaN elsewhere."""
    n_populations, k = shape
    n_units = len(country.stratum)
    key = (cell // k * n_units + country.unit) * k + cell % k
    flat = np.bincount(key[counted], weight[counted], n_populations * n_units * k).astype(np.float64)
    totals = flat.reshape(n_populations, n_units, k)
    found = effective_numbers(weighted_shares(totals.sum(axis=1)), linearised_variances(totals, country.stratum))
    return np.asarray(np.where((totals.sum(axis=2) > 0).sum(axis=1) >= LEAST_UNITS, found, np.nan))


def _by_replicates(
    country: _Country, cell: Ints, counted: NDArray[np.bool_], shape: tuple[int, int], factor: float
) -> Floats:
    """Return the effective numbers of cells by their replicates: (D,)."""
    rows = np.flatnonzero(counted)
    chosen = sparse.csr_matrix((np.ones(len(rows)), (cell[rows], rows)), (shape[0] * shape[1], len(cell)))
    share = weighted_shares((chosen @ country.weight).reshape(shape))
    replicates = weighted_shares((chosen @ country.replicates).T.reshape(-1, *shape))
    return effective_numbers(share, replicate_variances(share, replicates, factor))
