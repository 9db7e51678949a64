"""Translation by a server that speaks the OpenAI chat completions protocol, in a data centre or on this machine."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from surveycli.errors import SurveyError, bad_input, not_found, usage
from surveycli.translation.chat import PROMPT_NAME, Message, converse, prompt_sha256
from surveycli.translation.engine import EngineIdentity, ReplyError, RequestError, TranslationReply, TranslationRequest

_OPENAI = "https://api.openai.com/v1"
_PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})  # another try may be answered
_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class OpenAiSettings:
    """Which server and model, and how patient to be. Times are in seconds; `requests_per_minute` None is no limit.

    `key` goes into the Authorization header and nowhere else; `key_variable` names where it came from in messages.
    """

    model: str
    base_url: str = _OPENAI
    key: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    timeout_s: float = 60.0
    max_tries: int = 5
    max_replies: int = 2
    backoff_s: float = 1.0
    max_wait_s: float = 120.0
    requests_per_minute: float | None = None


class PassingError(Exception):
    """A request failed in a way that may pass. `wait_s` is what the server asked for, None where it did not say."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Pace:
    """Keeps requests at least 60 / requests_per_minute seconds apart."""

    def __init__(
        self,
        requests_per_minute: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap_s = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = float("-inf")

    def wait(self) -> None:
        """Return when the next request may start."""
        pause = self._next - self._clock()
        if pause > 0:
            self._sleep(pause)
        self._next = self._clock() + self._gap_s


class OpenAiEngine:
    """A TranslationEngine over HTTP. Close it, or use it as a context manager."""

    def __init__(self, settings: OpenAiSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._pace = Pace(settings.requests_per_minute, sleep=sleep)
        self._client = httpx.Client(
            base_url=_checked_url(settings.base_url),
            timeout=settings.timeout_s,
            headers={"Authorization": f"Bearer {settings.key}"} if settings.key else {},
        )

    def __enter__(self) -> OpenAiEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def identity(self) -> EngineIdentity:
        """What is recorded with each translation."""
        url = httpx.URL(self._settings.base_url)
        return EngineIdentity(
            engine="openai",
            model=self._settings.model,
            prompt=PROMPT_NAME,
            prompt_sha256=prompt_sha256(),
            server=f"{url.scheme}://{url.netloc.decode()}{url.path}",
        )

    def translate(self, request: TranslationRequest) -> TranslationReply:
        """Return the item in the target language, asking again where the reply has another form."""
        return converse(self._complete, request, self._settings.max_replies)

    def _complete(self, messages: Sequence[Message]) -> str:
        """Return the text of one completion, after as many tries as the settings allow."""
        for attempt in range(1, self._settings.max_tries + 1):
            self._pace.wait()
            try:
                return self._post(messages)
            except PassingError as failure:
                wait_s = self._wait(attempt, failure)
                if attempt == self._settings.max_tries or wait_s is None:
                    raise RequestError(f"{failure} (after {attempt} tries)") from failure
            self._sleep(wait_s)
        raise RequestError("no try was allowed")

    def _wait(self, attempt: int, failure: PassingError) -> float | None:
        """Return the seconds before the next try, or None where the server wants more patience than there is.

        Without a word from the server: a random time up to backoff_s * 2^attempt, so that clients do not come back
        all at once.
        """
        if failure.wait_s is not None:
            return failure.wait_s if failure.wait_s <= self._settings.max_wait_s else None
        longest = min(self._settings.max_wait_s, self._settings.backoff_s * 2**attempt)
        return random.uniform(longest / 2, longest)

    def _post(self, messages: Sequence[Message]) -> str:
        body = {
            "model": self._settings.model,
            "messages": [asdict(message) for message in messages],
            "temperature": 0,
        }
        try:
            response = self._client.post("chat/completions", json=body)
        except httpx.TimeoutException as error:
            raise PassingError(f"no answer within {self._settings.timeout_s:g} seconds") from error
        except httpx.TransportError as error:
            raise PassingError(f"the connection failed: {error or type(error).__name__}") from error
        self._check_status(response)
        return _text_of(response)

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        what = f"the server answered {status}: {self._without_key(response.text)[:_EXCERPT]}"
        if status in _PASSING_STATUS:
            raise PassingError(what, retry_after_s(response.headers))
        raise self._lasting_error(status, what)

    def _lasting_error(self, status: int, what: str) -> Exception:
        """Return the error of an answer that another try would not change."""
        settings = self._settings
        if status in {401, 403}:
            held = "The key was refused" if settings.key else f"{settings.key_variable} is not set, and a key is needed"
            return bad_input(f"{held} by {settings.base_url}: {what}.", f"Set {settings.key_variable} to a key for it.")
        if status == 404:
            return not_found(
                f"{settings.base_url} has no model {settings.model!r} or no chat completions: {what}.",
                "Check --model and --base-url; the address usually ends in /v1.",
            )
        return RequestError(what)

    def _without_key(self, text: str) -> str:
        return text.replace(self._settings.key, "***") if self._settings.key else text


def _checked_url(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise _bad_url(base_url) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise _bad_url(base_url)
    return base_url


def _bad_url(base_url: str) -> SurveyError:
    return usage(
        f"--base-url {base_url!r} is not an address.", f"Give one such as {_OPENAI} or http://localhost:8000/v1."
    )


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds of a Retry-After header, given as seconds or as a date; None where there is none.

    `now` is the time in seconds since 1970.

    >>> retry_after_s({"retry-after": "3"})
    3.0
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - (time.time() if now is None else now))


def _text_of(response: httpx.Response) -> str:
    """Return the text of a completion. A body in another form may be an accident of the way, so another try is due."""
    try:
        body: Any = response.json()
    except ValueError as error:
        raise PassingError("the body of the answer is not JSON") from error
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise PassingError("the answer has no choices")
    if choices[0].get("finish_reason") == "length":
        raise ReplyError("the reply was cut off at the server's token limit")
    message = choices[0].get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str):
        raise PassingError("the answer has no text")
    return content
