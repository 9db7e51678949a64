"""Surveys in several files, as commands and workflows take them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from surveycli.errors import ExitCode

RunCli = Callable[..., Any]
KENYA = "country,Q1,Q2\n" + "KEN,1,2\nKEN,2,1\n" * 5
GHANA = "country,Q1\n" + "GHA,1\nGHA,2\nGHA,9\n" * 4


def test_several_files_have_one_codebook_and_one_survey(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codebook of all files goes back with all files, and the summary accounts for each of them."""
    monkeypatch.chdir(tmp_path)
    Path("tea_kenya.csv").write_text(KENYA)
    Path("tea_ghana.csv").write_text(GHANA)
    files = ("tea_kenya.csv", "tea_ghana.csv")
    assert "surveycli ingest tea_kenya.csv tea_ghana.csv --codebook" in run_cli("codebook", *files).out
    outcome = run_cli("ingest", *files, "--codebook", "codebook.yaml", "--dry-run", "--store", "s.duckdb")
    assert outcome.code == ExitCode.OK
    assert "rows of a file: tea_kenya.csv (10)" in outcome.out and "tea_ghana.csv: Q2\n" in outcome.out
    refused = run_cli("ingest", "tea_kenya.csv", "--join-on", "id", "--store", "s.duckdb")
    assert refused.code == ExitCode.USAGE and "joins several files" in refused.err


def test_a_workflow_takes_an_archive_of_files(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of a survey's files is one step, which is unchanged until its content changes."""
    monkeypatch.chdir(tmp_path)
    for ghana, state in ((GHANA, "1 of 1 steps done"), (GHANA, "0 of 1 steps done, 1 unchanged")):
        with zipfile.ZipFile("tea.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("kenya.csv"), KENYA)
            archive.writestr(zipfile.ZipInfo("ghana.csv"), ghana)
        Path("study.yaml").write_text("store: s.duckdb\ningest:\n  tea.zip: {items: 'Q*'}\n")
        outcome = run_cli("run", "study.yaml")
        assert outcome.code == ExitCode.OK and state in outcome.out + outcome.err
    Path("study.yaml").write_text("store: s.duckdb\ningest:\n  tea.zip/ghana.csv: {items: 'Q*', survey_id: ghana}\n")
    assert run_cli("run", "study.yaml").code == ExitCode.OK
    assert "0 of 1 steps done, 1 unchanged" in run_cli("run", "study.yaml").out
