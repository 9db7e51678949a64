"""Chat completions by a server that speaks OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from surveycli.server.model_server import ModelServer, PassingError, UnusableReplyError


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; `role` is user or assistant (some chat templates know no system role)."""

    role: str
    content: str


class ChatServer(ModelServer):
    """A chat model behind an address."""

    def complete(self, messages: Sequence[Message]) -> str:
        """Return the text of one completion, as the server sent it: whoever shows or keeps it looks at it first.

        Raises as ModelServer.ask does, and UnusableReplyError where the text is not whole or has the key in it.
        """
        body = {"messages": [asdict(message) for message in messages], "temperature": 0}
        text = self.ask("chat/completions", body, _text_of)
        if self.holds_key(text):
            raise UnusableReplyError("the reply holds the key that the server was sent")
        return text


def first_choice(body: Any) -> dict[str, Any]:
    """Return the first of an answer's choices. Raises PassingError where there is none."""
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise PassingError("the answer has no choices")
    return choices[0]


def _text_of(body: Any) -> str:
    choice = first_choice(body)
    if choice.get("finish_reason") == "length":
        raise UnusableReplyError("the reply was cut off at the server's token limit")
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str):
        raise PassingError("the answer has no text")
    return content
