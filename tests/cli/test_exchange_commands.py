"""`surveycli import-predictions`, `export`, `report` and `plot`, as a user types them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from scored_store import RUNS, make_scored_store

from surveycli.report import plots
from surveycli.report.page import Figure

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def _scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scored_store(tmp_path_factory.mktemp("scored") / "survey.duckdb")


@pytest.fixture
def scored(_scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A closed store with two scored runs, the test's own copy, which commands use by default."""
    path = Path(shutil.copy(_scored, tmp_path / "survey.duckdb"))
    monkeypatch.setenv("SURVEYCLI_STORE", str(path))
    return path


def mean_scores(run_cli: Run, name: str) -> dict[str, float]:
    rows = json.loads(run_cli("score", name, "--format", "json").out)
    return {row["part"]: row["paper_one_minus_jsd"] for row in rows}


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "jsonl"])
def test_exported_predictions_come_back_with_the_same_scores(
    run_cli: Run, scored: Path, tmp_path: Path, ending: str
) -> None:
    """What one store writes another reads: same cells, same means."""
    file = tmp_path / f"theirs.{ending}"
    assert run_cli("export", "predictions", "--run", RUNS[0], "-o", file).code == 0
    came = run_cli("import-predictions", file, "--run", "back", "--split", "paper", "--shares", "unweighted")
    assert came.code == 0, came.err
    assert mean_scores(run_cli, "back") == pytest.approx(mean_scores(run_cli, RUNS[0]), abs=1e-9)


