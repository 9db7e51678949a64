"""Reads Global Dialogues: polls of people all over the world, with the share of each segment that chose a response."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean, fold
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import ItemSpec, ItemText, SurveyFacts
from surveycli.survey.items.label_rules import status_of_label
from surveycli.survey.items.ladder import scale_of_labels
from surveycli.survey.places.match import find_country
from surveycli.survey.population.population import TextPopulation
from surveycli.survey.readers.published import ROUNDING, PublishedCells
from surveycli.survey.readers.readout import DistributionFile
from surveycli.untrusted.number import read_number

if TYPE_CHECKING:
    import polars as pl

LAYOUT = "global-dialogues"
_FACTS = SurveyFacts(
    "Global Dialogues",
    source="https://github.com/collect-intel/global-dialogues",
    citation="The Collective Intelligence Project. Global Dialogues. globaldialogues.ai",
)
_NEEDED = frozenset({"question id", "question type", "question"})
_RESPONSE = ("response", "responses")
_ABOUT_A_RESPONSE = frozenset(
    {"originalresponse", "original response", "english response", "star", "categories", "sentiment"}
    | {"submitted by", "language", "response language", "sample id", "participant id"}
)
_EVERYBODY = "all"
_SEGMENT = re.compile(r"(?:O\d+\s*:\s*)?(.*?)\s*(?:\(\d+\))?", re.DOTALL)
_MOST_RESPONSES = 100


def is_dialogues(columns: Sequence[str]) -> bool:
    """Tell whether a table with these columns is an aggregate of Global Dialogues."""
    names = {fold(name) for name in columns}
    whole = any(fold(_segment(name)) == _EVERYBODY for name in columns)
    return names >= _NEEDED and whole and bool(names & set(_RESPONSE))


def read_dialogues(source: SourceFile, table: pl.DataFrame) -> DistributionFile:
    """Return the distributions of the polls; opinions and the votes on them are left out.

    A segment of one country is that country. Any other is described by the poll that it answered. What a segment is
    made of is not asked of it. Raises SurveyError (exit 3) where no poll can be used.
    """
    named = table.rename({name: fold(name) for name in table.columns if fold(name) in _NEEDED | {*_RESPONSE}})
    response = next(name for name in _RESPONSE if name in named.columns)
    cells = PublishedCells()
    polls = _polls(named, response, cells)
    segments = _segments(named.columns, polls, cells)
    for poll in polls.values():
        _add(poll, segments, cells)
    if not cells.shares:
        raise bad_input(
            f"{source.path.name}: none of its {table.height} rows is a poll's response with the share of a segment.",
            "Take the aggregate with one header for all questions (GD3_aggregate_standardized.csv).",
        )
    return cells.file(source, LAYOUT, f"{LAYOUT}-{source.slug}", _FACTS)


@dataclass(frozen=True, slots=True)
class _Poll:
    """A question with its responses, each with its row of shares."""

    key: str
    question: str
    responses: dict[str, Mapping[str, str | None]]


def _polls(table: pl.DataFrame, response: str, cells: PublishedCells) -> dict[str, _Poll]:
    import polars as pl

    polls: dict[str, _Poll] = {}
    for row in table.select(pl.all().cast(pl.String)).iter_rows(named=True):
        key, question, label = (clean(row[name] or "") for name in ("question id", "question", response))
        if not fold(row["question type"] or "").startswith("poll"):
            cells.skip("row of another type than a poll")
        elif not key or not question or not label:
            cells.skip("row without an id, question or response")
        else:
            poll = polls.setdefault(key, _Poll(key, question, {}))
            if label in poll.responses:
                cells.skip("another row of the same response came first")
            poll.responses.setdefault(label, row)
    return polls


def _segments(columns: Sequence[str], polls: Mapping[str, _Poll], cells: PublishedCells) -> dict[str, tuple[str, str]]:
    """Return the population of each column of shares, and the key of the poll whose responses made it, or ''."""
    answered = {fold(label): poll for poll in reversed(list(polls.values())) for label in poll.responses}
    found = {}
    for column in columns:
        name = _segment(column)
        if not name or fold(column) in _NEEDED | {*_RESPONSE} | _ABOUT_A_RESPONSE:
            continue
        poll, population = answered.get(fold(name)), find_country(name)
        if population is None:
            people = TextPopulation(_words(name, poll))
            population = people.population_id
            cells.described.setdefault(population, people)
        found[column] = (population, poll.key if poll else "")
    return found


def _segment(column: str) -> str:
    """Return what a column's segment is called.

    >>> _segment("O7: Kenya (31)"), _segment("All(1004)")
    ('Kenya', 'All')
    """
    found = _SEGMENT.fullmatch(clean(column))
    return found[1] if found else ""


def _words(name: str, poll: _Poll | None) -> str:
    if fold(name) == _EVERYBODY:
        return "You take part in an online dialogue with people from all over the world."
    return f"To the question {poll.question!r} you answer {name!r}." if poll else f"You belong to the group {name!r}."


def _add(poll: _Poll, segments: Mapping[str, tuple[str, str]], cells: PublishedCells) -> None:
    statuses = {label: status_of_label(fold(label)) for label in poll.responses}
    labels = tuple(label for label, status in statuses.items() if status is None)
    if not 2 <= len(labels) <= _MOST_RESPONSES:
        cells.skip(f"poll without 2 to {_MOST_RESPONSES} responses", "items")
        return
    codes = tuple(range(1, len(labels) + 1))
    text = ItemText("en", poll.question, labels)
    item = ItemSpec(poll.key, len(cells.items), poll.key, None, scale_of_labels(labels), codes, (text,))
    for column, (population, defined_by) in segments.items():
        if defined_by == poll.key:
            cells.skip("segment that the poll itself defines", "cells")
            continue
        shares = {label: share for label, row in poll.responses.items() if (share := _share(row[column])) is not None}
        total = math.fsum(shares.values())
        whole = 100 if total > 1 + ROUNDING else 1
        if len(shares) < len(statuses) or abs(total / whole - 1) > ROUNDING:
            cells.skip("segment whose shares of all responses do not sum to 100%", "cells")
        elif cells.add(item, population, _normed([shares[label] for label in labels])):
            lost: dict[str, float] = {}
            for label, status in statuses.items():
                if status is not None and shares[label]:
                    lost[status] = lost.get(status, 0.0) + shares[label] / total
            cells.missing += [(item.item_id, population, status, share) for status, share in lost.items()]


def _normed(shares: Sequence[float]) -> list[float]:
    total = math.fsum(shares)
    return [share / total for share in shares] if total else [*shares]


def _share(cell: str | None) -> float | None:
    number = read_number((cell or "").strip().rstrip("%"))
    return number if number is not None and 0 <= number <= 100 else None
