"""Noise ceilings, respondents' worth and spreads, on arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from surveycli.distribution.arrays import AnsweredCells, Catalogue
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import METRICS, Better
from surveycli.errors import ExitCode, SurveyError
from surveycli.score.audit import calibration_bins
from surveycli.score.ceiling import noise_ceiling
from surveycli.score.equivalent import GRID, Equivalent, pilot_curves, respondents_worth
from surveycli.score.spread import mean_gap_between_groups, mean_pairwise_distance, variance_across_populations


def cells(shares: list[list[float]], n: float = 1000, item: list[int] | None = None) -> AnsweredCells:
    """Return cells of as many populations, all of one item unless told."""
    count = len(shares)
    catalogue = Catalogue(tuple(("s", f"Q{i}") for i in range(count)), tuple(f"p{i}" for i in range(count)))
    items = np.array(item if item is not None else [0] * count)
    k = np.full(count, len(shares[0]))
    return AnsweredCells(catalogue, items, np.arange(count), k, np.array(shares), np.full(count, float(n)))


def test_ceiling_of_total_variation_by_formula() -> None:
    """Two samples of n on yes/no differ by |d| with d nearly normal: the mean is sqrt(4 p q / (pi n))."""
    found = noise_ceiling(cells([[0.3, 0.7]] * 500, n=800), "total_variation", n_pairs=40).mean()
    assert found == pytest.approx(math.sqrt(4 * 0.3 * 0.7 / (math.pi * 800)), rel=0.02)


def test_ceiling_is_what_simulated_respondents_score() -> None:
    """Two rounds of 60 people, each answering for themselves, agree as the ceiling says, by scipy's distance."""
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    generator = np.random.default_rng(3)
    people = generator.choice(4, size=(2, 4000, 60), p=shares)
    rounds = (people[..., None] == np.arange(4)).mean(axis=2)
    simulated = 1 - jensenshannon(rounds[0], rounds[1], axis=1).mean()
    many = cells([shares.tolist()] * 200, 60)
    assert noise_ceiling(many, "paper_one_minus_jsd").mean() == pytest.approx(simulated, abs=0.003)


def test_ceiling_rises_with_respondents() -> None:
    """More respondents agree better with as many others."""
    ceilings = [noise_ceiling(cells([[0.2, 0.3, 0.5]] * 200, n=n)).mean() for n in (10, 100, 1000)]
    assert ceilings == sorted(ceilings)
    assert ceilings[-1] < 1


def test_ceiling_without_respondents_is_unknown() -> None:
    """Where nobody knows how many answered, there is no ceiling."""
    assert np.isnan(noise_ceiling(cells([[0.5, 0.5]], n=math.nan)))


def test_worth_on_and_off_the_grid() -> None:
    """A score on a grid point is worth that n, between two in log n between, outside 0 or infinite."""
    curve = np.arange(len(GRID), dtype=float)
    scores = np.array([-1.0, 0.0, 0.5, 3.0, len(GRID) - 1.0, 99.0])
    worth = respondents_worth(scores, np.tile(curve, (6, 1)), higher_is_better=True)
    assert worth == pytest.approx([0, 1, math.sqrt(2), 5, 1000, math.inf])


def test_worth_of_metrics_that_fall() -> None:
    """For a distance, a smaller one is worth more respondents."""
    curve = -np.arange(len(GRID), dtype=float)[None]
    assert respondents_worth(np.array([-3.0]), curve, higher_is_better=False) == pytest.approx([5])


def test_worth_of_a_curve_with_a_dip() -> None:
    """A chance dip of the simulated curve does not lower what a score is worth."""
    curve = np.arange(len(GRID), dtype=float)
    curve[4] = 2.5
    assert respondents_worth(np.array([6.0]), curve[None], higher_is_better=True) == pytest.approx([GRID[6]])


@pytest.mark.parametrize("metric", ["paper_one_minus_jsd", "total_variation", "emd_ordinal"])
def test_a_pilot_is_worth_its_own_respondents(metric: str) -> None:
    """An independent pilot of n respondents comes out as worth about n."""
    generator = np.random.default_rng(6)
    human = cells(generator.dirichlet(np.ones(5), 3000).tolist())
    prior = uniform(human.n_options, 5)
    strengths = (2.0,) * len(GRID)
    curve = pilot_curves(human, prior, strengths, metric, seed=1).mean(axis=0)
    at_20 = GRID.index(20)
    other = pilot_curves(human, prior, strengths, metric, seed=2).mean(axis=0)[at_20]
    worth = respondents_worth(np.array([other]), curve[None], higher_is_better=METRICS[metric].better is Better.HIGHER)
    assert worth == pytest.approx([20], rel=0.1)


