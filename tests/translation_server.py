"""A chat completions server on this machine that answers well or fails in any way it is told to, over real HTTP."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any

# What a request can meet. Each is what some server or network does one day.
PASSING = (
    "rate_limited",
    "rate_limited_until",
    "error_500",
    "error_503",
    "hang",
    "body_no_json",
    "truncated",
    "no_choices",
    "no_text",
    "dropped",
)
WRONG_FORM = (
    "content_no_json",
    "too_few_options",
    "too_many_options",
    "other_keys",
    "empty_label",
    "cut_off",
    "key_twice",
)
# What a server does that means harm, or is broken beyond manners. None of it may stop the others or reach the store.
HOSTILE = (
    "endless",
    "gzip_bomb",
    "nested_bombs",
    "unknown_compression",
    "damaged_gzip",
    "cut_gzip",
    "slow_body",
    "slow_headers",
    "many_headers",
    "deep_body",
    "huge_number_body",
    "half_character_body",
    "not_utf8",
    "deep_reply",
    "huge_number_reply",
    "half_character_reply",
    "controls_reply",
    "echoed_key",
    "echoed_key_escaped",
    "echoed_key_as_label",
    "error_with_controls",
    "error_with_key",
    "error_with_key_escaped",
    "strange_status_line",
)
WRONG_TEXT = ("source_text", "same_labels", "lost_placeholder", "reordered")


def pseudo_translate(text: str) -> str:
    """Return two Chinese characters per word, the same for the same word; digits, braces and marks stay."""
    return re.sub(r"[^\W\d_]+", _pseudo_word, text).replace(" ", "")


def _pseudo_word(word: re.Match[str]) -> str:
    digest = hashlib.sha256(word[0].encode()).digest()
    return chr(0x4E00 + int.from_bytes(digest[:2]) % 20000) + chr(0x4E00 + int.from_bytes(digest[2:4]) % 20000)


def good_translation(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what the server answers when all is well."""
    labels = {code: pseudo_translate(label) for code, label in asked["labels"].items()}
    return {"wording": pseudo_translate(asked["wording"]), "labels": labels}


class TranslationServer(ThreadingHTTPServer):
    """Meets the n-th request with the n-th behaviour, and with `good` after the last one; remembers all requests."""

    daemon_threads = True

    def __init__(self, behaviours: Iterable[str] = (), hang_s: float = 2.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours: Iterator[str] = iter(behaviours)
        self.hang_s = hang_s
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.retry_after = "0"
        self.n_sent = 0  # bytes of bodies that have no end
        self.on_request: Callable[[int], None] = lambda n: None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def next_behaviour(self, body: dict[str, Any], headers: dict[str, str]) -> str:
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            self.on_request(len(self.requests))
            return next(self.behaviours, "good")

    def asked(self) -> list[dict[str, Any]]:
        """Return the items that were asked for, in order."""
        return [asked_for(body) for body in self.requests]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what some tests are about."""


def asked_for(body: dict[str, Any]) -> dict[str, Any]:
    """Return the item in a request: the last line of the first message."""
    item: dict[str, Any] = json.loads(body["messages"][0]["content"].splitlines()[-1])
    return item


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TranslationServer

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the tests' output clean."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        behaviour = self.server.next_behaviour(body, {k.lower(): v for k, v in self.headers.items()})
        if self.path != "/v1/chat/completions":
            self._send(404, {"error": f"no such path {self.path}"})
        else:
            getattr(self, f"_{behaviour}")(body)

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _reply(self, content: str, finish_reason: str = "stop") -> None:
        message = {"role": "assistant", "content": content}
        self._send(200, {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]})

    def _answer(self, fields: dict[str, Any]) -> None:
        self._reply(json.dumps(fields, ensure_ascii=False))

    def _good(self, body: dict[str, Any]) -> None:
        self._answer(good_translation(asked_for(body)))

    def _fenced(self, body: dict[str, Any]) -> None:
        self._reply("<think>easy</think>\n```json\n" + json.dumps(good_translation(asked_for(body))) + "\n```")

    def _good_gzip(self, body: dict[str, Any]) -> None:
        message = {"content": json.dumps(good_translation(asked_for(body)))}
        self._send(
            200, gzip.compress(json.dumps({"choices": [{"message": message}]}).encode()), {"Content-Encoding": "gzip"}
        )

    def _rate_limited(self, body: dict[str, Any]) -> None:
        self._send(429, {"error": "slow down"}, {"Retry-After": self.server.retry_after})

    def _rate_limited_until(self, body: dict[str, Any]) -> None:
        self._send(429, {"error": "slow down"}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})

    def _error_500(self, body: dict[str, Any]) -> None:
        self._send(500, b"<html>oops</html>")

    def _error_503(self, body: dict[str, Any]) -> None:
        self._send(503, {"error": "overloaded"})

    def _bad_request(self, body: dict[str, Any]) -> None:
        self._send(400, {"error": "content filter"})

    def _unauthorised(self, body: dict[str, Any]) -> None:
        self._send(401, {"error": f"bad key {self.headers['Authorization']}"})

    def _no_model(self, body: dict[str, Any]) -> None:
        self._send(404, {"error": f"no model {body['model']}"})

    def _hang(self, body: dict[str, Any]) -> None:
        threading.Event().wait(self.server.hang_s)
        self.close_connection = True

    def _dropped(self, body: dict[str, Any]) -> None:
        self.close_connection = True
        self.connection.shutdown(2)

    # Hostile ones.

    def _stream(self, parts: Iterable[bytes], headers: dict[str, str] | None = None, pause_s: float = 0.0) -> None:
        """Send parts until the client goes away."""
        self.send_response(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):
            for part in parts:
                self.wfile.write(part)
                self.server.n_sent += len(part)
                threading.Event().wait(pause_s)

    def _endless(self, body: dict[str, Any]) -> None:
        self._stream(repeat(b" " * 65536))

    def _gzip_bomb(self, body: dict[str, Any]) -> None:
        pack = zlib.compressobj(9, zlib.DEFLATED, 31)
        self._stream((pack.compress(bytes(1 << 20)) for _ in range(3000)), {"Content-Encoding": "gzip"})

    def _nested_bombs(self, body: dict[str, Any]) -> None:
        bomb = gzip.compress(gzip.compress(bytes(1 << 26)))
        self._send(200, bomb, {"Content-Encoding": "gzip, gzip"})

    def _unknown_compression(self, body: dict[str, Any]) -> None:
        self._send(200, b"\x1b\x03abc", {"Content-Encoding": "br"})

    def _damaged_gzip(self, body: dict[str, Any]) -> None:
        self._send(200, gzip.compress(b"{}" * 500)[:12] + b"\xff" * 30, {"Content-Encoding": "gzip"})

    def _cut_gzip(self, body: dict[str, Any]) -> None:
        self._send(200, gzip.compress(b'{"choices": []}' * 50)[:-12], {"Content-Encoding": "gzip"})

    def _slow_body(self, body: dict[str, Any]) -> None:
        self._stream(repeat(b" "), pause_s=0.05)

    def _slow_headers(self, body: dict[str, Any]) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                self.wfile.write(b"a")
                threading.Event().wait(0.05)

    def _many_headers(self, body: dict[str, Any]) -> None:
        self._send(200, b"{}", {f"X-{number}": "a" * 100 for number in range(5000)})

    def _deep_body(self, body: dict[str, Any]) -> None:
        self._send(200, b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")

    def _huge_number_body(self, body: dict[str, Any]) -> None:
        self._send(200, b'{"created": ' + b"9" * 5000 + b', "choices": []}')

    def _half_character_body(self, body: dict[str, Any]) -> None:
        self._send(200, b'{"choices": [{"message": {"content": "\\ud800"}}]}')

    def _not_utf8(self, body: dict[str, Any]) -> None:
        self._send(200, b'{"choices": [{"message": {"content": "\xff"}}]}')

    def _deep_reply(self, body: dict[str, Any]) -> None:
        self._reply('{"wording": ' + "[" * 990 + "]" * 990 + ', "labels": {}}')

    def _huge_number_reply(self, body: dict[str, Any]) -> None:
        self._reply('{"wording": "x", "labels": {"1": ' + "9" * 5000 + "}}")

    def _half_character_reply(self, body: dict[str, Any]) -> None:
        self._reply('{"wording": "\\ud800", "labels": ' + json.dumps(good_translation(asked_for(body))["labels"]) + "}")

    def _controls_reply(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._reply(json.dumps({**fields, "wording": "\x1b]0;owned\x07" + fields["wording"]}))

    def _key(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")

    def _echoed_key(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._answer({**fields, "wording": fields["wording"] + self._key()})

    def _echoed_key_escaped(self, body: dict[str, Any]) -> None:
        labels = json.dumps(good_translation(asked_for(body))["labels"])
        escaped = "".join(f"\\u{ord(character):04x}" for character in self._key())
        self._reply(f'{{"wording": "{escaped}", "labels": {labels}}}')

    def _echoed_key_as_label(self, body: dict[str, Any]) -> None:
        self._answer({"wording": "x", "labels": {self._key(): "x"}})

    def _error_with_controls(self, body: dict[str, Any]) -> None:
        self._send(400, b"\x1b[2J\x1b]0;owned\x07 bad \xe2\x80\xae request")

    def _error_with_key(self, body: dict[str, Any]) -> None:
        self._send(400, f"wrong key {self._key()[:4]}\x07{self._key()[4:]}".encode())

    def _error_with_key_escaped(self, body: dict[str, Any]) -> None:
        escaped = "".join(f"\\u{ord(character):04x}" for character in self._key())
        self._send(503, f'{{"error": "{escaped}"}}'.encode())

    def _strange_status_line(self, body: dict[str, Any]) -> None:
        self.close_connection = True
        self.wfile.write(f"\x1b[31m{self._key()}\r\n\r\n".encode())

    def _body_no_json(self, body: dict[str, Any]) -> None:
        self._send(200, b'{"choices": [')

    def _truncated(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b'{"choices": [{"message"')
        self.close_connection = True

    def _no_choices(self, body: dict[str, Any]) -> None:
        self._send(200, {"choices": []})

    def _no_text(self, body: dict[str, Any]) -> None:
        self._send(200, {"choices": [{"message": {"role": "assistant", "content": None}}]})

    def _content_no_json(self, body: dict[str, Any]) -> None:
        self._reply("Here you are: 您好")

    def _too_few_options(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        if fields["labels"]:
            fields["labels"].popitem()
        else:
            del fields["labels"]
        self._answer(fields)

    def _too_many_options(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        fields["labels"]["77"] = "不知道"
        self._answer(fields)

    def _other_keys(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._answer({"question": fields["wording"], "labels": fields["labels"]})

    def _empty_label(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._answer({"wording": " ", "labels": fields["labels"]})

    def _cut_off(self, body: dict[str, Any]) -> None:
        self._reply(json.dumps(good_translation(asked_for(body)))[:-20], finish_reason="length")

    def _key_twice(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._reply('{"wording": "一", "wording": "二", "labels": ' + json.dumps(fields["labels"]) + "}")

    def _source_text(self, body: dict[str, Any]) -> None:
        self._answer(asked_for(body))

    def _same_labels(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._answer(
            {
                "wording": fields["wording"] if len(fields["labels"]) > 1 else "Same",
                "labels": dict.fromkeys(fields["labels"], "相同"),
            }
        )

    def _lost_placeholder(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        self._answer({**fields, "wording": fields["wording"] + "{}"})

    def _reordered(self, body: dict[str, Any]) -> None:
        fields = good_translation(asked_for(body))
        if len(fields["labels"]) < 2:
            self._source_text(body)
            return
        self._answer({**fields, "labels": dict(reversed(fields["labels"].items()))})


@contextmanager
def serve(behaviours: Iterable[str] = (), hang_s: float = 2.0) -> Iterator[TranslationServer]:
    """Run a server in a thread for the time of the block."""
    server = TranslationServer(behaviours, hang_s)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
