"""Whatever a model writes is read without an exception, and what is read is a distribution."""

from __future__ import annotations

import json
import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from surveycli.json_reply import ReplyFailure, parse_distribution
from surveycli.prompt import LETTERS

# Text made of what JSON is made of comes closer to it, and breaks in more places, than any text does.
pieces = st.sampled_from(
    ["{", "}", "[", "]", '"', ":", ",", "A", '"A"', '"b"', "1", "-", ".5", "e999", "NaN", "%", "\\u", "\\", " ", "\n",
     "<think>", "</think>", "```json", "null", "true", "9" * 400, "٣", "{}"]
)  # fmt: skip
near_json = st.lists(pieces, max_size=60).map("".join)
shares = st.lists(st.floats(0, 1e300, allow_nan=False), min_size=1, max_size=26)


@given(st.one_of(st.text(), near_json), st.integers(1, 26), st.booleans())
def test_any_text_gives_a_distribution_or_a_failure(text: str, n_options: int, truncated: bool) -> None:
    """No text raises; there is either a distribution over the letters or a named failure, never both or neither."""
    parsed = parse_distribution(text, LETTERS[:n_options], truncated=truncated)
    assert (parsed.probabilities is None) == isinstance(parsed.failure, ReplyFailure)
    if parsed.probabilities is not None:
        assert len(parsed.probabilities) == n_options
        assert min(parsed.probabilities) >= 0
        assert math.isclose(sum(parsed.probabilities), 1, abs_tol=1e-9)


@given(shares, st.sampled_from(["", "```json\n", "Here: "]), st.sampled_from(["", "\n```", " That is all. }"]))
def test_what_is_stated_is_what_is_read(numbers: list[float], before: str, after: str) -> None:
    """A reply that states numbers gives them, divided by their sum; all zero is a failure."""
    letters = LETTERS[: len(numbers)]
    parsed = parse_distribution(before + json.dumps(dict(zip(letters, numbers, strict=True))) + after, letters)
    if max(numbers) == 0:
        assert parsed.failure is ReplyFailure.ZERO_SUM
        return
    assert parsed.probabilities is not None
    total = sum(map(Fraction, numbers))
    for stated, read in zip(numbers, parsed.probabilities, strict=True):
        assert math.isclose(float(Fraction(stated) / total), read, rel_tol=1e-9, abs_tol=1e-300)