def test_pilots_approach_people() -> None:
    """With a thousand respondents nearly nothing is left of the distance that one leaves."""
    human = cells([[0.6, 0.3, 0.1]] * 50)
    curve = pilot_curves(human, uniform(human.n_options, 3), (1.0,) * len(GRID), "total_variation").mean(axis=0)
    assert curve[-1] < 0.05
    assert curve[0] > 0.2


def test_equivalent_reads_honestly() -> None:
    """Below the grid and above it the text says so, also in the interval."""
    assert str(Equivalent(0.0, 0.0, 0.0)) == "<1"
    assert str(Equivalent(2.34, 0.0, 5.0)) == "2.3 (<1 to 5.0)"
    assert str(Equivalent(math.inf, 640.2, math.inf)) == ">1000 (640 to >1000)"
    assert str(Equivalent(7.0)) == "7.0"


def test_predicting_everyone_alike_has_no_variance() -> None:
    """The item mean for every population is the whole of homogenisation: nothing against what people have."""
    human = cells([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]], n=1e12)
    alike = np.full((3, 2), 0.5)
    spread = variance_across_populations(human, alike)
    assert spread is not None
    assert (spread.predicted, spread.ratio) == (0.0, 0.0)
    # Variance (n - 1) of 0.9, 0.5, 0.1 is 0.16, for both options.
    assert spread.human == pytest.approx(0.32)


def test_variance_loses_what_sampling_causes() -> None:
    """Populations that agree and differ by sampling alone have next to no variance left."""
    generator = np.random.default_rng(7)
    counts = generator.multinomial(100, [0.5, 0.3, 0.2], size=4000)
    spread = variance_across_populations(cells((counts / 100).tolist(), n=100), counts / 100)
    assert spread is not None
    assert spread.predicted == pytest.approx(0.0062, rel=0.1)  # (1 - .25 - .09 - .04) / 100
    assert spread.human < 0.1 * spread.predicted


def test_perfect_prediction_has_the_spread_of_people() -> None:
    """Predicting every population right gives ratios of one."""
    shares = np.random.default_rng(8).dirichlet(np.ones(4), 12)
    human = cells(shares.tolist(), n=1e12, item=[0] * 6 + [1] * 6)
    group = np.array([0, 0, 0, 1, 1, 1] * 2)
    spreads = (
        variance_across_populations(human, shares),
        mean_pairwise_distance(human, shares),
        mean_gap_between_groups(human, shares, group),
    )
    assert [spread.ratio for spread in spreads if spread] == pytest.approx([1.0] * 3)
    assert [spread.n_items for spread in spreads if spread] == [2, 2, 2]


def test_exaggerated_groups_have_a_gap_above_one() -> None:
    """Groups that are 0.2 apart and predicted 0.6 apart have a ratio of three."""
    human = cells([[0.6, 0.4], [0.4, 0.6]])
    spread = mean_gap_between_groups(human, np.array([[0.8, 0.2], [0.2, 0.8]]), np.array([0, 1]))
    assert spread is not None
    assert spread.ratio == pytest.approx(3.0)


def test_spreads_need_two_populations() -> None:
    """Items of one population, or of one group, say nothing about differences."""
    human = cells([[0.6, 0.4], [0.4, 0.6]], item=[0, 1])
    predicted = human.shares
    assert variance_across_populations(human, predicted) is None
    assert mean_pairwise_distance(human, predicted) is None
    assert mean_gap_between_groups(cells([[0.6, 0.4], [0.4, 0.6]]), predicted, np.zeros(2, dtype=int)) is None


def test_calibration_bins_by_hand() -> None:
    """Options predicted 0.05 and 0.95 go to the outer bins with what people did; padding is not counted."""
    human = cells([[0.15, 0.85, 0.0]])
    one = AnsweredCells(human.catalogue, human.item, human.population, np.array([2]), human.shares, human.n_respondents)
    bins = list(calibration_bins(one, np.array([[0.05, 0.95, 0.0]])))
    assert [name for name, *_ in bins] == ["0.0-0.1", "0.9-1.0"]
    assert [row[1:] for row in bins] == [pytest.approx((0.05, 0.15, 1)), pytest.approx((0.95, 0.85, 1))]


def test_every_metric_that_ranks_has_a_ceiling() -> None:
    """Ceilings can be asked for any metric that ranks and is finite; none is better than perfect agreement."""
    people = cells([[0.2, 0.3, 0.5]] * 200, n=50)
    for metric in METRICS.values():
        if metric.by_prediction or metric.better is Better.NEITHER:
            with pytest.raises(SurveyError) as error:
                noise_ceiling(people, metric.name)
            assert error.value.code is ExitCode.USAGE
            continue
        gap = noise_ceiling(people, metric.name) - metric.function(people.shares, people.shares, people.n_options)
        assert gap.mean() <= 1e-12 if metric.better is Better.HIGHER else gap.mean() >= -1e-12
