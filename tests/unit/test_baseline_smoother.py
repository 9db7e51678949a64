"""Descriptors of populations, and the predictors that borrow from similar ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from surveycli.baseline.descriptors import COUNTRY_DESCRIPTORS, Descriptors, describe
from surveycli.baseline.predictors.smoother import (
    nearest_mean,
    predict_kernel_smoother,
    predict_nearest,
    share_cube,
    weighted_mean,
)
from surveycli.distribution.arrays import AnsweredCells, Catalogue, Cells


def population(iso3: str, *, groups: dict[str, str] | None = None, **known: str) -> dict[str, str | None]:
    """Return a population as the store describes it, everything unknown that is not given."""
    empty: dict[str, str | None] = dict.fromkeys(set(COUNTRY_DESCRIPTORS) - {"sdg_region"})
    definition = json.dumps({"country": iso3, **(groups or {})})
    return {**empty, "iso3": iso3, "definition": definition, **known}


def gap(described: Descriptors, name: str, first: int, second: int) -> float:
    both = described.mismatch(np.array([first]), np.array([second]))
    return float(both[0, 0, described.names.index(name)])


def test_ordered_descriptors_have_degrees() -> None:
    """Low and high income are further apart than low and lower middle; religions are equal or not."""
    rows = [
        population("ETH", income_group="Low", majority_religion="Muslim"),
        population("KEN", income_group="Lower middle", majority_religion="Hindu"),
        population("DEU", income_group="High", majority_religion="Christian"),
    ]
    described = describe(rows)
    assert [gap(described, "income_group", 0, other) for other in (0, 1, 2)] == pytest.approx([0, 1 / 3, 1])
    assert [gap(described, "majority_religion", 0, other) for other in (0, 1, 2)] == [0, 1, 1]


def test_what_is_unknown_resembles_nothing() -> None:
    """Two populations without a known cultural zone do not share one."""
    described = describe([population("AAA"), population("BBB")])
    assert gap(described, "cultural_zone", 0, 1) == 1


def test_northern_africa_lies_with_western_asia() -> None:
    """The reporting regions of the United Nations join what continents part."""
    rows = [
        population("EGY", un_region="Africa", un_subregion="Northern Africa"),
        population("IRQ", un_region="Asia", un_subregion="Western Asia"),
        population("KEN", un_region="Africa", un_subregion="Eastern Africa"),
    ]
    described = describe(rows)
    assert [gap(described, "sdg_region", 0, other) for other in (1, 2)] == [0, 1]
    assert [gap(described, "un_region", 0, other) for other in (1, 2)] == [1, 0]


def test_groups_of_subgroups_are_descriptors() -> None:
    """Sex differs or not, age groups lie on a line, and the country itself counts among subgroups."""
    rows = [
        population("KEN", groups={"sex": sex, "age": age})
        for sex, age in (("m", "18-29"), ("m", "30-49"), ("f", "50+"))
    ]
    described = describe(rows)
    assert described.names[-3:] == ("country", "age", "sex")
    assert [gap(described, "age", 0, other) for other in (1, 2)] == pytest.approx([0.5, 1])
    assert [gap(described, "sex", 0, other) for other in (1, 2)] == [0, 1]
    assert "country" not in describe([population("KEN")]).names


# Four training countries in two zones; every item is answered by zone. `new` belongs to the second zone.
ZONES = ["a", "a", "b", "b", "b"]
NAMES = ("p1", "p2", "q1", "q2", "new")
N_ITEMS = 12
CATALOGUE = Catalogue(tuple(("s", f"Q{i:02}") for i in range(N_ITEMS + 1)), NAMES)
DESCRIBED = describe([population(f"X{i}", cultural_zone=zone) for i, zone in enumerate(ZONES)])


def train_cells() -> AnsweredCells:
    generator = np.random.default_rng(5)
    of_zone = generator.dirichlet(np.ones(3) * 0.7, (2, N_ITEMS))
    item, who = np.tile(np.arange(N_ITEMS), 4), np.repeat(np.arange(4), N_ITEMS)
    shares = of_zone[who // 2, item] * generator.uniform(0.97, 1.03, (4 * N_ITEMS, 3))
    shares /= shares.sum(axis=1, keepdims=True)
    return AnsweredCells(CATALOGUE, item, who, np.full(len(item), 3), shares, np.full(len(item), 1000.0))


TRAIN = train_cells()
TARGET = Cells(CATALOGUE, np.arange(N_ITEMS + 1), np.full(N_ITEMS + 1, 4), np.full(N_ITEMS + 1, 3))
OWN_ZONE = (TRAIN.shares[2 * N_ITEMS : 3 * N_ITEMS] + TRAIN.shares[3 * N_ITEMS :]) / 2


@pytest.mark.parametrize("predict", [predict_kernel_smoother, predict_nearest])
def test_new_population_gets_its_own_zone_s_answers(predict: object) -> None:
    """Answers that go by zone are found to, and the new country of a zone is answered from that zone."""
    answer = predict(TRAIN, TARGET, DESCRIBED)  # type: ignore[operator]
    assert answer.shares[:N_ITEMS] == pytest.approx(OWN_ZONE, abs=0.05)
    assert answer.shares.sum(axis=1) == pytest.approx(np.ones(N_ITEMS + 1))
    assert answer.bases[answer.basis[-1]] == "fallback: position marginal"


def test_kernel_weighs_what_matters() -> None:
    """Of all descriptors the zone is the one that gets the largest weight there is."""
    weights = predict_kernel_smoother(TRAIN, TARGET, DESCRIBED).chosen["weights"]
    assert weights["cultural_zone"] == 3.0


def test_weighted_mean_skips_who_was_not_asked() -> None:
    """An item is averaged over those that answered it; without any it is unknown."""
    cube = share_cube(TRAIN)
    mean, known = weighted_mean(cube, np.ones((1, 4)))
    assert known[0].tolist() == [True] * N_ITEMS + [False]
    assert mean[0, 0] == pytest.approx(TRAIN.shares[TRAIN.item == 0].mean(axis=0))


def test_power_mean_of_square_roots() -> None:
    """With power 1/2 shares are averaged as square roots, squared and scaled to sum to 1."""
    mean, _ = weighted_mean(share_cube(TRAIN), np.ones((1, 4)), power=0.5)
    expected = np.sqrt(TRAIN.shares[TRAIN.item == 0]).mean(axis=0) ** 2
    assert mean[0, 0] == pytest.approx(expected / expected.sum())


def test_nearest_share_the_last_place() -> None:
    """Two nearest of distances 1, 2, 2, 3: the first counts whole, the tied two half each."""
    cube = share_cube(TRAIN)
    mean, _ = nearest_mean(cube, np.array([[1.0, 2.0, 2.0, 3.0]]), 2)
    answers = TRAIN.shares[TRAIN.item == 0]
    assert mean[0, 0] == pytest.approx((answers[0] + answers[1] / 2 + answers[2] / 2) / 2)


def test_nearest_leaves_out_the_unreachable() -> None:
    """A population at infinity is never used, also where fewer than k are left."""
    mean, known = nearest_mean(share_cube(TRAIN), np.array([[np.inf, 1.0, np.inf, np.inf]]), 3)
    assert mean[0, 0] == pytest.approx(TRAIN.shares[TRAIN.item == 0][1])
    assert known[0, :N_ITEMS].all()