def test_options_go_by_code_label_or_letter_and_countries_by_name(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """Three ways to name the same cells are one prediction."""
    file = tmp_path / "mixed.csv"
    file.write_text(
        "country,question_id,answer,prob\nKenya,q57,A,0.25\nkenya,Q57,B,0.75\nEGY,Q57,1,0.5\nEGY,Q57,2,0.5\n",
        encoding="utf-8",
    )
    assert run_cli("import-predictions", file, "--run", "mixed").code == 0
    rows = json.loads(run_cli("sql", "select * from prediction where run_id = 'mixed' order by all", "-f", "json").out)
    found = {(row["population_id"], row["option_code"]): float(row["probability"]) for row in rows}
    assert found == {("KEN", 1): 0.25, ("KEN", 2): 0.75, ("EGY", 1): 0.5, ("EGY", 2): 0.5}


def test_log_probabilities_leave_the_rest_outside_the_options(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """exp(-1.2) + exp(-1.6) is normalised over the options, and what is left of 1 is the outside mass."""
    file = tmp_path / "logprobs.csv"
    file.write_text("population,item,token,logprob\nKEN,Q57,A,-1.2\nKEN,Q57,B,-1.6\n", encoding="utf-8")
    assert run_cli("import-predictions", file, "--run", "server", "--model", "some-model").code == 0
    query = (
        "select outside_mass, probability from prediction join prediction_cell using (run_id) where run_id = 'server'"
    )
    rows = pl.DataFrame(json.loads(run_cli("sql", query + " order by all", "-f", "json").out))
    assert float(rows["outside_mass"][0]) == pytest.approx(1 - 0.301194 - 0.201897, abs=1e-5)
    assert sorted(map(float, rows["probability"])) == pytest.approx([0.401312, 0.598688], abs=1e-5)


def test_rows_without_a_number_are_simulated_answers(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """Three of four personas said the first option."""
    file = tmp_path / "personas.csv"
    file.write_text("population,item,answer\n" + "KEN,Q57,1\n" * 3 + "KEN,Q57,2\n", encoding="utf-8")
    out = run_cli("import-predictions", file, "--run", "personas").out
    assert "1 cells from 4 rows (answers)" in out
    rows = json.loads(run_cli("sql", "select probability from prediction where run_id = 'personas'", "-f", "json").out)
    assert sorted(float(row["probability"]) for row in rows) == [0.25, 0.75]


def test_what_does_not_match_is_counted_and_named(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """A cell with a row that means nothing is left out whole; the account says why."""
    file = tmp_path / "half.csv"
    file.write_text(
        "population,item,option,p\nKEN,Q57,1,0.4\nKEN,Q57,2,0.6\nKEN,Q999,1,1\nAtlantis,Q57,1,1\n"
        "EGY,Q57,1,0.4\nEGY,Q57,maybe,0.6\nETH,Q57,1,0.1\nETH,Q57,2,0.2\nLBY,Q57,1,-0.1\nLBY,Q57,2,1.1\n",
        encoding="utf-8",
    )
    outcome = run_cli("import-predictions", file, "--run", "half")
    assert outcome.code == 0
    assert "1 cells" in outcome.out
    for words in ("no such item", "Q999", "no such population", "Atlantis", "no such option", "maybe", "sum to 1"):
        assert words in outcome.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "no column for population and item and option"),
        ("population,item,option,p\nAtlantis,Q57,1,1\n", "Nothing in"),
    ],
)
def test_a_file_that_cannot_be_matched_changes_nothing(
    run_cli: Run, scored: Path, tmp_path: Path, text: str, words: str
) -> None:
    """Exit 3 says what was looked for; no run is left behind."""
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    outcome = run_cli("import-predictions", file, "--run", "bad")
    assert (outcome.code, words in outcome.err) == (3, True)
    assert "bad" not in run_cli("runs").out


def test_spss_and_stata_read_an_export(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """pyreadstat finds the same rows, with a label on every column."""
    for ending, read in (("sav", pyreadstat.read_sav), ("dta", pyreadstat.read_dta)):
        file = tmp_path / f"scores.{ending}"
        assert run_cli("export", "scores", "--run", RUNS[0], "-o", file).code == 0
        frame, meta = read(str(file), output_format="polars")
        assert frame.height == 1450
        assert "population id" in meta.column_labels


def test_prompts_become_a_dataset_folder_with_a_card(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """One Parquet file per part, targets that sum to 1, a card that lists the files."""
    folder = tmp_path / "prompts"
    assert run_cli("export", "prompts", "--split", "paper", "-o", folder).code == 0
    train = pl.read_parquet(folder / "data" / "train.parquet")
    assert train["target"].list.sum().to_numpy() == pytest.approx(1.0, abs=1e-5)
    assert "path: data/C2_Q1.parquet" in (folder / "README.md").read_text(encoding="utf-8")


def test_terms_go_with_an_export(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """Licence and citation of each survey stand in the card, in Parquet's metadata, in a sheet and in SPSS's notes."""
    terms = "may not be passed on; cite: Haerpfer, C., Inglehart, R., "
    for name in ("scores.parquet", "scores.xlsx", "scores.sav", "scores"):
        assert run_cli("export", "scores", "--run", RUNS[0], "-o", tmp_path / name).code == 0
    sheets = pl.read_excel(tmp_path / "scores.xlsx", sheet_id=0)
    notes = pyreadstat.read_sav(str(tmp_path / "scores.sav"), metadataonly=True)[1].notes
    for told in (
        pl.read_parquet_metadata(tmp_path / "scores.parquet")["sources"],
        sheets["Sources"]["source"][0],
        " ".join(line.strip() for line in notes),
        (tmp_path / "scores" / "README.md").read_text(encoding="utf-8"),
    ):
        assert "wvs7: Aggregate figures" in told
        assert terms in told


def test_replace_takes_only_what_the_program_wrote(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """With --replace a data set of ours is written anew; no writer takes a store, or a folder of other origin."""
    folder, mine = tmp_path / "prompts", tmp_path / "mine"
    export = ("export", "prompts", "--split", "paper", "--replace", "-o")
    assert run_cli(*export, folder).code == 0
    assert run_cli(*export, folder).code == 0
    (folder / "data" / "notes.txt").touch()
    shutil.copytree(folder, mine)
    (mine / "thesis.docx").write_text("years of work", encoding="utf-8")
    store = tmp_path / "other.pdf"
    shutil.copy(scored, store)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for call in (
        (*export, folder),
        (*export, mine),
        ("export", "scores", "--replace", "-o", mine / "thesis.docx" / "x.csv"),
        ("report", RUNS[0], "--replace", "-o", store),
        ("report", RUNS[0], "--replace", "-o", mine),
        ("plot", "scores", RUNS[0], "--replace", "-o", store),
        ("plot", "scores", RUNS[0], "-o", mine / "thesis.docx"),
    ):
        refused = run_cli(*call)
        assert refused.code in {3, 5}, call
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("export", "poems", "-o", "x.csv"), 2),
        (("export", "prompts", "-o", "x.csv"), 2),
        (("export", "scores", "-o", "x.docx"), 2),
        (("export", "scores", "--run", "nosuch", "-o", "x.csv"), 4),
        (("report", "nosuch", "-o", "x.html"), 4),
        (("report", RUNS[0], "--item", "Q999", "-o", "x.html"), 4),
        (("report", RUNS[0], "--metric", "nosuch", "-o", "x.html"), 2),
        (("plot", "pie", RUNS[0]), 2),
        (("plot", "compare", RUNS[0]), 2),
        (("plot", "distribution", RUNS[0]), 2),
        (("plot", "learning", RUNS[0]), 4),
        (("plot", "scores", RUNS[0], "-o", "x.bmp"), 2),
    ],
)
def test_what_cannot_be_done_says_so(
    run_cli: Run, scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
) -> None:
    """The documented exit code, a message, and no file."""
    monkeypatch.chdir(tmp_path)
    outcome = run_cli(*arguments)
    assert (outcome.code, outcome.err != "") == (code, True)
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize("kind", ["scores", "compare", "calibration", "map", "heat"])
def test_every_plot_can_be_written(run_cli: Run, scored: Path, tmp_path: Path, kind: str) -> None:
    """A picture by the file's ending."""
    file = tmp_path / f"{kind}.svg"
    assert run_cli("plot", kind, *RUNS, "-o", file).code == 0
    assert file.read_text(encoding="utf-8").startswith("<svg")


def test_a_plot_without_a_file_is_shown_in_the_terminal(run_cli: Run, scored: Path) -> None:
    """People's bars beside both runs', with the shares."""
    out = run_cli("plot", "distribution", *RUNS, "--item", "Q57", "--country", "Kenya").out
    assert "people" in out
    assert "█" in out
    assert "0.5000" in out


def test_a_plot_is_one_row(run_cli: Run, scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its function and its row a new plot has its call, its help, its refusals and its figure."""

    def letters(subject: Any, request: Any) -> Figure:
        return Figure("Letters", pl.DataFrame({"run": request.runs, "value": [float(len(r)) for r in request.runs]}))

    monkeypatch.setattr(plots, "PLOTS", (*plots.PLOTS, plots.Plot("letters", "How long names are.", letters)))
    assert "plot letters RUNS" in run_cli("plot", "--help").out
    assert "How long names are." in run_cli("plot", "--help").out
    assert run_cli("plot", "letters", RUNS[0], "--item", "Q57").code == 2
    assert "letters" in run_cli("plot", "pie", RUNS[0]).err
    assert "█" in run_cli("plot", "letters", *RUNS).out


def test_a_report_does_not_write_over_a_file_unasked(run_cli: Run, scored: Path, tmp_path: Path) -> None:
    """Exit 5 keeps what is there."""
    file = tmp_path / "report.html"
    file.write_text("mine", encoding="utf-8")
    assert run_cli("report", RUNS[0], "-o", file).code == 5
    assert file.read_text(encoding="utf-8") == "mine"
