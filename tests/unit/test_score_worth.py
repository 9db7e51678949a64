"""Noise ceilings, respondents' worth and spreads, on arrays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from surveycli.distribution.arrays import AnsweredCells, Catalogue, Floats
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import METRICS, Better
from surveycli.errors import ExitCode, SurveyError
from surveycli.score.calibration import calibration_bins
from surveycli.score.ceiling import attainable_scores
from surveycli.score.equivalent import GRID, Equivalent, ShrinkageTarget, pilot_losses, respondents_worth
from surveycli.score.spread import mean_gap_between_groups, mean_pairwise_distance, variance_across_populations


def cells(shares: list[list[float]], n: float = 1000, item: list[int] | None = None) -> AnsweredCells:
    """Return cells of as many populations, all of one item unless told."""
    count = len(shares)
    catalogue = Catalogue(tuple(("s", f"Q{i}") for i in range(count)), tuple(f"p{i}" for i in range(count)))
    items = np.array(item if item is not None else [0] * count)
    k = np.full(count, len(shares[0]))
    return AnsweredCells(catalogue, items, np.arange(count), k, np.array(shares), np.full(count, float(n)))


def test_retest_of_total_variation_by_formula() -> None:
    """Two samples of n on yes/no differ by |d| with d nearly normal: the mean is sqrt(4 p q / (pi n)); a model of the
    truth and one sample differ by sqrt(2) less."""
    found = attainable_scores(cells([[0.3, 0.7]] * 500, n=800), "total_variation", n_draws=40)
    retest = math.sqrt(4 * 0.3 * 0.7 / (math.pi * 800))
    assert found["retest"].mean() == pytest.approx(retest, rel=0.02)
    assert found["perfect"].mean() == pytest.approx(retest / math.sqrt(2), rel=0.02)


def test_perfect_and_retest_are_what_simulated_respondents_score() -> None:
    """Two rounds of 60 people, each answering for themselves, agree as `retest` says, by scipy's distance; the truth
    scores against one of them as `perfect` says, and better."""
    generator = np.random.default_rng(3)
    truth = np.array([0.5, 0.3, 0.15, 0.05])
    people = generator.choice(4, size=(2, 4000, 60), p=truth)
    rounds = (people[..., None] == np.arange(4)).mean(axis=2)
    retest = 1 - jensenshannon(rounds[0], rounds[1], axis=1).mean()
    perfect = 1 - jensenshannon(rounds[0], np.broadcast_to(truth, rounds[0].shape), axis=1).mean()
    found = attainable_scores(cells(rounds[0].tolist(), 60), "paper_one_minus_jsd", n_draws=5)
    assert found["retest"].mean() == pytest.approx(retest, abs=0.003)
    assert found["perfect"].mean() == pytest.approx(perfect, abs=0.003)
    assert perfect > retest + 0.02


@pytest.mark.parametrize("metric", ["paper_one_minus_jsd", "brier"])
def test_tiny_cells_have_the_ceiling_of_their_truths(metric: str) -> None:
    """With 12 respondents the shares are far more extreme than the truth; what a perfect model would score is still
    met within 0.02, where the shares taken for the truth are off by more."""
    generator = np.random.default_rng(5)
    truths = generator.dirichlet(np.ones(4), 4000)
    observed = np.array([generator.multinomial(12, truth) for truth in truths]) / 12
    function = METRICS[metric].function
    expected = function(observed, truths, np.full(4000, 4)).mean()
    human = cells(observed.tolist(), 12)
    assert attainable_scores(human, metric, n_draws=10)["perfect"].mean() == pytest.approx(expected, abs=0.02)
    again = np.array([generator.multinomial(12, share) for share in observed]) / 12
    assert abs(function(again, observed, human.n_options).mean() - expected) > 0.03


def test_ceiling_rises_with_respondents() -> None:
    """More respondents agree better with as many others, and with a perfect model."""
    found = [attainable_scores(cells([[0.2, 0.3, 0.5]] * 200, n=n)) for n in (10, 100, 1000)]
    for name in ("retest", "perfect"):
        means = [one[name].mean() for one in found]
        assert means == sorted(means)
        assert means[-1] < 1


def test_ceiling_without_respondents_is_unknown() -> None:
    """Where the number of respondents is not known, there is no ceiling."""
    assert np.isnan(attainable_scores(cells([[0.5, 0.5]], n=math.nan))["perfect"])


def test_worth_on_and_off_the_grid() -> None:
    """A lead that ends on a grid point is worth that n, between two in log n between, outside 0 or infinite."""
    curve = np.arange(len(GRID), dtype=float)
    scores = (-1.0, 0.0, 0.5, 3.0, len(GRID) - 1.0, 99.0)
    worth = [respondents_worth(score - curve) for score in scores]
    assert worth == pytest.approx([0, 1, math.sqrt(2), 5, 1000, math.inf])


def test_worth_of_a_lead_with_a_dip() -> None:
    """A chance dip of the simulated curve does not lower what a score is worth."""
    curve = np.arange(len(GRID), dtype=float)
    curve[4] = 2.5
    assert respondents_worth(6.0 - curve) == pytest.approx(GRID[6])


def noisy(n_people: int, n_worth: int, seed: int = 6) -> tuple[AnsweredCells, Floats]:
    """Return 1,500 cells of `n_people` respondents, and predictions that are as many independent ones as `n_worth`."""
    generator = np.random.default_rng(seed)
    truths = generator.dirichlet(np.ones(5), 1500)
    human = cells((generator.multinomial(n_people, truths) / n_people).tolist(), n_people)
    return human, generator.multinomial(n_worth, truths) / n_worth


@pytest.mark.parametrize("n_people", [150, 1200])
@pytest.mark.parametrize("metric", ["paper_one_minus_jsd", "total_variation", "brier"])
def test_a_hundred_respondents_are_worth_a_hundred(metric: str, n_people: int) -> None:
    """A prediction that is 100 respondents is worth 100, whether people's figures come from 150 or from 1,200."""
    human, predicted = noisy(n_people, 100)
    prior = ShrinkageTarget(uniform(human.n_options, 5), np.full((len(human), len(GRID)), 1e-6))
    function = METRICS[metric].function
    lost = np.abs(
        function(human.shares, predicted, human.n_options) - function(human.shares, human.shares, human.n_options)
    )
    lead = pilot_losses(human, [prior], metric)[0] - lost[:, None]
    assert respondents_worth(lead.mean(axis=0)[:-1]) == pytest.approx(100, rel=0.08)


