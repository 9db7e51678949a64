"""Reads new questions: from the words of a command, from a YAML file, or from a table with one row per question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from surveycli.domain import Scale
from surveycli.errors import bad_input
from surveycli.request.simulate import NewQuestion
from surveycli.untrusted.small_file import read_small_file
from surveycli.untrusted.table_text import parse_table
from surveycli.untrusted.text import UnreadableError, doubled, one_line
from surveycli.untrusted.yaml_text import parse_yaml

MOST_OPTIONS = 26  # letters
_HINT = (
    'In YAML each question is a mapping such as {question: "...", options: [Yes, No], countries: [KEN]}; in a table '
    "options and countries are parted by |."
)
_COLUMNS = ("id", "question", "options", "scale", "battery", "countries", "language")


def one_question(
    wording: str, options: Sequence[str], language: str, scale: str | None = None, battery: str | None = None
) -> NewQuestion:
    """Return a question as typed. Raises SurveyError (exit 3) where it cannot be asked."""
    given = {"question": wording, "options": list(options), "scale": scale, "battery": battery, "language": language}
    return _question(given, 1, language, "The question")


def read_questions(path: Path, language: str) -> tuple[NewQuestion, ...]:
    """Return the questions of a file; `language` is that of texts which do not say theirs.

    Raises SurveyError (exit 3) that names the question and what is wrong with it.
    """
    text = read_small_file(path, "file of questions", "YAML or CSV")
    try:
        if path.suffix.lower() in (".yaml", ".yml"):
            rows, shared = _of_yaml(parse_yaml(text), path)
        else:
            rows, shared = [_of_row(row) for _, row in parse_table(text, ("question", "options"))], {}
    except UnreadableError as error:
        raise bad_input(f"{path} cannot be read: {error}.", _HINT) from error
    if not rows:
        raise bad_input(f"{path} has no questions.", _HINT)
    asked = tuple(
        _question({**shared, **row}, number, language, f"Question {number} of {path.name}")
        for number, row in enumerate(rows, start=1)
    )
    for item_id in doubled(question.item_id for question in asked):
        raise bad_input(f"{path.name} has two questions with the id {item_id}.", "Give each an id of its own, or none.")
    return asked


def _of_yaml(content: Any, path: Path) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """Return the questions, and what the file says of all of them."""
    shared: Mapping[str, Any] = {}
    if isinstance(content, Mapping) and "questions" in content:
        shared = {key: value for key, value in content.items() if key != "questions"}
        content = content["questions"]
    if not isinstance(content, list) or not all(isinstance(row, Mapping) for row in content):
        raise bad_input(f"{path} is not a list of questions.", _HINT)
    return list(content), shared


def _of_row(row: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {key: value for key, value in row.items() if value}
    return {key: value.split("|") if key in ("options", "countries") else value for key, value in given.items()}


def _question(given: Mapping[str, Any], number: int, language: str, where: str) -> NewQuestion:
    strange = sorted(set(map(str, given)) - set(_COLUMNS))
    if strange:
        may = f"It may have {', '.join(_COLUMNS)}."
        raise bad_input(f"{where} has {', '.join(strange)}, which means nothing here.", may)
    language = str(given.get("language") or language)
    wording = {code: one_line(text) for code, text in _by_language(given.get("question"), language).items()}
    options = {
        code: tuple(one_line(_label(label)) for label in labels if label is not None)
        for code, labels in _by_language(given.get("options"), language).items()
        if isinstance(labels, list)
    }
    _check(wording, options, where)
    return NewQuestion(
        item_id=_item_id(given.get("id"), number, where),
        wording=wording,
        options=options,
        scale=_scale(given.get("scale"), len(next(iter(options.values()))), where),
        battery=None if given.get("battery") is None else one_line(str(given["battery"])),
        populations=tuple(one_line(str(one)) for one in given.get("countries") or ()),
    )


def _by_language(value: Any, language: str) -> Mapping[str, Any]:
    return {str(code): text for code, text in value.items()} if isinstance(value, Mapping) else {language: value}


def _label(label: Any) -> str:
    """Return a label as text; YAML takes a bare Yes or No for true or false."""
    return {True: "Yes", False: "No"}[label] if isinstance(label, bool) else str(label)


def _check(wording: Mapping[str, Any], options: Mapping[str, tuple[str, ...]], where: str) -> None:
    """Raise SurveyError (exit 3) where a question cannot be asked."""
    if not all(isinstance(text, str) and text for text in wording.values()):
        raise bad_input(f"{where} has no words.", _HINT)
    if set(wording) != set(options):
        raise bad_input(f"{where} has words in {', '.join(wording)}, options in {', '.join(options) or 'none'}.", _HINT)
    if len({len(labels) for labels in options.values()}) > 1:
        raise bad_input(f"{where} has different numbers of options in its languages.", "Give each option in each.")
    for labels in options.values():
        if not 2 <= len(labels) <= MOST_OPTIONS:
            raise bad_input(
                f"{where} has {len(labels)} options; expected 2 to {MOST_OPTIONS}.", "--option Yes --option No"
            )
        if len({label.casefold() for label in labels}) < len(labels) or not all(labels):
            raise bad_input(
                f"{where} has an empty option, or the same one twice: {', '.join(labels)}.", "Correct the options."
            )


def _item_id(given: Any, number: int, where: str) -> str:
    item_id = f"N{number}" if given is None else str(given)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,39}", item_id):
        raise bad_input(f"{where} has the id {item_id!r}.", "An id is a letter, then letters, digits and underscores.")
    return item_id


def _scale(given: Any, n_options: int, where: str) -> Scale:
    if given is None:
        return Scale.BINARY if n_options == 2 else Scale.NOMINAL
    try:
        return Scale(str(given).lower())
    except ValueError:
        raise bad_input(f"{where} has the scale {str(given)!r}.", f"It is one of {', '.join(Scale)}.") from None
