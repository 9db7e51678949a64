"""The first token of an answer: how a server is asked for its most probable tokens, and what it reports of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from surveycli.distribution.reported import ReportedTokens
from surveycli.server.chat_server import first_choice
from surveycli.server.model_server import ModelServer, UnusableReplyError

_ROUNDING = 1e-3  # what servers' rounding may add to a probability
# Nothing scales or cuts the probabilities: temperature 1 is the model's own, also where servers report them scaled.
_ONE_TOKEN = {"max_tokens": 1, "temperature": 1, "top_p": 1}
_NONE_REPORTED = "the server reports no log probabilities"


def complete_one(server: ModelServer, prompt: str, top: int, extra: dict[str, Any]) -> ReportedTokens:
    """Return the `top` most probable tokens after a prompt of plain text. Raises as ModelServer.ask does."""
    body = {"prompt": prompt, "logprobs": top, **_ONE_TOKEN, **extra}
    return server.ask("completions", body, lambda answer: read_tokens(answer, top))


def chat_one(server: ModelServer, user: str, stem: str, top: int, extra: dict[str, Any]) -> ReportedTokens:
    """Return the `top` most probable tokens at the start of a chat model's answer to `user`, or after its `stem`.

    A `stem` is sent as the beginning of the answer, which vLLM, SGLang and llama.cpp go on with.
    """
    turns = [{"role": "user", "content": user}]
    if stem:
        turns.append({"role": "assistant", "content": stem})
        extra = {"add_generation_prompt": False, "continue_final_message": True, **extra}
    body = {"messages": turns, "logprobs": True, "top_logprobs": top, **_ONE_TOKEN, **extra}
    return server.ask("chat/completions", body, lambda answer: read_tokens(answer, top))


def read_tokens(answer: Any, top: int) -> ReportedTokens:
    """Return the tokens that an answer reports for its first place, at most the `top` most probable.

    Both forms of OpenAI's protocol are read, under either address. A token that was drawn stands among them though it
    may be far less probable, and bounds nothing. Raises UnusableReplyError for what is not log probabilities.
    """
    place, drawn = _first_place(first_choice(answer))
    found = sorted(((token, math.exp(log)) for token, log in place), key=lambda pair: -pair[1])[:top]
    if not found:
        raise UnusableReplyError(_NONE_REPORTED)
    if sum(probability for _, probability in found) > 1 + _ROUNDING:
        raise UnusableReplyError("the probabilities that the server reports add up to more than 1")
    bounding = found[:-1] if len(found) > 1 and found[-1][0] == drawn else found
    return ReportedTokens(tuple(found), bounding[-1][1])


def _first_place(choice: dict[str, Any]) -> tuple[list[tuple[str, float]], object]:
    """Return the pairs of token and log probability that stand first, and the token that was drawn there."""
    reported = choice.get("logprobs")
    if not isinstance(reported, dict):
        raise UnusableReplyError(_NONE_REPORTED)
    content = reported.get("content")
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return list(_pairs_of_list(content[0].get("top_logprobs"))), content[0].get("token")
    places, drawn = reported.get("top_logprobs"), reported.get("tokens")
    if isinstance(places, list) and places and isinstance(places[0], dict):
        pairs = [(token, number) for token, log in places[0].items() if (number := _log(log)) is not None]
        return pairs, drawn[0] if isinstance(drawn, list) and drawn else None
    raise UnusableReplyError(_NONE_REPORTED)


def _pairs_of_list(entries: object) -> Iterator[tuple[str, float]]:
    if not isinstance(entries, list):
        raise UnusableReplyError(_NONE_REPORTED)
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("token"), str):
            raise UnusableReplyError("the server's log probabilities have another form")
        log = _log(entry.get("logprob"))
        if log is not None:
            yield entry["token"], log


def _log(value: object) -> float | None:
    """Return a log probability, None where the server leaves it out."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value > _ROUNDING:
        raise UnusableReplyError("a log probability of the server is not a number up to 0")
    return min(float(value), 0.0)
