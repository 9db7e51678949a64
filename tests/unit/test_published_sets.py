"""Data sets of the field in their published layouts, with invented shares and answers."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from other_surveys import goqa_selections

from surveycli.errors import ExitCode, SurveyError
from surveycli.split import make_split
from surveycli.store import Store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file

SIMBENCH = ("dataset_name", "group_prompt_template", "group_prompt_variable_map", "input_template", "human_answer")


def subpop_row(group: str, responses: list[float], **other: Any) -> dict[str, Any]:
    """Return a line about tea, with the middle answer named last."""
    row = {"qkey": "TEA_W1", "attribute": "POLPARTY", "group": group, "question": "Is tea getting better?"}
    answers = {"options": ["Better", "Worse", "The same", "Refused"], "ordinal": [1.0, 3.0, 2.0]}
    return {**row, **answers, "responses": responses, "refusal_rate": 0.02, **other}


def shares_of(store: Store, population: str) -> dict[tuple[str, str], float]:
    """Return the stored shares of a population by wording and label."""
    rows = store.query(
        "SELECT t.wording, o.label, coalesce(d.share, d.share_unweighted) FROM response_distribution AS d"
        " JOIN item_text AS t USING (survey_id, item_id) JOIN option_text AS o USING (survey_id, item_id, option_code)"
        f" WHERE population_id = '{population}'"
    ).rows()
    return {(wording, label): share for wording, label, share in rows}


def test_subpop_keeps_each_share_under_its_label_and_the_positions_as_order(store: Store, tmp_path: Path) -> None:
    """Shares are those of the file to the last digit, codes follow `ordinal`, and refusals stand apart."""
    rows = [
        subpop_row("Democrat", [0.5, 0.2, 0.3]),
        subpop_row("Republican", [0.1, 0.6, 0.3]),
        subpop_row("Female", [0.25, 0.25, 0.5], attribute="SEX"),
        subpop_row("Overall", [0.3, 0.4, 0.3], attribute="Overall"),
        subpop_row("Democrat", [0.9, 0.1], options=["Yes", "No", "Refused"], ordinal=[1, 2]),
        subpop_row("Democrat", [0.9, 0.1], qkey="BAD"),
        subpop_row("Democrat", "__import__('os')", qkey="WORSE"),
    ]
    path = tmp_path / "subpop-train.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    report = ingest_file(store, path)
    assert (report.layout, report.n_items, report.n_cells) == ("subpop", 2, 5)
    assert sum(skip.n_skipped for skip in report.skipped) == 2
    for row, population in zip(
        rows, ("USA|party=Democrat", "USA|party=Republican", "USA|sex=female", "USA"), strict=False
    ):
        found = shares_of(store, population)
        expected = zip(row["options"], row["responses"], strict=False)
        assert all(
            found["Is tea getting better?", label] == pytest.approx(share, abs=1e-15) for label, share in expected
        )
    labels = store.query("SELECT label FROM option_text WHERE item_id = 'TEA_W1' ORDER BY option_code").rows()
    assert [label for (label,) in labels] == ["Better", "The same", "Worse"]
    assert store.query("SELECT scale FROM item WHERE item_id = 'TEA_W1'").rows() == [("ordinal",)]
    assert store.query("SELECT DISTINCT status, share FROM missing_count").rows() == [("refused", 0.02)]
    assert not list(find_violations(store))


def test_subpop_is_split_as_its_authors_split_it(store: Store, tmp_path: Path) -> None:
    """Questions of the panel train, a tenth of them validates, and the other survey's questions are the test."""
    rows = [subpop_row("Democrat", [0.5, 0.2, 0.3], qkey=f"Q{n}_W82", question=f"Is tea {n} good?") for n in range(20)]
    other = [subpop_row("Democrat", [0.5, 0.2, 0.3], qkey=f"tea{n}", question=f"Tea {n}?") for n in range(3)]
    for name, lines in (("subpop_train.jsonl", rows), ("subpop_eval.jsonl", other)):
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        ingest_file(store, tmp_path / name)
    report = make_split(store, "subpop")
    assert {part.part: part.n_items for part in report.parts} == {"train": 18, "validation": 2, "test": 3}
    tested = store.query("SELECT DISTINCT survey_id FROM split_cell WHERE part = 'test'").rows()
    assert tested == [("subpop-eval",)]


