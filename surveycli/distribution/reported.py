"""Shares from the probabilities of some tokens only: what was not reported is bounded, and so is each share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WHOLE = 1e-4  # probabilities of letters that add up to 1 this nearly leave nothing to other tokens


@dataclass(frozen=True, slots=True)
class ReportedTokens:
    """The most probable tokens, each with its probability; no other token has more than `most_unreported`."""

    tokens: tuple[tuple[str, float], ...]
    most_unreported: float


@dataclass(frozen=True, slots=True)
class BoundedShares:
    """Shares of K options, which add up to 1, and within what bounds each may lie.

    `outside` is the probability of all that is no option letter; None where other answers were not allowed.
    `n_unreported` letters were not among the reported tokens.
    """

    shares: tuple[float, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]
    outside: float | None
    n_unreported: int


def bound_shares(reported: ReportedTokens, letters: Sequence[str], *, restricted: bool = False) -> BoundedShares | None:
    """Return the shares of the options behind `letters` (K,), or None where none of the letters was reported.

    With S the probability of the reported letters, R that of all reported tokens and c = min(most_unreported, 1 - R),
    each of the m other letters has a probability of 0 to c, and together they have at most E = min(m c, 1 - R). The
    share of a reported letter with probability p is p / (S + E) to p / S, that of another one 0 to c / (S + c). The
    shares themselves give each unreported letter half of min(c, (1 - R) / m). `restricted`: the server was asked to
    allow letters alone, so that they may add up to 1 by themselves.

    >>> known = ReportedTokens((("A", 0.6), ("B", 0.3), ("the", 0.08)), 0.08)
    >>> found = bound_shares(known, "ABC")
    >>> [round(share, 3) for share in found.most], found.n_unreported
    ([0.667, 0.333, 0.022], 1)
    """
    known = dict.fromkeys(letters, 0.0)
    others = 0.0
    for token, probability in reported.tokens:
        if token in known:
            known[token] += probability
        else:
            others += probability
    there = {token for token, _ in reported.tokens}
    total = sum(known.values())
    if not total:
        return None
    n_missing = sum(letter not in there for letter in letters)
    rest = max(0.0, 1.0 - total - others)
    each = min(reported.most_unreported, rest)
    together = min(n_missing * each, rest)
    guess = min(each, rest / n_missing) / 2 if n_missing else 0.0
    whole = total + n_missing * guess
    is_alone = restricted and total >= 1 - _WHOLE
    return BoundedShares(
        tuple((known[letter] if letter in there else guess) / whole for letter in letters),
        tuple(known[letter] / (total + together) for letter in letters),
        tuple(known[letter] / total if letter in there else each / (total + each) for letter in letters),
        None if is_alone else min(1.0, max(0.0, 1.0 - whole)),
        n_missing,
    )
