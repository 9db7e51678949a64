"""Translations in files: a template to fill in, and reading it back, in CSV, XLSX, JSON lines or YAML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from surveycli.binary_file.open import BinaryKind, open_binary
from surveycli.domain import Option
from surveycli.errors import ExitCode, SurveyError, bad_input, usage
from surveycli.new_file import write_new_file
from surveycli.translation.texts import ItemTexts, select_ids
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.number import read_whole
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.table_text import parse_table
from surveycli.untrusted.text import UnreadableError, excerpt, plain, shown
from surveycli.untrusted.yaml_text import parse_yaml

_COLUMNS = ("item_id", "option_code", "source", "translation")
_NEEDED = ("item_id", "option_code", "translation")
_TEMPLATE = "`surveycli translate --to LANGUAGE --write-template FILE` writes a file to fill in."
_FORMATS = "It may be .csv, .xlsx, .jsonl or .yaml."
_WORDING = "wording"


@dataclass(slots=True)
class FileTexts:
    """What a file says about one item; nothing is what a translator left blank."""

    wording: str | None = None
    labels: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """One text: an item's wording (code None) or a label; `place` says where it stands, for messages."""

    item_ids: str
    code: int | None
    text: str
    place: str


def read_translations(path: Path, known: Sequence[str]) -> tuple[dict[str, FileTexts], tuple[str, ...]]:
    """Return the texts of a file by item, and the ids in it that are not in `known`.

    Tables (CSV, XLSX) have the columns item_id, option_code (blank or `wording` for the wording) and translation; a
    label's item_id may name several items as in `Q1-Q6,Q9`. JSON lines and YAML have wording and options per item.
    Raises SurveyError (exit 3) where there is no file, for another form, or two different texts for one place.
    """
    texts: dict[str, FileTexts] = {}
    unknown: list[str] = []
    for row in _rows(path):
        ids = _known_ids(row, known)
        if not ids:
            unknown.append(row.item_ids)
        for item_id in ids:
            _put(texts.setdefault(item_id, FileTexts()), item_id, row)
    return texts, tuple(dict.fromkeys(unknown))


def _known_ids(row: _Row, known: Sequence[str]) -> tuple[str, ...]:
    """Return the items that a row is about; none where any of them is unknown."""
    try:
        return select_ids(row.item_ids, known)
    except SurveyError as error:
        if error.code is not ExitCode.NOT_FOUND:
            raise bad_input(f"{row.place}: {error.message}") from error
        return ()


def _put(texts: FileTexts, item_id: str, row: _Row) -> None:
    before = texts.wording if row.code is None else texts.labels.get(row.code)
    if before is not None and before != row.text:
        what = "the wording" if row.code is None else f"option {row.code}"
        raise bad_input(f"{row.place}: {what} of {item_id} is {row.text!r}, but was {before!r} before.")
    if row.code is None:
        texts.wording = row.text
    else:
        texts.labels[row.code] = row.text


