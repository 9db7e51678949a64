"""Replies in words: what counts as an answer, and what each failure is called."""

from __future__ import annotations

import pytest

from surveycli.json_reply import ReplyFailure, find_object, parse_distribution


@pytest.mark.parametrize(
    "text",
    [
        '{"A": 75, "B": 25}',
        '{"B": 25, "A": 75}',
        '{"A": 0.75, "B": 0.25}',
        '{"A": 3e1, "B": 10}',
        '{"a": 75, "(B)": 25}',
        '{"A": "75%", "B": "25 %"}',
        '```json\n{"A": 75, "B": 25}\n```',
        'They would say:\n{"A": 75, "B": 25}\nas {many} do.',
        'In the form {letter: percent}: {"A": 75, "B": 25}',
        '[{"A": 75, "B": 25}]',
        '{"A": 75, "B": 25} {"A": 1, "B": 1}',
        '<think>{"A": 1, "B": 1}?</think>{"A": 75, "B": 25}',
        '{"A": 1.5e308, "B": 0.5e308}',
    ],
)
def test_an_answer_is_read_however_it_is_wrapped(text: str) -> None:
    """Order, unit, fence, sentence and the tolerated spellings of letters and numbers change nothing."""
    assert parse_distribution(text, "AB").probabilities == pytest.approx((0.75, 0.25))


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("", ReplyFailure.NO_JSON),
        ("A: 75%, B: 25%", ReplyFailure.NO_JSON),
        ("{A: 75, B: 25}", ReplyFailure.NO_JSON),
        ('{"A": 75%, "B": 25%}', ReplyFailure.NO_JSON),
        ("[75, 25]", ReplyFailure.NO_JSON),
        ("{}", ReplyFailure.WRONG_KEYS),
        ('{"A": 75}', ReplyFailure.WRONG_KEYS),
        ('{"A": 75, "B": 20, "C": 5}', ReplyFailure.WRONG_KEYS),
        ('{"A": 75, "a": 5, "B": 20}', ReplyFailure.WRONG_KEYS),
        ('{"A": 75, "A": 25}', ReplyFailure.WRONG_KEYS),
        ('{"Tea": 75, "Coffee": 25}', ReplyFailure.WRONG_KEYS),
        ('{"answer": {"A": 75, "B": 25}}', ReplyFailure.WRONG_KEYS),
        ('{"A": "most", "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": null, "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": true, "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": [75], "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": NaN, "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": Infinity, "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": 1' + "0" * 5000 + ', "B": 25}', ReplyFailure.NOT_NUMBERS),
        ('{"A": -1, "B": 101}', ReplyFailure.NEGATIVE),
        ('{"A": "-1%", "B": 101}', ReplyFailure.NEGATIVE),
        ('{"A": 0, "B": 0.0}', ReplyFailure.ZERO_SUM),
        ('{"a":' * 100_000, ReplyFailure.NO_JSON),
    ],
)
def test_each_failure_has_its_name(text: str, failure: ReplyFailure) -> None:
    """A reply that states no distribution over exactly these letters gives none, and says why."""
    parsed = parse_distribution(text, "AB")
    assert (parsed.probabilities, parsed.failure) == (None, failure)


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ('{"A": 75, "B"', ReplyFailure.TRUNCATED),
        ("<think>Let me see, people in Kenya", ReplyFailure.TRUNCATED),
        ("People in Kenya are", ReplyFailure.NO_JSON),
        ('{"A": 75} and', ReplyFailure.WRONG_KEYS),
    ],
)
def test_a_reply_cut_short_is_told_from_one_that_never_began(text: str, failure: ReplyFailure) -> None:
    """Truncated is what had opened an object or was still thinking when the limit came."""
    assert parse_distribution(text, "AB", truncated=True).failure is failure


def test_a_thought_is_no_answer() -> None:
    """An object inside a thought that has not ended is not taken for the reply."""
    assert find_object('<think>{"A": 1, "B": 1}') is None
