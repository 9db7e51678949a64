"""The workflows that make the published tables run from beginning to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from surveycli.configuration import Loss
from surveycli.predictors import find_predictor
from surveycli.request.workflow import StepKind, Workflow
from surveycli.store import open_store
from surveycli.workflow.read import read_workflow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WHOLE, BASELINES = EXAMPLES / "reproduce_paper.yaml", EXAMPLES / "paper_baselines.yaml"
MODEL = "llama3-8b-instruct"


def predictors_of(workflow: Workflow) -> set[str]:
    """Return the predictors that a workflow names."""
    steps = (step for step in workflow.steps if step.kind is StepKind.PREDICT)
    return {str(step.fields["predictor"]) for step in steps if "predictor" in step.fields}


def reproduce(file: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a workflow in a folder."""
    command = [sys.executable, "-m", "surveycli", "run", str(file)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def runs_of(folder: Path) -> set[str]:
    with open_store(folder / "reproduce.duckdb") as store:
        return {row["run_id"] for row in store.rows("score/list_runs") if row["has_predictions"]}


def test_the_honest_rows(tmp_path: Path) -> None:
    """Without a language model the workflow makes every baseline's row and prints them above the published ones."""
    result = reproduce(BASELINES, tmp_path)
    assert result.returncode == 0, result.stderr
    named = predictors_of(read_workflow(WHOLE)) - {"pilot", "knn"}
    assert runs_of(tmp_path) == {name for name in named if not find_predictor(name).asks_model} | {"pilot-2", "pilot-5"}
    lines = (tmp_path / "reproduce" / "baselines.md").read_text(encoding="utf-8").splitlines()
    rows = {cells[0]: cells for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)}
    by_part = dict(zip(rows["predictor"], rows["item-mean"], strict=True))
    assert (by_part["C2-Q1"], by_part["C3-Q1"]) == ("0.8496", "0.8644")


@pytest.mark.slow
def test_every_section_with_the_stand_in(tmp_path: Path) -> None:
    """With tiny all rows and tables are made but JSON's, which it cannot write, and KNN's, for lack of an encoder."""
    text = WHOLE.read_text(encoding="utf-8").replace(MODEL, "tiny").replace("preset: paper", "preset: tiny")
    text = text.replace("&trained {", "&trained {optimiser.epochs: 1, ")
    start, end = text.index("  tiny-json:"), text.index("  # kl-per-option is")
    text = text[:start] + text[end:]
    start, end = text.index("  knn-1:"), text.index("  item-mean: #")
    text = text[:start] + text[end:]
    text = text.replace("<<: *baseline", "split: paper, shares: unweighted")
    file = tmp_path / "tiny.yaml"
    file.write_text(text, encoding="utf-8")
    result = reproduce(file, tmp_path)
    assert result.returncode == 0, result.stderr
    names = ("zero-shot", "fine-tuned", "control", "shuffled", "permuted", "loss-js", "seed-1", "chinese")
    assert {f"tiny-{name}" for name in names} < runs_of(tmp_path)
    assert "tiny-fine-tuned, tiny-seed-1" in (tmp_path / "reproduce" / "seeds.md").read_text(encoding="utf-8")


def test_every_published_predictor_and_every_loss_is_in_it() -> None:
    """The workflow has a row for each predictor of the published tables and each loss but the default."""
    workflow = read_workflow(WHOLE)
    assert {"control", "shuffled", "permuted", "json", "knn"} < predictors_of(workflow)
    losses = {step.fields.get("optimiser.loss") for step in workflow.steps if step.kind is StepKind.FINETUNE}
    assert losses - {None} == set(Loss) - {Loss.KL}


def test_the_baselines_are_the_same_steps_in_both_files() -> None:
    """What was done by the one is skipped by the other."""
    whole, baselines = (
        {(step.kind, step.name): step.fields for step in read_workflow(file).steps if step.kind is not StepKind.TABLE}
        for file in (WHOLE, BASELINES)
    )
    assert {key: whole[key] for key in baselines} == baselines
