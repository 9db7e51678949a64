"""What a chat model is told, and how strictly its reply is read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from surveycli.domain import Option
from surveycli.translation.chat import build_messages, converse, parse_translation
from surveycli.translation.engine import GlossaryTerm, ReplyError, TranslationReply, TranslationRequest
from surveycli.translation.estimate import estimate_cost
from surveycli.translation.language import find_language

REQUEST = TranslationRequest(
    item_id="Q1",
    source=find_language("en"),
    target=find_language("zh"),
    wording='Tea or "coffee"?',
    options=(Option(1, "Tea"), Option(2, "Coffee")),
)
GOOD = {"wording": "茶还是“咖啡”？", "labels": {"1": "茶", "2": "咖啡"}}
EXPECTED = TranslationReply("茶还是“咖啡”？", (Option(1, "茶"), Option(2, "咖啡")))


@pytest.mark.parametrize("frame", ["{}", "  {}\n", "```json\n{}\n```", "```\n{}\n```", "<think>tea {{}}</think>\n{}"])
def test_a_json_object_is_read(frame: str) -> None:
    """The agreed object is read alone, in a fence, or after thoughts."""
    assert parse_translation(frame.replace("{{}}", "{x}").replace("{}", json.dumps(GOOD)), REQUEST) == EXPECTED


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "茶还是咖啡？",
        "Sure! " + json.dumps(GOOD),
        json.dumps(GOOD) + json.dumps(GOOD),
        json.dumps([GOOD]),
        json.dumps(GOOD)[:-1],
        json.dumps({**GOOD, "note": "x"}),
        json.dumps({"wording": "茶？"}),
        json.dumps({**GOOD, "wording": ["茶"]}),
        json.dumps({**GOOD, "wording": ""}),
        json.dumps({**GOOD, "labels": ["茶", "咖啡"]}),
        json.dumps({**GOOD, "labels": {"1": "茶"}}),
        json.dumps({**GOOD, "labels": {"1": "茶", "2": "咖啡", "3": "水"}}),
        json.dumps({**GOOD, "labels": {"A": "茶", "B": "咖啡"}}),
        json.dumps({**GOOD, "labels": {"1": "茶", "2": 2}}),
        '{"wording": "a", "wording": "b", "labels": {"1": "茶", "2": "咖啡"}}',
    ],
)
def test_anything_else_is_refused(reply: str) -> None:
    """A reply in any other form is not a translation."""
    with pytest.raises(ReplyError):
        parse_translation(reply, REQUEST)


def test_the_prompt_says_everything_and_ends_with_the_item() -> None:
    """Languages, glossary terms that occur, labels that are known and the texts all reach the model."""
    glossary = (GlossaryTerm("tea", "茶"), GlossaryTerm("milk", "奶"))
    request = replace(REQUEST, glossary=glossary, known_labels=(Option(3, "水"),))
    (message,) = build_messages(request)
    assert "from English to Simplified Chinese" in message.content
    assert '"tea" as "茶"' in message.content and "奶" not in message.content
    assert '{"3": "水"}' in message.content
    assert json.loads(message.content.splitlines()[-1]) == {
        "wording": REQUEST.wording,
        "labels": {"1": "Tea", "2": "Coffee"},
    }


def test_the_last_reason_is_told() -> None:
    """When no reply is usable the failure says why and how the last one began."""
    with pytest.raises(ReplyError, match=r"not JSON.*after 2 replies.*hello"):
        converse(lambda messages: "hello", REQUEST, 2)


def test_the_estimate_adds_up() -> None:
    """Tokens grow with the requests, and the cost is tokens times price."""
    one, two = estimate_cost([REQUEST], None), estimate_cost([REQUEST, REQUEST], 3.0)
    assert one.cost is None and two.n_requests == 2
    assert two.n_input_tokens == pytest.approx(2 * one.n_input_tokens, abs=1)
    assert two.cost == pytest.approx((two.n_input_tokens + two.n_output_tokens) * 3e-6)
