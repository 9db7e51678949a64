"""National surveys that nobody has a profile of, read as a newcomer would: one command, and its hint."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
import xlsxwriter
from other_surveys import write_xlsx

from surveycli.errors import SurveyError
from surveycli.store import Store
from surveycli.survey import IngestOptions, ingest_file, parse_groupings
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import open_source
from surveycli.survey.readers.unlabelled import as_patterns

AGREE_PL = ["Zdecydowanie się zgadzam", "Raczej się zgadzam", "Ani tak, ani nie", "Raczej się nie zgadzam"]
AGREE_TR = ["Kesinlikle katılıyorum", "Katılıyorum", "Ne katılıyorum ne katılmıyorum", "Katılmıyorum"]
AGREE_IT = ["Molto d'accordo", "Abbastanza d'accordo", "Poco d'accordo", "Per niente d'accordo"]
AGREE_NL = ["Helemaal eens", "Eens", "Niet eens, niet oneens", "Oneens", "Helemaal oneens"]
STOR_SV = ["Mycket stort", "Ganska stort", "Varken eller", "Ganska litet", "Mycket litet"]


def labels_of(*labels: str, **missing: str) -> dict[int, str]:
    """Return labels from code 1 on, and those of the codes `_8`, `_9`."""
    return {**dict(enumerate(labels, 1)), **{int(code[1:]): label for code, label in missing.items()}}


def write_national(path: Path, columns: Mapping[str, tuple[str, Sequence[float], Mapping[int, str]]]) -> Path:
    """Write a labelled file of 60 respondents: each column with its label, its cells in turn, and its codes' labels."""
    frame = pl.DataFrame(
        {name: [float(cells[row % len(cells)]) for row in range(60)] for name, (_, cells, _) in columns.items()}
    )
    labels = {name: dict(said) for name, (_, _, said) in columns.items() if said}
    said = [label for label, _, _ in columns.values()]
    pyreadstat.write_sav(frame, str(path), column_labels=said, variable_value_labels=labels)
    return path


def shares(store: Store, item: str) -> dict[int, float]:
    where = f"item_id = '{item}' AND population_id NOT LIKE '%|%' ORDER BY option_code"
    rows = store.query(f"SELECT option_code, share_unweighted FROM response_distribution WHERE {where}").rows()
    return {code: round(share, 9) for code, share in rows}


def scales(store: Store) -> dict[str, str]:
    return dict(store.query("SELECT item_id, scale FROM item ORDER BY 1").rows())


def test_a_polish_survey_takes_one_hint(store: Store, tmp_path: Path) -> None:
    """The hint says --country; weight, sex, missing answers and scales are then found by themselves."""
    path = write_national(
        tmp_path / "polska_2021.sav",
        {
            "nr": ("Numer respondenta", range(60), {}),
            "waga": ("Waga", [0.5, 1.5], {}),
            "plec": ("Płeć respondenta", [1, 2], {1: "Mężczyzna", 2: "Kobieta"}),
            "woj": ("Województwo", [2, 4], {2: "lubelskie", 4: "lubuskie"}),
            "p1": (
                "Herbata jest lepsza",
                [1, 2, 3, 4, 7, 8],
                labels_of(*AGREE_PL, _7="Nie wiem", _8="Odmowa odpowiedzi"),
            ),
            "p2": (
                "Zadowolenie z życia",
                [*range(11), 97],
                {0: "Niezadowolony", 10: "Zadowolony", 97: "Trudno powiedzieć"},
            ),
            "p3": ("Ulubiony napój", [1, 2, 3, 9], labels_of("Kawa", "Herbata", "Inne", _9="Nie dotyczy")),
        },
    )
    with pytest.raises(SurveyError, match="expected a column with the country") as stop:
        ingest_file(store, path)
    assert "--country USA" in stop.value.hint
    report = ingest_file(store, path, IngestOptions(country="Poland", by=parse_groupings(["country", "country,sex"])))
    assert report.reading and (report.reading.weight, report.reading.language[:2], report.wave) == (
        "waga",
        "pl",
        "2021",
    )
    assert {label.label: label.taken_for for label in report.reading.missing} == {
        "Nie wiem": "dont_know",
        "Odmowa odpowiedzi": "refused",
        "Trudno powiedzieć": "dont_know",
        "Nie dotyczy": "not_applicable",
    }
    assert scales(store) == {"p1": "ordinal", "p2": "ordinal", "p3": "nominal"}
    assert shares(store, "p1") == dict.fromkeys([1, 2, 3, 4], 0.25)
    assert shares(store, "p3") == dict.fromkeys([1, 2, 3], round(1 / 3, 9))
    assert report.n_populations == 3


