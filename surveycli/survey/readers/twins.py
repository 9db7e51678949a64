"""Reads Twin-2K-500 (Toubia et al. 2025): one row per American, whose questionnaire is a JSON text of blocks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from surveycli.errors import bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import clean
from surveycli.survey.files.table import FileColumn, SurveyTable, rows_of_frames
from surveycli.survey.items.codebook import SurveyFacts
from surveycli.survey.readers.generic import read_generic
from surveycli.survey.readers.readout import RespondentFile
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.text import UnreadableError

if TYPE_CHECKING:
    import polars as pl

LAYOUT = "twin-2k-500"
# A column of questionnaires, and what follows the ids of its questions: the last waves repeat some of the first.
_QUESTIONNAIRES = {"persona_json": "", "wave1_3_persona_json": "", "wave4_q_wave4_a": "_w4"}
_FACTS = SurveyFacts(
    "Twin-2K-500",
    source="https://huggingface.co/datasets/LLM-Digital-Twin/Twin-2K-500",
    citation=(
        "Toubia, O., Gui, G. Z., Peng, T., Merlau, D. J., Li, A. and Chen, H. 2025. Twin-2K-500: A Dataset for Building"
        " Digital Twins of over 2,000 People Based on Their Answers to over 500 Questions. arXiv:2505.17479"
    ),
)
_WITHIN_LINE = re.compile(r"</?(?:a|b|em|font|i|span|strong|sub|sup|u)\b[^<>]{0,500}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{1,500}>")
_MOST_OPTIONS = 100
_MOST_QUESTIONS = 5000


def is_twins(columns: Sequence[str]) -> bool:
    """Tell whether a table with these columns is Twin-2K-500."""
    names = {name.strip().lower() for name in columns}
    return "pid" in names and bool(names & set(_QUESTIONNAIRES))


def read_twins(table: SurveyTable, options: IngestOptions) -> RespondentFile:
    """Return the respondents, who live in the United States, with their answers to questions of one choice.

    A row of a matrix is a question, `QID25_2`. Answers of the fourth wave, which asked some questions again, are
    questions of their own, `QID25_2_w4`. Raises SurveyError (exit 3) where no questionnaire can be read.
    """
    names = [(column.name, column.name.strip().lower()) for column in table.columns]
    people, questions = [], _Questions()
    for batch in table.read([name for name, known in names if known in _QUESTIONNAIRES]):
        for row in batch.respondents.iter_rows(named=True):
            people.append(
                {
                    key: code
                    for name, known in names
                    if known in _QUESTIONNAIRES and row[name]
                    for key, code in questions.answers(str(row[name]), _QUESTIONNAIRES[known])
                }
            )
    if not questions.labels:
        raise bad_input(
            f"{table.name}: no questionnaire in it has a question of one choice.",
            "persona_json is to be a list of blocks with Questions, as published.",
        )
    if options.country is None and options.country_column is None:
        options = replace(options, country="USA")
    file = read_generic(_as_table(table, questions, people), options)
    left_out = tuple(Skipped(why, subject, n) for (why, subject), n in sorted(questions.skipped.items()))
    return replace(file, layout=LAYOUT, survey_id=LAYOUT, facts=_FACTS, skipped=file.skipped + left_out)


@dataclass(slots=True)
class _Questions:
    """The questions met so far, by id: what each says and its options, whose codes are their places from 1."""

    wordings: dict[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answers(self, text: str, suffix: str) -> Iterator[tuple[str, int]]:
        """Yield the questions of a questionnaire that were answered, each with the answer's code."""
        try:
            blocks = parse_json(text)
        except UnreadableError:
            self.skipped["questionnaire that is not JSON", "rows"] += 1
            return
        asked = (question for block in _objects(_list(blocks)) for question in _list(block.get("Questions")))
        for question in _objects(asked):
            for key, wording, labels, answer in _asked(question):
                known = self._known(key + suffix, wording, labels)
                code = _code(answer, labels)
                if code is None or known is None:
                    if answer not in (None, (None, None)):
                        self.skipped["answer that is none of the options", "answers"] += 1
                elif labels[code - 1] in known:
                    yield key + suffix, known.index(labels[code - 1]) + 1

    def _known(self, key: str, wording: str, labels: tuple[str, ...]) -> tuple[str, ...] | None:
        if key not in self.labels and len(self.labels) < _MOST_QUESTIONS:
            self.wordings[key], self.labels[key] = wording, labels
        return self.labels.get(key)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(values: Iterable[object]) -> Iterator[Mapping[str, Any]]:
    yield from (value for value in values if isinstance(value, dict))


def _asked(question: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...], tuple[object, object]]]:
    """Yield id, wording, options and answer (place, text) of a question of one choice, or of each row of a matrix."""
    key, kind, wording = (_text(question.get(name)) for name in ("QuestionID", "QuestionType", "QuestionText"))
    answers = question.get("Answers")
    places, texts = (answers.get(name) for name in _ANSWER) if isinstance(answers, dict) else (None, None)
    if not key or not wording:
        return
    if kind == "MC" and not isinstance(places, list) and (labels := _labels(question.get("Options"))):
        yield key, wording, labels, (places, texts)
    elif kind == "Matrix" and (labels := _labels(question.get("Columns"))):
        for place, row in enumerate(map(_text, _list(question.get("Rows")))):
            answer = (_at(places, place), _at(texts, place))
            if not isinstance(answer[0], list):
                yield f"{key}_{place + 1}", f"{wording} {row}".strip(), labels, answer


_ANSWER = ("SelectedByPosition", "SelectedText")


def _text(value: object) -> str:
    return clean(_TAG.sub(" ", _WITHIN_LINE.sub("", value))) if isinstance(value, str) else ""


def _labels(value: object) -> tuple[str, ...]:
    labels = tuple(_text(label) for label in _list(value))
    return labels if 2 <= len(set(labels)) == len(labels) <= _MOST_OPTIONS and all(labels) else ()


def _at(values: object, place: int) -> object:
    return values[place] if isinstance(values, list) and place < len(values) else None


def _code(answer: tuple[object, object], labels: tuple[str, ...]) -> int | None:
    """Return the place of an answer among the options, from 1: by its text, else by the place it says it has."""
    place, text = answer
    if (label := _text(text)) in labels:
        return labels.index(label) + 1
    number = int(place) if isinstance(place, str) and place.isdecimal() and len(place) < 4 else place
    return number if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(labels) else None


def _as_table(table: SurveyTable, questions: _Questions, people: Sequence[Mapping[str, int]]) -> SurveyTable:
    """Return the answers as a labelled file has them: a column of codes per question."""
    import polars as pl

    columns = tuple(
        FileColumn(key, questions.wordings[key], dict(enumerate(labels, 1))) for key, labels in questions.labels.items()
    )
    data = {column.name: [person.get(column.name) for person in people] for column in columns}
    frame = pl.DataFrame(data, dict.fromkeys(data, pl.Int16))

    def read(wanted: list[str]) -> Iterable[pl.DataFrame]:
        return [frame.select(wanted)]

    return replace(table, columns=columns, rows=rows_of_frames(table.name, read), head=None)
