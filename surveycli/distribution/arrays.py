"""Cells as aligned arrays, so that predictors and scores work on all of them at once.

N cells over I items and P populations, at most K options each; a cell with fewer options has zeros beyond its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the indices of cells stand for: I items, each (survey_id, item_id), and P population ids."""

    items: tuple[tuple[str, str], ...]
    populations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """N cells without their answers: item (N,) in 0..I-1, population (N,) in 0..P-1, n_options (N,)."""

    catalogue: Catalogue
    item: Ints
    population: Ints
    n_options: Ints

    def __len__(self) -> int:
        return len(self.item)

    def cells_at(self, chosen: Ints | Bools) -> Cells:
        """Return the chosen cells, without answers, in that order."""
        return Cells(self.catalogue, self.item[chosen], self.population[chosen], self.n_options[chosen])

    @property
    def width(self) -> int:
        """K, the most options of any cell."""
        return int(self.n_options.max(initial=1))


@dataclass(frozen=True, slots=True)
class AnsweredCells(Cells):
    """N cells with the shares of their answers (N, K), each row summing to 1, and the respondents behind them (N,)."""

    shares: Floats
    n_respondents: Floats

    def take(self, chosen: Ints | Bools) -> Self:
        """Return the chosen cells, in that order."""
        return type(self)(
            self.catalogue,
            self.item[chosen],
            self.population[chosen],
            self.n_options[chosen],
            self.shares[chosen],
            self.n_respondents[chosen],
        )


def catalogue_of(frames: Sequence[pl.DataFrame]) -> Catalogue:
    """Return the items and populations that stand in any of `frames` (survey_id, item_id, population_id), sorted."""
    import polars as pl

    items = pl.concat([frame.select("survey_id", "item_id") for frame in frames]).unique().sort("survey_id", "item_id")
    populations = pl.concat([frame.select("population_id") for frame in frames]).unique().sort("population_id")
    return Catalogue(tuple(items.iter_rows()), tuple(populations["population_id"].to_list()))


def cells_of(frame: pl.DataFrame, catalogue: Catalogue) -> Cells:
    """Return the cells of a frame (survey_id, item_id, population_id, option_code: a list), in its order."""
    item, population = _indices(frame, catalogue)
    return Cells(catalogue, item, population, frame["option_code"].list.len().to_numpy().astype(np.int64))


def answered_cells_of(frame: pl.DataFrame, catalogue: Catalogue, width: int) -> AnsweredCells:
    """Return the cells of a frame that has, beside their keys and options, `shares` (a list) and `n_effective`.

    Shares are scaled to sum to 1 exactly, which published figures, rounded to six decimals, do not.
    """
    cells = cells_of(frame, catalogue)
    shares = pad_lists(frame["shares"], width)
    shares = shares / shares.sum(axis=1, keepdims=True)
    respondents = frame["n_effective"].to_numpy().astype(np.float64)
    return AnsweredCells(catalogue, cells.item, cells.population, cells.n_options, shares, respondents)


def pad_lists(lists: pl.Series, width: int) -> Floats:
    """Return N lists of numbers as (N, width), zeros after each list's end."""
    lengths = lists.list.len().to_numpy().astype(np.int64)
    padded = np.zeros((len(lists), width))
    # The mask runs row by row, as the exploded numbers do, so that each lands in its own row.
    padded[within(lengths, width)] = lists.explode().to_numpy()
    return padded


def within(n_options: Ints, width: int) -> Bools:
    """Return which places of (N, width) are options: True before each cell's `n_options`."""
    return np.asarray(np.arange(width) < n_options[:, None])


def _indices(frame: pl.DataFrame, catalogue: Catalogue) -> tuple[Ints, Ints]:
    import polars as pl

    survey, item = zip(*catalogue.items, strict=True) if catalogue.items else ((), ())
    items = pl.DataFrame(
        {"survey_id": survey, "item_id": item, "item": range(len(item))},
        schema={"survey_id": pl.String, "item_id": pl.String, "item": pl.Int64},
    )
    populations = pl.DataFrame(
        {"population_id": catalogue.populations, "population": range(len(catalogue.populations))},
        schema={"population_id": pl.String, "population": pl.Int64},
    )
    joined = frame.join(items, on=["survey_id", "item_id"], how="left", maintain_order="left").join(
        populations, on="population_id", how="left", maintain_order="left"
    )
    return joined["item"].to_numpy().astype(np.int64), joined["population"].to_numpy().astype(np.int64)