def test_questions_called_s1_s2_are_questions(store: Store, tmp_path: Path) -> None:
    """Where most numbered columns are called S1, S2... they are no screening questions."""
    path = write_national(
        tmp_path / "arastirma.sav",
        {
            "agirlik": ("Ağırlık", [0.5, 1.5], {}),
            "cinsiyet": ("Cinsiyet", [1, 2], {1: "Erkek", 2: "Kadın"}),
            "s1": ("Çay kahveden iyidir", [1, 2, 3, 4, 8], labels_of(*AGREE_TR, _8="Bilmiyorum")),
            "s2": ("Çay içer misiniz?", [1, 2, 9], labels_of("Evet", "Hayır", _9="Cevap yok")),
        },
    )
    report = ingest_file(store, path, IngestOptions(country="TUR"))
    assert report.reading and report.reading.weight == "agirlik"
    assert scales(store) == {"s1": "ordinal", "s2": "binary"}


@pytest.mark.parametrize(
    "labels", [AGREE_PL, AGREE_TR, AGREE_IT, AGREE_NL, STOR_SV], ids=["pl", "tr", "it", "nl", "sv"]
)
def test_scales_in_more_languages_are_ordinal(labels: list[str], store: Store, tmp_path: Path) -> None:
    """Degrees and opposites of Polish, Turkish, Italian, Dutch and Swedish lie on one line, in both directions."""
    columns = {
        "f1": ("f1", [1, 2, 3, 4], labels_of(*labels)),
        "f2": ("f2", [1, 2, 3, 4], labels_of(*reversed(labels))),
        "f3": ("f3", [1, 2, 3], labels_of(labels[1], labels[0], labels[-1])),
    }
    ingest_file(store, write_national(tmp_path / "f.sav", columns), IngestOptions(country="Italy"))
    assert scales(store) == {"f1": "ordinal", "f2": "ordinal", "f3": "nominal"}


def test_missing_answers_in_a_language_without_words_stand_apart(store: Store, tmp_path: Path) -> None:
    """Without a list of missing words labelled 8s and 9s that stand apart are missing, said, and can be kept."""
    columns = {
        "sp1": (
            "Finnst þér te betra en kaffi?",
            [1, 2, 3, 8, 9],
            labels_of("Já", "Stundum", "Nei", _8="Veit ekki", _9="Vil ekki svara"),
        ),
        "sp2": ("Hvaða drykkur finnst þér bestur af öllum?", [1, 2, 3, 4], labels_of("Te", "Kaffi", "Mjólk", "Vatn")),
    }
    path = write_national(tmp_path / "konnun.sav", columns)
    report = ingest_file(store, path, IngestOptions(country="Iceland", language="is"))
    assert report.reading and [label.label for label in report.reading.missing] == ["Veit ekki", "Vil ekki svara"]
    assert shares(store, "sp1") == dict.fromkeys([1, 2, 3], round(1 / 3, 9)) and len(shares(store, "sp2")) == 4
    kept = IngestOptions(country="ISL", language="is", missing=(("Veit ekki", "answer"),), replace=True)
    ingest_file(store, path, kept)
    assert shares(store, "sp1") == dict.fromkeys([1, 2, 3, 8], 0.25)