def test_respondents_of_figures_that_are_not_known_make_it_at_least() -> None:
    """Figures of 150 respondents taken as exact make 100 respondents look like 60: the text says at least."""
    human, predicted = noisy(150, 100)
    exact = replace(human, n_respondents=np.full(len(human), math.nan))
    prior = ShrinkageTarget(uniform(human.n_options, 5), np.full((len(human), len(GRID)), 1e-6))
    function = METRICS["brier"].function
    lost = np.abs(
        function(human.shares, predicted, human.n_options) - function(human.shares, human.shares, human.n_options)
    )
    lead = pilot_losses(exact, [prior], "brier")[0] - lost[:, None]
    assert respondents_worth(lead.mean(axis=0)[:-1]) == pytest.approx(60, rel=0.1)
    assert str(Equivalent(60.0, 50.0, 70.0, at_least=True)) == "at least 60.0 (50.0 to 70.0)"


def test_pilots_approach_people() -> None:
    """With a thousand respondents nearly nothing is left of the distance that one leaves."""
    human = cells([[0.6, 0.3, 0.1]] * 50, n=1e9)
    prior = ShrinkageTarget(uniform(human.n_options, 3), np.ones((50, len(GRID))))
    losses = pilot_losses(human, [prior], "total_variation")[0].mean(axis=0)
    assert losses[-2] < 0.05
    assert losses[0] > 0.2


def test_equivalent_reads_honestly() -> None:
    """Below the grid and above it the text says so, also in the interval, and where the survey tells no more."""
    assert str(Equivalent(0.0, 0.0, 0.0)) == "<1"
    assert str(Equivalent(2.34, 0.0, 5.0)) == "2.3 (<1 to 5.0)"
    assert str(Equivalent(math.inf, 640.2, math.inf)) == ">1000 (640 to >1000)"
    assert str(Equivalent(310.0, 120.0, 900.0, as_good=True)) == "310 (120 to as good as this survey)"
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
    """Ceilings can be asked for any metric that ranks and is finite: retest, perfect and flawless in this order."""
    people = cells([[0.2, 0.3, 0.5]] * 300, n=50)
    for metric in METRICS.values():
        if metric.by_prediction or metric.better is Better.NEITHER:
            with pytest.raises(SurveyError) as error:
                attainable_scores(people, metric.name)
            assert error.value.code is ExitCode.USAGE
            continue
        sign = 1 if metric.better is Better.HIGHER else -1
        found = {name: sign * values.mean() for name, values in attainable_scores(people, metric.name).items()}
        assert found["retest"] <= found["perfect"] + 0.01 <= found["flawless"] + 0.02
