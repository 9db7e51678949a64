"""Reads OpinionQA (Santurkar et al. 2023): a wave's responses.csv, in words, by the info.csv that lies beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from surveycli.domain import Scale
from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.cell import clean
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText
from surveycli.survey.items.user_codebook import UserCodebook
from surveycli.survey.readers.generic import read_generic
from surveycli.survey.readers.published import literal, numbers
from surveycli.survey.readers.readout import RespondentFile
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.table_text import parse_table
from surveycli.untrusted.text import UnreadableError

LAYOUT = "opinionqa"
_INFO = "info.csv"
_COLUMNS = ("key", "question", "references", "option_ordinal")
_WEIGHT = re.compile(r"weight_w(\d+)", re.IGNORECASE)
_TITLE = "OpinionQA, American Trends Panel"
_SOURCE = "https://github.com/tatsu-lab/opinions_qa"
_CITATION = (
    "Santurkar, S., Durmus, E., Ladhak, F., Lee, C., Liang, P. and Hashimoto, T. 2023. Whose Opinions Do Language"
    " Models Reflect? arXiv:2303.17548. Data: Pew Research Center, American Trends Panel"
)


def is_opinionqa(table: SurveyTable) -> bool:
    """Tell whether a table lies beside an info.csv in the layout of OpinionQA."""
    info = table.source.path.with_name(_INFO)
    if table.source.packed is not None or table.source.path == info or not info.is_file():
        return False
    with info.open(encoding="utf-8", errors="replace") as stream:
        header = stream.readline(1000).lower()
    return all(re.search(rf"\b{name}\b", header) for name in _COLUMNS)


def read_opinionqa(table: SurveyTable, options: IngestOptions) -> RespondentFile:
    """Return the respondents of a wave: everybody lives in the United States, and answers are words.

    Raises SurveyError (exit 3) where info.csv cannot be read or no question of it has a column.
    """
    wave = next((found[1] for column in table.columns if (found := _WEIGHT.fullmatch(column.name))), "")
    survey_id = f"{LAYOUT}-w{wave}" if wave else LAYOUT
    book = _read_info(table.source.path.with_name(_INFO), survey_id)
    if options.country is None and options.country_column is None:
        options = replace(options, country="USA")
    file = read_generic(table, options, book)
    title = f"{_TITLE}, wave {wave}" if wave else _TITLE
    facts = replace(file.facts, title=title, wave=wave or None, source=_SOURCE, citation=_CITATION)
    return replace(file, layout=LAYOUT, survey_id=survey_id, facts=facts)


def _read_info(path: Path, survey_id: str) -> UserCodebook:
    text = read_small_file(path, "info.csv", "the table of questions of this wave")
    try:
        items = tuple(_items(row for _, row in parse_table(text, _COLUMNS)))
    except UnreadableError as error:
        raise bad_input(f"{path} cannot be read: {error}.", "Fetch it again; it belongs to responses.csv.") from error
    return UserCodebook(Codebook(survey_id, items, origin="official"))


def _items(rows: Iterator[Mapping[str, str]]) -> Iterator[ItemSpec]:
    """Yield the questions whose options can be told.

    `references` lists the options, and after those that have a place in `option_ordinal` the ways not to answer.
    """
    seen: set[str] = set()
    for row in rows:
        labels, places = literal(row["references"]), numbers(literal(row["option_ordinal"]))
        key, question = clean(row["key"]), clean(row["question"])
        if not key or not question or key.lower() in seen or places is None or not isinstance(labels, list):
            continue
        answers = [clean(str(label)) for label in labels[: len(places)]]
        if len(answers) < 2 or len(answers) != len(places) or len(set(answers)) < len(answers) or not all(answers):
            continue
        seen.add(key.lower())
        ordered = sorted(range(len(answers)), key=lambda place: places[place])
        lies_on_line = len(set(places)) == len(places)
        scale = Scale.BINARY if len(answers) == 2 else Scale.ORDINAL if lies_on_line else Scale.NOMINAL
        text = ItemText("en", question, tuple(answers[place] for place in ordered))
        yield ItemSpec(key, len(seen) - 1, key, None, scale, tuple(range(1, len(answers) + 1)), (text,))
