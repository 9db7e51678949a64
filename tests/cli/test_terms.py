"""The terms of a survey: stated once, shown wherever its figures go, and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import open_store
from surveycli.store.terms import demand_sendable

RunCli = Callable[..., Any]
ELSEWHERE = "https://api.example.org/v1"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of ready distributions of two items in three countries."""
    rows = [("tea", f"q{i}", country, code, 10) for i in (1, 2) for country in ("KEN", "PER", "JPN") for code in (1, 2)]
    path = tmp_path / "tea.csv"
    columns = ["survey", "item", "population", "option_code", "n"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(path)
    return path


def test_terms_are_stated_kept_and_heeded(table: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """What is stated at ingest is in the summary and in the store; nothing of a local-only survey is sent elsewhere."""
    store = ("--store", tmp_path / "s.duckdb")
    stated = ("--licence", "CC BY 4.0", "--citation", "Tea Board 2025", "--accessed", "2026-05-17")
    done = run_cli("ingest", table, *stated, "--ai-policy", "local-only", *store)
    assert done.code == 0, done.err
    assert {"licence CC BY 4.0", "AI policy local-only"} <= {" ".join(line.split()) for line in done.out.splitlines()}
    query = "select licence, citation, ai_policy, accessed_on::varchar as accessed from survey"
    assert json.loads(run_cli("sql", query, "-f", "json", *store).out) == [
        {"licence": "CC BY 4.0", "citation": "Tea Board 2025", "ai_policy": "local-only", "accessed": "2026-05-17"}
    ]
    cells = tmp_path / "cells.csv"
    cells.write_text("part,survey_id,item_id,population_id\ntest,tea,q1,KEN\n", encoding="utf-8")
    assert run_cli("split", "custom", "--name", "u", "--file", cells, *store).code == 0
    server = ("--engine", "openai", "--model", "m", "--base-url")
    translate = ("translate", "--to", "de", "--survey", "tea")
    for call, yes in ((translate, ("--yes",)), (("predict", "--split", "u"), ())):
        refused = run_cli(*call, *server, ELSEWHERE, *store)
        assert refused.code == ExitCode.CONFLICT and "tea are `local-only`" in refused.err, call
        near = run_cli(*call, *server, "http://127.0.0.1:9/v1", "--tries", "1", *yes, *store)
        assert near.code == ExitCode.BAD_INPUT and "local-only" not in near.err, call


def test_what_is_not_known_or_allowed_may_be_sent(table: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """A policy that is not stated is unknown and holds nothing back; with permission stated nothing is held back."""
    path = tmp_path / "s.duckdb"
    for policy, more in (("unknown", ()), ("hosted-allowed", ("--replace", "--ai-policy", "hosted-allowed"))):
        assert run_cli("ingest", table, *more, "--store", path).code == 0
        with open_store(path) as store:
            demand_sendable(store, ["tea"], ELSEWHERE)
            assert store.query("SELECT DISTINCT ai_policy FROM survey").item() == policy
    assert run_cli("ingest", table, "--replace", "--ai-policy", "local-only", "--store", path).code == 0
    with open_store(path) as store:
        demand_sendable(store, ["other"], ELSEWHERE)
        with pytest.raises(SurveyError, match="nothing of it is sent to"):
            demand_sendable(store, ["other", "tea"], ELSEWHERE)


@pytest.mark.parametrize("typed", [("--accessed", "yesterday"), ("--ai-policy", "never")])
def test_terms_that_say_nothing_are_refused(
    table: Path, run_cli: RunCli, tmp_path: Path, typed: tuple[str, ...]
) -> None:
    """A date that is none and a policy that there is not are exit 2."""
    assert run_cli("ingest", table, *typed, "--store", tmp_path / "s.duckdb").code == ExitCode.USAGE