def _rows(path: Path) -> Iterator[_Row]:
    readers = {".csv": _csv_rows, ".xlsx": _xlsx_rows, ".jsonl": _jsonl_rows, ".yaml": _yaml_rows, ".yml": _yaml_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise usage(f"{path} has an unknown ending {path.suffix!r}.", _FORMATS)
    try:
        yield from reader(path)
    except UnreadableError as error:
        raise bad_input(f"{path} cannot be read: {error}.", _TEMPLATE) from error


def _csv_rows(path: Path) -> Iterator[_Row]:
    for line, cells in parse_table(_text_of(path), _NEEDED):
        yield from _table_row(cells, f"{path}, line {line}")


def _text_of(path: Path) -> str:
    return read_small_file(path, "translation file", "a CSV, JSON lines or YAML file")


def _xlsx_rows(path: Path) -> Iterator[_Row]:
    if not path.is_file():
        raise bad_input(f"There is no translation file {path}.", "The path is relative to the current folder.")
    book = open_binary(path, BinaryKind.XLSX)
    columns = {column.name.strip().lower(): column.name for column in book.columns}
    if not set(_NEEDED) <= set(columns):
        raise UnreadableError(f"expected the columns {','.join(_NEEDED)}, found {excerpt(','.join(columns)) or 'none'}")
    number = 1
    for frame in book.read([columns[name] for name in _NEEDED]):
        for row in frame.iter_rows():
            number += 1
            cells = {name: plain(str(cell or "")).strip() for name, cell in zip(_NEEDED, row, strict=True)}
            yield from _table_row(cells, f"{path}, row {number}")


def _table_row(cells: Mapping[str, str], place: str) -> Iterator[_Row]:
    if cells["translation"] and cells["item_id"]:
        yield _Row(cells["item_id"], _code(cells["option_code"], place), cells["translation"], place)


def _code(value: object, place: str) -> int | None:
    text = str(value if value is not None else "").strip()
    if text in {"", _WORDING}:
        return None
    code = read_whole(text)  # a spreadsheet may have made 1 into 1.0
    if code is None:
        raise bad_input(f"{place}: expected an option code or nothing, found {shown(text)}.")
    return code


def _jsonl_rows(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(_text_of(path).split("\n"), start=1):
        place = f"{path}, line {number}"
        if not line.strip():
            continue
        try:
            fields = parse_json(line)
        except UnreadableError as error:
            raise bad_input(f"{place} is not JSON: {error}.") from error
        if not isinstance(fields, dict) or "item_id" not in fields:
            raise bad_input(f"{place}: expected an object with item_id, wording and options.")
        yield from _item_rows(fields["item_id"], fields, place)


def _yaml_rows(path: Path) -> Iterator[_Row]:
    items = parse_yaml(_text_of(path))
    if not isinstance(items, dict):
        raise bad_input(f"{path}: expected items by id, each with wording and options.")
    for item_id, fields in items.items():
        place = f"{path}, {excerpt(str(item_id), 60)}"
        if not isinstance(fields, dict):
            raise bad_input(f"{place}: expected wording and options.")
        yield from _item_rows(item_id, fields, place)


def _item_rows(item_id: object, fields: Mapping[str, object], place: str) -> Iterator[_Row]:
    options = fields.get("options") or {}
    if not isinstance(options, dict):
        raise bad_input(f"{place}: options must be labels by code.")
    name = _text(item_id, f"{place}, item_id")
    wording = _text(fields.get(_WORDING), f"{place}, wording")
    if wording:
        yield _Row(name, None, wording, place)
    for code, label in options.items():
        text = _text(label, f"{place}, option {excerpt(str(code), 20)}")
        if text:
            yield _Row(name, _code(code, place), text, place)


def _text(value: object, place: str) -> str:
    """Return a text that may be a bare number, '' for none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise bad_input(f"{place}: expected a text, found {shown(value)}.", "Put it into quotation marks.")
    return "" if value is None else plain(str(value)).strip()


def write_template(path: Path, items: Sequence[ItemTexts], known: Sequence[str]) -> None:
    """Write a file for a translator: the source texts of `items`, with room for their translations.

    In a table items that share a scale share its rows. What has a translation already is filled in. Raises SurveyError
    (exit 2) for an ending that cannot be written, 5 where there is a file already, 3 where none can be written.
    """
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".jsonl", ".yaml", ".yml"}:
        raise usage(
            f"A template cannot be written as {path.suffix!r}.",
            "It may be .csv, .jsonl or .yaml; a CSV opens in any spreadsheet.",
        )
    # A spreadsheet needs the byte order mark to see that a CSV is UTF-8.
    if suffix == ".csv":
        text = "\ufeff" + _csv_template(items, known)
    else:
        text = _jsonl_template(items) if suffix == ".jsonl" else _yaml_template(items)
    write_new_file(path, text)


def _csv_template(items: Sequence[ItemTexts], known: Sequence[str]) -> str:
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(_COLUMNS)
    for item in items:
        writer.writerow([item.item_id, _WORDING, item.source.wording, item.wording.text if item.wording else ""])
    for ids, labels in _shared_scales(items, known):
        for option, text in labels:
            writer.writerow([ids, option.code, option.label, text])
    return output.getvalue()


def _shared_scales(items: Sequence[ItemTexts], known: Sequence[str]) -> Iterator[tuple[str, list[tuple[Option, str]]]]:
    """Yield each scale once: the items that have it, and its labels with what there is of a translation."""
    scales: dict[tuple[tuple[Option, str], ...], list[str]] = {}
    for item in items:
        pairs = zip(item.source.options, item.labels, strict=True)
        labels = tuple((option, stored.text if stored else "") for option, stored in pairs)
        scales.setdefault(labels, []).append(item.item_id)
    for labels, ids in scales.items():
        yield name_ids(ids, known), list(labels)


def name_ids(ids: Sequence[str], known: Sequence[str]) -> str:
    """Return ids as a list of ranges, the inverse of select_ids.

    >>> name_ids(["Q1", "Q2", "Q3", "Q9"], ["Q1", "Q2", "Q3", "Q5", "Q9"])
    'Q1-Q3,Q9'
    """
    places = {item_id: place for place, item_id in enumerate(known)}
    runs = groupby(enumerate(sorted(ids, key=places.__getitem__)), key=lambda pair: places[pair[1]] - pair[0])
    names = [[item_id for _, item_id in run] for _, run in runs]
    return ",".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in names)


def _item_template(item: ItemTexts) -> dict[str, Any]:
    labels = zip(item.source.options, item.labels, strict=True)
    return {
        "source": {_WORDING: item.source.wording, "options": {o.code: o.label for o in item.source.options}},
        _WORDING: item.wording.text if item.wording else "",
        "options": {option.code: stored.text if stored else "" for option, stored in labels},
    }


def _jsonl_template(items: Sequence[ItemTexts]) -> str:
    lines = (json.dumps({"item_id": item.item_id, **_item_template(item)}, ensure_ascii=False) for item in items)
    return "".join(line + "\n" for line in lines)


def _yaml_template(items: Sequence[ItemTexts]) -> str:
    template = {item.item_id: _item_template(item) for item in items}
    return str(yaml.safe_dump(template, allow_unicode=True, sort_keys=False, width=1000))
