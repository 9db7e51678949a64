"""chrF: how alike two texts are, by the runs of characters they share."""

from __future__ import annotations

from collections import Counter

_ORDERS = range(1, 7)
_BETA = 2.0


def chrf(candidate: str, reference: str) -> float:
    """Return chrF2 of a text against a reference, 0 (nothing shared) to 100 (equal but for white space).

    F = (1 + b^2) P R / (b^2 P + R) with b = 2, where P and R are precision and recall of character n-grams, averaged
    over those n from 1 to 6 for which both texts have any (Popović 2015, "chrF: character n-gram F-score"; orders as
    in sacreBLEU's effective order).

    >>> round(chrf("How happy are you?", "How happy are you, all in all?"), 2)
    58.83
    """
    pairs = [(_ngrams(candidate, n), _ngrams(reference, n)) for n in _ORDERS]
    usable = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
    if not usable:
        return 0.0
    precision = sum(_shared(ours, theirs) / ours.total() for ours, theirs in usable) / len(usable)
    recall = sum(_shared(ours, theirs) / theirs.total() for ours, theirs in usable) / len(usable)
    if precision + recall == 0:
        return 0.0
    return 100 * (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _ngrams(text: str, n: int) -> Counter[str]:
    letters = "".join(text.split())
    return Counter(letters[i : i + n] for i in range(len(letters) - n + 1))


def _shared(ours: Counter[str], theirs: Counter[str]) -> int:
    return (ours & theirs).total()
