"""How far other populations' answers carry on the bundled survey: figures that a change must not lose."""

from __future__ import annotations

import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.score import score_run
from surveycli.split import SplitOptions, make_split
from surveycli.store import Store

# Item mean of the donors, and what kriging over the same answers reached elsewhere.
ITEM_MEAN = {"C2-Q2": 0.769, "C3-Q2": 0.829}
BAR = {"C2-Q2": 0.864, "C3-Q2": 0.891}
KNOWN_Q1 = """
SELECT CASE WHEN part IN ('C2-Q2', 'C3-Q2') THEN part ELSE 'train' END AS part, survey_id, item_id, population_id
FROM split_cell WHERE split = 'paper'
"""


def test_items_asked_elsewhere(bundled_store: Store) -> None:
    """With Q1 known everywhere and Q2 in C1, other countries' answers give Q2 in C2 and C3 this well at least."""
    make_split(bundled_store, "paper")
    cells = bundled_store.query(KNOWN_Q1).unique()
    make_split(bundled_store, "custom", SplitOptions(name="known-q1", cells=cells))
    for predictor, bars in (("item-mean", ITEM_MEAN), ("answers-gp", BAR)):
        run = predict_baseline(bundled_store, predictor, BaselineOptions("known-q1", shares=Shares.UNWEIGHTED))
        score_run(bundled_store, run)
        query = f"SELECT part, paper_one_minus_jsd FROM score_by_part WHERE run_id = '{run}'"
        scores = dict(bundled_store.query(query).rows())
        for part, bar in bars.items():
            assert scores[part] == pytest.approx(bar, abs=5e-4) or (predictor == "answers-gp" and scores[part] > bar)
