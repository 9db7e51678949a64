"""chrF against sacreBLEU."""

from __future__ import annotations

import pytest

from surveycli.translation.checks import chrf

# CHRF().sentence_score(candidate, [reference]).score of sacrebleu 2.6.0 (nc:6, nw:0, space:no, eff:yes).
SACREBLEU = [
    ("How happy are you?", "How happy are you, all in all?", 58.831597929882264),
    ("The cat sat", "The cat sat", 100.0),
    ("您有多幸福？", "总的来说，您有多幸福？", 44.02582537713412),
    ("abc", "xyz", 0.0),
    ("Do you trust your family members?", "How far do you trust your family members?", 80.79880259395411),
    ("Yes", "Yes, definitely", 18.12899904390674),
    ("a", "ab", 55.55555555555556),
]


@pytest.mark.parametrize(("candidate", "reference", "score"), SACREBLEU)
def test_scores_are_those_of_sacrebleu(candidate: str, reference: str, score: float) -> None:
    """chrF2 of a sentence equals the reference implementation's."""
    assert chrf(candidate, reference) == pytest.approx(score, rel=1e-9, abs=1e-9)


def test_nothing_resembles_nothing() -> None:
    """An empty text scores 0 instead of dividing by nothing."""
    assert chrf("", "a") == chrf("a", "") == chrf("", "") == 0.0
