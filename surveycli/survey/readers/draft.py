"""Writes a codebook of all columns of a file, for the user to edit and give back with --codebook: YAML, CSV or XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from surveycli.domain import STATUS_BY_CODE
from surveycli.errors import bad_input
from surveycli.new_file import demand_free, write_new_file
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, as_number, clean
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import HIGHEST_CODE
from surveycli.survey.items.cells import items_of_cells
from surveycli.survey.items.column_item import LabelledItem
from surveycli.survey.items.columns import is_administrative, numbered_like_questions, wording_of_column
from surveycli.survey.items.item_rules import ItemRules, rules_of_options
from surveycli.survey.items.labels import LabelledItems, items_of_table
from surveycli.survey.items.ladder import scale_of_labels
from surveycli.survey.items.user_codebook import CSV_COLUMNS
from surveycli.survey.readers.facts import own_title
from surveycli.survey.readers.generic import item_rules
from surveycli.survey.readers.profile import find_profile
from surveycli.survey.readers.wvs import is_wvs
from surveycli.survey.readers.wvs_columns import missing_codes
from surveycli.survey.several.open import open_survey

KINDS = (".yaml", ".yml", ".csv", ".xlsx")
_MOST_CODES = 40  # of a column that is left out; of one with more only those with a label are written
_HEADER = """\
# Codebook for `surveycli ingest {file} --codebook FILE`.
#
# scales:    what may be answered. `kind` is ordinal (all options, in code order, lie on one line), nominal (they do
#            not) or binary (two of them). `options` labels every code; `endpoints` instead labels the first and the
#            last, and the codes between carry their number. `missing` gives the status of codes that are not answers:
#            dont_know, refused, no_answer, not_applicable, not_asked or missing_other.
# batteries: what is asked. Items are named like their columns. With a `stem`, its one {{}} takes the item's text;
#            without one the text is the whole question. `dimension` is a theme to split by.
# missing:   (for all items) codes that are not answers, beside those of the scales.
# left_out:  all other columns, each with the reason why. With `use: true` one becomes an item; look first whether its
#            options, missing codes and kind are right.
#
# The kinds follow from the labels alone: look them through.
"""


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """A column that makes no item by itself: why, and what an item of it would be."""

    column: str
    why: str
    wording: str
    kind: str
    options: Mapping[int, str]
    missing: Mapping[int, str]


def write_codebook_draft(
    path: Path | Sequence[Path], output: Path, *, items: Sequence[str] = (), overwrite: bool = False
) -> tuple[int, tuple[Skipped, ...]]:
    """Write the codebook of all columns of a survey's files, and return how many are items and which are none.

    Raises SurveyError: exit 3 for a kind of codebook that there is not, 5 where `output` is there already.
    """
    if output.suffix.lower() not in KINDS:
        raise bad_input(f"A codebook is YAML, CSV or XLSX, not {output.name}.", "For instance --output codebook.yaml.")
    demand_free(output, replace=overwrite)
    table = open_survey([path] if isinstance(path, Path) else path)
    rules = _rules(table, IngestOptions(items=tuple(items)))
    found = _items(table, rules)
    left_out = tuple(_left_out(table, found, rules))
    if output.suffix.lower() in (".csv", ".xlsx"):
        _write_rows(list(_rows(found.items, left_out, rules.language)), output, overwrite=overwrite)
    else:
        content = draft(table.source.stem, own_title(table), rules.language, found.items, left_out)
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
        write_new_file(output, _HEADER.format(file=quote(table.name)) + text, overwrite=overwrite)
    return len(found.items), tuple(Skipped(column.why, column.column, 1) for column in left_out)


def _rules(table: SurveyTable, options: IngestOptions) -> ItemRules:
    """Return how the items of a table are read, as its ingest would."""
    if is_wvs(table):
        return rules_of_options(options, codes=missing_codes())
    return item_rules(table, options, find_profile(table, options))[0]


def _items(table: SurveyTable, rules: ItemRules) -> LabelledItems:
    if any(column.value_labels for column in table.columns):
        return items_of_table(table, rules)
    asked = numbered_like_questions(table.columns)
    questions = [column for column in table.columns if column.name and not is_administrative(column, asked)]
    return items_of_cells(table, questions, rules)


def _left_out(table: SurveyTable, found: LabelledItems, rules: ItemRules) -> Iterator[DraftColumn]:
    """Yield the columns that make no item, each with the options and missing codes that one of it would have."""
    items = {item.answer.column for item in found.items}
    why = {name.strip(". "): skip.reason for skip in found.skipped for name in skip.subject.split(",")}
    columns = [column for column in table.columns if column.name and column.name not in items]
    counts = table.counts([column.name for column in columns])
    asked = numbered_like_questions(table.columns)
    for column in columns:
        options, missing = _codes(column, counts[column.name], rules)
        bare = "demographic or administrative" if is_administrative(column, asked) else "no value labels"
        reason = why.get(column.name, bare).partition(": no item (")[0].partition(" (--")[0]
        kind = scale_of_labels(tuple(options.values())).value if len(options) > 1 else "nominal"
        yield DraftColumn(column.name, reason, wording_of_column(column), kind, options, missing)


def _codes(
    column: FileColumn, counts: Mapping[CellValue, int], rules: ItemRules
) -> tuple[dict[int, str], dict[int, str]]:
    """Return the labels of a column's codes that may be answers, and the statuses of the others.

    Codes below 0 are missing, whatever their label: the store has them for nothing else.
    """
    numbers = {int(n) for cell in counts if (n := as_number(cell)) is not None and n == int(n)}
    labels = {int(c): clean(text) for c, text in column.value_labels.items() if not isinstance(c, str) and c == int(c)}
    options: dict[int, str] = {}
    missing: dict[int, str] = {}
    codes = {*numbers, *labels} if len(numbers) <= _MOST_CODES else set(labels)
    for code in sorted(codes):
        label = labels.get(code, "")
        status = rules.status(label, code) or ("missing_other" if code < 0 or column.is_missing(code) else None)
        if status is not None:
            missing[code] = status
        elif code <= HIGHEST_CODE:
            options[code] = label or str(code)
    return options, missing


def draft(
    survey: str, title: str, language: str, items: Sequence[LabelledItem], left_out: Sequence[DraftColumn] = ()
) -> dict[str, Any]:
    """Return the content of a codebook: items with the same options and missing codes share a scale."""
    scales: dict[str, dict[str, Any]] = {}
    batteries: dict[str, dict[str, Any]] = {}
    for item in items:
        scale = _scale(item)
        name = next((name for name, known in scales.items() if known == scale), f"scale-{len(scales) + 1}")
        scales.setdefault(name, scale)
        key = item.spec.battery_id
        if key in batteries and batteries[key]["scale"] != name:
            key = f"{key}-{item.spec.item_id}"
        battery = batteries.setdefault(key, {"scale": name, "items": {}})
        battery["items"][item.answer.column] = item.spec.texts[0].wording
    others = {column.column: _entry(column) for column in left_out}
    return {
        "survey": survey,
        "title": title or survey,
        "language": language,
        "scales": scales,
        "batteries": batteries,
        "left_out": others,
    }


def _entry(column: DraftColumn) -> dict[str, Any]:
    entry = {"use": False, "why": column.why, "wording": column.wording, "kind": column.kind}
    entry |= {"options": dict(column.options)} if column.options else {}
    return entry | ({"missing": dict(column.missing)} if column.missing else {})


def _scale(item: LabelledItem) -> dict[str, Any]:
    options = dict(zip(item.spec.codes, item.spec.texts[0].labels, strict=True))
    scale: dict[str, Any] = {"kind": item.spec.scale.value, "options": options}
    missing = _missing(item.answer.codes)
    return scale | {"missing": missing} if missing else scale


def _missing(codes: Mapping[int, int]) -> dict[int, str]:
    return {code: STATUS_BY_CODE[kept] for code, kept in sorted(codes.items()) if kept in STATUS_BY_CODE}


def _rows(items: Sequence[LabelledItem], left_out: Sequence[DraftColumn], language: str) -> Iterator[dict[str, str]]:
    """Yield a row for each option and missing code; wording, scale, use and note stand in an item's first one."""
    for item in items:
        scale = _scale(item)
        first = {"wording": item.spec.texts[0].wording, "scale": scale["kind"], "language": language, "use": "yes"}
        yield from _rows_of(item.answer.column, scale["options"], scale.get("missing", {}), first)
    for column in left_out:
        first = {"wording": column.wording, "scale": column.kind, "language": language, "use": "no", "note": column.why}
        yield from _rows_of(column.column, column.options, column.missing, first)


def _rows_of(
    column: str, options: Mapping[int, str], missing: Mapping[int, str], first: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    cells = [{"option_code": str(code), "label": label} for code, label in options.items()]
    cells += [{"option_code": str(code), "missing_status": status} for code, status in missing.items()]
    for place, row in enumerate(cells or [{}]):
        yield dict.fromkeys(CSV_COLUMNS, "") | {"item_id": column} | (dict(first) if place == 0 else {}) | row


def _write_rows(rows: Sequence[Mapping[str, str]], output: Path, *, overwrite: bool) -> None:
    if output.suffix.lower() == ".csv":
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, CSV_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_new_file(output, stream.getvalue(), overwrite=overwrite)
        return
    import polars as pl

    table = io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(CSV_COLUMNS, pl.String)).write_excel(table, worksheet="Data")
    write_new_file(output, table.getvalue(), overwrite=overwrite)
