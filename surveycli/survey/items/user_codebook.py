"""Reads codebooks that users write, YAML, CSV or XLSX, and says what is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from surveycli.domain import MISSING_CODES, Scale
from surveycli.errors import SurveyError, bad_input
from surveycli.survey.files.cell import clean, fold
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import open_source
from surveycli.survey.items.answers import HIGHEST_CODE, AnswerColumn
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText, parse_codebook
from surveycli.untrusted.number import read_whole
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.table_text import parse_table
from surveycli.untrusted.text import UnreadableError, excerpt, shown
from surveycli.untrusted.yaml_text import parse_yaml

_CSV_NEEDED = ("item_id", "option_code")
CSV_COLUMNS = ("item_id", "wording", "option_code", "label", "scale", "missing_status", "language", "use", "note")
_NOT_USED = frozenset({"no", "false", "0"})
_MOST_LABELS = 1_000_000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_KINDS = tuple(scale.value for scale in Scale)
_HINT = "`surveycli codebook FILE.sav --output codebook.yaml` writes one to start from."


@dataclass(frozen=True, slots=True)
class UserCodebook:
    """A codebook with the file codes that are missing answers: those of one item, else those of every item."""

    codebook: Codebook
    title: str | None = None
    missing: Mapping[int, str] = field(default_factory=dict)
    item_missing: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def answer_column(self, item: ItemSpec, column: str) -> AnswerColumn:
        """Return how a column of the file becomes answers to an item: by code, and by the codebook's own labels."""
        missing = {**self.missing, **self.item_missing.get(item.item_id, {})}
        codes = {code: MISSING_CODES[status] for code, status in missing.items()}
        codes |= {code: code for code in item.codes}
        labels = {fold(label): code for text in item.texts for code, label in zip(item.codes, text.labels, strict=True)}
        return AnswerColumn(column, item.item_id, codes, labels)


def read_user_codebook(path: Path) -> UserCodebook:
    """Return the codebook of a YAML, CSV or XLSX file. Raises SurveyError (exit 3) that names a mistake's place."""
    if path.suffix.lower() == ".xlsx":
        return _read_csv(_rows_of_sheet(path), path)
    text = read_small_file(path, "codebook", "a YAML or CSV file")
    try:
        if path.suffix.lower() == ".csv":
            return _read_csv(list(parse_table(text, _CSV_NEEDED)), path)
        return _read_yaml(parse_yaml(text), path)
    except UnreadableError as error:
        raise bad_input(f"The codebook {path} cannot be read: {error}.", _HINT) from error


def _wrong(path: Path, place: str, expected: str, found: object) -> SurveyError:
    return bad_input(f"Codebook {path.name}: {excerpt(place)}: expected {expected}, found {shown(found)}.", _HINT)


def _read_yaml(content: object, path: Path) -> UserCodebook:
    main = _mapping(content, path, "the file")
    more_scales, more_batteries = _used_columns(main, path)
    scales = _mapping({**(_part(main, "scales", path)), **more_scales}, path, "scales")
    batteries = _mapping({**(_part(main, "batteries", path)), **more_batteries}, path, "batteries")
    scale_missing = {name: _check_scale(scale, path, f"scales.{name}") for name, scale in scales.items()}
    language, survey, title = main.get("language", "en"), main.get("survey", path.stem), main.get("title")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise _wrong(path, "language", "a code such as en, in quotes", language)
    if not isinstance(survey, str | int) or not str(survey).strip():
        raise _wrong(path, "survey", "a name", survey)
    if title is not None and not isinstance(title, str):
        raise _wrong(path, "title", "a text", title)
    for name, battery in batteries.items():
        if not isinstance(name, str):
            raise _wrong(path, "batteries", "names in quotes", name)
        _check_battery(battery, scales, path, f"batteries.{name}")
    _refuse_doubled([item for battery in batteries.values() for item in battery["items"]], path)
    _refuse_size(batteries, scales, path)
    said = {"language": language, "survey": str(survey).strip(), "scales": scales, "batteries": batteries}
    codebook = parse_codebook({**main, **said})
    item_missing = {
        item: scale_missing[battery["scale"]] for battery in batteries.values() for item in battery["items"]
    }
    return UserCodebook(codebook, title or None, _missing(main.get("missing", {}), path, "missing"), item_missing)


