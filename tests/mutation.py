"""Mutated files for every reader: sound content, changed as a tree and written again, then read as a user would.

`READERS` has one row per reader. `try_reader(name, seed, folder)` makes one mutated file and reads it; the same seed
makes the same file. What may come of it is a SurveyError that names its place, or a result that the store's invariants
hold for; anything else is a failure.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import shutil
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import yaml
from other_surveys import GOQA_COLUMNS, PEW_COUNTRIES, PEW_LABELS, PEW_WORDINGS, goqa_selections, pew_frame, write_xlsx
from small_survey import small_store
from wvs_like import make_wvs_like

from surveycli.errors import ExitCode, SurveyError
from surveycli.prompt import parse_frame, plain_frame
from surveycli.store import Store, open_store
from surveycli.store.invariant import find_violations
from surveycli.survey import IngestOptions, ingest_file
from surveycli.survey.places.match import read_country_map
from surveycli.survey.readers.layout import LAYOUTS
from surveycli.translation import TranslateOptions, import_translations, read_glossary, save_prompt_frame
from surveycli.translation.glossary import terms_in
from surveycli.untrusted.text import plain

MOST_SECONDS = 30.0
MOST_MESSAGE = 4000
Tree = Any  # dictionaries, lists and scalars, as a file's content is written from them

# What stands in strangers' cells one day: numbers at and beyond every border, controls, quotes, and half characters.
NASTY: tuple[Any, ...] = (
    None, True, False, "", " ", "nan", "inf", "-inf", "NULL", "N/A", "-1", "-5", "-99", "0", "1", "2.0", "2.5",
    1e308, -1e308, 1e-308, math.nan, math.inf, -math.inf, -0.0, 0.5, 0, 1, 2, 3, 9, 99, -1, -2, 32767, 32768, -32768,
    2**31, 2**63 - 1, 2**63, -(2**63), 2**64, 10**19, 10**25, 10**308, 10**400, "9" * 30, "9" * 400, "9" * 5000,
    "1e308", "٣", "1_0", "½", "²", "\ud800", "\udfff x", "\x00", "\x1b[31mred", "\x9b", "\u202eabc", "\ufeff",
    "\ufffd", "a\nb", "a\r\nb", "\r", "\u2028", '"', '""', "'", "''", ",", ";", "\t", "|", "a,b", '"a', "=1+1",
    "{}", "{0}", "{", "}", "%s", "%d%n", "\\", "\\N", "#", "[" * 300, "(" * 2000, "{" * 60, "- " * 60, "<", "<a>",
    "&amp;", "../../etc/passwd", "x" * 300, "x" * 70_000, "é" * 5000,
    "country", "weight", "iso3", "respondent_id", "Q1", "V2", "Yes", "No", "on", "~", "Don't know", "Refused (VOL)",
    "2024-99-99", "2024-01-01", "12:30:99", "0x1F", "0o17", "1e5", ".5", "USA", "Kenya", "Lemuria", "KEN|sex=female",
    date(2024, 2, 29), datetime(2024, 2, 29, 12, 30), b"\xff\x00", [], {}, [[]], [1, 2], {"a": 1}, {1: "x"},
)  # fmt: skip
_NOISE = (b'"', b"\n", b";;", b"\r", b"\xff\xfe", b"\0", b"\x1b", b"1e400", b"\xff" * 8, b"PK\x03\x04")
_CHANGES = ("replace", "replace", "replace", "leave out", "double", "move", "rename", "wrap", "repeat", "edit")
# What stands in a cell of a workbook that no program writes.
_CELL_MARKS = (b't="e"', b't="s"', b't="b"', b't="d"', b't="str"', b'r="ZZZ1"', b'r="A0"', b'r="XFD1048576"', b's="9"')
_CELL_VALUES = (b"", b"<v>99999999</v>", b"<v>#N/A</v>", b"<v>1e999</v>", b"<f>1/0</f>", b"<is></is>", b"<v>-1</v>")
_YAML_ENDS = (" &a", " *a", " !!int", " |", " >", ": x", " # no", " 'x", ' "\\ud800"', "\t")
_JSON_LINES = ("[" * 2000, '{"item_id": "Q1", "item_id": "Q2"}', '{"a": 1e999}', "null", "NaN")


@dataclass(frozen=True)
class Trial:
    """What came of one mutated file: `read`, `refused` or `failed`, with the reason and the seconds that it took."""

    reader: str
    seed: int
    outcome: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class Reader:
    """How sound content is made, written with the endings that it may have, and read."""

    sound: Callable[[random.Random], Tree]
    write: Callable[[Tree, Path, random.Random], None]
    read: Callable[[Path, random.Random], None]
    endings: tuple[str, ...]
    is_binary: bool = False  # read in a process of its own, which takes half a second


class UnwritableError(Exception):
    """No file of this format can hold this content: there is nothing to read."""


def try_reader(name: str, seed: int, folder: Path) -> Trial:
    """Make the mutated file of a seed and read it."""
    draw = random.Random(f"{name} {seed}")
    reader = READERS[name]
    path = folder / f"{name}-{seed}.{draw.choice(reader.endings)}"
    _write_mutated(reader, path, draw)
    began = time.monotonic()
    outcome, reason = _outcome(reader, path, draw)
    seconds = time.monotonic() - began
    if seconds > MOST_SECONDS:
        outcome, reason = "failed", f"took {seconds:.0f} seconds"
    if outcome != "failed":
        path.unlink()
    return Trial(name, seed, outcome, reason, seconds)


def _write_mutated(reader: Reader, path: Path, draw: random.Random) -> None:
    """Write sound content with one to four changes; where the format cannot hold it, with others."""
    while True:
        content = deepcopy(reader.sound(draw))
        for _ in range(draw.choice((1, 1, 2, 4))):
            content = mutated(content, draw)
        try:
            reader.write(content, path, draw)
        except UnwritableError:
            continue
        if draw.random() < 0.15:
            path.write_bytes(damaged(path.read_bytes(), draw))
        return


def _outcome(reader: Reader, path: Path, draw: random.Random) -> tuple[str, str]:
    try:
        reader.read(path, draw)
    except SurveyError as error:
        return _judged(error)
    except Exception:  # noqa: BLE001
        return "failed", traceback.format_exc()
    return "read", ""


def _judged(error: SurveyError) -> tuple[str, str]:
    """Tell whether an error may be shown to a user: an exit code of bad input, a short and plain message."""
    text = str(error)
    if error.code not in (ExitCode.USAGE, ExitCode.BAD_INPUT, ExitCode.NOT_FOUND, ExitCode.CONFLICT):
        return "failed", f"exit {error.code}: {text}"
    if len(text) > MOST_MESSAGE or not error.message:
        return "failed", f"message of {len(text)} characters: {text[:300]}"
    if plain(error.message) != error.message:
        return "failed", f"message with control characters: {error.message[:300]!r}"
    return "refused", error.message


# Mutations.


def mutated(tree: Tree, draw: random.Random) -> Tree:
    """Return a tree with one node changed: replaced, left out, doubled, moved, renamed, wrapped or repeated."""
    nodes = list(_nodes(tree))
    if not nodes:
        return draw.choice(NASTY)
    holder, key = draw.choice(nodes)
    change = draw.choice(
        ("replace", "replace", "replace", "leave out", "double", "move", "rename", "wrap", "repeat", "edit")
    )
    value = holder[key]
    if change == "replace":
        holder[key] = deepcopy(draw.choice(NASTY))
    elif change == "leave out":
        del holder[key]
    elif change == "move":
        other, there = draw.choice(nodes)
        if there in other or isinstance(other, list):
            with suppress(IndexError):
                holder[key], other[there] = deepcopy(other[there]), deepcopy(value)
    elif change == "wrap":
        holder[key] = draw.choice(([value], {"a": value}, [value, value]))
    elif change == "edit" and isinstance(value, str):
        holder[key] = _edited(value, draw)
    elif isinstance(holder, list):
        holder[key:key] = [deepcopy(value) for _ in range(1 if change == "double" else draw.choice((2, 300)))]
    else:
        name = draw.choice((*(n for n in NASTY if isinstance(n, str | int | float)), *holder))
        holder[name] = deepcopy(value)
    return tree


def _edited(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    piece = draw.choice([n for n in NASTY if isinstance(n, str) and len(n) < 500])
    return draw.choice((text[:place] + piece + text[place:], text[:place], text[place:], text.upper(), text * 3))


def _nodes(tree: Tree) -> Iterator[tuple[Any, Any]]:
    """Yield the place of every node: the list or dictionary that holds it, and its index or key."""
    open_trees = [tree]
    while open_trees:
        holder = open_trees.pop()
        if isinstance(holder, list | dict):
            keys = range(len(holder)) if isinstance(holder, list) else list(holder)
            yield from ((holder, key) for key in keys)
            open_trees += [holder[key] for key in keys]


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Return bytes cut, overwritten, with noise inserted, or with two parts swapped."""
    place = draw.randrange(min(len(content), draw.choice((200, 3000, len(content) or 1))) + 1)
    noise = draw.choice(
        (b'"', b"\n", b";;", b"\r", b"\xff\xfe", b"\0", b"\x1b", b"1e400", b"\xff" * 8, draw.randbytes(9))
    )
    return draw.choice(
        (
            content[:place],
            content[:place] + noise + content[place:],
            content[:place] + noise + content[place + len(noise) :],
            content[place:] + content[:place],
        )
    )


