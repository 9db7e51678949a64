"""Translations in files: templates, and reading them back in every format."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import yaml
from small_survey import ITEMS, add_texts, small_store, texts_of

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import open_store
from surveycli.translation import (
    ReviewQuery,
    TranslateOptions,
    export_template,
    import_translations,
    list_reviews,
    read_glossary,
    read_plan,
)
from surveycli.translation.engine import GlossaryTerm
from surveycli.translation.translation_file import read_translations

GERMAN = {
    "Q1": ("Wie gut ist Tee Ihrer Meinung nach?", {1: "Sehr gut", 2: "Gut", 3: "Schlecht"}),
    "Q2": ("Wie gut ist Kaffee Ihrer Meinung nach?", {1: "Sehr gut", 2: "Gut", 3: "Schlecht"}),
    "Q3": ("Sind Sie schon 18 geworden?", {1: "Ja, bin ich", 2: "Nein, noch nicht"}),
    "Q4": ("Wie frei fühlen Sie sich?", {1: "In keiner Weise frei", 2: "2", 3: "Vollkommen frei"}),
}
TABLE = [("item_id", "option_code", "translation")] + [
    row
    for item_id, (wording, labels) in GERMAN.items()
    for row in [(item_id, "", wording), *((item_id, str(code), label) for code, label in labels.items())]
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_store(tmp_path / "small.duckdb")


def write_xlsx(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write the least that a workbook needs; whole numbers become number cells, as a spreadsheet makes them."""
    lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets><sheet name="s" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{links}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)


def _cell(value: str) -> str:
    if value.isdigit():
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def write(path: Path, suffix: str) -> Path:
    """Write the German texts in one of the formats."""
    file = path.with_name(f"de{suffix}")
    if suffix == ".csv":
        file.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in TABLE), encoding="utf-8")
    elif suffix == ".xlsx":
        write_xlsx(file, TABLE)
    elif suffix == ".jsonl":
        lines = [{"item_id": item_id, "wording": w, "options": labels} for item_id, (w, labels) in GERMAN.items()]
        file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    else:
        items = {item_id: {"wording": w, "options": labels} for item_id, (w, labels) in GERMAN.items()}
        file.write_text(yaml.safe_dump(items, allow_unicode=True), encoding="utf-8")
    return file


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".yaml"])
def test_every_format_is_read(path: Path, suffix: str) -> None:
    """The same texts in any of the formats fill the same items, with the origin that was given."""
    report = import_translations(path, write(path, suffix), TranslateOptions("de"), "official")
    assert report.translated == tuple(GERMAN) and not report.held
    assert texts_of(path, "de") == {item_id: (*texts, "official") for item_id, texts in GERMAN.items()}
    with open_store(path) as store:
        row = store.rows("translation/item_texts", survey_id="small", source="en", target="de")[0]
    assert json.loads(row["wording_detail"])["file"] == f"de{suffix}"


def fill_csv(file: Path) -> None:
    """Do a translator's work: write German beside the English."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        first = row["item_id"].split(",")[0].split("-")[0]
        wording, labels = GERMAN[first]
        row["translation"] = wording if row["option_code"] == "wording" else labels[int(row["option_code"])]
    with file.open("w", encoding="utf-8-sig", newline="") as output:
        writer = csv.DictWriter(output, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def fill_items(file: Path) -> None:
    """The same in a file of items."""
    is_yaml = file.suffix == ".yaml"
    text = file.read_text(encoding="utf-8")
    if is_yaml:
        items = yaml.safe_load(text)
    else:
        items = {fields["item_id"]: fields for fields in map(json.loads, text.splitlines())}
    for item_id, fields in items.items():
        fields["wording"], fields["options"] = GERMAN[item_id]
    lines = "".join(json.dumps(fields) + "\n" for fields in items.values())
    file.write_text(yaml.safe_dump(items, allow_unicode=True) if is_yaml else lines, encoding="utf-8")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".yaml"])
def test_a_filled_template_comes_back(path: Path, suffix: str) -> None:
    """A template that a translator has filled in translates every item."""
    file = path.with_name(f"template{suffix}")
    assert export_template(path, file, TranslateOptions("de")) == len(ITEMS)
    (fill_csv if suffix == ".csv" else fill_items)(file)
    assert import_translations(path, file, TranslateOptions("de")).translated == tuple(GERMAN)
    assert texts_of(path, "de") == {item_id: (*texts, "imported") for item_id, texts in GERMAN.items()}


def test_items_that_share_a_scale_share_its_rows(path: Path) -> None:
    """A table asks for a scale once, naming the items that have it."""
    file = path.with_name("template.csv")
    export_template(path, file, TranslateOptions("de"))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["option_code"] for row in rows if row["item_id"] == "Q1-Q2"] == ["1", "2", "3"]
    assert len(rows) == 4 + 3 + 2 + 3


def test_a_template_lists_only_what_is_missing_and_is_never_overwritten(path: Path) -> None:
    """Items that have a translation are left out; a file that is there already may hold somebody's work."""
    with open_store(path, write=True) as store:
        add_texts(store, "Q1", "de", *GERMAN["Q1"], "official")
    file = path.with_name("template.jsonl")
    assert export_template(path, file, TranslateOptions("de")) == 3
    with pytest.raises(SurveyError) as stop:
        export_template(path, file, TranslateOptions("de"))
    assert stop.value.code is ExitCode.CONFLICT


