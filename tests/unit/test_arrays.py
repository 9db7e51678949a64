"""Frames of cells as aligned arrays."""

from __future__ import annotations

import polars as pl
import pytest

from surveycli.distribution.arrays import answered_cells_of, catalogue_of, cells_of, pad_lists, within

FRAME = pl.DataFrame(
    {
        "survey_id": ["s", "s", "s"],
        "item_id": ["Q2", "Q1", "Q2"],
        "population_id": ["KEN", "KEN", "EGY"],
        "option_code": [[1, 2, 3], [1, 2], [1, 2, 3]],
        "shares": [[0.2, 0.3, 0.5], [0.249999, 0.75], [0.0, 0.0, 1.0]],
        "n_effective": [10.0, None, 7.5],
    }
)


def test_indices_follow_the_catalogue() -> None:
    """Items and populations are numbered in sorted order; cells keep the frame's order."""
    catalogue = catalogue_of([FRAME])
    assert catalogue.items == (("s", "Q1"), ("s", "Q2"))
    assert catalogue.populations == ("EGY", "KEN")
    cells = cells_of(FRAME, catalogue)
    assert (cells.item.tolist(), cells.population.tolist(), cells.n_options.tolist()) == (
        [1, 0, 1],
        [1, 1, 0],
        [3, 2, 3],
    )


def test_catalogue_covers_all_frames() -> None:
    """What stands in any of the frames has a number."""
    other = FRAME.with_columns(population_id=pl.lit("ZWE"))
    assert catalogue_of([FRAME, other]).populations == ("EGY", "KEN", "ZWE")


def test_shares_are_padded_and_sum_to_one() -> None:
    """Shares rounded when they were published are scaled; what is not known of the respondents is NaN."""
    cells = answered_cells_of(FRAME, catalogue_of([FRAME]), 4)
    assert cells.shares.shape == (3, 4)
    assert cells.shares.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-15)
    assert cells.shares[1].tolist() == pytest.approx([0.249999 / 0.999999, 0.75 / 0.999999, 0, 0])
    assert cells.n_respondents.tolist() == pytest.approx([10, float("nan"), 7.5], nan_ok=True)


def test_take_keeps_rows_aligned() -> None:
    """Every array follows the chosen rows."""
    cells = answered_cells_of(FRAME, catalogue_of([FRAME]), 3)
    last = cells.take(cells.population == 0)
    assert (len(last), last.item.tolist(), last.shares.tolist()) == (1, [1], [[0, 0, 1]])


def test_padding_and_its_mask_agree() -> None:
    """Lists of different lengths fill their rows from the left."""
    lists = pl.Series([[1.0], [2.0, 3.0]])
    padded = pad_lists(lists, 3)
    assert padded.tolist() == [[1, 0, 0], [2, 3, 0]]
    assert padded[within(lists.list.len().to_numpy(), 3)].tolist() == [1, 2, 3]
