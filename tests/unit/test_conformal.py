"""Radii of split conformal prediction, and their coverage where clusters are left out."""

from __future__ import annotations

import numpy as np
import pytest

from surveycli.distribution.conformal import coverage_left_out, radius


def test_a_radius_holds_what_it_promises() -> None:
    """Of errors from one distribution the radius of 300 covers 90% of others, on average over 200 repetitions."""
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(200):
        errors = rng.beta(2, 5, 600)
        covered.append((errors[300:] <= radius(errors[:300], np.arange(300))).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.01)


def test_each_cluster_counts_once() -> None:
    """A large battery with small errors does not hide a small one with large errors."""
    errors = np.array([0.1] * 97 + [0.5] * 3)
    assert radius(errors, np.zeros(100), 0.9) == 0.1
    assert radius(errors, np.array([0] * 97 + [1] * 3), 0.9) == 0.5


def test_few_errors_promise_the_largest() -> None:
    """One error, or a level beyond what few can tell, gives the largest one; none gives nothing."""
    assert radius(np.array([0.3]), np.array([0])) == 0.3
    assert radius(np.array([0.1, 0.2, 0.4]), np.arange(3)) == 0.4
    assert np.isnan(radius(np.zeros(0), np.zeros(0)))


def test_coverage_falls_where_clusters_differ() -> None:
    """Batteries that are alike are covered as promised when left out; one unlike the others is not."""
    rng = np.random.default_rng(2)
    battery = np.repeat(np.arange(10), 100)
    alike = rng.beta(2, 5, 1000)
    assert coverage_left_out(alike, battery, battery) == pytest.approx(0.9, abs=0.03)
    unlike = alike + 0.6 * (battery == 0)
    assert (unlike[battery == 0] > radius(unlike[battery != 0], battery[battery != 0])).all()
    assert coverage_left_out(unlike, battery, battery) < 0.9
    assert np.isnan(coverage_left_out(alike, battery, np.zeros(1000)))
