"""What a translation by a paid server will cost, before it starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveycli.server.cost import estimate_tokens
from surveycli.translation.chat import build_messages
from surveycli.translation.engine import TranslationRequest

_REPLY_OVERHEAD = 20  # braces, keys and quotes
_TOKENS_PER_LABEL = 4  # a label's code and quotes


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """Requests, tokens and money if every first try is good. `cost` is None without a price, else in its currency."""

    n_requests: int
    n_input_tokens: int
    n_output_tokens: int
    cost: float | None


def estimate_cost(requests: Sequence[TranslationRequest], price_per_million_tokens: float | None) -> CostEstimate:
    """Return what requests to a chat server come to; input and output tokens are taken to cost the same."""
    n_input = round(sum(estimate_tokens(message.content) for r in requests for message in build_messages(r)))
    n_output = round(sum(_output_tokens(request) for request in requests))
    price = price_per_million_tokens
    cost = None if price is None else (n_input + n_output) * price / 1e6
    return CostEstimate(len(requests), n_input, n_output, cost)


def _output_tokens(request: TranslationRequest) -> float:
    texts: Iterable[str] = (request.wording, *(option.label for option in request.options))
    growth = 1.3 if request.target.scripts == ("LATIN",) else 2.0  # other scripts take more tokens for the same text
    return growth * sum(map(estimate_tokens, texts)) + _REPLY_OVERHEAD + _TOKENS_PER_LABEL * len(request.options)
