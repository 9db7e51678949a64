"""Respondents of a file, some at a time, and how many of them cannot be counted: no country, no weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """How many rows, columns or cells of a file were left out, of which subject, and why."""

    reason: str
    subject: str
    n_skipped: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some respondents of a file, one row each: iso3 as text, item codes as integers, blank cells as null."""

    respondents: pl.DataFrame
    skipped: tuple[Skipped, ...] = ()


def usable_weight(weight: pl.Series) -> pl.Series:
    """Return survey weights under the name `weight`, null where one is negative or not finite."""
    usable = weight.is_finite() & (weight >= 0)
    return weight.set(~usable.fill_null(False), None).alias("weight")


def without_unusable(batch: Batch) -> Batch:
    """Return the batch without rows that lack a country or a weight, and with their count."""
    import polars as pl

    frame = batch.respondents
    no_country = int(frame["iso3"].is_null().sum())
    no_weight = int((frame["iso3"].is_not_null() & frame["weight"].is_null()).sum())
    skipped = [
        Skipped("respondent without a country", "rows", no_country),
        Skipped("respondent without a valid weight", "rows", no_weight),
    ]
    kept = (
        frame.filter(pl.col("iso3").is_not_null() & pl.col("weight").is_not_null())
        if no_country or no_weight
        else frame
    )
    return Batch(kept, batch.skipped + tuple(skip for skip in skipped if skip.n_skipped))
