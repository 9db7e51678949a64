"""The settings of predictions by a server: which one is asked, in what form, and how patiently."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from surveycli.errors import usage
from surveycli.setting import setting


class ServerEngine(StrEnum):
    """The protocol that a server speaks."""

    OPENAI = "openai"


class Form(StrEnum):
    """How a prompt is sent: as plain text, in a chat whose answer has begun, or in a chat."""

    COMPLETION = "completion"
    CHAT = "chat"
    CHAT_OPEN = "chat-open"


class Allow(StrEnum):
    """How a server is told to answer by a letter alone: not at all, or as vLLM, SGLang or llama.cpp are."""

    ANY = "any"
    CHOICE = "choice"
    REGEX = "regex"
    GRAMMAR = "grammar"


@dataclass(frozen=True, slots=True)
class ServedSettings:
    """Which server is asked, in what form, and how patiently. Times are in seconds, the price is per million tokens.

    Raises SurveyError (exit 2) for an address that is missing, or has a password or a query in it.
    """

    engine: ServerEngine = setting(ServerEngine.OPENAI, "The protocol of the server that is asked.", flag="--engine")
    base_url: str = setting("", "Address of the server, such as http://localhost:8000/v1.")
    form: Form = setting(
        Form.COMPLETION,
        "completion sends plain text, chat a turn and the answer's beginning, chat-open a turn alone.",
    )
    allow: Allow = setting(
        Allow.ANY, "Which answers are allowed: any, or letters by choice (vLLM), regex (SGLang), grammar (llama.cpp)."
    )
    top_logprobs: int = setting(20, "Most probable tokens that the server is to report.", least=1, most=200_000)
    concurrency: int = setting(8, "Requests under way at a time.", least=1, most=256)
    requests_per_minute: float | None = setting(None, "No more requests than this.", least=0.01)
    timeout: float = setting(60.0, "Seconds that a whole request may take.", least=0.01)
    tries: int = setting(5, "Tries per request.", least=1)
    key_variable: str = setting("OPENAI_API_KEY", "Environment variable with the server's key.")
    price_per_million_tokens: float | None = setting(None, "For the estimate of the cost.", least=0)

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise usage(
                f"--base-url {self.base_url!r} is not an address." if self.base_url else "--base-url is missing.",
                "Give the server's address, such as http://localhost:8000/v1.",
            )
        if address.username or address.password or address.query or address.fragment:
            raise usage(
                "--base-url has a password or a query in it, which would be kept with the run.",
                "--key-variable names an environment variable that holds the key.",
            )