def test_a_csv_of_codes_is_told_with_the_command_that_reads_it(store: Store, tmp_path: Path) -> None:
    """The hint names the questions; dots, NA and codes that stand apart are then missing, and everybody is counted."""
    path = tmp_path / "national tea.csv"
    header = "resp_id,country,wgt,gender,age,q1,q2,q3,q4,q5"
    q = {1: ["1", "2", "3", "97", "99"], 2: ["1", "2", ".", "NA", "-99"], 3: ["0", "10", "5", "88", "77"]}
    q |= {4: ["Yes", "No", "DK", "REF", " "], 5: ["1", "2", "999", "-", "NULL"]}
    cells = [",".join([str(n), "Uganda", "1.5", "1", "40", *(q[k][n % 5] for k in q)]) for n in range(50)]
    path.write_text("\n".join([header, *cells]) + "\n")
    with pytest.raises(SurveyError, match="5 of which look like questions: q1, q2, q3, q4, q5") as stop:
        ingest_file(store, path)
    command = re.match(r"`(.+?)` takes these columns", stop.value.hint)
    assert command and shlex.split(command[1]) == ["surveycli", "ingest", str(path), "--items", "q*"]
    report = ingest_file(store, path, IngestOptions(items=("q*",)))
    assert (report.n_items, report.reading and report.reading.weight) == (5, "wgt")
    account = "SELECT item_id, sum(n_interviewed), sum(n_valid), sum(n_missing), sum(n_left_out) FROM answer_account"
    valid = {"q1": 30, "q2": 20, "q3": 30, "q4": 20, "q5": 20}
    expected = [(item, 50, n, 50 - n, 0) for item, n in valid.items()]
    assert store.query(f"{account} GROUP BY 1 ORDER BY 1").rows() == expected


def rows_of_platform() -> tuple[list[str], list[str], list[list[str]]]:
    """Return names, wordings and answers as a survey platform exports them."""
    names = ["ResponseId", "Country", "Q1", "Q2", "Q3"]
    wordings = [
        "Response ID",
        "In which country do you live?",
        "How much do you like\ntea?",
        "Do you drink it?",
        "Age, in years",
    ]
    answers = [
        [f"R_{n}", ["Kenya", "Ghana"][n % 2], ["A lot", "Some", "Not at all"][n % 3], ["Yes", "No"][n % 2], str(20 + n)]
        for n in range(30)
    ]
    return names, wordings, answers


@pytest.mark.parametrize("kind", ["csv", "xlsx", "three"])
def test_wordings_below_the_names_are_no_respondent(kind: str, store: Store, tmp_path: Path) -> None:
    """A second row of headers gives the wordings, and a third with a platform's ids is left out."""
    names, wordings, answers = rows_of_platform()
    path = tmp_path / f"export.{'xlsx' if kind == 'xlsx' else 'csv'}"
    if kind == "xlsx":
        write_xlsx(path, pl.DataFrame([wordings, *answers], schema=names, orient="row"))
    else:
        ids = [[f'{{"ImportId":"QID{n}"}}' for n in range(5)]] if kind == "three" else []
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([names, wordings, *ids, *answers])
    report = ingest_file(store, path, IngestOptions(items=("Q1", "Q2")))
    assert (report.n_respondents, report.n_populations) == (30, 2)
    texts = store.query("SELECT item_id, wording FROM item_text ORDER BY 1").rows()
    assert texts == [("Q1", "How much do you like tea?"), ("Q2", "Do you drink it?")]
    counted = store.query("SELECT sum(n_respondents) FROM response_distribution WHERE item_id = 'Q1'").item()
    assert counted == 30
    assert any("taken as the questions' wordings" in skip.reason for skip in report.skipped)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_codes_before_the_wordings_are_the_names(kind: str, store: Store, tmp_path: Path) -> None:
    """Headers of a code and a wording make items of the code; the country is found though the first rows name one."""
    names = [
        "id. Response ID",
        "G01Q01. Where do you live?",
        "G01Q02. How do you like tea?",
        "G01Q03[SQ001]. Drinks [Tea]",
    ]
    rows = [[str(n), ["Kenya", "Ghana"][n > 20], ["A lot", "Some"][n % 2], ["Yes", "No"][n % 2]] for n in range(40)]
    frame, path = pl.DataFrame(rows, schema=names, orient="row"), tmp_path / f"lime.{kind}"
    frame.write_csv(path, separator=";") if kind == "csv" else write_xlsx(path, frame)
    with pytest.raises(SurveyError, match=re.escape("--items G01Q02,G01Q03_SQ001")):
        ingest_file(store, path)
    report = ingest_file(store, path, IngestOptions(items=("G01Q02", "G01Q03_SQ001")))
    assert (report.n_populations, report.n_respondents) == (2, 40)
    texts = store.query("SELECT item_id, wording FROM item_text ORDER BY 1").rows()
    assert texts == [("G01Q02", "How do you like tea?"), ("G01Q03_SQ001", "Drinks [Tea]")]


