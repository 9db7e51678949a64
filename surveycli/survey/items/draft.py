"""Writes a codebook from a file's own labels, for the user to edit and give back with --codebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from surveycli.domain import STATUS_BY_CODE
from surveycli.errors import bad_input, conflict
from surveycli.new_file import write_new_file
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.open import open_table
from surveycli.survey.files.source import open_source
from surveycli.survey.items.column_item import LabelledItem
from surveycli.survey.items.item_rules import ItemRules
from surveycli.survey.items.labels import items_of_table

_HEADER = """\
# Codebook for `surveycli ingest {file} --codebook FILE`.
#
# scales:    what may be answered. `kind` is ordinal (all options, in code order, lie on one line), nominal (they do
#            not) or binary (two of them). `options` labels every code; `endpoints` instead labels the first and the
#            last, and the codes between carry their number. `missing` gives the status of codes that are no answer:
#            dont_know, refused, no_answer, not_applicable, not_asked or missing_other.
# batteries: what is asked. Items are named like their columns. With a `stem`, its one {{}} takes the item's text;
#            without one the text is the whole question. `dimension` is a theme to split by.
# missing:   (for all items) codes that are no answer, beside those of the scales.
#
# The kinds follow from the labels alone: look them through.
"""


def write_codebook_draft(
    path: Path, output: Path, *, items: Sequence[str] = (), overwrite: bool = False
) -> tuple[int, tuple[Skipped, ...]]:
    """Write the codebook of a labelled file, and return how many items it has and which columns are none.

    Raises SurveyError: exit 3 where the file has no labels, 5 where `output` is there already.
    """
    if output.exists() and not overwrite:
        raise conflict(f"There is a file {output} already.", "Name another with --output, or give --replace.")
    table = open_table(open_source(path))
    found = items_of_table(table, ItemRules(wanted=tuple(items)))
    if not found.items:
        raise bad_input(
            f"{table.name}: expected columns with value labels, found none that make an item.",
            "SPSS and Stata files have labels; --items names columns.",
        )
    content = yaml.safe_dump(
        draft(table.source.path.stem, table.title, found.items), sort_keys=False, allow_unicode=True, width=120
    )
    write_new_file(output, _HEADER.format(file=quote(table.name)) + content, overwrite=overwrite)
    return len(found.items), found.skipped


def draft(survey: str, title: str, items: Sequence[LabelledItem]) -> dict[str, Any]:
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
    return {"survey": survey, "title": title or survey, "language": "en", "scales": scales, "batteries": batteries}


def _scale(item: LabelledItem) -> dict[str, Any]:
    options = dict(zip(item.spec.codes, item.spec.texts[0].labels, strict=True))
    scale: dict[str, Any] = {"kind": item.spec.scale.value, "options": options}
    missing = _missing(item.answer.codes)
    return scale | {"missing": missing} if missing else scale


def _missing(codes: Mapping[int, int]) -> dict[int, str]:
    return {code: STATUS_BY_CODE[kept] for code, kept in sorted(codes.items()) if kept in STATUS_BY_CODE}