# Writing.


def _bytes(text: str, draw: random.Random) -> bytes:
    """Return a text as a file's bytes: as a rule UTF-8, in which half a character is not valid."""
    mark = b"\xef\xbb\xbf" if draw.random() < 0.1 else b""
    if draw.random() < 0.03:
        return text.encode(draw.choice(("utf-16", "latin-1")), "replace")
    return mark + text.encode("utf-8", "surrogatepass")


def _cell_text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _rows(content: Tree, draw: random.Random | None = None) -> list[list[Any]]:
    """Return the rows of a tree that was a table once, as a rule as long as the first of them."""
    rows = content if isinstance(content, list) else [content]
    table = [list(row) if isinstance(row, list) else [row] for row in rows]
    if draw is not None and table and draw.random() < 0.85:
        width = len(table[0])
        table = [[*row[:width], *[None] * (width - len(row))] for row in table]
    return table


def write_delimited(content: Tree, path: Path, draw: random.Random, delimiters: str = ",") -> None:
    """Write rows of cells as delimited text."""
    stream = io.StringIO()
    ends = draw.choice(("\n", "\n", "\r\n"))
    writer = csv.writer(stream, delimiter=draw.choice(delimiters), lineterminator=ends, escapechar="\\")
    writer.writerows([[_cell_text(cell) for cell in row] for row in _rows(content, draw)])
    path.write_bytes(_bytes(stream.getvalue(), draw))


