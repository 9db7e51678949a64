"""The registry of metrics: what each row claims of its metric, and that a new row is all that a new metric takes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from surveycli.distribution import metric as registry
from surveycli.distribution.arrays import Floats
from surveycli.distribution.divergence import total_variation
from surveycli.distribution.metric import METRICS, Better, Metric, score_cells
from surveycli.store import open_store

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def some_cells(seed: int = 4) -> tuple[Floats, Floats, Floats]:
    """Return people, predictions and numbers of options of 400 cells, some options chosen by no one."""
    generator = np.random.default_rng(seed)
    n_options = generator.integers(2, 11, 400)
    human, model = np.zeros((400, 10)), np.zeros((400, 10))
    for row, k in enumerate(n_options):
        human[row, :k] = generator.multinomial(20, generator.dirichlet(np.full(k, 0.6))) / 20
        model[row, :k] = generator.dirichlet(np.full(k, 0.6))
    return human, model, n_options


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_values_lie_in_the_range_that_the_row_says(metric: Metric) -> None:
    """Random cells score within the bounds, and the truth has the best end of a metric that ranks and is unproper."""
    human, model, n_options = some_cells()
    values = metric.function(human, model, n_options)
    values = values[np.isfinite(values)]
    assert len(values) > 300
    assert (values >= metric.low - 1e-12).all()
    assert (values <= metric.high + 1e-12).all()
    truth = metric.function(human, human, n_options)
    if metric.better is Better.HIGHER:
        assert truth[np.isfinite(truth)] == pytest.approx(metric.high)
    elif metric.better is Better.LOWER and not metric.proper:
        assert truth[np.isfinite(truth)] == pytest.approx(metric.low)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_undefined_cells_are_those_that_the_row_names(metric: Metric) -> None:
    """A metric that says "" is always defined; one that blames the options' order is NaN exactly for nominal items."""
    human, model, n_options = some_cells()
    scores = score_cells(human, model, n_options, ordered=np.arange(400) % 2 == 0)[metric.name]
    flat = np.abs(human - registry.uniform(n_options, 10)).sum(axis=1) < 1e-9
    if metric.needs_order:
        assert (np.isnan(scores) == (np.arange(400) % 2 == 1)).all()
    elif not metric.undefined:
        assert np.isfinite(scores).all()
    elif not metric.by_prediction:
        assert (np.isnan(scores) == flat).all()


def expected_score(metric: Metric, truth: Floats, model: Floats, n: int = 2) -> float:
    """Return the mean score of a prediction against all samples of n respondents from the truth."""
    total = 0.0
    for answers in product(range(len(truth)), repeat=n):
        sample = np.bincount(answers, minlength=len(truth)) / n
        value = float(metric.function(sample, model, np.array(len(truth))))
        total += np.prod(truth[list(answers)]) * (0.0 if np.isnan(value) else value)
    return float(total)


@pytest.mark.parametrize(
    "metric", [m for m in METRICS.values() if m.better is not Better.NEITHER and not m.ratio], ids=lambda m: m.name
)
def test_proper_is_what_the_truth_wins(metric: Metric) -> None:
    """Against samples of two the truth beats 300 others where the metric is proper; else one is as good or better."""
    generator = np.random.default_rng(7)
    sign = 1 if metric.better is Better.LOWER else -1
    beaten = 0
    for truth in (np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.5, 0.4])):
        best = sign * expected_score(metric, truth, truth)
        others = [sign * expected_score(metric, truth, generator.dirichlet(np.ones(3))) for _ in range(150)]
        beaten += sum(other <= best + 1e-12 for other in others)
    assert (beaten == 0) == metric.proper


def test_parts_of_an_error_add_up() -> None:
    """Order and shape add up to total variation; location is never more than the earth mover's distance."""
    scores = score_cells(*some_cells())
    assert scores["error_order"] + scores["error_shape"] == pytest.approx(scores["total_variation"])
    assert (np.abs(scores["error_location"]) <= scores["emd_ordinal"] + 1e-12).all()


def test_parts_of_an_error_by_hand() -> None:
    """Two options exchanged are all order; a flatter prediction with the same order is all shape."""
    human, k = np.array([[0.6, 0.3, 0.1]]), np.array([3])
    swapped, flatter = np.array([[0.3, 0.6, 0.1]]), np.array([[0.5, 0.3, 0.2]])
    found = [{name: float(v[0]) for name, v in score_cells(human, m, k).items()} for m in (swapped, flatter)]
    assert (found[0]["error_order"], found[0]["error_shape"]) == pytest.approx((0.3, 0.0))
    assert (found[1]["error_order"], found[1]["error_shape"]) == pytest.approx((0.0, 0.1))
    assert [row["error_location"] for row in found] == pytest.approx([0.15, 0.1])


def test_a_flip_needs_both_sides() -> None:
    """The mode moving from one end past the middle is a flip; to the middle, or along one side, is not."""
    modes = {"end": [0.1, 0.1, 0.1, 0.2, 0.5], "side": [0.1, 0.1, 0.1, 0.5, 0.2], "middle": [0.1, 0.1, 0.5, 0.1, 0.2]}
    other = np.array([0.2, 0.5, 0.1, 0.1, 0.1])
    flips = [float(registry.mode_flipped(np.array(people), other, np.array(5))) for people in modes.values()]
    assert flips == [1.0, 1.0, 0.0]
    assert float(registry.mode_flipped(np.array(modes["end"]), np.array(modes["side"]), np.array(5))) == 0.0
    tied, end = np.array([0.4, 0.1, 0.0, 0.1, 0.4]), np.array(modes["end"])
    assert float(registry.mode_flipped(end, tied, np.array(5))) == 0.5
    assert float(registry.mode_flipped(tied, end, np.array(5))) == 0.0


def test_readme_names_every_metric_by_its_row() -> None:
    """The page's table of metrics has each metric with the formula of its row."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    for metric in METRICS.values():
        formula = metric.formula.replace("||", "\\|\\|")
        assert f"| `{metric.name}` | {formula} |" in rows


def test_a_new_metric_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: Callable) -> None:
    """A row more gives an older store the column with its comment, the mean by part, help and lists of errors."""
    with open_store(tmp_path / "s.duckdb", create=True):
        pass
    new = Metric("twice_variation", "twice the half", 0.0, 2.0, Better.LOWER, lambda h, m, _: 2 * total_variation(h, m))
    monkeypatch.setitem(METRICS, new.name, new)
    with open_store(tmp_path / "s.duckdb", write=True) as store:
        comment = "SELECT comment FROM duckdb_columns() WHERE table_name = 'score' AND column_name = 'twice_variation'"
        assert store.query(comment).rows() == [("twice the half (0 to 2; lower is better).",)]
        assert store.query("SELECT formula FROM metric WHERE metric = 'twice_variation'").rows()
        assert "twice_variation" in store.query("SELECT * FROM score_by_part").columns
    assert "twice_variation" in run_cli("score", "--help").out
    assert "twice_variation" in run_cli("score", "-m", "beauty", "--store", tmp_path / "s.duckdb").err


def test_what_a_metric_adds_is_computed_for_scores() -> None:
    """Scoring computes whatever metrics there are, in chunks that change nothing."""
    human, model, n_options = some_cells()
    whole = score_cells(human, model, n_options)
    registry._CHUNK, before = 7, registry._CHUNK
    try:
        chunked = score_cells(human, model, n_options)
    finally:
        registry._CHUNK = before
    assert whole.keys() == METRICS.keys() == chunked.keys()
    for name, values in whole.items():
        assert chunked[name] == pytest.approx(values, nan_ok=True, abs=1e-15)
