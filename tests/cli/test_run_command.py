"""`surveycli run`: a study in a file, done once, and again only where something has changed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.store import open_store

RunCli = Callable[..., Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PARTS = {"train": ("USA", "JPN", "BRA"), "validation": ("DEU",), "test": ("KEN", "PER")}
STUDY = """\
store: study.duckdb
ingest:
  bundled: {}
splits:
  small: {recipe: custom, file: cells.csv}
runs:
  tiny:
    finetune: {split: small, model: {name: tiny}, optimiser.epochs: 1}
    predict: {}
  item-mean:
    predict: {predictor: item-mean, split: small, seed: 3}
  pilot:
    predict: {predictor: pilot, split: small, shares: unweighted, settings: {n_respondents: 5}}
tables:
  out/scores.csv: {runs: [item-mean, pilot]}
figures:
  out/scores.json: {kind: scores, runs: [item-mean]}
exports:
  out/predictions.parquet: {what: predictions, runs: [pilot]}
"""


def write_study(folder: Path, text: str = STUDY) -> Path:
    """Write a study of three questions in six countries."""
    rows = [
        {"part": part, "survey_id": "wvs7", "item_id": item, "population_id": population}
        for part, populations in PARTS.items()
        for population in populations
        for item in ("Q1", "Q46", "Q57")
    ]
    pl.DataFrame(rows).write_csv(folder / "cells.csv")
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def _done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the study was done once."""
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    command = [sys.executable, "-m", "surveycli", "run", "study.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "9 of 9 steps done, 0 unchanged" in done.stdout
    return folder


@pytest.fixture
def study(_done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own copy, in which it stands."""
    folder = Path(shutil.copytree(_done, tmp_path / "study"))
    monkeypatch.chdir(folder)
    return folder


def states(run_cli: RunCli, *arguments: str) -> dict[str, str]:
    """Return how each step stands."""
    result = run_cli("run", "study.yaml", "--dry-run", "--json", *arguments)
    assert result.code == 0, result.err
    return {f"{row['step']['kind']} {row['step']['name']}": row["state"] for row in json.loads(result.out)["steps"]}


def test_everything_is_there_and_nothing_is_done_twice(study: Path, run_cli: RunCli) -> None:
    """The runs are in the store, the files written, and a second time every step is unchanged."""
    with open_store(study / "study.duckdb") as store:
        found = store.query("select run_id, count(*) as n from prediction_cell group by all order by all")
    assert found.rows() == [("item-mean", 9), ("pilot", 9), ("tiny", 9)]
    assert pl.read_csv(study / "out" / "scores.csv")["run_id"].unique().sort().to_list() == ["item-mean", "pilot"]
    assert pl.read_parquet(study / "out" / "predictions.parquet")["run_id"].unique().to_list() == ["pilot"]
    before = (study / "study.duckdb").stat().st_mtime_ns
    assert set(states(run_cli).values()) == {"unchanged"}
    result = run_cli("run", "study.yaml")
    assert (result.code, "0 of 9 steps done, 9 unchanged" in result.out) == (0, True)
    assert (study / "study.duckdb").stat().st_mtime_ns == before


def test_a_change_reaches_what_follows_from_it_and_no_more(study: Path, run_cli: RunCli) -> None:
    """Another seed of one run stands in the way of it alone; --replace makes it and its tables anew."""
    write_study(study, STUDY.replace("seed: 3", "seed: 4"))
    changed = {name for name, state in states(run_cli).items() if state != "unchanged"}
    assert changed == {"predict item-mean", "table out/scores.csv", "figure out/scores.json"}
    refused = run_cli("run", "study.yaml")
    assert (refused.code, "predict item-mean" in refused.err, "--replace" in refused.err) == (5, True, True)
    done = run_cli("run", "study.yaml", "--replace")
    assert (done.code, "3 of 9 steps done" in done.out) == (0, True), done.err
    assert set(states(run_cli).values()) == {"unchanged"}


def test_what_the_user_made_is_never_written_over(study: Path, run_cli: RunCli) -> None:
    """A table that was edited, and a run that somebody else made under a step's name, stop the workflow first."""
    (study / "out" / "scores.csv").write_text("mine\n", encoding="utf-8")
    assert run_cli("runs", "delete", "item-mean", "--yes", "--store", "study.duckdb").code == 0
    run_cli("predict", "-p", "uniform", "--split", "small", "--name", "item-mean", "--store", "study.duckdb")
    with open_store(study / "study.duckdb", write=True) as store:
        store.query("delete from workflow_step where name = 'item-mean'")
    refused = run_cli("run", "study.yaml")
    assert refused.code == 5
    assert "predict item-mean: something else has made it" in refused.err
    assert "table out/scores.csv: it was changed since it was written" in refused.err
    assert (study / "out" / "scores.csv").read_text() == "mine\n"


def test_what_is_gone_is_made_again(study: Path, run_cli: RunCli) -> None:
    """A deleted run and a deleted file are done again, with what is written from them."""
    assert run_cli("runs", "delete", "pilot", "--yes", "--store", "study.duckdb").code == 0
    (study / "out" / "scores.json").unlink()
    todo = {name for name, state in states(run_cli).items() if state == "to do"}
    assert todo == {"predict pilot", "table out/scores.csv", "figure out/scores.json", "export out/predictions.parquet"}
    assert run_cli("run", "study.yaml").code == 0


def test_an_input_file_counts_by_its_content(study: Path, run_cli: RunCli) -> None:
    """The same cells in a file written anew change nothing; one cell fewer changes the split and all that follows."""
    text = (study / "cells.csv").read_text()
    (study / "cells.csv").write_text(text)
    assert set(states(run_cli).values()) == {"unchanged"}
    (study / "cells.csv").write_text("\n".join(text.splitlines()[:-1]) + "\n")
    assert [name for name, state in states(run_cli).items() if state == "unchanged"] == ["ingest bundled"]


@pytest.mark.parametrize(
    "mistake",
    [
        ("splits:", "split:", 3, "line 4: there is no 'split'"),
        ("recipe: custom", "recipe: poem", 2, "line 5, split small: There is no recipe 'poem'"),
        ("optimiser.epochs", "optimiser.epoch", 3, "line 8, finetune tiny: There is no setting optimiser.epoch"),
        ("epochs: 1", "epochs: none", 3, "optimiser.epochs is a whole number"),
        ("seed: 3", "sead: 3", 3, "line 11, predict item-mean: There is no setting sead"),
        ("predictor: item-mean", "predictor: oracle", 2, "line 11, predict item-mean"),
        ("settings: {n_respondents: 5}", "settings: {m: 5}", 3, "line 13, predict pilot: There is no setting m"),
        ("    predict: {}", "    predicts: {}", 3, "line 9, run tiny: there is no 'predicts'"),
        ("split: small, seed", "split: large, seed", 4, "line 11, predict item-mean: there is no split large"),
        ("runs: [item-mean, pilot]", "runs: [oracle]", 4, "line 15, table out/scores.csv: there is no run oracle"),
        ("{runs: [item-mean, pilot]}", "{table: poems}", 2, "line 15, table out/scores.csv: There is no table 'poems'"),
        ("out/scores.csv", "out/scores.poem", 2, "should end in"),
        ("kind: scores", "kind: pie", 2, "There is no plot 'pie'"),
        ("bundled: {}", "absent.sav: {}", 3, "line 3, ingest absent.sav: There is no file"),
        ("bundled: {}", "bundled: {layout: wvs}", 2, "the bundled survey takes no layout"),
        ("store: study.duckdb", "store: [1]", 3, "line 1: store is the path of a file"),
        (STUDY, "- a list", 3, "expected sections by name"),
        (STUDY, "a: &a [*a]", 3, "cannot be read as YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place_before_anything_is_done(
    tmp_path: Path,
    run_cli: RunCli,
    monkeypatch: pytest.MonkeyPatch,
    mistake: tuple[str, str, int, str],
) -> None:
    """The file, the line, the step and the name, with the exit code that the command would have; no store is made."""
    before, after, code, words = mistake
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, STUDY.replace(before, after))
    result = run_cli("run", "study.yaml")
    assert (result.code, words in result.err) == (code, True), result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "study.duckdb").exists()


def test_the_store_is_the_typed_one_before_that_of_the_file(
    tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--store wins over `store`, which wins over SURVEYCLI_STORE."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SURVEYCLI_STORE", "env.duckdb")
    write_study(tmp_path)
    assert json.loads(run_cli("run", "study.yaml", "--dry-run", "--json").out)["store"] == "study.duckdb"
    typed = run_cli("run", "study.yaml", "--dry-run", "--json", "--store", "typed.duckdb")
    assert json.loads(typed.out)["store"] == "typed.duckdb"


@pytest.mark.slow
def test_the_shipped_study_goes_on_after_it_was_stopped(tmp_path: Path) -> None:
    """Stopped while it trains, the example goes on from there, and ends with its page, tables and figure."""
    command = [sys.executable, "-m", "surveycli", "run", str(EXAMPLES / "small_study.yaml")]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "finetune tiny" not in process.stderr.readline():
            pass
        time.sleep(12)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert process.returncode == 143
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "3/11 finetune tiny: it was begun" in again.stderr
    made = {path.name for path in (tmp_path / "small-study").iterdir()}
    assert made >= {"scores.md", "worth.csv", "scores.svg", "predictions.parquet", "report.html"}
