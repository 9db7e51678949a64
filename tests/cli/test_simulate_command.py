"""`surveycli simulate`: new questions in, predictions with their trust statement out, and never an invented answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Scale
from surveycli.errors import ExitCode, SurveyError
from surveycli.simulation.questions import one_question, read_questions
from surveycli.split import SplitOptions, make_split
from surveycli.store import ad_hoc, open_store

QUESTION = ("Should the state pay for child care?", "-o", "Yes", "-o", "No")
ANSWERS = "SELECT * FROM simulated_answer WHERE run_id = 'simulated-1' ORDER BY ALL"


@pytest.fixture
def place(bundled_store_path: Path) -> tuple[str, Path]:
    """A store with a small split of new questions, and the position marginal as a run of it."""
    query = """
        SELECT 'wvs7' AS survey_id, item_id, population_id, CASE
            WHEN item_id IN ('Q46', 'Q47', 'Q48') THEN 'validation'
            WHEN item_id IN ('Q57', 'Q58') THEN 'test' ELSE 'train' END AS part
        FROM cell
        WHERE population_id IN ('KEN', 'JPN', 'MEX', 'DEU')
            AND item_id IN ('Q1', 'Q2', 'Q3', 'Q7', 'Q8', 'Q106', 'Q46', 'Q47', 'Q48', 'Q57', 'Q58')
    """
    cells = ad_hoc(bundled_store_path, query)
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, "custom", SplitOptions(name="few", cells=cells))
        predict_baseline(store, "position-marginal", BaselineOptions("few", name="prior"))
    return "--store", bundled_store_path


def test_a_model_answers_and_says_how_far_to_trust_it(place: tuple[str, Path], run_cli: Callable) -> None:
    """A language model's answer is a distribution over the question's own options, with all that its statement needs.

    The model is the untrained stand-in, whose answers nothing speaks for: it says so.
    """
    assert run_cli("predict", "--model", "tiny", "--split", "few", "--part", "validation", *place).code == 0
    asked = run_cli("simulate", *QUESTION, "-c", "KEN", "-c", "Japan", "--run", "zero-shot-1", *place)
    assert asked.code == 0, asked.err
    assert "Should the state pay for child care?" in asked.out and "Kenya" in asked.out and "Japan" in asked.out
    answers = ad_hoc(place[1], ANSWERS)
    assert answers["probability"].sum() == pytest.approx(2)
    assert set(answers["label"]) == {"Yes", "No"}
    trust = ad_hoc(place[1], "SELECT * FROM trust").to_dicts()
    assert len(trust) == 2
    for row in trust:
        assert 0 < row["radius"] <= 1 and 0 <= row["without_batteries"] <= 1
        assert row["order_spread"] >= 0 and 0 < row["outside_mass"] < 1 and row["run_spread"] is None
        assert len(json.loads(row["nearest_items"])) == 3 and 0 < row["similarity"] < 1
        assert row["kind_of_cell"] == "new item and population" and row["error_at_distance"] > 0
    assert {row[0] for row in ad_hoc(place[1], "SELECT predictor FROM run").rows()} >= {
        "zero-shot",
        "reversed",
        "shuffled",
    }
    assert run_cli("check", *place).code == 0
    assert run_cli("sql", "select label, probability from simulated_answer", *place).code == 0


def test_no_answer_is_ever_invented(place: tuple[str, Path], run_cli: Callable) -> None:
    """The new survey has items, options and words, but not a cell, share or respondent; a check stands guard."""
    assert run_cli("simulate", *QUESTION, "-c", "KEN", "--run", "prior", *place).code == 0
    for table in ("cell", "response_distribution", "missing_count"):
        assert ad_hoc(place[1], f"SELECT count(*) FROM {table} WHERE survey_id = 'simulated-1'").item() == 0
    with open_store(place[1], write=True) as store:
        cell = {"survey_id": "simulated-1", "item_id": "N1", "population_id": "KEN", "n_respondents": 1000}
        store.insert("cell", pl.DataFrame([cell]))
    broken = run_cli("check", *place)
    assert (broken.code, "simulated_answered" in broken.out) == (ExitCode.BAD_INPUT, True)


def test_without_evidence_there_is_a_flagged_prior(place: tuple[str, Path], run_cli: Callable) -> None:
    """What no model answers is a prior, in a country that no survey has too, and is not to be relied on."""
    asked = run_cli("simulate", *QUESTION, "-c", "Sweden", "-p", "best", "--split", "few", *place)
    assert asked.code == 0, asked.err
    assert "a prior: nobody was asked" in asked.out
    row = ad_hoc(place[1], "SELECT reliable, radius FROM trust WHERE population_id = 'SWE'").row(0)
    assert row == (False, None)


def test_best_takes_a_run_only_where_it_is_better(place: tuple[str, Path], run_cli: Callable) -> None:
    """An untrained model is measured on validation and does not serve; the prior does, and the run's answer stays."""
    assert run_cli("predict", "--model", "tiny", "--split", "few", "--part", "validation", *place).code == 0
    asked = run_cli("simulate", *QUESTION, "-c", "KEN", "-p", "best", "--run", "zero-shot-1", *place)
    assert asked.code == 0, asked.err
    kept = ad_hoc(
        place[1], "SELECT run_id, basis FROM prediction_cell WHERE survey_id = 'simulated-1' ORDER BY ALL"
    ).rows()
    assert [run for run, _ in kept] == ["simulated-1", "simulated-1-zero-shot-1"]
    assert kept[0][1].startswith(("position-marginal: ", "uniform: "))
    assert "a prior: nobody was asked, and no model did better" in asked.out