def write_simbench(path: Path) -> Path:
    """Write five rows: a country, two described groups, and two that cannot be used."""
    question = "Do you like tea?\n\nOptions:\n(A): A great deal\n(B): Somewhat\n(C): Not at all"
    group = "You are {age} years old and live in {place}."
    people = {"age": "30", "place": 'a "town" by the sea'}
    rows = [
        ("ESS", "You are from {country}.", {"country": "Germany"}, question, {"A": 0.2, "B": 0.3, "C": 0.5}),
        ("ESS", group, people, question, {"A": 0.6, "C": 0.4}),
        ("Jester", "You took part online.", {}, "A. is a joke.\nA. Funny\nB. Not funny", {"A": 0.25, "B": 0.75}),
        ("ESS", group, people, "No options here", {"A": 1.0}),
        ("ESS", group, people, question, "{'A': ().__class__}"),
    ]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*SIMBENCH, "group_size"])
        writer.writerows([*(cell if isinstance(cell, str) else repr(cell) for cell in row), 100] for row in rows)
    return path


def test_simbench_keeps_the_words_of_each_group(store: Store, tmp_path: Path) -> None:
    """A group of one country is that country; of any other the description stays, and prompts quote it."""
    report = ingest_file(store, write_simbench(tmp_path / "SimBenchGrouped.csv"))
    assert (report.layout, report.n_items, report.n_populations, report.n_cells) == ("simbench", 2, 3, 3)
    assert shares_of(store, "DEU") == {
        ("Do you like tea?", "A great deal"): 0.2,
        ("Do you like tea?", "Somewhat"): 0.3,
        ("Do you like tea?", "Not at all"): 0.5,
    }
    texts = dict(
        store.query("SELECT name, population_id FROM population_text WHERE population_id LIKE 'people-%'").rows()
    )
    named = 'You are 30 years old and live in a "town" by the sea.'
    assert set(texts) == {named, "You took part online."}
    assert shares_of(store, texts[named])["Do you like tea?", "Somewhat"] == 0
    assert shares_of(store, texts["You took part online."]) == {
        ("A. is a joke.", "Funny"): 0.25,
        ("A. is a joke.", "Not funny"): 0.75,
    }
    assert store.query(f"SELECT description FROM population_text WHERE population_id = '{texts[named]}'").rows() == [
        ("people of whom this is true: \"You are 30 years old and live in a 'town' by the sea.\"",)
    ]
    assert sum(skip.n_skipped for skip in report.skipped) == 2
    assert not list(find_violations(store))


@pytest.mark.parametrize("kind", ["lines", "list", "columns"])
def test_global_opinions_are_read_from_every_kind_of_json(store: Store, tmp_path: Path, kind: str) -> None:
    """JSON lines, a list of objects and columns by row number give the shares of the file, as text or as objects."""
    shares = [{"Kenya": [0.25, 0.75]}, {"Kenya": [0.4, 0.6], "Britain": [0.1, 0.9]}]
    rows = [
        {"question": "Tea?", "selections": goqa_selections(shares[0]), "options": "['Yes', 'No']", "source": "GAS"},
        {"question": "Milk?", "selections": shares[1], "options": ["Yes", "No"], "source": "GAS"},
    ]
    columns = {name: {str(n): row[name] for n, row in enumerate(rows)} for name in rows[0]}
    written = {
        "lines": "\n".join(json.dumps(row) for row in rows),
        "list": json.dumps(rows, indent=1),
        "columns": json.dumps(columns),
    }
    path = tmp_path / "opinions.json"
    path.write_text(written[kind], encoding="utf-8")
    assert ingest_file(store, path).n_cells == 3
    assert shares_of(store, "KEN") == {
        ("Tea?", "Yes"): 0.25,
        ("Tea?", "No"): 0.75,
        ("Milk?", "Yes"): 0.4,
        ("Milk?", "No"): 0.6,
    }


