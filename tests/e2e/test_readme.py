"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


DOCS = Path(__file__).resolve().parents[2] / "docs"
SHARING, TRANSLATE, SCORE, ANSWERS = (
    (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("sharing", "translate", "score", "answers")
)


def blocks(language: str, page: str = README) -> list[str]:
    """Return the code blocks of a language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as a user would, with this environment's programs and the folder's own store."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if k != "SURVEYCLI_STORE"} | {"PATH": path, "COLUMNS": "160"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, subprocess.CompletedProcess[str]]]:
    """Every command of the README but the two that install, then those of three pages, run in order in one folder."""
    folder = tmp_path_factory.mktemp("readme")
    lines = [
        line
        for page in (README, TRANSLATE, SCORE, ANSWERS)
        for block in blocks("sh", page)
        for line in block.splitlines()
        if line and not line.startswith("python3 -m venv")
    ]
    return folder, {line: shell(line, folder) for line in lines}


def test_the_readme_has_two_install_commands() -> None:
    """One installs and runs the main job, one installs and runs the tests; each is one line with the constraints."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert [line.split(" && ")[-1] for line in lines] == ["surveycli demo", "pytest -n 2"]
    assert all("-c constraints.txt" in line for line in lines)


def test_every_command_of_the_readme_succeeds(
    used: tuple[Path, dict[str, subprocess.CompletedProcess[str]]],
) -> None:
    """Each command exits 0 and prints no traceback."""
    _, results = used
    assert len(results) >= 7
    for line, result in results.items():
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
        assert "Traceback" not in result.stderr


def test_what_the_page_about_sharing_says_works_after_the_readme(
    used: tuple[Path, dict[str, subprocess.CompletedProcess[str]]], tmp_path: Path
) -> None:
    """Each of its commands exits 0 on a copy of the README's store, and the files that it names are there."""
    shutil.copy(used[0] / "survey.duckdb", tmp_path)
    for line in [line for block in blocks("sh", SHARING) for line in block.splitlines()]:
        result = shell(line, tmp_path)
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"report.html", "scores.png", "predictions.parquet", "scores.sav", "prompts"}


def test_the_scores_of_both_runs_are_in_the_view(
    used: tuple[Path, dict[str, subprocess.CompletedProcess[str]]],
) -> None:
    """After the README's commands fine-tuning, baseline and the untrained model are all scored on the test part."""
    folder, _ = used
    result = shell("surveycli sql --format json \"select run_id, part from score_by_part where part = 'test'\"", folder)
    runs = {row["run_id"] for row in json.loads(result.stdout)}
    assert runs == {"finetune-1", "item-mean-1", "zero-shot-1"}


def test_the_readmes_score_is_what_is_printed(
    used: tuple[Path, dict[str, subprocess.CompletedProcess[str]]],
) -> None:
    """The README's table of respondents' worth has parts and figures that its command prints in these columns."""
    _, results = used
    (printed,) = (result.stdout for line, result in results.items() if "--equivalent" in line)
    shown, found = table_rows(README), table_rows(printed)
    assert [row["part"] for row in shown] == [row["part"] for row in found]
    for row, expected in zip(found, shown, strict=True):
        for name, text in expected.items():
            numbers = [float(number) for number in re.findall(r"[\d.]+", text)]
            assert [float(number) for number in re.findall(r"[\d.]+", row[name])] == pytest.approx(numbers, rel=0.03)


def table_rows(text: str) -> list[dict[str, str]]:
    """Return the rows of the Markdown table of the kernel smoother by the names of its columns."""
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    heads = [number for number, cells in enumerate(lines) if cells[0] == "run_id"]
    return [dict(zip(lines[heads[0]], row, strict=True)) for row in lines if row[0].startswith("kernel-smoother")]


def test_the_readmes_query_answers(
    used: tuple[Path, dict[str, subprocess.CompletedProcess[str]]], tmp_path: Path
) -> None:
    """The SQL example gives one row per run, part and dimension, with mean scores between 0 and 1."""
    folder, _ = used
    (query,) = blocks("sql")
    result = shell(f"surveycli sql --format json '{query}'".replace("\n", " "), folder)
    rows = json.loads(result.stdout)
    assert rows
    assert set(rows[0]) == {"run_id", "part", "dimension", "mean_score", "n_cells"}
    assert all(0 < row["mean_score"] <= 1 for row in rows)
