"""A server that speaks OpenAI's protocol, in a data centre or on this machine: requests, tries, patience and errors."""

from __future__ import annotations

import email.utils
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import httpx

from surveycli.errors import SurveyError, bad_input, missing_extra, not_found, usage
from surveycli.server.post import HttpReply, LargeAnswerError, NoAnswerError, Poster
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.number import read_number
from surveycli.untrusted.text import UnreadableError, excerpt, one_line

OPENAI = "https://api.openai.com/v1"
_PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})  # another try may be answered
_KEY = re.compile(r"[!-~]+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([^u]))")
_SHORTEST_SECRET = 6  # a "key" such as `x` or `none`, which some servers want, stands in any text


Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Which server and model, and how patient to be. Times are in seconds; `requests_per_minute` is a limit, if given.

    `timeout_s` bounds a whole request. `key` goes into the Authorization header and nowhere else; `key_variable` names
    where it came from in messages.
    """

    model: str
    base_url: str = OPENAI
    key: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    timeout_s: float = 60.0
    max_tries: int = 5
    backoff_s: float = 1.0
    max_wait_s: float = 120.0
    requests_per_minute: float | None = None


class ServerError(Exception):
    """The server could not be reached, or kept refusing the request. The message may be shown and stored.

    `may_pass`: another try may succeed one day; this is not an answer to what was asked.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class UnusableReplyError(Exception):
    """The server answered with a text that may not be used: cut off at a limit on tokens, or with the key in it."""


class PassingError(Exception):
    """A request failed in a way that may pass. `wait_s` is what the server asked for, None where it did not say."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class RateLimit:
    """Keeps requests at least 60 / requests_per_minute seconds apart, those of several threads together."""

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
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may start."""
        with self._lock:
            now = self._clock()
            begin = max(now, self._next)
            self._next = begin + self._gap_s
        if begin > now:
            self._sleep(begin - now)


