"""What `correct` promises, measured on cells whose answers are known: as benchmarks/answers.md has it."""

from __future__ import annotations

import pytest

from benchmarks.answers import PREDICTED, simulate_corrections
from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.split import make_split
from surveycli.store import Store


@pytest.mark.slow
@pytest.mark.parametrize("predictor", ["answers-gp", "item-mean", "uniform"])
def test_intervals_cover_and_correction_never_hurts(bundled_store: Store, predictor: str) -> None:
    """With 1 to 200 answers per cell 95% intervals hold 93 to 98%, by a good prediction and by one that knows nothing.

    They are widest, above 97%, with one or two answers and the item mean.
    What comes of prediction and sample together is as near to the truth as the sample alone, or nearer.
    """
    make_split(bundled_store, "new-items")
    run = predict_baseline(
        bundled_store, predictor, BaselineOptions("new-items", shares=Shares.UNWEIGHTED, name=predictor)
    )
    frame = bundled_store.query(PREDICTED.format(run=run))
    for n in (1, 2, 5, 10, 20, 50, 100, 200):
        found = simulate_corrections(frame, predictor, n, n_repeats=4)
        assert 0.93 <= float(str(found["coverage"])) <= 0.98, (predictor, n, found)
        assert float(str(found["corrected"])) >= float(str(found["sample"])) - 0.001, (predictor, n, found)
