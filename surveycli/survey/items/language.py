"""Guesses the language of a file's own labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.survey.files.cell import fold
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.columns import wording_of_column

_WORD = re.compile(r"[^\W\d_]+")
# fmt: off
_ENGLISH = frozenset({
    "a", "about", "all", "and", "are", "at", "be", "by", "do", "does", "for", "from", "have", "how", "i", "if",
    "in", "is", "it", "many", "most", "much", "no", "not", "of", "on", "or", "other", "people", "the", "their",
    "these", "they", "this", "to", "too", "very", "what", "when", "which", "who", "with", "would", "yes", "you",
    "your",
})
# fmt: on
_LEAST_ENGLISH = 0.15  # of the words: so many of these make a text English
_LEAST_LETTERS = 30
_MOST_LETTERS, _MOST_COLUMNS = 20_000, 400
_LEAST_CERTAIN = 0.9
_SAME = {"no": "nb", "nn": "nb"}


def guess_language(texts: Sequence[str]) -> str | None:
    """Return the language that labels are written in, as a BCP 47 tag; None where there is too little to tell.

    >>> guess_language(["How much do you trust the parliament?", "Satisfaction with life", "Trust in other people"])
    'en'
    >>> guess_language(["Satisfacción con la democracia", "Confianza en el gobierno de la nación"])
    'es'
    """
    text = fold(" ".join(texts))[:_MOST_LETTERS]
    words = _WORD.findall(text)
    if words and sum(word in _ENGLISH for word in words) >= _LEAST_ENGLISH * len(words):
        return "en"
    if sum(map(len, words)) < (_LEAST_LETTERS if text.isascii() else _LEAST_LETTERS // 3):
        return None
    language, certainty = _identifier().classify(text)
    return _SAME.get(str(language), str(language)) if certainty >= _LEAST_CERTAIN else None


def guess_language_of_table(table: SurveyTable) -> str | None:
    """Return the language of a table's own wordings and labels; None where there is too little to tell."""
    texts = [wording_of_column(column) for column in table.columns if column.label][:_MOST_COLUMNS]
    texts += [label for c in table.columns[:_MOST_COLUMNS] for label in list(c.value_labels.values())[:2]]
    return guess_language(texts)


@cache
def _identifier() -> Any:
    """Return the identifier of languages, for those that the package has a name for."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_modelpath(_model_path(MODEL_FILE), norm_probs=True)
    known = set(read_yaml(resource("languages.yaml"))) | set(_SAME)
    identifier.set_languages(sorted(known & set(identifier.labels)))
    return identifier


def _model_path(name: str) -> str:
    from importlib.resources import files

    return str(files("py3langid").joinpath(name))
