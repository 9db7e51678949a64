"""A store with two scored baselines on the bundled survey, made once for the tests that show or export results."""

from __future__ import annotations

from pathlib import Path

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.score import score_run
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import open_store
from surveycli.survey import ingest_bundled

RUNS = ("item-mean-1", "uniform-1")


def make_scored_store(path: Path) -> Path:
    """Write the store with the split `paper`, and item mean and uniform predictions of countries not trained on."""
    with open_store(path, create=True) as store:
        ingest_bundled(store)
        make_split(store, Recipe.PAPER, SplitOptions(name="paper"))
        for name in ("item-mean", "uniform"):
            options = BaselineOptions(split="paper", parts=("C2-Q1", "C2-Q2"), shares=Shares.UNWEIGHTED)
            score_run(store, predict_baseline(store, name, options))
    return path
