"""Gives the words in cells of a file of WVS the codes that the bundled codebook has for them.

Files of single countries may say `Very important` where others have 1. Words are told apart by what they are on a
ladder, by their side, and by the stems that they share with the codebook's own words, never by a list of labels.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import permutations

from surveycli.domain import Scale
from surveycli.survey.files.cell import CellValue, as_number, fold
from surveycli.survey.items.codebook import ItemSpec
from surveycli.survey.items.ladder import ladder_order, side_of_label

_STEM = 5  # letters by which words are compared
_LEAST_LADDER = 5  # codes of a ladder with words at its ends alone
_MOST_TRIED = 6  # words whose assignments are tried one by one
_CLEAR = 0.05  # by so much the best assignment has to be better than the next


def codes_of_words(item: ItemSpec, cells: Collection[CellValue]) -> dict[str, int] | None:
    """Return the code of each word, folded, that stands in the cells of an item's column; None where it is not sure.

    `cells` are without missing answers.
    """
    words = sorted({fold(str(cell)) for cell in cells if as_number(cell) is None})
    numbers = {number for cell in cells if (number := as_number(cell)) is not None}
    if not numbers <= set(item.codes):
        return None
    labels = dict(zip(item.codes, map(fold, item.texts[0].labels), strict=True))
    if _is_bare_ladder(item):
        return _ends(words, numbers, labels)
    if numbers or not 0 < len(words) <= len(labels):
        return None if words else {}
    whole = len(words) == len(labels) and item.scale is Scale.ORDINAL
    return (_by_order(words, labels) if whole else None) or _by_likeness(words, labels)


def _is_bare_ladder(item: ItemSpec) -> bool:
    """Tell whether only the ends of an item's options have words."""
    return len(item.codes) >= _LEAST_LADDER and all(label.isdigit() for label in item.texts[0].labels[1:-1])


def _ends(words: Sequence[str], numbers: Collection[float], labels: dict[int, str]) -> dict[str, int] | None:
    """Return which end of a ladder each of one or two words is."""
    open_ends = [code for code in (min(labels), max(labels)) if code not in numbers]
    if len(words) > len(open_ends):
        return None
    if len(words) == len(open_ends) == 1:
        return {words[0]: open_ends[0]}
    return _by_likeness(words, {code: labels[code] for code in open_ends}) if words else {}


def _by_order(words: Sequence[str], labels: dict[int, str]) -> dict[str, int] | None:
    """Return the codes of words that stand on a ladder, in the direction that their ends have in the codebook."""
    order = ladder_order(words)
    if order is None:
        return None
    codes = sorted(labels)
    ends = _by_likeness([order[0], order[-1]], {codes[0]: labels[codes[0]], codes[-1]: labels[codes[-1]]})
    if ends is None:
        return None
    return dict(zip(order if ends[order[0]] == codes[0] else order[::-1], codes, strict=True))


def _by_likeness(words: Sequence[str], labels: dict[int, str]) -> dict[str, int] | None:
    """Return the codes of words whose best assignment to labels is clearly better than any other."""
    if len(words) > _MOST_TRIED or len(labels) > _MOST_TRIED:
        return None
    tried = [
        (sum(_likeness(word, labels[code]) for word, code in zip(words, codes, strict=True)), codes)
        for codes in permutations(labels, len(words))
    ]
    best = sorted(tried, reverse=True)[:2]
    if len(best) > 1 and best[0][0] - best[1][0] < _CLEAR:
        return None
    return dict(zip(words, best[0][1], strict=True)) if best[0][0] > 0 else None


def _likeness(word: str, label: str) -> float:
    """Return how alike two texts are: the share of stems in common, and 1 for the same side, -1 for opposite ones."""
    one, other = _stems(word), _stems(label)
    common = len(one & other) / len(one | other) if one | other else 0.0
    return common + (side_of_label(word) or 0) * (side_of_label(label) or 0)


def _stems(text: str) -> set[str]:
    return {found[:_STEM] for found in re.findall(r"[^\W\d_]+", text)}