def test_fifty_questions_in_two_languages(place: tuple[str, Path], tmp_path: Path, run_cli: Callable) -> None:
    """A file of fifty questions, each in English and Chinese, is predicted in both, and each answer is a row."""
    rows = [
        f"- {{question: {{en: 'How important is topic {n} to you?', zh: '主题{n}对您有多重要？'}}, "
        f"options: {{en: [Important, Not important], zh: [重要, 不重要]}}, battery: topics}}"
        for n in range(50)
    ]
    (tmp_path / "fifty.yaml").write_text("\n".join(rows), encoding="utf-8")
    assert run_cli("predict", "--model", "tiny", "--split", "few", "--part", "validation", *place).code == 0
    countries = ("-c", "KEN", "-c", "CHN")
    file = ("--file", tmp_path / "fifty.yaml")
    asked = run_cli("simulate", *file, *countries, "--orders", "0", "--run", "zero-shot-1", "--format", "csv", *place)
    assert asked.code == 0, asked.err
    answers = ad_hoc(place[1], ANSWERS)
    assert answers.height == 50 * 2 * 2 * 2
    assert answers.filter(language="zh")["label"].unique().sort().to_list() == ["不重要", "重要"]
    assert answers.filter(language="zh", population_id="CHN")["population"][0] == "中国"
    zh = ad_hoc(place[1], "SELECT DISTINCT radius, reliable, reason FROM trust WHERE language = 'zh'").row(0)
    assert zh[:2] == (None, False) and "errors there are not known" in zh[2]


REFUSED = (
    (("Q?", "-o", "Yes", "-c", "KEN", "--run", "prior"), ExitCode.BAD_INPUT, "1 options; expected 2"),
    (("Q?", "-o", "Yes", "-o", "yes", "-c", "KEN", "--run", "prior"), ExitCode.BAD_INPUT, "the same one twice"),
    (("Q?", "-o", "Yes", "-o", "", "-c", "KEN", "--run", "prior"), ExitCode.BAD_INPUT, "an empty option"),
    ((" ", "-o", "Yes", "-o", "No", "-c", "KEN", "--run", "prior"), ExitCode.BAD_INPUT, "has no words"),
    ((*QUESTION, "-c", "Atlantis", "--run", "prior"), ExitCode.NOT_FOUND, "no country or population 'Atlantis'"),
    ((*QUESTION, "-c", "KEN", "--run", "nobody"), ExitCode.NOT_FOUND, "no run 'nobody'"),
    ((*QUESTION, "-c", "KEN"), ExitCode.USAGE, "Who answers?"),
    ((*QUESTION, "-c", "KEN", "-p", "item-mean"), ExitCode.USAGE, "cannot answer new questions"),
    ((*QUESTION, "-c", "KEN", "--run", "prior", "--scale", "round"), ExitCode.BAD_INPUT, "the scale 'round'"),
    ((*QUESTION, "-c", "KEN", "--run", "prior", "--name", "wvs7"), ExitCode.CONFLICT, "named wvs7"),
    (("--file", "none.yaml", "--run", "prior"), ExitCode.BAD_INPUT, "no file of questions"),
    ((), ExitCode.USAGE, "what to do"),
)


