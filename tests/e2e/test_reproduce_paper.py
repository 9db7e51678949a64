"""The example that makes the published tables runs from beginning to end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from surveycli.configuration import Loss
from surveycli.predictors import find_predictor
from surveycli.store import open_store

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "reproduce_paper.sh"


def reproduce(folder: Path, *sections: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script's sections in a folder, with this environment's program."""
    program = folder / "bin" / "surveycli"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m surveycli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if name != "SURVEYCLI_STORE"}
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", str(SCRIPT), *sections],
        cwd=folder,
        env={**inherited, "PATH": path, "PYTHONPATH": str(SCRIPT.parents[1]), "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def predictors_of_the_script() -> set[str]:
    """Return the predictors that the script names."""
    text = SCRIPT.read_text(encoding="utf-8")
    return set(re.findall(r"""(?:--predictor|"\$\{baseline\[@\]\}") ([a-z-]+)""", text))


def runs_of(folder: Path) -> set[str]:
    with open_store(folder / "reproduce.duckdb") as store:
        return {row["run_id"] for row in store.rows("score/list_runs") if row["has_predictions"]}


def test_the_honest_rows(tmp_path: Path) -> None:
    """Without a language model the script makes every baseline's row and prints them above the published ones."""
    result = reproduce(tmp_path, "honest", MODEL="tiny")
    assert result.returncode == 0, result.stderr
    named = {name for name in predictors_of_the_script() if not find_predictor(name).asks_model}
    assert runs_of(tmp_path) == {*named - {"pilot", "knn"}, "pilot-2", "pilot-5"}
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.strip()}
    assert rows["item-mean"][1:3] == ["0.8496", "0.8644"]


@pytest.mark.slow
def test_every_section_with_the_stand_in(tmp_path: Path) -> None:
    """With tiny all rows and tables are made but JSON's, which it cannot write, and KNN's, for lack of an encoder."""
    result = reproduce(tmp_path, MODEL="tiny", PRESET="tiny", QUICK="1")
    assert result.returncode == 0, result.stderr
    names = ("zero-shot", "fine-tuned", "control", "shuffled", "permuted", "loss-js", "seed-1", "chinese")
    assert {f"tiny-{name}" for name in names} < runs_of(tmp_path)
    assert "tiny-fine-tuned, tiny-seed-1" in result.stdout


def test_every_published_predictor_and_every_loss_is_in_it() -> None:
    """The script has a command for each predictor of the published tables and each loss but the default."""
    text = SCRIPT.read_text(encoding="utf-8")
    assert {"control", "shuffled", "permuted", "json", "knn"} < predictors_of_the_script()
    assert all(find_predictor(name) for name in predictors_of_the_script())
    assert set(re.search(r"^losses=\((.*)\)$", text, flags=re.MULTILINE).group(1).split()) == set(Loss) - {Loss.KL}  # type: ignore[union-attr]
