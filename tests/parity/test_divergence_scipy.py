"""The metrics against scipy, to 1e-12."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from surveycli.distribution import divergence
from surveycli.distribution.arrays import Floats, Ints
from surveycli.distribution.divergence import score_cells

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
    assert scores.paper_one_minus_jsd == pytest.approx(1 - np.array(each(cells, jensenshannon)), abs=EXACT)
    per_option = np.array(each(cells, entropy)) / n_options
    assert divergence.paper_kl_per_option(human, model, n_options) == pytest.approx(per_option, abs=EXACT)