def test_blank_texts_are_no_translations(path: Path) -> None:
    """An untouched template changes nothing and is an error; a half-filled item is held, with what it lacks."""
    file = path.with_name("template.csv")
    export_template(path, file, TranslateOptions("de"))
    with pytest.raises(SurveyError, match="no translation"):
        import_translations(path, file, TranslateOptions("de"))
    file.write_text(f"item_id,option_code,translation\nQ1,,{GERMAN['Q1'][0]}\nQ1,1,Sehr gut\n", encoding="utf-8")
    (held,) = import_translations(path, file, TranslateOptions("de")).held
    assert [finding.message for finding in held.findings] == ["no label for 2, 3"]
    assert texts_of(path, "de") == {}


def test_a_half_filled_item_completes_what_is_there(path: Path) -> None:
    """Labels in the file join a wording that the store already has, which stays a person's."""
    with open_store(path, write=True) as store:
        add_texts(store, "Q3", "de", "Bist du schon 18?", {}, "official")
    file = path.with_name("de.csv")
    file.write_text("item_id;option_code;translation\nQ3;1;Ja, bin ich\nQ3;2;Nein, noch nicht\n", encoding="utf-8")
    assert import_translations(path, file, TranslateOptions("de")).translated == ("Q3",)
    assert texts_of(path, "de")["Q3"] == ("Bist du schon 18?", GERMAN["Q3"][1], "official")


def test_unknown_items_are_counted_and_unknown_codes_are_held(path: Path) -> None:
    """An id that is not in the survey is reported; a code that the item lacks stops that item."""
    file = path.with_name("de.csv")
    rows = [*TABLE, ("Q77", "", "Wer?"), ("Q3", "9", "Weiß nicht")]
    file.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows), encoding="utf-8")
    report = import_translations(path, file, TranslateOptions("de"))
    assert report.unknown == ("Q77",)
    assert [proposal.item_id for proposal in report.held] == ["Q3"]
    with open_store(path) as store:
        (review,) = list_reviews(store, ReviewQuery("de"))
    assert review.proposal.origin == "imported" and "9" in review.proposal.findings[0].message


def test_a_dry_run_changes_nothing(path: Path) -> None:
    """The report is the same and the store is as before."""
    report = import_translations(path, write(path, ".csv"), TranslateOptions("de"), dry_run=True)
    assert report.translated == tuple(GERMAN) and texts_of(path, "de") == {}
    assert len(read_plan(path, TranslateOptions("de")).work) == len(ITEMS)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("no.csv", None, ExitCode.BAD_INPUT),
        ("de.txt", b"x", ExitCode.USAGE),
        ("de.csv", b"id,text\nQ1,x\n", ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ1,,\xfc\n", ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ1,one,Eins\n", ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ1,1,Eins\nQ1,1,Zwei\n", ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ2-Q1,1,Eins\n", ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ1,," + b"x" * 140_000, ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ1," + b"9" * 5000 + b",Eins\n", ExitCode.BAD_INPUT),
        ("de.csv", b"item_id,option_code,translation\nQ1,,Ja, sehr\n", ExitCode.BAD_INPUT),
        ("de.csv", b'item_id,option_code,translation\nQ1,,"Ja\n', ExitCode.BAD_INPUT),
        ("de.jsonl", b"{]", ExitCode.BAD_INPUT),
        ("de.jsonl", b'{"item_id": "Q1", "wording": ' + b"[" * 100_000, ExitCode.BAD_INPUT),
        ("de.jsonl", b'{"item_id": "Q1", "wording": "\\ud800"}', ExitCode.BAD_INPUT),
        ("de.jsonl", b'{"item_id": "Q1", "options": {"' + b"9" * 5000 + b'": "Eins"}}', ExitCode.BAD_INPUT),
        ("de.jsonl", b'{"item_id": "Q1", "wording": {"a": 1}}', ExitCode.BAD_INPUT),
        ("de.yaml", b"Q1: {wording: !!timestamp 2024-99-99}", ExitCode.BAD_INPUT),
        ("de.yaml", b"Q1: {options: {2024-99-99: Eins}}", ExitCode.BAD_INPUT),
        ("de.yaml", b"Q1: {wording: " + b"[" * 100_000, ExitCode.BAD_INPUT),
        ("de.yaml", b"a: &a [x]\nb: [*a]\nQ1: {wording: *a}", ExitCode.BAD_INPUT),
        ("de.jsonl", b"[1]", ExitCode.BAD_INPUT),
        ("de.jsonl", b'{"item_id": "Q1", "options": ["a"]}', ExitCode.BAD_INPUT),
        ("de.yaml", b"a: [", ExitCode.BAD_INPUT),
        ("de.yaml", b"- Q1", ExitCode.BAD_INPUT),
        ("de.yaml", b"Q1: text", ExitCode.BAD_INPUT),
        ("de.xlsx", b"no workbook", ExitCode.BAD_INPUT),
    ],
)
def test_a_wrong_file_is_an_error(path: Path, name: str, content: bytes | None, code: ExitCode) -> None:
    """Each way in which a file can be wrong has its message and exit code."""
    file = path.with_name(name)
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SurveyError) as stop:
        import_translations(path, file, TranslateOptions("de"))
    assert stop.value.code is code and name in stop.value.message


