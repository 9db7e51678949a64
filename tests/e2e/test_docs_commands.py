"""What the pages about the first steps tell people to type works as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RunCli = Callable[..., Any]
DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("start", "split", "query")  # in the order in which a new user would read them, in one folder


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a language on a page."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def test_the_first_steps_work_as_they_stand_there(
    tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an empty folder every command of the pages exits 0, and the page for a colleague is there."""
    monkeypatch.chdir(tmp_path)
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        if not line.startswith("surveycli "):
            subprocess.run(["bash", "-euc", line], check=True)
            continue
        result = run_cli(*shlex.split(line, comments=True)[1:])
        assert result.code == 0, (line, result.err)
    assert {"first.html", "worst.xlsx", "own.csv"} <= {path.name for path in tmp_path.iterdir()}


def test_the_workflow_of_its_page_can_be_run(tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps are listed, each to be done."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(blocks("workflows", "yaml")[0], encoding="utf-8")
    listed = run_cli("run", "study.yaml", "--dry-run")
    assert (listed.code, listed.out.count("to do")) == (0, 6), listed.err


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in sorted(DOCS.glob("*.md")))])
def test_links_lead_to_files_that_are_there(page: str) -> None:
    """Every link to a file of the repository names one."""
    path = DOCS.parent / page
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []
