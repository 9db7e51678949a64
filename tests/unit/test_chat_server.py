"""The HTTP client: patience, pace, and what it keeps to itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from translation_server import serve

from surveycli.domain import Option
from surveycli.errors import ExitCode, SurveyError
from surveycli.server.model_server import RateLimit, ServerSettings, retry_after_s
from surveycli.server.post import LargeAnswerError, NoAnswerError, Poster
from surveycli.translation.engine import RequestError, TranslationRequest
from surveycli.translation.language import find_language
from surveycli.translation.openai_engine import OpenAiEngine
from surveycli.untrusted.text import is_plain

REQUEST = TranslationRequest(
    "Q1", find_language("en"), find_language("zh"), "Tea?", (Option(1, "Yes"), Option(2, "No"))
)
KEY = "sk-very-secret"
ASKED = {"messages": [{"content": '{"wording": "Tea?", "labels": {}}'}]}


def test_the_server_is_told_model_key_and_temperature() -> None:
    """A request carries the model, the key as a bearer token, and asks for the likeliest reply."""
    with serve() as server, OpenAiEngine(ServerSettings("m-1", server.url, key=KEY)) as engine:
        engine.translate(REQUEST)
    assert server.requests[0]["model"] == "m-1" and server.requests[0]["temperature"] == 0
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_without_a_key_there_is_no_header() -> None:
    """A server of one's own needs no key and is sent none."""
    with serve() as server, OpenAiEngine(ServerSettings("m", server.url)) as engine:
        engine.translate(REQUEST)
    assert "authorization" not in server.headers[0]


def test_the_key_stays_secret() -> None:
    """A server that echoes the key does not get it into the message, and what is recorded has none either."""
    settings = ServerSettings("m", "", key=KEY)
    with serve(["unauthorised"]) as server:
        address = server.url.replace("http://", "http://user:password@")
        with OpenAiEngine(ServerSettings("m", address, key=KEY)) as engine, pytest.raises(SurveyError) as stop:
            engine.translate(REQUEST)
        assert KEY not in str(stop.value) and "OPENAI_API_KEY" in str(stop.value)
        assert engine.identity.server == server.url
    assert settings.key_variable == "OPENAI_API_KEY"


def test_retry_after_is_honoured() -> None:
    """The client waits as long as the server asks, not as long as it would by itself."""
    waits: list[float] = []
    with serve(["rate_limited"]) as server:
        server.retry_after = "7"
        with OpenAiEngine(ServerSettings("m", server.url), sleep=waits.append) as engine:
            engine.translate(REQUEST)
    assert waits == [7.0]


def test_a_wait_beyond_all_patience_is_a_failure() -> None:
    """A server that asks for an hour is not waited for."""
    waits: list[float] = []
    with serve(["rate_limited"]) as server:
        server.retry_after = "3600"
        with OpenAiEngine(ServerSettings("m", server.url), sleep=waits.append) as engine, pytest.raises(RequestError):
            engine.translate(REQUEST)
    assert waits == [] and len(server.requests) == 1


def test_waits_double_and_are_bounded() -> None:
    """Without a word from the server the n-th wait is between half and all of backoff * 2^n, up to the longest."""
    waits: list[float] = []
    settings = {"backoff_s": 1.0, "max_wait_s": 6.0, "max_tries": 5}
    with serve(["error_500"] * 5) as server:
        with (
            OpenAiEngine(ServerSettings("m", server.url, **settings), sleep=waits.append) as engine,
            pytest.raises(RequestError),
        ):  # type: ignore[arg-type]
            engine.translate(REQUEST)
        assert len(server.requests) == 5
    assert len(waits) == 4
    assert all(longest / 2 <= wait <= longest for wait, longest in zip(waits, (2, 4, 6, 6), strict=True))


def test_a_refused_request_is_not_repeated() -> None:
    """A status that says the request itself is wrong concerns this item alone, and once."""
    with serve(["bad_request"]) as server, OpenAiEngine(ServerSettings("m", server.url)) as engine:
        with pytest.raises(RequestError, match=r"400.*content filter"):
            engine.translate(REQUEST)
        assert len(server.requests) == 1


def test_no_server_is_a_failed_request() -> None:
    """An address where nothing listens fails like any connection."""
    with serve() as server:
        address = server.url
    engine = OpenAiEngine(ServerSettings("m", address, max_tries=2), sleep=lambda s: None)
    with engine, pytest.raises(RequestError, match="after 2 tries"):
        engine.translate(REQUEST)


