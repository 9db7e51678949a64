"""The examples do what they say, each in a folder of its own, and a benchmark runs."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# What each script prints, in the end, that only a run to its end prints, and the files that it makes.
SCRIPTS = {
    "paper_protocol": ("equivalent_best", {"paper.duckdb"}),
    "own_survey": ("1200 respondents, 4 items, 16 cells", {"own.duckdb", "town.sav", "codebook.yaml"}),
    "new_question": ("Not to be relied on:", {"new_question.duckdb"}),
    "few_respondents": ("expected_error_then", {"few.duckdb", "few.csv"}),
    "sql_recipes": ("upper middle", {"recipes.duckdb", "most_divided.parquet"}),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_to_its_end(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints its last result, and leaves the files that it names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [name])
    with pl.Config(tbl_cols=-1, tbl_width_chars=400):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    words, files = SCRIPTS[name]
    assert words in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} >= files


def outputs_of(notebook: nbformat.NotebookNode) -> list[set[str]]:
    """Return the kinds of what each cell of code shows."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [{kind for output in cell.outputs for kind in output.get("data", {})} for cell in cells]


def test_the_notebook_was_executed_from_its_first_cell_to_its_last() -> None:
    """Cells are numbered in order, each shows something, none failed, and nothing is loaded from anywhere."""
    text = (EXAMPLES / "study.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all("text/plain" in kinds for kinds in outputs_of(notebook))
    assert sum("image/png" in kinds for kinds in outputs_of(notebook)) == 2
    assert "http" not in text


@pytest.mark.slow
def test_the_notebook_runs_anew(tmp_path: Path) -> None:
    """Executed by a kernel of its own, each cell shows what it showed before: tables, charts, answers."""
    execute = runpy.run_path(str(EXAMPLES / "execute_notebook.py"))["execute"]
    again = execute(tmp_path / "study.ipynb")
    assert outputs_of(again) == outputs_of(nbformat.read(EXAMPLES / "study.ipynb", as_version=4))


def test_the_benchmark_of_scoring_runs() -> None:
    """It scores every cell of a small store that it makes, and says in what time and memory."""
    command = [sys.executable, "-m", "benchmarks.scoring", "--rows", "5000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("1,000 cells of 5,000 rows")
