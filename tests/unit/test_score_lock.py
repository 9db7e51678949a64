"""Locks: what they keep, what they show, and what breaks them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.score.lock import find_lock, lock_run, prediction_hash
from surveycli.split import make_split
from surveycli.store import Store, open_store


@pytest.fixture(scope="module")
def _predicted_file(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lock") / "survey.duckdb"
    shutil.copy(_bundled_file, path)
    with open_store(path, write=True) as store:
        make_split(store, "paper")
        predict_baseline(store, "uniform", BaselineOptions("paper", ("C2-Q1",), Shares.UNWEIGHTED))
    return path


@pytest.fixture
def predicted_path(_predicted_file: Path, tmp_path: Path) -> Path:
    """A store with one run of 1,179 cells, the test's own copy."""
    return Path(shutil.copy(_predicted_file, tmp_path / "survey.duckdb"))


def test_the_hash_is_of_the_lines_that_the_schema_says(predicted_path: Path) -> None:
    """Survey, item, population, language, code and probability with tabs between, a line per prediction, in order."""
    with open_store(predicted_path) as store:
        rows = store.query(
            "SELECT * EXCLUDE (run_id, probability_least, probability_most) FROM prediction ORDER BY ALL"
        ).rows()
        text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        assert prediction_hash(store, "uniform-1") == hashlib.sha256(text.encode()).hexdigest()


def test_a_lock_before_the_answers_says_so(predicted_path: Path) -> None:
    """Of a run locked while the store had no answers, scoring later shows that, and that nothing has changed."""
    with open_store(predicted_path, write=True) as store:
        answers = store.query("SELECT * FROM cell")
        store.query("DELETE FROM cell")
        lock = lock_run(store, "uniform-1")
        store.insert("cell", answers)
        assert (lock.n_cells, lock.n_answered, lock.unchanged) == (1179, 0, True)
        assert "before any of its 1179 cells had answers in the store; unchanged since" in str(lock)
        assert find_lock(store, "uniform-1") == lock


def test_a_changed_prediction_is_found(predicted_path: Path) -> None:
    """A probability changed by one in a million breaks the lock, and locking again is refused with exit 5."""
    with open_store(predicted_path, write=True) as store:
        first = lock_run(store, "uniform-1")
        assert lock_run(store, "uniform-1") == first
        change = "UPDATE prediction SET probability = probability + 1e-6 WHERE item_id = 'Q1' AND option_code = 1"
        store.query(f"{change} AND population_id = 'KEN'")
        lock = find_lock(store, "uniform-1")
        assert lock is not None
        assert not lock.unchanged
        assert str(lock).endswith("the predictions have changed since")
        with pytest.raises(SurveyError) as error:
            lock_run(store, "uniform-1")
        assert error.value.code is ExitCode.CONFLICT


def test_what_cannot_be_locked(predicted_path: Path) -> None:
    """A run that is not there, or has predicted nothing, is not found."""
    with open_store(predicted_path, write=True) as store:
        store.query("DELETE FROM prediction_cell")
        for name in ("nobody", "uniform-1"):
            with pytest.raises(SurveyError) as error:
                lock_run(store, name)
            assert error.value.code is ExitCode.NOT_FOUND


def test_score_shows_the_lock(run_cli: Callable, predicted_path: Path) -> None:
    """`lock` prints time and hash, `score` says that the predictions were locked and are the same."""
    outcome = run_cli("lock", "uniform-1", "--store", predicted_path)
    assert outcome.code == 0
    assert "answers to 1179 of its 1179 cells" in outcome.out
    with open_store(predicted_path) as store:
        assert prediction_hash(store, "uniform-1") in outcome.out
    assert "uniform-1: locked " in run_cli("score", "uniform-1", "--store", predicted_path).err


def test_no_lock_is_said_of_a_run_without(store: Store) -> None:
    """A run that was never locked has none."""
    assert find_lock(store, "anything") is None
