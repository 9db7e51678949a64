"""What must hold of the metrics whatever the distributions are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveycli.distribution import divergence
from surveycli.distribution.arrays import Floats
from surveycli.distribution.metric import METRICS

# The metrics that do not know in which order the options stand.
UNORDERED = [metric.name for metric in METRICS.values() if not metric.needs_order]
BOUNDS = {
    "js_divergence_nats": (0.0, math.log(2)),
    "js_distance": (0.0, math.sqrt(math.log(2))),
    "kl_nats": (0.0, math.inf),
    "total_variation": (0.0, 1.0),
    "emd_ordinal": (0.0, 1.0),
    "modal_accuracy": (0.0, 1.0),
    "skill_vs_uniform": (-math.inf, 1.0),
    "paper_one_minus_jsd": (1 - math.sqrt(math.log(2)), 1.0),
    "paper_emd": (0.0, 1.0),
}


@st.composite
def distributions(draw: st.DrawFn, n: int) -> list[Floats]:
    """Draw n distributions over the same 2 to 10 options, zeros among them."""
    k = draw(st.integers(2, 10))
    weights = st.lists(st.integers(0, 1000), min_size=k, max_size=k).filter(any)
    return [np.array(w, dtype=np.float64) / sum(w) for w in (draw(weights) for _ in range(n))]


def value(name: str, human: Floats, model: Floats) -> float:
    return float(METRICS[name].function(human, model, np.array(len(human))))


@given(distributions(2))
def test_bounds(pair: list[Floats]) -> None:
    """Every metric stays within its stated range."""
    for name, (low, high) in BOUNDS.items():
        found = value(name, *pair)
        assert math.isnan(found) or low - 1e-12 <= found <= high + 1e-12, name


@given(distributions(1))
def test_the_truth_is_perfect(one: list[Floats]) -> None:
    """Nothing is 0 away from itself, and nothing scores better than that."""
    for name in ("js_divergence_nats", "js_distance", "kl_nats", "total_variation", "emd_ordinal", "paper_emd"):
        assert value(name, one[0], one[0]) == 0
    assert value("paper_one_minus_jsd", one[0], one[0]) == value("modal_accuracy", one[0], one[0]) == 1


@given(distributions(2))
def test_symmetry(pair: list[Floats]) -> None:
    """Distances do not tell human from model."""
    first, second = pair
    for name in ("js_divergence_nats", "total_variation", "emd_ordinal", "paper_emd"):
        assert value(name, first, second) == pytest.approx(value(name, second, first), abs=1e-14)


@given(distributions(3))
def test_triangle(three: list[Floats]) -> None:
    """Jensen-Shannon distance, total variation and ordinal EMD are metrics: no detour is shorter."""
    a, b, c = three
    for name in ("js_distance", "total_variation", "emd_ordinal"):
        assert value(name, a, c) <= value(name, a, b) + value(name, b, c) + 1e-12


@given(distributions(2), st.randoms(use_true_random=False))
def test_option_order(pair: list[Floats], random: object) -> None:
    """Listing the options otherwise changes no metric but the ordinal one, which stays the same read backwards."""
    order = list(range(len(pair[0])))
    random.shuffle(order)  # type: ignore[attr-defined]
    for name in UNORDERED:
        expected = value(name, *pair)
        assert value(name, *(p[order] for p in pair)) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    backwards = value("emd_ordinal", *(p[::-1] for p in pair))
    assert backwards == pytest.approx(value("emd_ordinal", *pair), abs=1e-12)


@given(distributions(2))
def test_pinsker(pair: list[Floats]) -> None:
    """KL is at least twice the squared total variation, and EMD at most the total variation."""
    assert divergence.kl(*pair) >= 2 * divergence.total_variation(*pair) ** 2 - 1e-12
    assert divergence.emd_ordinal(*pair) <= divergence.total_variation(*pair) + 1e-12