def test_json_that_is_no_table_is_refused_with_the_place(store: Store, tmp_path: Path) -> None:
    """A damaged line, a list of numbers and a row that is no object say where, and store nothing."""
    for content, found in (('{"a": 1}\n{"a": ', "line 2"), ("[1, 2]", "row 1"), ('{"a": 1}\n[]', "row 2")):
        path = tmp_path / "x.jsonl"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(SurveyError, match=found) as raised:
            ingest_file(store, path)
        assert raised.value.code == ExitCode.BAD_INPUT


def test_ready_distributions_refuse_what_they_cannot_heed(store: Store, tmp_path: Path) -> None:
    """Options for respondents mean nothing in SimBench, and are refused."""
    with pytest.raises(SurveyError, match="min-cell") as raised:
        ingest_file(store, write_simbench(tmp_path / "s.csv"), IngestOptions(min_cell=5))
    assert raised.value.code == ExitCode.USAGE


def write_opinionqa(folder: Path, n_people: int = 300) -> list[dict[str, str]]:
    """Write a wave's info.csv and responses.csv, and return the rows of people."""
    draw = random.Random(4)
    questions = {
        "SAFE_W26": (["Very safe", "Somewhat safe", "Not at all safe", "Refused"], [1.0, 2.0, 3.0]),
        "OWNER_W26": (["I do", "Somebody else", "Nobody", "Refused"], [1.0, 1.0, 2.0]),
        "EVER_W26": (["No, I have never", "Yes, I have", "Refused"], [2.0, 1.0]),
    }
    with (folder / "info.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["", "survey", "key", "question", "references", "option_mapping", "option_ordinal"])
        for key, (labels, places) in questions.items():
            mapping = {float(place): label for place, label in enumerate(labels, 1)}
            writer.writerow(["0", "W26", key, f"What of {key}?", repr(labels), repr(mapping), repr(places)])
        writer.writerow(["1", "W26", "BROKEN_W26", "What?", "__import__('os')", "{}", "[1.0]"])
    people = [
        {"QKEY": str(1000 + number), "SEX": draw.choice(("Male", "Female"))}
        | {key: draw.choice(labels) for key, (labels, _) in questions.items()}
        | {"BROKEN_W26": "No", "WEIGHT_W26": f"{draw.uniform(0.3, 3):.4f}"}
        for number in range(n_people)
    ]
    with (folder / "responses.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.DictWriter(stream, list(people[0]))
        rows.writeheader()
        rows.writerows(people)
    return people


def test_opinionqa_is_read_by_the_table_of_questions_beside_it(store: Store, tmp_path: Path) -> None:
    """Weighted shares are those of the people, options go by place, refusals stand apart, terms are the panel's."""
    people = write_opinionqa(tmp_path)
    report = ingest_file(store, tmp_path / "responses.csv", IngestOptions(by=(("country", "sex"),)))
    assert (report.layout, report.survey_id, report.n_items) == ("opinionqa", "opinionqa-w26", 3)
    women = [row for row in people if row["SEX"] == "Female"]
    for key in ("SAFE_W26", "OWNER_W26", "EVER_W26"):
        answered = [row for row in women if row[key] != "Refused"]
        total = sum(float(row["WEIGHT_W26"]) for row in answered)
        found = shares_of(store, "USA|sex=female")
        for label in {row[key] for row in answered}:
            share = sum(float(row["WEIGHT_W26"]) for row in answered if row[key] == label) / total
            assert found[f"What of {key}?", label] == pytest.approx(share, abs=1e-12)
    labels = store.query("SELECT label FROM option_text WHERE item_id = 'EVER_W26' ORDER BY option_code").rows()
    assert [label for (label,) in labels] == ["Yes, I have", "No, I have never"]
    scales = dict(store.query("SELECT item_id, scale FROM item").rows())
    assert scales == {"SAFE_W26": "ordinal", "OWNER_W26": "nominal", "EVER_W26": "binary"}
    assert {status for (status,) in store.query("SELECT DISTINCT status FROM missing_count").rows()} == {"refused"}
    assert not list(find_violations(store))


def test_answers_of_opinionqa_without_its_table_of_questions_are_refused(store: Store, tmp_path: Path) -> None:
    """responses.csv alone does not say which of its columns are questions: the layout cannot be forced on it."""
    write_opinionqa(tmp_path)
    (tmp_path / "info.csv").write_text('key,question,references,option_ordinal\n"', encoding="utf-8")
    with pytest.raises(SurveyError, match=r"info\.csv cannot be read") as caught:
        ingest_file(store, tmp_path / "responses.csv")
    assert caught.value.code is ExitCode.BAD_INPUT
    (tmp_path / "info.csv").unlink()
    with pytest.raises(SurveyError, match=r"expected OpinionQA: responses\.csv with its wave's info\.csv"):
        ingest_file(store, tmp_path / "responses.csv", IngestOptions(layout="opinionqa"))


DIALOGUE = """Question ID,Question Type,Question,Response,OriginalResponse,All,O2: 18-25 (410),O7: Kenya (35),Africa
q1,Poll Single Select,How old are you?,18-25,,40,100,60,50
q1,Poll Single Select,How old are you?,26-35,,60,0,40,50
q2,Poll Single Select,How much do you trust it?,A lot,,20,10.5,50,25%
q2,Poll Single Select,How much do you trust it?,A little,,50,39.5,25,25%
q2,Poll Single Select,How much do you trust it?,Not at all,,20,40,25,50%
q2,Poll Single Select,How much do you trust it?,Don't know,,10,10,0,0%
q3,Ask Opinion,Why?,It helps me,It helps me,70,71,72,73
q4,Poll Multi Select,Which do you use?,Phone,,90,90,90,90
q4,Poll Multi Select,Which do you use?,Laptop,,60,60,60,60
"""


def test_global_dialogues_keep_polls_by_segment(store: Store, tmp_path: Path) -> None:
    """Countries are countries, other segments are told by the poll that made them; opinions are not distributions."""
    (tmp_path / "GD3_aggregate_standardized.csv").write_text(DIALOGUE, encoding="utf-8")
    report = ingest_file(store, tmp_path / "GD3_aggregate_standardized.csv")
    assert (report.layout, report.n_items, report.n_populations, report.n_cells) == ("global-dialogues", 2, 4, 7)
    trust = "How much do you trust it?"
    assert shares_of(store, "KEN")[trust, "A lot"] == pytest.approx(0.5, abs=1e-12)
    named = dict(store.query("SELECT name, population_id FROM population_text").rows())
    young = named["To the question 'How old are you?' you answer '18-25'."]
    assert shares_of(store, young) == {
        (trust, "A lot"): pytest.approx(10.5 / 90, abs=1e-12),
        (trust, "A little"): pytest.approx(39.5 / 90, abs=1e-12),
        (trust, "Not at all"): pytest.approx(40 / 90, abs=1e-12),
    }
    missing = store.query(f"SELECT status, share FROM missing_count WHERE population_id = '{young}'").rows()
    assert missing == [("dont_know", pytest.approx(0.1, abs=1e-12))]
    reasons = {skip.reason: skip.n_skipped for skip in report.skipped}
    assert reasons["row of another type than a poll"] == 1
    assert reasons["segment that the poll itself defines"] == 1
    assert reasons["segment whose shares of all responses do not sum to 100%"] == 4
    assert not list(find_violations(store))


def twin(pid: int, sex: str, tea: int, *trust: int | None) -> dict[str, Any]:
    """Return a row of a person: a question of one choice, a matrix, a text, and the matrix again in the fourth wave."""
    columns = ["None", "Some", "A lot"]
    matrix = {"QuestionID": "QID2", "QuestionType": "Matrix", "QuestionText": "Trust in", "Rows": ["banks", "police"]}
    answers = {"SelectedByPosition": list(trust), "SelectedText": [n and columns[n - 1] for n in trust]}
    one = [
        {"QuestionID": "QID12", "QuestionType": "MC", "QuestionText": "What is your sex?"}
        | {
            "Options": ["Male", "Female"],
            "Answers": {"SelectedByPosition": 1 + (sex == "Female"), "SelectedText": sex},
        },
        {"QuestionID": "QID1", "QuestionType": "MC", "QuestionText": "Do you drink <b>tea</b>?"}
        | {"Options": ["Yes", "No"], "Answers": {"SelectedByPosition": tea}},
        matrix | {"Columns": columns, "Answers": answers},
        {"QuestionID": "QID3", "QuestionType": "TE", "QuestionText": "Why?", "Answers": {"Text": "So."}},
    ]
    again = [matrix | {"Columns": columns, "Answers": {"SelectedText": ["A lot", "A lot"]}}]
    blocks = {"wave1_3_persona_json": one, "wave4_Q_wave4_A": again}
    dumped = {name: json.dumps([{"ElementType": "Block", "Questions": asked}]) for name, asked in blocks.items()}
    return {"pid": pid, **dumped}


def test_twins_are_respondents_of_one_choice_questions(store: Store, tmp_path: Path) -> None:
    """Rows of a matrix are questions, the fourth wave's answers stand apart, and groups are made as for any file."""
    people = [
        twin(1, "Male", 1, 1, 3),
        twin(2, "Female", 2, 2, None),
        twin(3, "Female", 1, 3, 3),
        twin(4, "Male", 9, 1, 1),
    ]
    pl.DataFrame(people).write_parquet(tmp_path / "data.parquet")
    report = ingest_file(store, tmp_path / "data.parquet", IngestOptions(by=(("country",), ("country", "sex"))))
    assert (report.layout, report.survey_id, report.n_respondents) == ("twin-2k-500", "twin-2k-500", 4)
    assert shares_of(store, "USA")["Do you drink tea?", "Yes"] == pytest.approx(2 / 3, abs=1e-12)
    women = "SELECT option_code, share_unweighted FROM response_distribution WHERE population_id = 'USA|sex=female'"
    assert dict(store.query(f"{women} AND item_id = 'QID2_1'").rows()) == {1: 0, 2: 0.5, 3: 0.5}
    assert dict(store.query(f"{women} AND item_id = 'QID2_2'").rows()) == {1: 0, 2: 0, 3: 1}
    assert dict(store.query(f"{women} AND item_id = 'QID2_1_w4'").rows()) == {1: 0, 2: 0, 3: 1}
    items = {item for (item,) in store.query("SELECT item_id FROM item").rows()}
    assert items == {"QID1", "QID2_1", "QID2_2", "QID2_1_w4", "QID2_2_w4"}
    assert not list(find_violations(store))


@pytest.mark.parametrize("text", ["[", "[]", "3", '{"Questions": 3}', '[{"Questions": [{"QuestionID": 3}, 4, null]}]'])
def test_questionnaires_without_a_question_are_refused(store: Store, tmp_path: Path, text: str) -> None:
    """Whatever stands in the place of the questionnaire is an error with its place, never a crash."""
    pl.DataFrame({"pid": ["1"], "persona_json": [text]}).write_csv(tmp_path / "twins.csv")
    with pytest.raises(SurveyError, match="no questionnaire in it has a question of one choice") as caught:
        ingest_file(store, tmp_path / "twins.csv")
    assert caught.value.code is ExitCode.BAD_INPUT
