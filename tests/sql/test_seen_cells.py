"""What a run was trained or chosen on never counts as a test of it, whatever becomes of the split and its names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from test_score_runs import FLAT, HUMAN, add_run, fill

from surveycli.grouping import By
from surveycli.score import score_run
from surveycli.score.cells import scored_cells
from surveycli.score.plain import score_table
from surveycli.score.score_run import SeenCells
from surveycli.store import Store, open_store, record_training
from surveycli.store.invariant import find_violations

LABELS = {"A": ("How much?", ["a lot", "some", "none"]), "B": ("Which one?", ["this", "that"])}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """Two items, worded in English, in two countries; all four cells in the part `test`."""
    with open_store(tmp_path / "small.duckdb", create=True) as store:
        fill(store)
        add_texts(store, "s", {"A": "A", "B": "B"})
        yield store


def add_texts(store: Store, survey_id: str, names: dict[str, str]) -> None:
    for item_id, name in names.items():
        wording, labels = LABELS[item_id]
        key = {"survey_id": survey_id, "item_id": name, "language": "en", "origin": "codebook"}
        store.insert("item_text", pl.DataFrame([{**key, "wording": wording}]))
        rows = [{**key, "option_code": code, "label": label} for code, label in enumerate(labels, 1)]
        store.insert("option_text", pl.DataFrame(rows))


def copy_survey(store: Store, survey_id: str, names: dict[str, str], *, other_answers: bool = False) -> None:
    """Add the survey once more under other names, with the same answers or with those of another year."""
    for table in ("item", "response_option", "response_distribution", "split_cell"):
        rows = store.query(f"SELECT * FROM {table} WHERE survey_id = 's'")
        store.insert(table, rows.with_columns(pl.col("item_id").replace(names), survey_id=pl.lit(survey_id)))
    if other_answers:
        store.query(
            "UPDATE response_distribution SET share = 1 - share, share_unweighted = 1 - share WHERE survey_id = $id",
            id=survey_id,
        )
    add_texts(store, survey_id, names)


def train_on(store: Store, run_id: str, *cells: tuple[str, str], part: str = "train") -> None:
    rows = [(part, "s", item, population, HUMAN[item, population]) for item, population in cells]
    names = ["part", "survey_id", "item_id", "population_id", "shares"]
    record_training(store, run_id, pl.DataFrame(rows, names, orient="row"))


def parts(store: Store, run_id: str) -> dict[str, int]:
    view = store.query("SELECT part, n_cells FROM score_by_part WHERE run_id = $run_id", run_id=run_id).rows()
    table = score_table(scored_cells(store, [run_id])).select("part", "n_cells").rows()
    assert sorted(view) == sorted(table)
    return dict(table)


def test_a_training_cell_in_a_test_part_counts_as_seen(small: Store) -> None:
    """Of a part that holds two training cells only the others count, and the report says how many were left out."""
    add_run(small, "tuned", FLAT, parts=("test",))
    train_on(small, "tuned", ("A", "AAA"), ("A", "BBB"))
    report = score_run(small, "tuned")
    assert report.seen == (SeenCells("t", "test", 2),)
    assert parts(small, "tuned") == {"test": 2, "seen in training": 2}
    assert score_run(small, add_run(small, "other", FLAT, parts=("test",))).seen == ()
    assert parts(small, "other") == {"test": 4}


def test_a_cell_that_a_run_was_chosen_on_counts_as_seen(small: Store) -> None:
    """A validation cell that is in a test part today counts as seen there, and in a validation part as validation."""
    add_run(small, "tuned", FLAT, parts=("test", "validation"))
    train_on(small, "tuned", ("B", "AAA"), ("B", "BBB"), part="validation")
    small.query("UPDATE split_cell SET part = 'validation' WHERE item_id = 'B' AND population_id = 'AAA'")
    score_run(small, "tuned")
    assert parts(small, "tuned") == {"validation": 1, "test": 2, "seen in training": 1}


def test_a_training_cell_in_the_training_part_stays_there(small: Store) -> None:
    """Predicted on what it was trained on, a run has scores in train; a training cell in validation is seen."""
    add_run(small, "tuned", FLAT, parts=("train", "validation", "test"))
    train_on(small, "tuned", ("A", "AAA"), ("A", "BBB"))
    small.query("UPDATE split_cell SET part = 'train' WHERE item_id = 'A' AND population_id = 'AAA'")
    small.query("UPDATE split_cell SET part = 'validation' WHERE item_id = 'A' AND population_id = 'BBB'")
    score_run(small, "tuned")
    assert parts(small, "tuned") == {"train": 1, "test": 2, "seen in training": 1}


@pytest.mark.parametrize("names", [{"A": "A", "B": "B"}, {"A": "Q1", "B": "Q2"}])
def test_a_training_cell_under_another_name_counts_as_seen(small: Store, names: dict[str, str]) -> None:
    """The same answers of the same population to the same wording are seen under another survey_id and item_id."""
    copy_survey(small, "again", names)
    renamed = [(names[item], population, language, shares) for item, population, language, shares in FLAT]
    add_run(small, "tuned", renamed, parts=("test",), survey="again")
    train_on(small, "tuned", ("A", "AAA"))
    assert score_run(small, "tuned").seen == (SeenCells("t", "test", 1),)
    assert parts(small, "tuned") == {"test": 3, "seen in training": 1}


def test_another_wave_of_a_question_is_a_test(small: Store) -> None:
    """The same question with other answers is not a cell that was seen; its item and population are."""
    copy_survey(small, "later", {"A": "A", "B": "B"}, other_answers=True)
    add_run(small, "tuned", FLAT, parts=("test",), survey="later")
    train_on(small, "tuned", ("A", "AAA"))
    score_run(small, "tuned")
    assert parts(small, "tuned") == {"test": 4}
    cells = scored_cells(small, ["tuned"])
    seen = {(row["item_id"], row["population_id"]): row["seen"] for row in cells.to_dicts()}
    assert seen["A", "AAA"] == "item and population"
    assert (seen["A", "BBB"], seen["B", "AAA"], seen["B", "BBB"]) == ("item", "population", "neither")


def test_parts_of_two_splits_stand_apart(small: Store) -> None:
    """A run that was asked for `test` of two splits has a row for each, with the split beside it."""
    small.query("INSERT INTO split SELECT 'u', recipe, seed, parameters, created_at FROM split")
    small.query("INSERT INTO split_cell SELECT 'u', 'test', 's', 'A', 'AAA'")
    add_run(small, "tuned", FLAT, parts=("test",))
    small.query(
        "INSERT INTO prediction_part SELECT run_id, 'u', 'test', status, reason, started_at, NULL FROM prediction_part"
    )
    score_run(small, "tuned")
    table = score_table(scored_cells(small, ["tuned"]), By.PART)
    assert table.select("part", "split", "n_cells").rows() == [("test", "t", 4), ("test", "u", 1)]


def test_check_finds_a_training_cell_that_counts_as_test(small: Store) -> None:
    """The invariant holds for the store's own view, and fails for one that goes by the split alone."""
    add_run(small, "tuned", FLAT, parts=("test",))
    train_on(small, "tuned", ("A", "AAA"))
    score_run(small, "tuned")
    assert list(find_violations(small, "seen_")) == []
    small.query(
        "CREATE OR REPLACE VIEW scored_cell AS SELECT s.*, r.split, c.part FROM score AS s "
        "JOIN run AS r USING (run_id) JOIN split_cell AS c USING (split, survey_id, item_id, population_id)"
    )
    [violation] = find_violations(small, "seen_")
    assert violation.rows.select("item_id", "population_id").rows() == [("A", "AAA")]


def test_what_cannot_be_told_is_said(small: Store) -> None:
    """A fine-tuning whose cells are not known has `not known` for what it has seen, and its report says so."""
    add_run(small, "tuned", FLAT, parts=("test",))
    small.query("UPDATE run SET kind = 'finetune'")
    assert score_run(small, "tuned").is_training_unknown
    assert set(scored_cells(small, ["tuned"])["seen"]) == {"not known"}
    assert [violation.name for violation in find_violations(small, "training_")] == ["training_unknown"]
