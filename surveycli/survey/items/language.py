"""Guesses the language of a file's own labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from surveycli.bundled import read_yaml, resource
from surveycli.survey.files.cell import fold

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
_MOST_LETTERS = 20_000
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