def test_response_below_the_wordings_is_no_respondent(store: Store, tmp_path: Path) -> None:
    """SurveyMonkey has the wordings above, and below them `Response`, or the options of a question of several."""
    rows = [
        ["Respondent ID", "Which country do you live in?", "How satisfied are you?", "What do you drink?", ""],
        ["", "Response", "Response", "Tea", "Coffee"],
        *([str(n), "Kenya", ["Very satisfied", "Dissatisfied"][n % 2], "Tea", ""] for n in range(12)),
    ]
    with xlsxwriter.Workbook(tmp_path / "m.xlsx") as book:
        sheet = book.add_worksheet("Sheet")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    options = IngestOptions(items=("How*",), country_column="Which country do you live in?")
    report = ingest_file(store, tmp_path / "m.xlsx", options)
    assert (report.n_respondents, report.n_populations) == (12, 1)
    assert store.query("SELECT wording FROM item_text").item() == "How satisfied are you?"


def test_a_respondent_in_words_is_no_header(tmp_path: Path) -> None:
    """The first respondent stays where answers are whole sentences: other people say the same, or all is text."""
    _, _, answers = rows_of_platform()
    said = ["I would rather not say", "It is very important to me", "It does not matter to me"]
    closed = [[row[0], said[n % 3], said[(n + 1) % 3]] for n, row in enumerate(answers)]
    opened = [[row[0], f"My own view number {n}", f"Another of them, {n}"] for n, row in enumerate(answers)]
    for rows in (closed, opened):
        path = tmp_path / "words.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([["id", "Q1", "Q2"], *rows])
        assert open_table(open_source(path)).frame().height == 30


def test_a_column_of_a_sheet_without_a_name_is_passed_over(store: Store, tmp_path: Path) -> None:
    """A mark of byte order alone is no name: the other columns are read, and the wordings below them found."""
    names, wordings, answers = rows_of_platform()
    rows = [[*names, "\ufeff"], [*wordings, "x"], *([*row, "x"] for row in answers)]
    with xlsxwriter.Workbook(tmp_path / "marked.xlsx") as book:
        sheet = book.add_worksheet("Data")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    assert ingest_file(store, tmp_path / "marked.xlsx", IngestOptions(items=("Q1", "Q2"))).n_respondents == 30


def test_a_title_above_the_names_of_a_sheet_is_its_title(store: Store, tmp_path: Path) -> None:
    """Rows of titles with few filled cells are no columns: the first row that is nearly full has the names."""
    rows = [["National Tea Survey 2022"], [], ["country", "q1"], *(["Kenya", str(n % 3 + 1)] for n in range(9))]
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet("Data")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    report = ingest_file(store, tmp_path / "t.xlsx", IngestOptions(items=("q1",)))
    assert (report.title, report.n_respondents, report.n_items) == ("National Tea Survey 2022", 9, 1)


def test_text_of_another_encoding_is_read_where_it_is_certain(store: Store, tmp_path: Path) -> None:
    """Windows-1252 is told by western words and UTF-16 by its mark, and said; other alphabets are refused as before."""
    text = "país;q1\n" + "España;Sí\nEspaña;No\n" * 9
    (tmp_path / "w.csv").write_bytes(text.encode("cp1252"))
    (tmp_path / "u.csv").write_bytes(text.encode("utf-16"))
    for name in ("w", "u"):
        report = ingest_file(store, tmp_path / f"{name}.csv", IngestOptions(items=("q1",), country_column="país"))
        labels = store.query(f"SELECT label FROM option_text WHERE survey_id = '{name}' ORDER BY 1")["label"].to_list()
        assert (report.n_respondents, labels) == (18, ["No", "Sí"])
        assert any("not in UTF-8" in skip.reason for skip in report.skipped)
    for word, encoding in (("Привет", "cp1251"), ("zażółć", "cp1250"), ("你好吗", "gbk")):
        (tmp_path / "other.csv").write_bytes(f"a;b\n{word};1\n".encode(encoding) * 9)
        with pytest.raises(SurveyError, match="expected UTF-8"):
            open_table(open_source(tmp_path / "other.csv"))


def test_columns_are_named_as_one_would_type_them() -> None:
    """A star stands for columns that begin alike, where it means no other column."""
    assert as_patterns(["Q1", "Q2"], ["Q1", "Q2", "Q3", "id"]) == "Q1,Q2"
    assert as_patterns(["v_1", "v_2", "tea"], ["v_1", "v_2", "tea"]) == "v_*,tea"
