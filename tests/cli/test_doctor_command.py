"""`surveycli doctor`: what it finds, and that its repairs are named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import open_store

RunCli = Callable[..., Any]


def examined(run_cli: RunCli, store: Path) -> tuple[int, list[dict[str, str]]]:
    result = run_cli("doctor", "--format", "json", "--store", store)
    return result.code, json.loads(result.out)


def about(findings: list[dict[str, str]], subject: str) -> dict[str, str]:
    (found,) = (finding for finding in findings if finding["subject"] == subject)
    return found


def test_a_sound_store_has_no_fault(run_cli: RunCli, bundled_store_path: Path) -> None:
    """On the bundled survey there is no fault, every state is one of three, and the versions are told."""
    code, findings = examined(run_cli, bundled_store_path)
    assert code == 0
    assert {finding["state"] for finding in findings} <= {"ok", "note"}
    assert "Python" in about(findings, "surveycli")["says"]
    assert "all" in about(findings, "invariants")["says"]
    assert "cores" in about(findings, "device")["says"]


def test_without_a_store_the_installation_is_examined(run_cli: RunCli, tmp_path: Path) -> None:
    """A store that is not there is a note with the command that makes one, and exit 0."""
    code, findings = examined(run_cli, tmp_path / "none.duckdb")
    assert code == 0
    assert "surveycli ingest" in about(findings, "store")["repair"]


def opens_and_breaks(path: Path) -> bool:
    """Return whether a store opens though one of its blocks cannot be read."""
    try:
        with open_store(path) as store:
            try:
                store.read_every_block()
            except SurveyError:
                return True
    except SurveyError:
        pass
    return False


def test_a_damaged_block_is_found_though_the_store_opens(run_cli: RunCli, bundled_store_path: Path) -> None:
    """A byte that has changed in the middle of the rows is a fault (exit 3) with its repair."""
    whole = bundled_store_path.read_bytes()
    for place in range(13_000, len(whole), 262_144):  # a place in each block, until one holds rows
        content = bytearray(whole)
        content[place] ^= 0xFF
        bundled_store_path.write_bytes(content)
        if opens_and_breaks(bundled_store_path):
            break
    code, findings = examined(run_cli, bundled_store_path)
    assert code == ExitCode.BAD_INPUT
    faults = [finding for finding in findings if finding["state"] == "fault"]
    assert len(faults) == 1
    assert "is damaged" in faults[0]["says"]
    assert "copy" in faults[0]["repair"]


def test_runs_and_folders_are_held_against_each_other(run_cli: RunCli, bundled_store_path: Path) -> None:
    """A run without its folder, a folder without its run and a run that stopped are told, each with what to do."""
    assert run_cli("split", "unseen-questions", "--store", bundled_store_path).code == 0
    for name in ("lost", "stopped"):
        done = run_cli(
            "finetune", "--split", "unseen-questions", "--name", name, "--prepare-only", "--store", bundled_store_path
        )
        assert done.code == 0, done.err
    runs = bundled_store_path.with_suffix(".runs")
    shutil.rmtree(runs / "lost")
    (runs / "stray").mkdir()
    result = run_cli("doctor", "--store", bundled_store_path)
    assert result.code == ExitCode.BAD_INPUT
    assert "fault  run lost: its folder" in result.out
    assert f"repair: put it back there or to {runs / 'lost'}" in result.out
    assert "repair: surveycli finetune --resume stopped" in result.out
    assert f"rm -r {runs / 'stray'}" in result.out
    assert "1 fault found" in result.err


def test_what_breaks_an_invariant_is_a_fault(run_cli: RunCli, bundled_store_path: Path) -> None:
    """An invariant that does not hold is named with what it demands."""
    with open_store(bundled_store_path, write=True) as store:
        store.insert(
            "split_cell",
            pl.DataFrame(
                {name: ["x"] for name in ("split", "part", "survey_id", "item_id")} | {"population_id": ["KEN"]}
            ),
        )
    code, findings = examined(run_cli, bundled_store_path)
    assert code == ExitCode.BAD_INPUT
    assert any("split_unnamed does not hold" in finding["says"] for finding in findings)


def test_a_killed_processs_file_is_found(run_cli: RunCli, bundled_store_path: Path) -> None:
    """A file that was made aside by a process that has ended is reported; one of a running process is not."""
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left = bundled_store_path.with_name(f".{bundled_store_path.name}.{gone.pid}.part")
    for file in (left, bundled_store_path.with_name(f".{bundled_store_path.name}.1.part")):
        file.touch()
    code, findings = examined(run_cli, bundled_store_path)
    assert code == 0
    assert about(findings, "file")["repair"] == f"rm {left}"


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_no_model_library_is_loaded(bundled_store_path: Path, library: str) -> None:
    """Devices and versions are told without loading what takes seconds."""
    code = (
        "import sys; from surveycli.cli.main import app\n"
        f"app(['doctor', '--store', {str(bundled_store_path)!r}], standalone_mode=False)\n"
        f"assert {library!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
