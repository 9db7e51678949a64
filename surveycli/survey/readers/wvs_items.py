"""The items of a file of the World Values Survey: of the bundled codebook, the user's, its labels, or its cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from surveycli.bundled import BUNDLED_SURVEY
from surveycli.domain import MISSING_CODES
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.cell import as_number, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.items.cells import items_of_cells
from surveycli.survey.items.codebook import load_codebook
from surveycli.survey.items.columns import match_columns
from surveycli.survey.items.file_items import FileItems, described_items, own_items
from surveycli.survey.items.item_rules import ItemRules, matches, refuse_beside_codebook, rules_of_options
from surveycli.survey.items.labels import items_of_table
from surveycli.survey.items.language import guess_language_of_table
from surveycli.survey.items.user_codebook import UserCodebook, read_user_codebook
from surveycli.survey.readers.wvs_columns import WAVE_7, is_coded_wave7, missing_codes, wave7_items
from surveycli.survey.readers.wvs_words import codes_of_words

OLD_ITEM = re.compile(r"V(\d+)[A-Z_]*\w?", re.IGNORECASE)
_UNSURE = "not left out: words that WVS's codes are not known for, numbered by ladder or alphabet"
_ALL_OLD_ITEMS = {"first": 4, "last": 10_000}


def items_of_file(
    table: SurveyTable, wave: int | None, known_wave: Mapping[str, Any] | None, options: IngestOptions
) -> FileItems:
    """Return the items of a file of one wave. Raises SurveyError (exit 3) where it has none.

    `known_wave` says which columns of an older wave are its items.
    """
    rules = rules_of_options(options, codes=missing_codes())
    if options.codebook:
        refuse_beside_codebook(options, "--codebook")
        book = read_user_codebook(options.codebook)
        return described_items(table, replace(book, missing=missing_codes() | dict(book.missing)), rules)
    if is_coded_wave7(table, wave):
        refuse_beside_codebook(options, "the codebook of wave 7 that comes with surveycli")
        return described_items(table, UserCodebook(load_codebook(BUNDLED_SURVEY), missing=missing_codes()), rules)
    if wave == WAVE_7 and not any(column.value_labels for column in table.columns):
        return _worded_items(table, rules)
    columns = _item_columns(table, wave, known_wave or _ALL_OLD_ITEMS, options)
    if any(column.value_labels for column in columns) and wave != WAVE_7:
        language = options.language or guess_language_of_table(table) or rules.language
        wanted = tuple(column.name for column in columns)
        found = items_of_table(table, replace(rules, wanted=wanted, language=language))
    else:
        found = items_of_cells(table, columns, rules)
    return own_items(table, f"wvs{wave}-file" if wave else "wvs-file", found)


def _item_columns(
    table: SurveyTable, wave: int | None, known_wave: Mapping[str, Any], options: IngestOptions
) -> list[FileColumn]:
    if options.items:
        return match_columns(table, options.items)
    if wave == WAVE_7:
        return wave7_items(table)
    return [
        column
        for column in table.columns
        if (found := OLD_ITEM.fullmatch(column.name)) and known_wave["first"] <= int(found[1]) <= known_wave["last"]
    ]


def _worded_items(table: SurveyTable, rules: ItemRules) -> FileItems:
    """Return the items of wave 7 whose cells hold words: under the codes of the bundled codebook, where that is sure.

    An item whose words nobody can tell takes its options from the cells, and says so.
    """
    book = UserCodebook(load_codebook(BUNDLED_SURVEY), missing=missing_codes())
    chosen = {column.name for column in match_columns(table, rules.wanted)} if rules.wanted else None
    columns = [
        c for c in wave7_items(table) if (chosen is None or c.name in chosen) and not matches(c.name, rules.no_items)
    ]
    present = table.present([column.name for column in columns])
    by_name = {item.item_id.lower(): item for item in book.codebook}
    answers: list[AnswerColumn] = []
    unsure: list[FileColumn] = []
    for column in columns:
        item = by_name[column.name.lower()]
        said = {cell: rules.status(str(cell), cell) for cell in present[column.name]}
        codes = codes_of_words(item, [cell for cell, status in said.items() if status is None])
        if codes is None:
            unsure.append(column)
            continue
        missing = {fold(str(c)): MISSING_CODES[s] for c, s in said.items() if s is not None and as_number(c) is None}
        answers.append(replace(book.answer_column(item, column.name), labels=missing | codes))
    found = items_of_cells(table, unsure, rules)
    own = {
        item.spec.item_id.lower(): replace(item.spec, position=by_name[item.spec.item_id.lower()].position)
        for item in found.items
    }
    if not answers:
        return own_items(table, BUNDLED_SURVEY, found)
    items = tuple(own.get(item.item_id.lower(), item) for item in book.codebook)
    noted = tuple(replace(skip, reason=_UNSURE) if skip.subject == "items" else skip for skip in found.skipped)
    codebook = replace(book.codebook, items=items, origin="official" if own else book.codebook.origin)
    return FileItems(codebook, (*answers, *(item.answer for item in found.items)), noted, book.title)