def test_what_cannot_be_asked_is_refused(place: tuple[str, Path], run_cli: Callable) -> None:
    """Each mistake has its exit code and words, and leaves neither survey nor split nor run behind."""
    for arguments, code, message in REFUSED:
        refused = run_cli("simulate", *arguments, *place)
        assert (refused.code, message in refused.err) == (code, True), refused.err
    assert ad_hoc(place[1], "SELECT count(*) FROM survey").item() == 1
    assert ad_hoc(place[1], "SELECT count(*) FROM run").item() == 1
    assert ad_hoc(place[1], "SELECT count(DISTINCT split) FROM split_cell").item() == 1


def test_a_failed_prediction_takes_the_survey_back(place: tuple[str, Path], run_cli: Callable) -> None:
    """In a language without prompts nothing is predicted, and the questions do not stay in the store."""
    assert run_cli("predict", "--model", "tiny", "--split", "few", "--part", "validation", *place).code == 0
    refused = run_cli("simulate", *QUESTION, "-c", "KEN", "--language", "xx", "--run", "zero-shot-1", *place)
    assert refused.code in (ExitCode.NOT_FOUND, ExitCode.BAD_INPUT), refused.err
    assert ad_hoc(place[1], "SELECT count(*) FROM survey").item() == 1
    assert ad_hoc(place[1], "SELECT count(DISTINCT split) FROM split_cell").item() == 1
    assert run_cli("check", *place).code == 0


def test_questions_of_a_table(tmp_path: Path) -> None:
    """In a CSV options and countries are parted by |; ids are numbered where none is given."""
    path = tmp_path / "q.csv"
    path.write_text(
        "id,question,options,countries,scale\n,Tea?,Good|Bad,KEN|Japan,ordinal\nC1,Coffee?,Yes|No,,\n", encoding="utf-8"
    )
    first, second = read_questions(path, "en")
    assert (first.item_id, first.options["en"], first.populations) == ("N1", ("Good", "Bad"), ("KEN", "Japan"))
    assert (first.scale, second.scale, second.item_id, second.populations) == (Scale.ORDINAL, Scale.BINARY, "C1", ())


def test_yes_and_no_in_yaml_are_words(tmp_path: Path) -> None:
    """YAML takes a bare Yes for true; as an option it is a word again."""
    path = tmp_path / "q.yaml"
    path.write_text("countries: [KEN]\nquestions:\n- {question: Tea?, options: [Yes, No]}\n", encoding="utf-8")
    (question,) = read_questions(path, "en")
    assert (question.options["en"], question.populations) == (("Yes", "No"), ("KEN",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "has no questions"),
        ("question: x", "not a list of questions"),
        ("- {question: x, options: [a, b], colour: red}", "colour, which means nothing here"),
        ("- {id: 1x, question: x, options: [a, b]}", "has the id '1x'"),
        ("- {question: {en: x, zh: y}, options: {en: [a, b]}}", "words in en, zh, options in en"),
        ("- {question: {en: x, zh: y}, options: {en: [a, b], zh: [a]}}", "different numbers of options"),
        (
            "- {id: A, question: x, options: [a, b]}\n- {id: A, question: y, options: [a, b]}",
            "two questions with the id A",
        ),
        ("- {question: x, options: a}", "options in none"),
        ("- [", "cannot be read"),
    ],
)
def test_files_that_say_no_questions_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong and where stands in the message; exit 3."""
    path = tmp_path / "q.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SurveyError, match=message) as refused:
        read_questions(path, "en")
    assert refused.value.code is ExitCode.BAD_INPUT


def test_twenty_six_options_are_the_most() -> None:
    """Each option has a letter."""
    assert len(one_question("x", [f"a{n}" for n in range(26)], "en").options["en"]) == 26
    with pytest.raises(SurveyError, match="27 options"):
        one_question("x", [f"a{n}" for n in range(27)], "en")
