"""`import surveycli as sc`: the same requests as the commands make, and the same results."""

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
from scored_store import RUNS, make_scored_store

import surveycli as sc
from surveycli.errors import ExitCode, SurveyError

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def _scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scored_store(tmp_path_factory.mktemp("scored") / "survey.duckdb")


@pytest.fixture
def project(_scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sc.Project:
    """A project with two scored runs, the test's own copy, which commands use by default."""
    path = Path(shutil.copy(_scored, tmp_path / "survey.duckdb"))
    monkeypatch.setenv("SURVEYCLI_STORE", str(path))
    return sc.open(path)


def rows(outcome: Any) -> list[dict[str, Any]]:
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def test_a_run_in_ten_lines(tmp_path: Path) -> None:
    """From nothing to scores: the file is made, filled, split, predicted and scored."""
    project = sc.open(tmp_path / "new.duckdb")
    project.ingest()
    project.split("unseen-countries", seed=3)
    run = project.predict("item-mean", split="unseen-countries", parts=["test"])
    table = project.score(run.run_id)
    assert table["part"].to_list() == ["test"]
    assert 0.7 < table["paper_one_minus_jsd"][0] < 1


@pytest.mark.parametrize("by", ["part", "dimension", "country"])
def test_scores_are_those_of_the_command(project: sc.Project, run_cli: Run, by: str) -> None:
    """The same table, to the last digit."""
    ours = project.score(*RUNS, by=by)
    theirs = pl.DataFrame(rows(run_cli("score", *RUNS, "--by", by, "--format", "json")), infer_schema_length=None)
    assert ours.columns == theirs.columns
    assert ours["paper_one_minus_jsd"].to_list() == theirs["paper_one_minus_jsd"].to_list()


def test_a_prediction_is_that_of_the_command(project: sc.Project, run_cli: Run) -> None:
    """Same predictor, split and seed: the same probabilities."""
    run = project.predict("kernel-smoother", split="paper", parts=["C2-Q2"], name="ours")
    assert (
        run_cli(
            "predict", "--predictor", "kernel-smoother", "--split", "paper", "--part", "C2-Q2", "--name", "theirs"
        ).code
        == 0
    )
    assert run.n_cells == 271
    both = project.sql(
        "select count(*) as n, count(*) filter (a.probability = b.probability) as n_same from prediction a "
        "join prediction b using (survey_id, item_id, population_id, option_code) "
        "where a.run_id = 'ours' and b.run_id = 'theirs'"
    )
    assert both["n"][0] == both["n_same"][0] > 271


def test_answers_are_those_of_the_commands(project: sc.Project, tmp_path: Path, run_cli: Run) -> None:
    """A correction and a simulation from Python give what the commands print."""
    sample = tmp_path / "few.csv"
    cell = project.sql("SELECT item_id, population_id FROM prediction_cell WHERE run_id = 'item-mean-1' LIMIT 1")
    item, population = cell.row(0)
    sample.write_text(f"population,item,option,n\n{population},{item},1,12\n{population},{item},2,8\n", "utf-8")
    first = project.correct(sample, "item-mean-1")
    second = rows(run_cli("correct", "item-mean-1", "--sample", sample, "--shares", "--format", "json"))
    kept = project.sql(f"SELECT share FROM corrected_share WHERE run_id = '{first.run_id}' ORDER BY option_code")
    assert kept["share"].to_list() == pytest.approx([row["share"] for row in second])
    asked = project.simulate("Is tea good?", ("Yes", "No"), populations=("KEN",), runs=("item-mean-1",))
    printed = rows(
        run_cli("simulate", "Is tea good?", "-o", "Yes", "-o", "No", "-c", "KEN", "--run", "item-mean-1", "-f", "json")
    )
    assert asked["probability"].to_list() == pytest.approx([row["probability"] for row in printed])


def test_queries_read_and_nothing_else(project: sc.Project) -> None:
    """A statement that would change the store is refused as on the command line."""
    assert project.sql("select count(*) as n from run")["n"][0] == 2
    with pytest.raises(SurveyError):
        project.sql("delete from run")


def test_a_figure_is_a_chart_and_a_report_a_file(project: sc.Project, tmp_path: Path) -> None:
    """Notebooks show the one; browsers the other."""
    chart = project.plot("distribution", *RUNS, item="Q57", population="Kenya")
    assert "mark" in json.dumps(chart.to_dict())
    assert project.export("scores", tmp_path / "scores.csv", runs=[RUNS[0]]) == 1450


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda project: project.split("poems"), ExitCode.USAGE),
        (lambda project: project.split("paper", sead=3), ExitCode.BAD_INPUT),
        (lambda project: project.predict("item-mean", split="nosuch"), ExitCode.NOT_FOUND),
        (lambda project: project.predict("item-mean", split="paper", sead=3), ExitCode.BAD_INPUT),
        (lambda project: project.score("nosuch"), ExitCode.NOT_FOUND),
        (lambda project: project.score(RUNS[0], table="poems"), ExitCode.USAGE),
        (lambda project: project.score(RUNS[0], table="ceiling", published=("x",)), ExitCode.USAGE),
        (lambda project: project.finetune("nosuch"), ExitCode.NOT_FOUND),
        (lambda project: project.plot("pie", RUNS[0]), ExitCode.USAGE),
        (lambda project: project.export("poems", "x.csv"), ExitCode.USAGE),
        (lambda project: project.ingest(layout="x"), ExitCode.USAGE),
    ],
)
def test_what_a_command_refuses_raises_its_error(
    project: sc.Project, call: Callable[[sc.Project], object], code: ExitCode
) -> None:
    """One error class, with the exit code that the command would have ended with."""
    with pytest.raises(SurveyError) as raised:
        call(project)
    assert raised.value.code == code
    assert raised.value.message


def test_importing_it_costs_nothing() -> None:
    """Neither torch nor duckdb nor polars is loaded before the first call."""
    code = (
        "import sys, surveycli as sc; sc.open('x'); print({'torch', 'duckdb', 'polars', 'altair'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