def _part(main: Mapping[str, Any], name: str, path: Path) -> dict[Any, Any]:
    """Return a part of a codebook, which may be empty where columns that were left out take its place."""
    value = main.get(name)
    return {} if value in (None, {}) and main.get("left_out") else _mapping(value, path, name)


def _used_columns(main: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return scales and batteries of the columns under `left_out` that the user says to use."""
    scales: dict[str, Any] = {}
    batteries: dict[str, Any] = {}
    for name, entry in ((main.get("left_out") and _mapping(main["left_out"], path, "left_out")) or {}).items():
        content = _mapping(entry, path, f"left_out.{name}")
        if content.get("use") is True:
            scales[f"left_out.{name}"] = {key: content[key] for key in ("kind", "options", "missing") if key in content}
            batteries[str(name)] = {"scale": f"left_out.{name}", "items": {str(name): content.get("wording")}}
    return scales, batteries


def _refuse_size(batteries: Mapping[str, Any], scales: Mapping[str, Any], path: Path) -> None:
    """Raise where items and their options multiply to more than any survey has."""
    sizes = {name: len(scale.get("options", ())) or 100 for name, scale in scales.items()}
    n_labels = sum(len(battery["items"]) * sizes[battery["scale"]] for battery in batteries.values())
    if n_labels > _MOST_LABELS:
        raise _wrong(path, "batteries", f"at most {_MOST_LABELS:,} options of all items together", n_labels)


def _mapping(value: object, path: Path, place: str) -> dict[Any, Any]:
    if not isinstance(value, dict) or not value:
        raise _wrong(path, place, "a mapping (name: content)", value)
    return value


def _check_scale(scale: object, path: Path, place: str) -> dict[int, str]:
    """Refuse a scale that the parser of codebooks could not read, and return its missing codes."""
    content = _mapping(scale, path, place)
    if content.get("kind") not in _KINDS:
        raise _wrong(path, f"{place}.kind", " or ".join(_KINDS), content.get("kind"))
    name = "options" if "options" in content else "endpoints"
    options = _mapping(content.get(name), path, f"{place}.{name}")
    for code, label in options.items():
        if not _is_code(code) or not 0 <= code <= HIGHEST_CODE:
            raise _wrong(path, f"{place}.{name}", f"whole codes from 0 to {HIGHEST_CODE:,}", code)
        if isinstance(label, bool):
            raise _wrong(path, f"{place}.{name}.{code}", "a label in quotes (YAML reads a bare Yes as true)", label)
        if not isinstance(label, str | int | float) or not str(label).strip():
            raise _wrong(path, f"{place}.{name}.{code}", "a label", label)
    if len(options) < 2 or (name == "endpoints" and max(options) - min(options) > 100):
        raise _wrong(path, f"{place}.{name}", "two or more codes", options)
    missing = _missing(content.get("missing", {}), path, f"{place}.missing")
    both = set(missing) & set(options)
    if both:
        raise _wrong(path, f"{place}.missing", "codes that are not options", sorted(both))
    return missing


def _is_code(code: object) -> bool:
    return isinstance(code, int) and not isinstance(code, bool)


def _missing(value: object, path: Path, place: str) -> dict[int, str]:
    if not isinstance(value, dict):
        raise _wrong(path, place, "a mapping of codes to statuses", value)
    for code, status in value.items():
        if not _is_code(code):
            raise _wrong(path, place, "whole codes", code)
        if not isinstance(status, str) or status not in MISSING_CODES:
            raise _wrong(path, f"{place}.{code}", f"one of {', '.join(MISSING_CODES)}", status)
    return dict(value)


def _check_battery(battery: object, scales: Mapping[str, object], path: Path, place: str) -> None:
    content = _mapping(battery, path, place)
    scale = content.get("scale")
    if not isinstance(scale, Hashable) or scale not in scales:
        raise _wrong(path, f"{place}.scale", f"one of the scales {excerpt(', '.join(map(str, scales)))}", scale)
    dimension = content.get("dimension")
    if dimension is not None and not isinstance(dimension, str):
        raise _wrong(path, f"{place}.dimension", "a text", dimension)
    if not isinstance(content.get("in_protocol", True), bool):
        raise _wrong(path, f"{place}.in_protocol", "true or false", content["in_protocol"])
    stem = content.get("stem")
    if stem is not None and (not isinstance(stem, str) or stem.count("{}") != 1):
        raise _wrong(path, f"{place}.stem", "a text with one {} for the item", stem)
    for item_id, wording in _mapping(content.get("items"), path, f"{place}.items").items():
        if not isinstance(item_id, str) or not isinstance(wording, str) or not wording.strip():
            raise _wrong(path, f"{place}.items.{item_id}", "a column name and a wording, both texts", wording)


def _refuse_doubled(item_ids: Sequence[str], path: Path) -> None:
    counts = Counter(item_id.lower() for item_id in item_ids)
    doubled = sorted(name for name, n in counts.items() if n > 1)
    if doubled:
        raise _wrong(path, "items", "each item once (case aside)", ", ".join(doubled[:5]))


def _rows_of_sheet(path: Path) -> list[tuple[int, Mapping[str, str]]]:
    """Return the rows of a workbook's sheet `Data`, or of its only one, as those of a CSV with their line."""
    frame = open_table(open_source(path)).frame()
    frame = frame.rename({name: name.strip().lower() for name in frame.columns})
    if not set(_CSV_NEEDED) <= set(frame.columns):
        raise _wrong(path, "the first line", f"the columns {','.join(_CSV_NEEDED)}", ",".join(frame.columns))
    rows = frame.select(name for name in CSV_COLUMNS if name in frame.columns).fill_null("").iter_rows(named=True)
    filled = ((line, {name: str(cell).strip() for name, cell in row.items()}) for line, row in enumerate(rows, 2))
    return [(line, row) for line, row in filled if any(row.values())]


def _read_csv(rows: Sequence[tuple[int, Mapping[str, str]]], path: Path) -> UserCodebook:
    by_item: dict[str, list[dict[str, str]]] = {}
    unused: set[str] = set()
    for _, row in rows:
        cells = dict.fromkeys(CSV_COLUMNS, "") | {name: clean(cell) for name, cell in row.items()}
        if cells["use"].lower() in _NOT_USED:
            unused.add(cells["item_id"])
        if cells["item_id"] not in unused:
            by_item.setdefault(cells["item_id"], []).append(cells)
    _refuse_doubled(list(by_item), path)
    missing = {item_id: _csv_missing(cells, path) for item_id, cells in by_item.items()}
    items = tuple(_csv_item(item_id, cells, place, path) for place, (item_id, cells) in enumerate(by_item.items()))
    if not items:
        raise _wrong(path, "line 2", "items", "nothing")
    return UserCodebook(Codebook(path.stem, items), item_missing=missing)


def _csv_code(cells: Mapping[str, str], path: Path) -> int:
    code = read_whole(cells["option_code"])
    if code is None:
        raise _wrong(path, f"item {cells['item_id']}, option_code", "a whole number", cells["option_code"])
    return code


def _csv_missing(rows: Sequence[Mapping[str, str]], path: Path) -> dict[int, str]:
    found = {_csv_code(cells, path): cells["missing_status"] for cells in rows if cells["missing_status"]}
    return _missing(found, path, f"item {rows[0]['item_id']}, missing_status")


def _csv_item(item_id: str, rows: Sequence[Mapping[str, str]], position: int, path: Path) -> ItemSpec:
    """Return an item of its rows; wording and scale may stand in the first of them only."""
    place = f"item {item_id or '(blank)'}"
    options = {_csv_code(cells, path): cells["label"] for cells in rows if not cells["missing_status"]}
    n_rows = sum(not cells["missing_status"] for cells in rows)
    wording = next((cells["wording"] for cells in rows if cells["wording"]), "")
    kind = next((cells["scale"] for cells in rows if cells["scale"]), "binary" if len(options) == 2 else "")
    if kind not in _KINDS:
        raise _wrong(path, f"{place}, scale", " or ".join(_KINDS), kind)
    if not wording or not item_id:
        raise _wrong(path, f"{place}, wording", "an item_id and a wording in one of its rows", wording)
    if len(options) < 2 or len(options) < n_rows or not all(0 <= code <= HIGHEST_CODE for code in options):
        raise _wrong(
            path, f"{place}, option_code", f"two or more different codes from 0 to {HIGHEST_CODE:,}", [*options]
        )
    codes = tuple(sorted(options))
    language = next((cells["language"] for cells in rows if cells["language"]), "en")
    if not _LANGUAGE.fullmatch(language):
        raise _wrong(path, f"{place}, language", "a code such as en", language)
    text = ItemText(language, wording, tuple(options[code] or str(code) for code in codes))
    return ItemSpec(item_id, position, item_id, None, Scale(kind), codes, (text,))