def write_workbook(content: Tree, path: Path, draw: random.Random) -> None:
    """Write rows of cells as a workbook, its parts damaged now and then."""
    rows = _rows(content)
    width = max(map(len, rows), default=0)
    if not 0 < width <= 2000 or len(rows) < 2:
        raise UnwritableError
    texts = [[_xml(_cell_text(cell)) for cell in row] + [""] * (width - len(row)) for row in rows]
    names = [f"{place}\0{name}" for place, name in enumerate(texts[0])]  # names must differ until they are written
    write_xlsx(path, pl.DataFrame(texts[1:], dict.fromkeys(names, pl.String), orient="row"))
    _replace_parts(path, lambda name, part: _mangled(name, re.sub(rb"\d+\x00", b"", part), draw))


def _xml(text: str) -> str:
    return "".join(c for c in text if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd")


def _mangled(name: str, part: bytes, draw: random.Random) -> bytes:
    """Return a part of a workbook, now and then with a cell's type, place or value as no program writes them."""
    if not name.endswith("sheet1.xml") or draw.random() < 0.8:
        return part if draw.random() > 0.01 else damaged(part, draw)
    found = [match.start() for match in re.finditer(rb"<c[ >/]", part)]
    if not found:
        return part
    place = draw.choice(found)
    kind = draw.choice(
        (b't="e"', b't="s"', b't="b"', b't="d"', b't="str"', b'r="ZZZ1"', b'r="A0"', b'r="XFD1048576"', b's="999"')
    )
    value = draw.choice(
        (b"", b"<v>99999999</v>", b"<v>#N/A</v>", b"<v>1e999</v>", b"<f>1/0</f>", b"<is></is>", b"<v>-1</v>")
    )
    return part[:place] + b"<c " + kind + b">" + value + b"</c>" + part[place:]


def _replace_parts(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    aside = path.with_suffix(".aside")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
    aside.replace(path)


def write_parquet(content: Tree, path: Path, draw: random.Random) -> None:
    """Write rows of cells as Parquet, each column of the type that its cells have."""
    header, *rows = _rows(content) or [[]]
    names = [_utf8(_cell_text(name)) for name in header]
    if len(set(names)) < len(names) or not names:
        raise UnwritableError
    columns = []
    for place, name in enumerate(names):
        cells = [row[place] if place < len(row) else None for row in rows]
        try:
            columns.append(pl.Series(name, cells, strict=True))
        except Exception:  # noqa: BLE001
            columns.append(pl.Series(name, [_utf8(_cell_text(cell)) for cell in cells], dtype=pl.String))
    try:
        pl.DataFrame(columns).write_parquet(path)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise UnwritableError from error


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def write_labelled(content: Tree, path: Path, draw: random.Random) -> None:
    """Write columns with cells, labels, value labels and missing ranges as SPSS or Stata."""
    try:
        columns = {name: dict(column) for name, column in dict(content).items()}
        frame = pl.DataFrame({name: column["cells"] for name, column in columns.items()}, strict=False)
        labels = {name: column["values"] for name, column in columns.items() if column.get("values")}
        wordings = {name: column["label"] for name, column in columns.items() if column.get("label") is not None}
        options: dict[str, Any] = {"column_labels": wordings, "variable_value_labels": labels}
        if path.suffix == ".dta":
            pyreadstat.write_dta(frame, str(path), **options)
            return
        ranges = {name: column["missing"] for name, column in columns.items() if column.get("missing")}
        measures = {name: column["measure"] for name, column in columns.items() if column.get("measure")}
        more = {"missing_ranges": ranges, "variable_measure": measures, "row_compress": draw.random() < 0.2}
        pyreadstat.write_sav(frame, str(path), **options, **more)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise UnwritableError from error


class _Dumper(yaml.SafeDumper):
    """Writes anything that a tree may hold."""


_Dumper.add_multi_representer(object, lambda dumper, value: dumper.represent_str(repr(value)))


def write_yaml(content: Tree, path: Path, draw: random.Random) -> None:
    """Write a tree as YAML, with aliases now and then, and lines of text changed."""
    text = yaml.dump(content, Dumper=_Dumper, allow_unicode=draw.random() < 0.7, sort_keys=False, width=200)
    if draw.random() < 0.3:
        lines = text.split("\n")
        place = draw.randrange(len(lines))
        lines[place] = draw.choice(
            (
                lines[place] + draw.choice(_YAML_ENDS),
                lines[place].replace(": ", ": &a ", 1),
                lines[place].replace(": ", ": *a ", 1),
                "  " + lines[place],
                "<<: *a",
                "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
                "? [a]\n: b",
                "---",
                "%YAML 9.9",
                lines[place] + "\n" + lines[place],
            )
        )
        text = "\n".join(lines)
    path.write_bytes(_bytes(text, draw))


def write_json_lines(content: Tree, path: Path, draw: random.Random) -> None:
    """Write each element of a tree as a line of JSON."""
    elements = content if isinstance(content, list) else [content]
    lines = [json.dumps(element, ensure_ascii=draw.random() < 0.5, default=repr, skipkeys=True) for element in elements]
    if draw.random() < 0.2:
        place = draw.randrange(len(lines) + 1)
        lines[place:place] = [draw.choice(_JSON_LINES)]
    path.write_bytes(_bytes("\n".join(lines), draw))


# Sound content.


@cache
def _wvs() -> pl.DataFrame:
    world = make_wvs_like("v6", 66, 4)
    return world.select("A_WAVE", "B_COUNTRY", "W_WEIGHT", *[f"Q{number}" for number in range(1, 9)], "Q260", "Q262")


@cache
def _wave6() -> pl.DataFrame:
    world = make_wvs_like("v6", 66, 4)
    return world.select(V1=pl.lit(6), V2="B_COUNTRY", V4="Q1", V5="Q2", V6="Q3", V7="Q48", V8="Q57", V258="W_WEIGHT")


def _table_of(frame: pl.DataFrame) -> list[list[Any]]:
    return [frame.columns, *(list(row) for row in frame.iter_rows())]


def _sound_wvs(draw: random.Random) -> Tree:
    return _table_of(draw.choice((_wvs(), _wave6())).sample(20, seed=1))


def _sound_generic(draw: random.Random) -> Tree:
    names = ["land", "w", "TEA", "MILK", "LIKE", "sex", "age"]
    rows = [
        [
            draw.choice(("KEN", "Germany", "410", "United States")),
            draw.choice((1, 0.5, 2)),
            draw.choice((1, 2, 3, 8)),
            draw.choice((1, 2, 9)),
            draw.choice(range(5)),
            draw.choice((1, 2)),
            draw.choice(range(18, 90)),
        ]
        for _ in range(20)
    ]
    return [names, *rows]


def _sound_labelled(draw: random.Random) -> Tree:
    frame = pew_frame(30)
    if draw.random() < 0.4:
        frame = _wvs().sample(20, seed=1)
    return {
        name: {
            "cells": frame[name].to_list(),
            "label": PEW_WORDINGS.get(name, name),
            "values": {
                float(code): label for code, label in ({"country": PEW_COUNTRIES} | PEW_LABELS).get(name, {}).items()
            },
            "missing": [] if name != "Q4" else [{"lo": 7.0, "hi": 9.0}],
            "measure": draw.choice(("nominal", "ordinal", "scale")),
        }
        for name in frame.columns
    }


def _sound_goqa(draw: random.Random) -> Tree:
    return [
        ["Tea?", {"Kenya": [0.6, 0.2, 0.2], "Japan": [0.5, 0.25, 0.25]}, ["Yes", "No", "DK"], "GAS"],
        ["Milk?", {"Kenya": [0.1, 0.2, 0.7], "India (Old national sample)": [0.2, 0.3, 0.5]}, [1.0, 2.0, 3.0], "WVS"],
        ["Water?", {"S. Korea": [0.1, 0.9]}, ["Good", "Bad"], "GAS"],
    ]


def _sound_subpop(draw: random.Random) -> Tree:
    row = {"qkey": "TEA_W1", "attribute": "SEX", "group": "Female", "question": "Tea?", "refusal_rate": 0.1}
    more = {"options": ["Yes", "No", "Some", "Refused"], "responses": [0.5, 0.2, 0.3], "ordinal": [1, 3, 2]}
    return [row | more, row | more | {"group": "Male"}, row | more | {"attribute": "Overall", "group": "Overall"}]


def _sound_twins(draw: random.Random) -> Tree:
    one = {"QuestionID": "QID1", "QuestionType": "MC", "QuestionText": "Tea?", "Options": ["Yes", "No"]}
    rows = {"QuestionID": "QID2", "QuestionType": "Matrix", "QuestionText": "Trust in", "Rows": ["banks", "police"]}
    answer = {"SelectedByPosition": [1, 2], "SelectedText": ["None", "Some"]}
    asked = [one | {"Answers": {"SelectedByPosition": 2}}, rows | {"Columns": ["None", "Some"], "Answers": answer}]
    return [{"pid": n, "persona_json": [{"ElementType": "Block", "Questions": asked}]} for n in range(3)]


def _sound_dialogues(draw: random.Random) -> Tree:
    header = ["Question ID", "Question Type", "Question", "Response", "All(99)", "O7: Kenya (31)", "O2: 18-25", "Asia"]
    return [
        header,
        ["q1", "Poll Single Select", "Age?", "18-25", 40, 60, 100, 50],
        ["q1", "Poll Single Select", "Age?", "26-35", 60, 40, 0, "50%"],
        ["q2", "Poll Single Select", "Tea?", "Yes", 0.25, 0.5, 0.75, 1],
        ["q2", "Poll Single Select", "Tea?", "No", 0.75, 0.5, 0.25, 0],
    ]


def write_goqa_rows(content: Tree, path: Path, draw: random.Random) -> None:
    """Write rows whose dictionaries and lists stand there as Python writes them."""
    rows = []
    for row in _rows(content, draw):
        cells = list(row)
        if len(cells) > 1 and isinstance(cells[1], dict) and draw.random() < 0.9:
            cells[1] = goqa_selections(cells[1])
        rows.append(cells)
    if draw.random() < 0.15:
        write_parquet([list(GOQA_COLUMNS), *[[_cell_text(cell) for cell in row] for row in rows]], path, draw)
    else:
        write_delimited([list(GOQA_COLUMNS), *rows], path, draw)


def _sound_codebook(draw: random.Random) -> Tree:
    return {
        "survey": "tea-2020",
        "title": "Tea survey",
        "language": "en",
        "missing": {77: "refused"},
        "scales": {
            "often": {
                "kind": "ordinal",
                "options": {1: "Often", 2: "Seldom", 3: "Never"},
                "missing": {8: "dont_know", 9: "no_answer"},
            },
            "liking": {"kind": "ordinal", "endpoints": {0: "Not at all", 4: "Very much"}},
        },
        "batteries": {
            "drinks": {
                "scale": "often",
                "dimension": "habits",
                "stem": "How often do you drink {}?",
                "items": {"TEA": "tea", "MILK": "milk"},
            },
            "likes": {"scale": "liking", "items": {"LIKE": "How much do you like tea?"}},
        },
    }


def _sound_codebook_table(draw: random.Random) -> Tree:
    return [
        ["item_id", "wording", "option_code", "label", "scale", "missing_status"],
        ["TEA", "How often do you drink tea?", 1, "Often", "ordinal", ""],
        ["TEA", "", 2, "Seldom", "", ""],
        ["TEA", "", 3, "Never", "", ""],
        ["TEA", "", 8, "", "", "dont_know"],
        ["LIKE", "How much do you like tea?", 0, "No", "binary", ""],
        ["LIKE", "", 1, "Yes", "", ""],
    ]


def _sound_translations(draw: random.Random) -> Tree:
    return [
        ["item_id", "option_code", "source", "translation"],
        ["Q1", "wording", "How good is tea in your opinion?", "Wie gut ist Tee Ihrer Meinung nach?"],
        ["Q1-Q2", 1, "Very good", "Sehr gut"],
        ["Q1-Q2", 2, "Good", "Gut"],
        ["Q1,Q2", 3, "Bad", "Schlecht"],
        ["Q3", "", "", "Sind Sie schon 18 geworden?"],
    ]


def _sound_translation_tree(draw: random.Random) -> Tree:
    options = {1: "Sehr gut", 2: "Gut", 3: "Schlecht"}
    return {"Q1": {"wording": "Wie gut ist Tee Ihrer Meinung nach?", "options": options}, "Q2": {"options": options}}


def _sound_translation_lines(draw: random.Random) -> Tree:
    return [{"item_id": item_id, **fields} for item_id, fields in _sound_translation_tree(draw).items()]


def _sound_frame(draw: random.Random) -> Tree:
    from surveycli.prompt import load_frame

    frame = json.loads(json.dumps(plain_frame(load_frame("de"))))
    return frame | {"populations": {"KEN": "Kenia"}} if draw.random() < 0.1 else frame


def _sound_distributions(draw: random.Random) -> Tree:
    rows = [
        ["tea", item, population, code, n, share]
        for item in ("Q1", "Q2")
        for population in ("KEN", "USA|sex=female")
        for code, n, share in ((1, 30, 0.3), (2, 50, 0.5), (3, 20, 0.2))
    ]
    columns = draw.choice((["n", "share"], ["n", "share_unweighted"]))
    return [["survey", "item", "population", "code", *columns], *rows]


# Reading.


class _Places:
    """The stores that files are read into, each made once."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.store: Store | None = None


_PLACES = _Places()


@contextmanager
def stores_in(folder: Path) -> Iterator[None]:
    """Read files into stores in a folder for the time of the block."""
    _PLACES.folder = folder
    with open_store(folder / "mutation.duckdb", create=True) as store:
        _PLACES.store = store
        small_store(folder / "small.duckdb")
        (folder / "book.yaml").write_text(yaml.safe_dump(_sound_codebook(random.Random(1))))
        (folder / "respondents.csv").write_text(
            "\n".join(",".join(map(str, row)) for row in _sound_generic(random.Random(1)))
        )
        try:
            yield
        finally:
            _PLACES.store = _PLACES.folder = None


def _place() -> tuple[Store, Path]:
    assert _PLACES.store is not None and _PLACES.folder is not None, "inside `stores_in`"
    return _PLACES.store, _PLACES.folder


def _ingest(path: Path, options: IngestOptions, draw: random.Random) -> None:
    """Ingest a file; every row of it is a respondent or counted as left out, and the invariants hold."""
    store, _ = _place()
    report = ingest_file(store, path, options)
    reports = (report, *report.also)
    if draw.random() < 0.1:
        broken = [violation for part in reports for violation in find_violations(store)]
        assert not broken, broken
    for part in reports:
        store.run("survey/delete_survey", survey_id=part.survey_id)
        store.drop_table("respondent", part.survey_id)


def read_survey(path: Path, draw: random.Random) -> None:
    """Ingest a file by the layout that it looks like, or by any other."""
    layout = draw.choice([layout.name for layout in LAYOUTS]) if draw.random() < 0.1 else None
    by = draw.choice(((("country", "sex"),), (("country", "age", "q1"),))) if draw.random() < 0.2 else (("country",),)
    items = ("Q*",) if draw.random() < 0.1 else ()
    _ingest(path, IngestOptions(layout=layout, by=by, items=items, replace=True), draw)


def read_generic(path: Path, draw: random.Random) -> None:
    """Ingest a file whose country column and codebook or items are named."""
    _, folder = _place()
    book = draw.choice((folder / "book.yaml", folder / "book.yaml", None))
    items = () if book else ("TEA", "MILK", "LI*")
    weight = draw.choice((None, "w"))
    options = IngestOptions(country_column="land", codebook=book, items=items, weight_column=weight, replace=True)
    _ingest(path, options, draw)


def read_codebook(path: Path, draw: random.Random) -> None:
    """Ingest sound respondents with a mutated codebook."""
    _, folder = _place()
    options = IngestOptions(country_column="land", codebook=path, replace=True)
    _ingest(folder / "respondents.csv", options, draw)


def read_map(path: Path, draw: random.Random) -> None:
    """Ingest sound respondents with a mutated country map."""
    _, folder = _place()
    options = IngestOptions(
        country_column="land", codebook=folder / "book.yaml", country_map=read_country_map(path), replace=True
    )
    _ingest(folder / "respondents.csv", options, draw)


def read_translation(path: Path, draw: random.Random) -> None:
    """Bring translations into a copy of a small store, and look at what got in."""
    _, folder = _place()
    store = Path(shutil.copy(folder / "small.duckdb", folder / "translated.duckdb"))
    import_translations(store, path, TranslateOptions(draw.choice(("de", "zh"))), dry_run=draw.random() < 0.5)
    if draw.random() < 0.1:
        with open_store(store) as opened:
            assert not list(find_violations(opened))


def read_terms(path: Path, draw: random.Random) -> None:
    """Read a glossary and look for its terms."""
    terms_in(read_glossary(path), "Do you believe in God? The state should decide.")


def read_frame(path: Path, draw: random.Random) -> None:
    """Save a prompt frame in a small store, and read it back into the same sentences."""
    _, folder = _place()
    store = Path(shutil.copy(folder / "small.duckdb", folder / "framed.duckdb"))
    frame = save_prompt_frame(store, path, "de", redo=True)
    assert parse_frame(plain_frame(frame.frame), "again") == frame.frame


def _delimited(delimiters: str) -> Callable[[Tree, Path, random.Random], None]:
    return lambda content, path, draw: write_delimited(content, path, draw, delimiters)


READERS: Mapping[str, Reader] = {
    "wvs-text": Reader(_sound_wvs, _delimited(",;\t"), read_survey, ("csv", "txt")),
    "wvs-xlsx": Reader(_sound_wvs, write_workbook, read_survey, ("xlsx",), is_binary=True),
    "wvs-parquet": Reader(_sound_wvs, write_parquet, read_survey, ("parquet",), is_binary=True),
    "labelled": Reader(_sound_labelled, write_labelled, read_survey, ("sav", "zsav", "dta"), is_binary=True),
    "generic-csv": Reader(_sound_generic, _delimited(",;\t|"), read_generic, ("csv",)),
    "generic-xlsx": Reader(_sound_generic, write_workbook, read_generic, ("xlsx",), is_binary=True),
    "globalopinionqa": Reader(_sound_goqa, write_goqa_rows, read_survey, ("csv",)),
    "subpop": Reader(_sound_subpop, write_json_lines, read_survey, ("jsonl",)),
    "twin-2k-500": Reader(_sound_twins, write_json_lines, read_survey, ("jsonl",)),
    "global-dialogues": Reader(_sound_dialogues, _delimited(",;"), read_survey, ("csv",)),
    "distributions-csv": Reader(_sound_distributions, _delimited(",;"), read_survey, ("csv",)),
    "distributions-parquet": Reader(_sound_distributions, write_parquet, read_survey, ("parquet",), is_binary=True),
    "codebook-yaml": Reader(_sound_codebook, write_yaml, read_codebook, ("yaml", "yml")),
    "codebook-csv": Reader(_sound_codebook_table, _delimited(",;"), read_codebook, ("csv",)),
    "country-map": Reader(
        lambda draw: [["label", "iso3"], ["Germany", "DEU"], ["410", "KOR"], ["Lemuria", ""]],
        _delimited(",;"),
        read_map,
        ("csv",),
    ),
    "translation-csv": Reader(_sound_translations, _delimited(",;"), read_translation, ("csv",)),
    "translation-xlsx": Reader(_sound_translations, write_workbook, read_translation, ("xlsx",), is_binary=True),
    "translation-yaml": Reader(_sound_translation_tree, write_yaml, read_translation, ("yaml",)),
    "translation-jsonl": Reader(_sound_translation_lines, write_json_lines, read_translation, ("jsonl",)),
    "glossary": Reader(
        lambda draw: [["term", "translation"], ["God", "Gott"], ["state", "Staat"]],
        _delimited(",;"),
        read_terms,
        ("csv",),
    ),
    "prompt-frame": Reader(_sound_frame, write_yaml, read_frame, ("yaml",)),
}
