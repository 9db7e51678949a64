"""Invented respondents, for where a file of respondents is needed and none may be passed on.

They answer as their country's published shares have it, moved by effects of sex and age that are drawn at random. What
is measured on them says how a method works, and nothing of real people.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from surveycli.distribution.arrays import Floats, Ints

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store

SHARED, OWN = 0.3, 0.1  # spread of a group's effects in logits: alike in all countries, and those of one country
_AGES, _OLDEST = (18, 30, 50), 80
_N_GROUPS = 2 * len(_AGES)


@dataclass(frozen=True, slots=True)
class Sample:
    """How many countries, how many people in each, and every how many-th item of the survey they are asked."""

    n_countries: int = 40
    n_people: int = 700
    every: int = 6


def invent_respondents(store: Store, path: Path, sample: Sample, seed: int = 1) -> list[str]:
    """Write a row per person to a CSV file: country, sex, age, and a column per item; return the items.

    In logits an item's options move by N(0, 0.3) with sex and age, alike everywhere, and by N(0, 0.1) in each country.
    """
    import polars as pl

    generator = np.random.default_rng(seed)
    shares = store.frame("demo/shares_of_items", every=sample.every)
    countries = shares["population_id"].unique().sort().to_list()[: sample.n_countries]
    shift: dict[str, Floats] = {}
    frames = [
        _people(shares.filter(population_id=country), country, sample.n_people, shift, generator)
        for country in countries
    ]
    people = pl.concat(frames, how="diagonal")
    people.write_csv(path)
    return [name for name in people.columns if name not in ("country", "sex", "age")]


def _people(
    shares: pl.DataFrame, country: str, n: int, shift: dict[str, Floats], generator: np.random.Generator
) -> pl.DataFrame:
    """Return the people of a country; `shift` keeps each item's effects that all countries share."""
    import polars as pl

    sex, age = generator.integers(0, 2, n), generator.integers(_AGES[0], _OLDEST, n)
    group = sex * len(_AGES) + np.digitize(age, _AGES[1:])
    columns: dict[str, object] = {"country": country, "sex": np.array(["male", "female"])[sex], "age": age}
    for row in shares.iter_rows(named=True):
        base = np.log(np.array(row["share"]) + 1e-3)
        shared = shift.setdefault(row["item_id"], generator.normal(0, SHARED, (_N_GROUPS, len(base))))
        logits = base + shared + generator.normal(0, OWN, (_N_GROUPS, len(base)))
        columns[row["item_id"]] = np.array(row["code"])[_answers(logits, group, generator)]
    return pl.DataFrame(columns)


def _answers(logits: Floats, group: Ints, generator: np.random.Generator) -> Ints:
    """Return the place of each person's answer (P,), drawn by the logits (G, K) of the group."""
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = (generator.random(len(group))[:, None] > np.cumsum(chances, axis=1)[group]).sum(axis=1)
    return np.asarray(np.minimum(drawn, logits.shape[1] - 1))
