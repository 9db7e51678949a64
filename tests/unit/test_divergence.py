"""Each metric on cases small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from surveycli.distribution import divergence
from surveycli.distribution.divergence import uniform
from surveycli.distribution.metric import METRICS, score_cells

SKEWED = np.array([0.7, 0.2, 0.1])
MIRRORED = SKEWED[::-1].copy()


def test_entropy_of_uniform_is_log_k() -> None:
    """Four equally likely options have ln 4 nats; certainty has none."""
    assert divergence.entropy(np.full(4, 0.25)) == pytest.approx(math.log(4))
    assert divergence.entropy(np.array([0.0, 1.0, 0.0])) == 0.0


def test_kl_by_hand() -> None:
    """KL((1/2, 1/2) || (1/4, 3/4)) = ln 2 / 2 + ln(2/3) / 2."""
    expected = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    assert divergence.kl(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == pytest.approx(expected)


def test_kl_points_from_human_to_model() -> None:
    """It is infinite where the model excludes what people answered, finite where people leave out what it allows."""
    certain, even = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert divergence.kl(even, certain) == math.inf
    assert divergence.kl(certain, even) == pytest.approx(math.log(2))


def test_js_of_disjoint_answers() -> None:
    """Distributions without a common option are ln 2 apart, the square root of it in distance."""
    first, second = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.25, 0.75])
    assert divergence.js_divergence(first, second) == pytest.approx(math.log(2))
    assert divergence.js_distance(first, second) == pytest.approx(math.sqrt(math.log(2)))
    assert divergence.paper_one_minus_jsd(first, second) == pytest.approx(1 - math.sqrt(math.log(2)))


def test_js_keeps_digits_of_close_distributions() -> None:
    """A change of e between two even options gives e^2 / 2 nats, up to e^4, far below what cancellation would leave."""
    change = 1e-7
    first, second = np.array([0.5, 0.5]), np.array([0.5 + change, 0.5 - change])
    assert divergence.js_divergence(first, second) == pytest.approx(change**2 / 2, rel=1e-6)


def test_total_variation_counts_people() -> None:
    """Three tenths of the people would have to answer otherwise."""
    assert divergence.total_variation(np.array([0.5, 0.5]), np.array([0.8, 0.2])) == pytest.approx(0.3)


def test_mirror_image_is_far_in_order_and_nothing_in_the_paper_s_emd() -> None:
    """Moving 0.6 of the people over both steps of three options is 0.6; sorted, both vectors are the same."""
    assert divergence.emd_ordinal(SKEWED, MIRRORED) == pytest.approx(0.6)
    assert divergence.paper_emd(SKEWED, MIRRORED) == 0.0


def test_emd_counts_steps() -> None:
    """Answers one step off on a scale of five cost a quarter, answers at the other end the whole."""
    ends = np.eye(5)
    assert divergence.emd_ordinal(ends[0], ends[1]) == pytest.approx(0.25)
    assert divergence.emd_ordinal(ends[0], ends[4]) == pytest.approx(1.0)


def test_paper_emd_by_hand() -> None:
    """Sorted (0, 1) against (0.4, 0.6): the mean difference is 0.4."""
    assert divergence.paper_emd(np.array([1.0, 0.0]), np.array([0.4, 0.6])) == pytest.approx(0.4)


def test_paper_kl_is_divided_by_the_options() -> None:
    """The same divergence counts a fifth on ten options of what it counts on two."""
    yes_no = np.array([1.0] + [0.0] * 9), np.array([0.5, 0.5] + [0.0] * 8)
    halves = [float(divergence.paper_kl_per_option(*yes_no, np.array(k))) for k in (2, 10)]
    assert halves == pytest.approx([math.log(2) / 2, math.log(2) / 10])


@pytest.mark.parametrize(
    ("model", "points"),
    [([0.1, 0.8, 0.1], 1.0), ([0.8, 0.1, 0.1], 0.0), ([0.4, 0.4, 0.2], 0.5), ([1 / 3, 1 / 3, 1 / 3], 1 / 3)],
)
def test_modal_accuracy_shares_the_point_of_a_tie(model: list[float], points: float) -> None:
    """A model with m most probable options, one of them right, gets 1/m."""
    assert divergence.modal_accuracy(np.array([0.2, 0.5, 0.3]), np.array(model)) == pytest.approx(points)


def test_modal_accuracy_of_the_truth_is_one_though_people_tie() -> None:
    """Whoever predicts exactly what people said is right about the most chosen option."""
    tied = np.array([0.4, 0.4, 0.2])
    assert divergence.modal_accuracy(tied, tied) == 1.0


def test_skill_is_one_for_the_truth_and_zero_for_uniform() -> None:
    """Skill counts from the uniform prediction; where people are uniform themselves it is not defined."""
    flat = np.full(3, 1 / 3)
    assert divergence.skill_vs_uniform(SKEWED, SKEWED) == 1.0
    assert divergence.skill_vs_uniform(SKEWED, flat) == pytest.approx(0.0)
    assert divergence.skill_vs_uniform(SKEWED, np.array([0.0, 0.0, 1.0])) < 0
    assert np.isnan(divergence.skill_vs_uniform(flat, SKEWED))


def test_uniform_stays_within_the_options() -> None:
    """Two of four places are options: the others get nothing."""
    assert uniform(np.array([2, 4]), 4).tolist() == [[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]


@pytest.mark.parametrize("name", METRICS)
def test_padding_changes_nothing(name: str) -> None:
    """A cell of three options scores the same among cells of ten."""
    human, model = np.zeros((1, 10)), np.zeros((1, 10))
    human[0, :3], model[0, :3] = SKEWED, [0.3, 0.3, 0.4]
    alone = METRICS[name].function(human[:, :3], model[:, :3], np.array([3]))
    assert METRICS[name].function(human, model, np.array([3])) == pytest.approx(alone, abs=1e-15)


def test_score_cells_holds_every_metric() -> None:
    """The scores of many cells are those of each metric called by itself."""
    generator = np.random.default_rng(3)
    human, model = generator.dirichlet(np.ones(5), 20), generator.dirichlet(np.ones(5), 20)
    scores = score_cells(human, model, np.full(20, 5))
    one_by_one = [float(divergence.emd_ordinal(h, m)) for h, m in zip(human, model, strict=True)]
    assert scores["emd_ordinal"] == pytest.approx(one_by_one)
    assert scores["kl_nats"] == pytest.approx(divergence.kl(human, model))
    assert scores["js_distance"] ** 2 == pytest.approx(scores["js_divergence_nats"])