@pytest.mark.parametrize("address", ["", "localhost:8000", "ftp://x/v1", "http://"])
def test_a_wrong_address_is_a_usage_error(address: str) -> None:
    """What is no HTTP address is told before any request."""
    with pytest.raises(SurveyError) as stop:
        OpenAiEngine(ServerSettings("m", address))
    assert stop.value.code is ExitCode.USAGE


def test_pace_keeps_requests_apart() -> None:
    """At 30 a minute requests start 2 seconds apart; one that took longer is followed at once."""
    time = 100.0
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal time
        waits.append(seconds)
        time += seconds

    pace = RateLimit(30, clock=lambda: time, sleep=sleep)
    pace.wait()
    pace.wait()
    time += 5
    pace.wait()
    assert waits == [2.0]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2.5", 2.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:20:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    """Both forms of the header are read; what is neither says nothing."""
    assert retry_after_s({"retry-after": header}, now=1445412420.0) == seconds  # 07:27:00


@pytest.mark.parametrize("header", ["9" * 400, "²", "1e999", "Wed, 21 Oct 99999 07:28:00 GMT", "-", "\x1b[31m"])
def test_a_strange_retry_after_says_nothing(header: str) -> None:
    """A header that is neither a finite number nor a date is as good as none."""
    assert retry_after_s({"retry-after": header}) is None


@pytest.mark.parametrize("behaviour", ["slow_body", "slow_headers", "hang"])
def test_the_time_limit_is_that_of_the_whole_request(behaviour: str) -> None:
    """A byte now and then does not keep a request alive beyond its time."""
    with (
        serve([behaviour], hang_s=5) as server,
        Poster(server.url, {}, timeout_s=0.4) as poster,
        pytest.raises(NoAnswerError, match="no answer within"),
    ):
        poster.post("chat/completions", ASKED)


@pytest.mark.parametrize("behaviour", ["endless", "gzip_bomb"])
def test_an_answer_is_cut_off_at_the_bound_on_its_size(behaviour: str) -> None:
    """What a server sends is counted unpacked, and no more of it is read than the bound."""
    with serve([behaviour]) as server, Poster(server.url, {}, timeout_s=30, most_bytes=1000) as poster:
        with pytest.raises(LargeAnswerError, match="more than 1,000 bytes"):
            poster.post("chat/completions", ASKED)
        assert server.n_sent < 32 << 20


def test_a_compressed_answer_is_unpacked() -> None:
    """A server that packs its answer with gzip is read like any other."""
    with serve(["good_gzip"]) as server, OpenAiEngine(ServerSettings("m", server.url)) as engine:
        assert engine.translate(REQUEST).labels


@pytest.mark.parametrize("behaviour", ["error_with_controls", "strange_status_line", "error_with_key_escaped"])
def test_what_a_server_says_is_shown_without_controls_and_key(behaviour: str) -> None:
    """The text of an error is one plain line, and never has the key in it."""
    settings = ServerSettings("m", "", key=KEY, max_tries=1)
    with (
        serve([behaviour]) as server,
        OpenAiEngine(replace(settings, base_url=server.url)) as engine,
        pytest.raises(RequestError) as stop,
    ):
        engine.translate(REQUEST)
    assert is_plain(str(stop.value)) and "\n" not in str(stop.value)
    assert KEY not in str(stop.value) and "0073" not in str(stop.value)


@pytest.mark.parametrize("key", ["sk-\x1b", "sk-schlüssel", "two words", "sk\nx"])
def test_a_key_that_no_header_can_carry_is_bad_input(key: str) -> None:
    """A key with a line break at its end is taken without it; one that cannot be sent is told before any request."""
    with pytest.raises(SurveyError, match="OPENAI_API_KEY") as stop:
        OpenAiEngine(ServerSettings("m", "http://localhost/v1", key=key))
    assert stop.value.code is ExitCode.BAD_INPUT and key not in str(stop.value)
    with serve() as server, OpenAiEngine(ServerSettings("m", server.url, key=KEY + "\n")) as engine:
        engine.translate(REQUEST)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(("proxy", "code"), [("socks5://localhost:1", ExitCode.MISSING_EXTRA), ("x:y", ExitCode.USAGE)])
def test_a_proxy_that_cannot_be_used_is_told(proxy: str, code: ExitCode, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy may need a package, or not be an address."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SurveyError) as stop:
        OpenAiEngine(ServerSettings("m", "http://example.org/v1"))
    assert stop.value.code is code
