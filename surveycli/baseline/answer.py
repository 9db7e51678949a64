"""What a predictor gives back: a distribution per cell, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from surveycli.distribution.arrays import Bools, Floats, Ints

_FALLBACK = "fallback: "


@dataclass(frozen=True, slots=True)
class Answer:
    """Shares (N, K) and, for each cell, the index (N,) in `bases` of what they rest on.

    For the run's record: `chosen` is what the predictor chose by itself, `language` that of the texts that it read and
    `model` the model that it read them with.
    """

    shares: Floats
    basis: Ints
    bases: tuple[str, ...]
    chosen: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""
    model: str | None = None

    def basis_of(self, row: int) -> str:
        """Return what the answer of one cell rests on."""
        return self.bases[int(self.basis[row])]


def answer_all(shares: Floats, basis: str) -> Answer:
    """Return the answer of a predictor with a single basis."""
    return Answer(shares, np.zeros(len(shares), dtype=np.int64), (basis,))


def answer_or(
    shares: Floats, known: Bools, basis: str, fallback: Answer, chosen: Mapping[str, Any] | None = None
) -> Answer:
    """Return `shares` where they are `known` (N,), else what `fallback` says, marked as a fallback."""
    return Answer(
        np.where(known[:, None], shares, fallback.shares),
        np.where(known, 0, fallback.basis + 1),
        (basis, *map(_as_fallback, fallback.bases)),
        chosen or {},
    )


def answer_each(
    shares: Floats,
    bases: Sequence[str | None],
    fallback: Answer | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> Answer:
    """Return shares (N, K) that rest on a basis each; where it is None, what `fallback` says, marked as a fallback."""
    texts, shares = list(bases), shares.copy()
    for row in (row for row, basis in enumerate(bases) if basis is None):
        assert fallback is not None
        texts[row] = _as_fallback(fallback.basis_of(row))
        shares[row] = fallback.shares[row]
    place = {basis: number for number, basis in enumerate(dict.fromkeys(map(str, texts)))}
    return Answer(shares, np.array([place[str(basis)] for basis in texts], dtype=np.int64), tuple(place), chosen or {})


def _as_fallback(basis: str) -> str:
    return _FALLBACK + basis.removeprefix(_FALLBACK)