class ModelServer:
    """A model behind an address. Close it, or use it as a context manager; for one thread at a time.

    Several that share a `pace` keep to its limit together. Raises SurveyError: exit 2 for a malformed address, 3 for a
    key that no header can carry.
    """

    def __init__(
        self, settings: ServerSettings, sleep: Callable[[float], None] = time.sleep, pace: RateLimit | None = None
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._pace = pace or RateLimit(settings.requests_per_minute, sleep=sleep)
        self._key = _checked_key(settings)
        self.address = address_of(settings.base_url)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._poster = _poster(settings, headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._poster.close()

    def ask(self, path: str, body: Mapping[str, Any], read: Callable[[Any], Read]) -> Read:
        """Return what `read` finds in the JSON answer to a JSON body, after as many tries as the settings allow.

        `body` is sent with the model's name. `read` raises PassingError where another try may give more, and
        UnusableReplyError where none will; texts that it returns are as the server sent them, controls and all. Raises
        ServerError where there is no answer, UnusableReplyError, and SurveyError for what no request would survive: a
        key that is refused (exit 3), a model that is not there (exit 4).
        """
        for attempt in range(1, self._settings.max_tries + 1):
            self._pace.wait()
            try:
                return read(self._post(path, {"model": self._settings.model, **body}))
            except PassingError as failure:
                wait_s = self._wait(attempt, failure)
                if attempt == self._settings.max_tries or wait_s is None:
                    raise ServerError(f"{self._quoted(str(failure))} (after {attempt} tries)", may_pass=True) from None
            self._sleep(wait_s)
        raise ServerError("no try was allowed")

    def _wait(self, attempt: int, failure: PassingError) -> float | None:
        """Return the seconds before the next try, or None where the server wants more patience than there is.

        Without a word from the server: a random time up to backoff_s * 2^attempt, so that clients do not come back
        all at once.
        """
        if failure.wait_s is not None:
            return failure.wait_s if failure.wait_s <= self._settings.max_wait_s else None
        longest = min(self._settings.max_wait_s, self._settings.backoff_s * 2**attempt)
        return random.uniform(longest / 2, longest)

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON of the answer. A body in another form may be an accident of the way: another try is due."""
        try:
            answer = self._poster.post(path, body)
        except NoAnswerError as error:
            raise PassingError(str(error)) from error
        except LargeAnswerError as error:
            raise ServerError(str(error)) from None
        self._check_status(path, answer)
        try:
            return parse_json(answer.body.decode("utf-8"))
        except (UnreadableError, UnicodeDecodeError) as error:
            raise PassingError(f"the body of the answer is not JSON ({error})") from error

    def _quoted(self, text: str) -> str:
        """Return what a server said for a message: short, on one line, without controls and never with the key."""
        line = one_line(text)
        return "(a text with the key in it)" if self.holds_key(line) else excerpt(line)

    def holds_key(self, text: str) -> bool:
        """Tell whether a text has the key that the server was sent, as it is or with characters escaped as in JSON."""
        key = self._key if self._key and len(self._key) >= _SHORTEST_SECRET else None
        return key is not None and (key in text or key in _unescaped(text))

    def _check_status(self, path: str, answer: HttpReply) -> None:
        if answer.status == httpx.codes.OK:
            return
        what = f"the server answered {answer.status}: {self._quoted(answer.body.decode('utf-8', 'replace'))}"
        if answer.status in _PASSING_STATUS:
            raise PassingError(what, retry_after_s(answer.headers))
        raise self._lasting_error(path, answer.status, what)

    def _lasting_error(self, path: str, status: int, what: str) -> Exception:
        """Return the error of an answer that another try would not change."""
        settings = self._settings
        if status in {401, 403}:
            held = "The key was refused" if self._key else f"{settings.key_variable} is not set, and a key is needed"
            return bad_input(f"{held} by {self.address}: {what}.", f"Set {settings.key_variable} to a key for it.")
        if status == 404:
            return not_found(
                f"{self.address} has no model {settings.model!r} or no {path}: {what}.",
                "Check --model and --base-url; the address usually ends in /v1.",
            )
        return ServerError(what)


def _poster(settings: ServerSettings, headers: dict[str, str]) -> Poster:
    """Return what sends the requests; the environment names proxies and certificates, and may name them wrong."""
    try:
        return Poster(settings.base_url, headers, settings.timeout_s)
    except ImportError as error:
        reason = one_line(str(error))
        raise missing_extra(f"The proxy needs a package: {reason}", "`pip install 'httpx[socks]'`.") from error
    except (ValueError, OSError, httpx.InvalidURL) as error:
        raise usage(
            f"The environment's settings for connections are wrong: {one_line(str(error))}.",
            "Check HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
        ) from error


def _checked_key(settings: ServerSettings) -> str | None:
    key = (settings.key or "").strip()
    if key and not _KEY.fullmatch(key):
        raise bad_input(
            f"{settings.key_variable} holds a key with characters that no key has (spaces, letters beyond ASCII).",
            "Copy the key again.",
        )
    return key or None


def address_of(base_url: str) -> str:
    """Return an address without user, password and query, as it may be shown and stored."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise _bad_url(base_url) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise _bad_url(base_url)
    return f"{url.scheme}://{url.netloc.decode()}{url.path}"


def _bad_url(base_url: str) -> SurveyError:
    return usage(
        f"--base-url {base_url!r} is not an address.", f"Give one such as {OPENAI} or http://localhost:8000/v1."
    )


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds of a Retry-After header, given as seconds or as a date; None where there is none.

    `now` is the time in seconds since 1970.

    >>> retry_after_s({"retry-after": "3"})
    3.0
    """
    value = headers.get("retry-after", "")
    seconds = read_number(value)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


def _unescaped(text: str) -> str:
    """Return a text with `\\u0041` and `\\/` as what they stand for in JSON."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
