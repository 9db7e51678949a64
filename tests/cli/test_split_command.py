"""`surveycli split`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from surveycli.errors import ExitCode


def test_a_split_is_made_and_listed(run_cli: Callable, bundled_store_path: Path) -> None:
    """`split paper` prints its parts and, on stderr, what to know; `split` lists it then."""
    made = run_cli("split", "paper", "--format", "json", "--store", bundled_store_path)
    assert made.code == 0
    parts = json.loads(made.out)
    assert parts[0] == {"part": "train", "n_cells": 6841, "n_items": 150, "n_populations": 46}
    assert "Note: C2 and C3 share MAR, NGA" in made.err
    listed = json.loads(run_cli("split", "--format", "json", "--store", bundled_store_path).out)
    assert [{k: row[k] for k in parts[0]} for row in listed] == parts
    assert {row["split"] for row in listed} == {"paper"}


def test_no_split_is_said_so(run_cli: Callable, bundled_store_path: Path) -> None:
    """Where there is no split the list says how to make one; as JSON it is an empty list."""
    assert "surveycli split paper" in run_cli("split", "--store", bundled_store_path).err
    assert json.loads(run_cli("split", "--format", "json", "--store", bundled_store_path).out) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("unseen-questions", "--seed", "7", "--name", "uq7", "--test-fraction", "0.3"),
        ("unseen-countries", "--validation-fraction", "0.2"),
        ("unseen-both",),
        ("k-fold", "--folds", "4", "--fold", "3"),
        ("unseen-regions", "--region", "Africa", "--region", "Oceania"),
        ("paper", "--validation", "populations", "--min-respondents", "0"),
    ],
)
def test_every_recipe_can_be_asked_for(run_cli: Callable, bundled_store_path: Path, arguments: tuple[str, ...]) -> None:
    """Each recipe with its options makes train, validation and a test part, and the store stays sound."""
    result = run_cli("split", *arguments, "--format", "csv", "--store", bundled_store_path)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert [line.split(",")[0] for line in lines[1:3]] == ["train", "validation"]
    assert len(lines) >= 4
    assert run_cli("check", "--store", bundled_store_path).code == 0


def test_a_custom_split_from_a_query(run_cli: Callable, bundled_store_path: Path) -> None:
    """A query's rows become the parts."""
    query = "SELECT if(item_id = 'Q1', 'test', 'train') AS part, survey_id, item_id, population_id FROM cell"
    result = run_cli(
        "split", "custom", "--name", "q1", "--query", query, "--format", "json", "--store", bundled_store_path
    )
    assert {row["part"]: row["n_items"] for row in json.loads(result.out)} == {"train": 184, "test": 1}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_custom_split_from_a_file(run_cli: Callable, bundled_store_path: Path, tmp_path: Path, suffix: str) -> None:
    """A CSV or Parquet file's rows become the parts."""
    cells = pl.DataFrame({"part": ["train", "test"], "item_id": ["Q1", "Q2"], "population_id": ["KEN", "PER"]})
    path = tmp_path / f"cells.{suffix}"
    cells.write_csv(path) if suffix == "csv" else cells.write_parquet(path)
    result = run_cli("split", "custom", "--file", path, "--format", "json", "--store", bundled_store_path)
    assert {row["part"]: row["n_cells"] for row in json.loads(result.out)} == {"train": 1, "test": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("papers",), ExitCode.USAGE, "unseen-questions"),
        (("paper", "--validation", "none"), ExitCode.USAGE, "populations"),
        (("custom",), ExitCode.USAGE, "--query"),
        (("custom", "--query", "SELECT 1 AS part", "--file", "x.csv"), ExitCode.USAGE, "--query"),
        (("custom", "--query", "DELETE FROM cell"), ExitCode.BAD_INPUT, "read-only"),
        (("custom", "--file", "absent.csv"), ExitCode.BAD_INPUT, "absent.csv"),
        (("paper", "--survey", "evs"), ExitCode.NOT_FOUND, "wvs7"),
    ],
)
def test_mistakes_end_in_their_exit_code(
    run_cli: Callable, bundled_store_path: Path, arguments: tuple[str, ...], code: ExitCode, word: str
) -> None:
    """What does not fit ends in its exit code with a message that helps."""
    result = run_cli("split", *arguments, "--store", bundled_store_path)
    assert result.code == code
    assert word in result.err


def test_a_file_that_is_no_table_is_refused(run_cli: Callable, bundled_store_path: Path, tmp_path: Path) -> None:
    """A file named Parquet that is not one ends with exit 3."""
    path = tmp_path / "cells.parquet"
    path.write_text("part\n")
    assert run_cli("split", "custom", "--file", path, "--store", bundled_store_path).code == ExitCode.BAD_INPUT


def test_a_taken_name_is_a_conflict(run_cli: Callable, bundled_store_path: Path) -> None:
    """A second split of one name ends with exit 5 and the hint --replace, which then works."""
    assert run_cli("split", "paper", "--store", bundled_store_path).code == 0
    again = run_cli("split", "paper", "--store", bundled_store_path)
    assert again.code == ExitCode.CONFLICT
    assert "--replace" in again.err
    assert run_cli("split", "paper", "--replace", "--store", bundled_store_path).code == 0


def test_similar_items_of_a_split(run_cli: Callable, bundled_store_path: Path) -> None:
    """Each item outside training has the training item worded most alike; without such a split nothing is found."""
    made = run_cli("split", "paper", "--store", bundled_store_path)
    assert "worded like a training item" in made.err
    rows = json.loads(run_cli("split", "--similar", "paper", "-f", "json", "--store", bundled_store_path).out)
    assert {row["part"] for row in rows} == {"validation", "C2-Q2", "C3-Q2"}
    assert len({row["item_id"] for row in rows}) == 35
    assert [row["similarity"] for row in rows] == sorted((row["similarity"] for row in rows), reverse=True)
    assert run_cli("split", "--similar", "nothing", "--store", bundled_store_path).code == 4
