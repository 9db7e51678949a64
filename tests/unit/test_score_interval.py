"""Intervals: what they take for a sample, and that they hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from surveycli.distribution.arrays import Floats
from surveycli.grouping import Clusters
from surveycli.score.interval import Units, half_widths, mean_interval, variances_of_means

# Standard deviations of the effects of country, battery, item, country x battery and the rest on the scores of the item
# mean over Q1-Q163 of WVS-7.
EFFECTS = (0.024, 0.022, 0.028, 0.045, 0.054)


def grid(n_countries: int, sizes: list[int], n_groups: int = 1) -> Units:
    """Return the units of a full grid: countries of `n_groups` populations, batteries of the sizes given."""
    population, item = np.arange(n_countries * n_groups), np.arange(sum(sizes))
    battery = np.repeat(np.arange(len(sizes)), sizes)
    return Units(
        np.repeat(population, len(item)),
        np.repeat(population // n_groups, len(item)),
        np.tile(item, len(population)),
        np.tile(battery, len(population)),
    )


def draw(generator: np.random.Generator, units: Units, effects: tuple[float, ...] = EFFECTS) -> Floats:
    """Draw scores of mean 0 as the sum of crossed effects; a population differs from its country by half as much."""
    country, battery, item, both, rest = effects
    n_batteries = units.battery.max() + 1
    pairs = generator.normal(0, both, (units.country.max() + 1) * n_batteries)
    return (
        generator.normal(0, country, units.country.max() + 1)[units.country]
        + generator.normal(0, country / 2, units.population.max() + 1)[units.population] * (_subgroups(units))
        + generator.normal(0, battery, n_batteries)[units.battery]
        + generator.normal(0, item, units.item.max() + 1)[units.item]
        + pairs[units.country * n_batteries + units.battery]
        + generator.normal(0, rest, len(units.item))
    )


def _subgroups(units: Units) -> bool:
    return bool(units.population.max() > units.country.max())


def coverage(units: Units, clusters: Clusters, n_truths: int = 400) -> float:
    """Return how often the interval holds the true mean, 0."""
    generator = np.random.default_rng(11)
    found = (mean_interval(draw(generator, units), units, clusters) for _ in range(n_truths))
    return float(np.mean([one.low <= 0 <= one.high for one in found if one.low is not None and one.high is not None]))


@pytest.mark.parametrize(
    ("n_countries", "sizes", "n_groups"),
    [(8, [4] * 8, 1), (11, [8, 5, 3, 2, 2, 1, 1, 1, 1, 1], 1), (8, [4] * 8, 4)],
)
def test_coverage(n_countries: int, sizes: list[int], n_groups: int) -> None:
    """Of 400 synthetic truths the 95% interval of a mean holds 92 to 98 in a hundred, subgroups and batteries too."""
    assert 0.92 <= coverage(grid(n_countries, sizes, n_groups), Clusters.BOTH) <= 0.98


def test_items_or_populations_alone_hold_too_little() -> None:
    """Where batteries and countries matter, taking items and populations for independent holds far less than 95%."""
    units = grid(8, [12] * 4, 6)
    assert coverage(units, Clusters.POPULATION, 150) < 0.8
    assert coverage(units, Clusters.ITEM, 150) < 0.8
    assert coverage(units, Clusters.BOTH, 150) > 0.92


def test_one_way_is_student_s_interval() -> None:
    """For a full grid, countries alone give the t interval of country means, batteries alone that of battery means."""
    units = grid(6, [3] * 9)
    scores = draw(np.random.default_rng(2), units)
    for clusters, of in ((Clusters.COUNTRY, units.country), (Clusters.BATTERY, units.battery)):
        means = np.bincount(of, scores) / np.bincount(of)
        expected = stats.t.interval(0.95, len(means) - 1, means.mean(), stats.sem(means))
        found = mean_interval(scores, units, clusters)
        assert (found.low, found.high) == pytest.approx(expected, rel=0.01)


def test_populations_of_a_country_stand_and_fall_together() -> None:
    """Six subgroups of each of ten countries that differ by country alone tell no more than ten countries."""
    units = grid(10, [1] * 30, 6)
    generator = np.random.default_rng(3)
    scores = generator.normal(0, 0.1, 10)[units.country] + generator.normal(0, 0.001, len(units.item))
    country, population = (mean_interval(scores, units, c) for c in (Clusters.COUNTRY, Clusters.POPULATION))
    widths = [one.high - one.low for one in (country, population)]  # type: ignore[operator]
    assert 2.2 < widths[0] / widths[1] < 3.1


def test_words_say_what_was_taken_for_a_sample() -> None:
    """Numbers of clusters, few ones marked; a single cluster is taken apart, or given."""
    words = {
        (12, (2,) * 9, 1): "12 countries x 9 batteries",
        (3, (2,) * 9, 2): "3 countries (few) x 9 batteries",
        (1, (2,) * 9, 8): "8 populations x 9 batteries",
        (12, (9,), 1): "12 countries x 9 items",
        (12, (1,), 1): "12 countries x 1 battery (given)",
    }
    for (n_countries, sizes, n_groups), text in words.items():
        units = grid(n_countries, list(sizes), n_groups)
        assert mean_interval(draw(np.random.default_rng(1), units), units).clusters == text
    units = grid(12, [2] * 9)
    scores = draw(np.random.default_rng(1), units)
    assert [mean_interval(scores, units, of).clusters for of in Clusters] == [
        "12 countries",
        "9 batteries",
        "18 items",
        "12 populations",
        "12 countries x 9 batteries",
    ]


def test_one_cell_has_no_interval() -> None:
    """Of one cell nothing can be said."""
    found = mean_interval(np.array([0.5]), grid(1, [1]))
    assert (found.low, found.high, found.low_all) == (None, None, None)


def test_undefined_scores_are_left_out() -> None:
    """NaN counts for nothing: the interval is that of the other cells."""
    units = grid(5, [2] * 5)
    scores = draw(np.random.default_rng(4), units)
    scores[7] = np.nan
    defined = np.isfinite(scores)
    assert mean_interval(scores, units) == mean_interval(scores[defined], units.take(defined))


def test_few_clusters_have_a_wider_interval() -> None:
    """Three countries of thirty have an interval over sqrt(10) times as wide: their variance is hardly known."""
    units = grid(30, [1] * 40)
    scores = np.random.default_rng(5).normal(0, 0.1, 30)[units.country]
    three = units.country < 3
    few, many = (
        mean_interval(scores[rows], units.take(rows), Clusters.COUNTRY) for rows in (three, np.ones(len(three), bool))
    )
    spread = scores[three].std() / scores.std()
    assert (few.high - few.low) > 1.5 * np.sqrt(10) * spread * (many.high - many.low)  # type: ignore[operator]


def test_intervals_for_all_rows_hold_together() -> None:
    """Of 15 independent means all lie in their simultaneous intervals in most cases, in the single ones rarely."""
    units = grid(12, [1] * 12)
    generator = np.random.default_rng(6)
    together = alone = 0
    for _ in range(60):
        found = [mean_interval(draw(generator, units), units, n_rows=15) for _ in range(15)]
        together += all(one.low_all <= 0 <= one.high_all for one in found)  # type: ignore[operator]
        alone += all(one.low <= 0 <= one.high for one in found)  # type: ignore[operator]
    assert together / 60 > 0.85
    assert alone / 60 < 0.7


def test_an_interval_is_the_same_whenever_it_is_made() -> None:
    """It depends on the scores alone, not on their order nor on any earlier call."""
    units = grid(6, [2] * 6)
    scores = draw(np.random.default_rng(8), units)
    order = np.random.default_rng(9).permutation(len(scores))
    first, again = mean_interval(scores, units), mean_interval(scores[order], units.take(order))
    assert (first.low, first.high) == pytest.approx((again.low, again.high))


def test_half_width_of_a_known_variance_is_normal() -> None:
    """Where the variance is certain, 95% of a normal lies within 1.96 standard deviations; of none, within 0."""
    found = half_widths(np.vstack([np.full(50, 4.0), np.zeros(50)]), 0.95)
    assert found == pytest.approx([2 * stats.norm.ppf(0.975), 0.0])


def test_columns_share_their_clusters() -> None:
    """A column that is twice another has four times its variance in every draw."""
    units = grid(6, [2] * 6)
    scores = draw(np.random.default_rng(10), units)
    variances, _ = variances_of_means(np.column_stack([scores, 2 * scores]), units, Clusters.BOTH)
    assert variances is not None
    assert variances[1] == pytest.approx(4 * variances[0])
