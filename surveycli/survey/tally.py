"""From respondents to response distributions: counts, weighted shares and effective numbers, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surveycli.survey.aggregates import Aggregates, populations_of
from surveycli.survey.files.batch import Skipped
from surveycli.survey.items.codebook import ItemSpec

if TYPE_CHECKING:
    import polars as pl

# Readers give item codes as 16-bit integers; a table over all of them finds a code's place without a search.
_LOWEST_CODE, _HIGHEST_CODE = -(1 << 15), (1 << 15) - 1


@dataclass(frozen=True, slots=True)
class Counts:
    """What a tally came to, how many cells of distributions were too small, and how many answers were none."""

    aggregates: Aggregates
    small_cells: tuple[Skipped, ...]
    no_answers: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class _Slots:
    """Where the answers to one item are counted: valid codes, then missing codes, then other codes, then blanks."""

    item: ItemSpec
    start: int
    n_valid: int
    width: int
    place: NDArray[np.int64]

    @property
    def valid(self) -> slice:
        """The columns of the valid codes."""
        return slice(self.start, self.start + self.n_valid)

    @property
    def blank(self) -> int:
        """The column of blank cells; the one before it counts other codes."""
        return self.start + self.width - 1


def _make_slots(items: Sequence[ItemSpec], missing: Mapping[int, str]) -> list[_Slots]:
    places: dict[tuple[int, ...], NDArray[np.int64]] = {}
    slots, start = [], 0
    for item in items:
        codes = (*item.codes, *(code for code in missing if code not in item.codes))
        if codes not in places:
            places[codes] = _place_table(codes)
        slots.append(_Slots(item, start, len(item.codes), len(codes) + 2, places[codes]))
        start += len(codes) + 2
    return slots


def _place_table(codes: Sequence[int]) -> NDArray[np.int64]:
    """Return the place of every 16-bit code; codes that are not listed share the place after the last."""
    table = np.full(_HIGHEST_CODE - _LOWEST_CODE + 1, len(codes), dtype=np.int64)
    table[np.array(codes) - _LOWEST_CODE] = np.arange(len(codes))
    table[0] = len(codes) + 1  # _LOWEST_CODE stands for a blank cell
    return table


class Tally:
    """Counts answers by population, item and code. Add batches in any order, then ask for the counts."""

    def __init__(self, items: Sequence[ItemSpec], missing: Mapping[int, str], *, weighted: bool) -> None:
        self._missing = missing
        self._weighted = weighted
        self._slots = _make_slots(items, missing)
        self._rows: dict[str, int] = {}
        width = sum(slots.width for slots in self._slots)
        self._interviewed = np.zeros(0, dtype=np.int64)
        self._n = np.zeros((0, width), dtype=np.int64)
        self._w = np.zeros((0, width))
        self._w2 = np.zeros((0, width))

    def add(self, respondents: pl.DataFrame, population_id: pl.Series, weight: pl.Series) -> None:
        """Count the answers of some respondents, each with a population and a weight, none of them null."""
        import polars as pl

        if not respondents.height:
            return
        # A batch has the respondents of few populations, in a file sorted by country: only their rows are counted.
        # `rows` are the populations of the batch, `row` each respondent's place among them. An answer's key is its
        # place in the item's slots plus as many widths as its population's place: one bincount fills all their rows.
        rows, row = np.unique(self._row_numbers(population_id), return_inverse=True)
        self._interviewed[rows] += np.bincount(row, minlength=rows.size)
        w = weight.to_numpy()
        w2 = w * w
        answers = pl.DataFrame([respondents[slots.item.item_id] for slots in self._slots]).fill_null(_LOWEST_CODE)
        for slots, codes in zip(self._slots, answers.iter_columns(), strict=True):
            key = slots.place[codes.to_numpy().astype(np.int64) - _LOWEST_CODE] + row * slots.width
            span = slice(slots.start, slots.start + slots.width)
            shape, size = (rows.size, slots.width), rows.size * slots.width
            self._n[rows, span] += np.bincount(key, minlength=size).reshape(shape)
            if self._weighted:
                self._w[rows, span] += np.bincount(key, weights=w, minlength=size).reshape(shape)
                self._w2[rows, span] += np.bincount(key, weights=w2, minlength=size).reshape(shape)

    def _row_numbers(self, population_id: pl.Series) -> NDArray[np.int64]:
        """Return each respondent's row in the counts, which grow by the populations not seen before."""
        import polars as pl

        for name in population_id.unique(maintain_order=True).to_list():
            self._rows.setdefault(name, len(self._rows))
        grown = len(self._rows) - self._n.shape[0]
        if grown:
            more = ((0, grown), (0, 0))
            self._n, self._w, self._w2 = np.pad(self._n, more), np.pad(self._w, more), np.pad(self._w2, more)
            self._interviewed = np.pad(self._interviewed, (0, grown))
        return population_id.replace_strict(self._rows, return_dtype=pl.Int64).to_numpy()

    def counts(self, min_cell: int = 1) -> Counts:
        """Return the distributions of cells with at least `min_cell` valid answers, and a count of the others.

        share = weight of those who chose the option / weight of valid answers; NULL where that weight is 0 or the file
        has no weights. n_effective = (sum w)^2 / sum(w^2) over valid answers (Kish 1965).
        """
        least = max(1, min_cell)
        # Item by item: `kept` are the populations whose cell is large enough, each repeated for the item's options.
        shares, cells, missing, accounts = _Rows(), _Rows(), _Rows(), _Rows()
        for number, slots in enumerate(self._slots):
            kept = np.flatnonzero(self._n_valid(slots) >= least)
            shares.append(number, np.repeat(kept, slots.n_valid), **self._shares(slots, kept))
            cells.append(number, kept, **self._cells(slots, kept))
            by_status = self._missing_counts(slots)
            n_missing = sum(by_status.values(), np.zeros(len(self._rows), dtype=np.int64))
            accounts.append(number, np.arange(len(self._rows)), **self._account(slots, n_missing))
            everyone = self._n_valid(slots) + n_missing
            for status, n in by_status.items():
                counted = np.flatnonzero(n)
                share = n[counted] / everyone[counted]
                texts = np.full(counted.size, status)
                missing.append(number, counted, status=texts, n_respondents=n[counted], share=share)
        names = list(self._rows)
        aggregates = Aggregates(
            shares=shares.frame(self._slots, names),
            cells=cells.frame(self._slots, names),
            missing=missing.frame(self._slots, names),
            populations=populations_of(names),
            accounts=accounts.frame(self._slots, names),
        )
        return Counts(aggregates, self._small_cells(least), self._no_answers())

    def _n_valid(self, slots: _Slots) -> NDArray[np.int64]:
        total: NDArray[np.int64] = self._n[:, slots.valid].sum(axis=1)
        return total

    def _shares(self, slots: _Slots, kept: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        n, w = self._n[kept, slots.valid], self._w[kept, slots.valid]
        total_w = w.sum(axis=1, keepdims=True)
        share = np.divide(w, total_w, out=np.full(w.shape, np.nan), where=total_w > 0)
        return {
            "option_code": np.tile(np.array(slots.item.codes, dtype=np.int32), kept.size),
            "n_respondents": n.ravel(),
            "share": share.ravel(),
            "share_unweighted": (n / n.sum(axis=1, keepdims=True)).ravel(),
        }

    def _cells(self, slots: _Slots, kept: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        n = self._n_valid(slots)[kept]
        w, w2 = (weights[kept, slots.valid].sum(axis=1) for weights in (self._w, self._w2))
        effective = (
            np.divide(w * w, w2, out=np.full(w.shape, np.nan), where=w2 > 0) if self._weighted else n.astype(float)
        )
        return {"n_respondents": n, "n_effective": effective, "has_share": w > 0}

    def _account(self, slots: _Slots, n_missing: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        """Return what became of everybody's answer; each of the four counts is a sum of its own."""
        return {
            "n_interviewed": self._interviewed,
            "n_valid": self._n_valid(slots),
            "n_missing": n_missing,
            "n_left_out": self._n[:, slots.blank - 1],
        }

    def _missing_counts(self, slots: _Slots) -> dict[str, NDArray[np.int64]]:
        """Return how many of each population gave each kind of missing answer; a blank cell is `missing_other`."""
        codes = [code for code in self._missing if code not in slots.item.codes]
        by_status = {"missing_other": self._n[:, slots.blank].copy()}
        for place, code in enumerate(codes, slots.start + slots.n_valid):
            by_status.setdefault(self._missing[code], np.zeros(len(self._rows), dtype=np.int64))
            by_status[self._missing[code]] += self._n[:, place]
        return by_status

    def _small_cells(self, least: int) -> tuple[Skipped, ...]:
        totals = ((slots.item.item_id, self._n_valid(slots)) for slots in self._slots)
        counts = ((item_id, int(((total > 0) & (total < least)).sum())) for item_id, total in totals)
        return tuple(Skipped(f"cell with fewer than {least} valid answers", item_id, n) for item_id, n in counts if n)

    def _no_answers(self) -> tuple[Skipped, ...]:
        """Return how many cells of the file were not an answer, valid or missing, that the codebook knows."""
        counts = (
            (reason, slots.item.item_id, int(self._n[:, column].sum()))
            for slots in self._slots
            for reason, column in (
                ("code not in the codebook", slots.blank - 1),
                ("blank cell (counted as missing)", slots.blank),
            )
        )
        return tuple(Skipped(*found) for found in counts if found[2])


class _Rows:
    """Columns of numbers that grow item by item, with the places of their item and population."""

    def __init__(self) -> None:
        self._items: list[NDArray[np.int64]] = []
        self._populations: list[NDArray[np.int64]] = []
        self._columns: dict[str, list[NDArray[np.generic]]] = {}

    def append(self, item: int, populations: NDArray[np.int64], **columns: NDArray[np.generic]) -> None:
        self._items.append(np.full(populations.size, item))
        self._populations.append(populations)
        for name, values in columns.items():
            self._columns.setdefault(name, []).append(values)

    def frame(self, slots: Sequence[_Slots], populations: Sequence[str]) -> pl.DataFrame:
        """Return the rows with ids in the place of numbers; NaN, which numpy has for undefined, becomes null."""
        import polars as pl

        item_ids = pl.Series("item_id", [slot.item.item_id for slot in slots], dtype=pl.String)
        names = pl.Series("population_id", populations, dtype=pl.String)
        ids = [item_ids.gather(np.concatenate(self._items)), names.gather(np.concatenate(self._populations))]
        columns = (pl.Series(name, np.concatenate(parts), nan_to_null=True) for name, parts in self._columns.items())
        return pl.DataFrame([*ids, *columns])
