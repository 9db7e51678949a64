"""The metrics against scipy, to 1e-12."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ConstantInputWarning, entropy, spearmanr, wasserstein_distance

from surveycli.distribution import divergence
from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.metric import score_cells

EXACT = 1e-12
Cells = tuple[Floats, Floats, Ints]


@pytest.fixture(scope="module")
def cells() -> Cells:
    """500 pairs of 2 to 10 options, some of them without people, padded to 10."""
    generator = np.random.default_rng(11)
    human, model, n_options = np.zeros((500, 10)), np.zeros((500, 10)), generator.integers(2, 11, 500)
    for row, k in enumerate(n_options):
        counts = generator.multinomial(30, generator.dirichlet(np.full(k, 0.5)))
        human[row, :k] = counts / counts.sum()
        model[row, :k] = generator.dirichlet(np.full(k, 0.8))
    return human, model, n_options


def each(cells: Cells, function: object) -> list[float]:
    """Apply a function of two vectors without padding to every cell."""
    human, model, n_options = cells
    return [function(h[:k], m[:k]) for h, m, k in zip(human, model, n_options, strict=True)]  # type: ignore[operator]


def test_js_distance(cells: Cells) -> None:
    """It is scipy's jensenshannon, which is the distance, natural log."""
    human, model, _ = cells
    assert divergence.js_distance(human, model) == pytest.approx(each(cells, jensenshannon), abs=EXACT)
    assert divergence.js_divergence(human, model) == pytest.approx(np.square(each(cells, jensenshannon)), abs=EXACT)


def test_kl_and_entropy(cells: Cells) -> None:
    """They are scipy's entropy of two arguments and of one."""
    human, model, _ = cells
    assert divergence.kl(human, model) == pytest.approx(each(cells, entropy), abs=EXACT)
    assert divergence.entropy(human) == pytest.approx(each(cells, lambda h, _: entropy(h)), abs=EXACT)


def test_emd_ordinal(cells: Cells) -> None:
    """It is scipy's wasserstein_distance with positions as values and shares as weights, over k - 1."""

    def expected(human: Floats, model: Floats) -> float:
        positions = np.arange(len(human))
        return float(wasserstein_distance(positions, positions, human, model) / (len(human) - 1))

    assert divergence.emd_ordinal(*cells) == pytest.approx(each(cells, expected), abs=EXACT)


def test_paper_emd(cells: Cells) -> None:
    """It is scipy's wasserstein_distance of the two vectors as samples."""
    assert divergence.paper_emd(*cells) == pytest.approx(each(cells, wasserstein_distance), abs=EXACT)


def test_paper_variants(cells: Cells) -> None:
    """1-JSD is 1 minus scipy's distance; the published KL is scipy's over the number of options."""
    human, model, n_options = cells
    scores = score_cells(human, model, n_options)
    assert scores["paper_one_minus_jsd"] == pytest.approx(1 - np.array(each(cells, jensenshannon)), abs=EXACT)
    per_option = np.array(each(cells, entropy)) / n_options
    assert divergence.paper_kl_per_option(human, model, n_options) == pytest.approx(per_option, abs=EXACT)


def test_brier_and_ranked_probability_score(cells: Cells) -> None:
    """They are the means over 30 respondents of (forecast - outcome)^2, summed, one respondent after the other."""

    def brier(human: Floats, model: Floats) -> float:
        total = 0.0
        for option, share in enumerate(human):
            outcome = [1.0 if other == option else 0.0 for other in range(len(human))]
            total += share * sum((q - o) ** 2 for q, o in zip(model, outcome, strict=True))
        return total

    def ranked(human: Floats, model: Floats) -> float:
        total = 0.0
        for option, share in enumerate(human):
            below = [(sum(model[: j + 1]) - (1.0 if option <= j else 0.0)) ** 2 for j in range(len(human) - 1)]
            total += share * sum(below) / (len(human) - 1)
        return total

    scores = score_cells(*cells)
    assert scores["brier"] == pytest.approx(each(cells, brier), abs=EXACT)
    assert scores["ranked_probability_score"] == pytest.approx(each(cells, ranked), abs=EXACT)


def test_rank_correlation(cells: Cells) -> None:
    """It is scipy's spearmanr, 0 where the prediction ranks nothing."""
    scores = score_cells(*cells)["rank_correlation"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantInputWarning)
        expected = np.array(each(cells, lambda h, m: spearmanr(h, m).statistic))
    assert scores == pytest.approx(expected, abs=EXACT, nan_ok=True)
    flat = np.full((1, 3), 1 / 3)
    assert score_cells(np.array([[0.5, 0.3, 0.2]]), flat, np.array([3]))["rank_correlation"] == [0.0]


def test_parts_of_an_error(cells: Cells) -> None:
    """Location is the difference of numpy's weighted means, shape half the sum over sorted shares, order the rest."""

    def location(human: Floats, model: Floats) -> float:
        places = np.arange(len(human))
        return float(np.average(places, weights=model) - np.average(places, weights=human)) / (len(human) - 1)

    def shape(human: Floats, model: Floats) -> float:
        return sum(abs(a - b) for a, b in zip(sorted(human), sorted(model), strict=True)) / 2

    scores = score_cells(*cells)
    assert scores["error_location"] == pytest.approx(each(cells, location), abs=EXACT)
    assert scores["error_shape"] == pytest.approx(each(cells, shape), abs=EXACT)
    total = each(cells, lambda h, m: sum(abs(h - m)) / 2)
    assert scores["error_order"] == pytest.approx(np.array(total) - each(cells, shape), abs=EXACT)


def test_mode_flipped(cells: Cells) -> None:
    """It is the share of predicted modes across the middle from all of people's, mode after mode."""

    def flipped(human: Floats, model: Floats) -> float:
        middle = (len(human) - 1) / 2
        people = [i for i, p in enumerate(human) if p >= max(human) - 1e-12]
        predicted = [i for i, p in enumerate(model) if p >= max(model) - 1e-12]
        return float(np.mean([all((i - middle) * (j - middle) < 0 for i in people) for j in predicted]))

    assert score_cells(*cells)["mode_flipped"] == pytest.approx(each(cells, flipped), abs=EXACT)


def test_s_is_a_percentage_of_the_distance_of_uniform(cells: Cells) -> None:
    """SimBench's S of a cell is 100 (1 - distance / distance of uniform), and NaN where that is 0."""

    def s(human: Floats, model: Floats) -> float:
        flat = sum(abs(human - 1 / len(human)))
        return 100 * (1 - sum(abs(human - model)) / flat) if flat > 1e-12 else np.nan

    assert score_cells(*cells)["simbench_s"] == pytest.approx(each(cells, s), abs=1e-9, nan_ok=True)