def test_the_whole_survey_goes_out_and_comes_back(bundled_store_path: Path, tmp_path: Path) -> None:
    """The Chinese codebook, sent through a template of the bundled survey, returns word for word."""
    options = TranslateOptions("zh-Hant")
    chinese = texts_of(bundled_store_path, "zh")
    for suffix in (".csv", ".yaml"):
        file = tmp_path / f"t{suffix}"
        assert export_template(bundled_store_path, file, options) == len(chinese) == 258
    items = {item_id: {"wording": wording, "options": labels} for item_id, (wording, labels, _) in chinese.items()}
    file.write_text(yaml.safe_dump(items, allow_unicode=True), encoding="utf-8")
    report = import_translations(bundled_store_path, file, options)
    assert len(report.translated) == 258
    again = texts_of(bundled_store_path, "zh-Hant")
    assert {i: t[:2] for i, t in again.items()} == {i: t[:2] for i, t in chinese.items()}


def test_a_glossary_is_a_table_of_terms(tmp_path: Path) -> None:
    """Terms are read whatever separates them; a blank translation keeps the term, and a header alone is not a term."""
    file = tmp_path / "glossary.csv"
    file.write_text("Term;Translation;note\nGod;Gott;\nMuslim;;stays\n;x;\n", encoding="utf-8-sig")
    assert read_glossary(file) == (GlossaryTerm("God", "Gott"), GlossaryTerm("Muslim", "Muslim"))
    file.write_text("term,translation\n")
    assert read_glossary(file) == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no glossary"),
        (b"", "expected the columns term,translation, found nothing"),
        (b"\n\n", "expected the columns term,translation, found nothing"),
        (b"a,b\nx,y\n", "expected the columns term,translation, found a,b"),
        (b"term,translation\nGod,the, father\n", "expected 2 cells, found 3 in line 2"),
        (b"term,translation\n\nGod\n", "expected 2 cells, found 1 in line 3"),
        (b"term,translation\n" + b"x" * 140_000, "field limit .* in line 2"),
        (b"term,translation\nG\xf6d,x\n", "not in UTF-8: found the byte 0xF6 in line 2"),
        (b"term,translation,term\nGod,x,y\n", "the column term stands there twice"),
    ],
)
def test_a_broken_glossary_says_where(content: bytes | None, message: str, tmp_path: Path) -> None:
    """An empty file, other columns, an open quotation mark or a comma too many: one error with the line."""
    file = tmp_path / "glossary.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SurveyError, match=message) as stop:
        read_glossary(file)
    assert stop.value.code is ExitCode.BAD_INPUT and stop.value.hint


def test_a_line_separator_inside_a_text_ends_no_line(path: Path) -> None:
    """JSON lines end with line feeds alone: a text may have any other separator in it, and keeps it as a line's end."""
    file = path.with_name("de.jsonl")
    file.write_text('{"item_id": "Q1", "wording": "Tee\u2028oder\u0085Milch?"}\n', encoding="utf-8")
    assert read_translations(file, ["Q1"])[0]["Q1"].wording == "Tee\noder…Milch?"


def test_a_template_that_cannot_be_written_is_bad_input(path: Path) -> None:
    """A folder that is not there, or may not be written to, is one error."""
    with pytest.raises(SurveyError, match="Cannot write") as stop:
        export_template(path, path.parent / "nowhere" / "de.csv", TranslateOptions("de"))
    assert stop.value.code is ExitCode.BAD_INPUT
