"""A server of our own that speaks OpenAI's protocol: it reports a small model's real log probabilities.

Each request can be met with a fault instead, of those that servers and networks have.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

# Answers that no prediction may come of.
UNUSABLE: dict[str, Any] = {
    "no_log_probabilities": {"choices": [{"text": "A", "logprobs": None}]},
    "words": {"choices": [{"text": "A", "logprobs": {"top_logprobs": [{"A": "high"}]}}]},
    "above_zero": {"choices": [{"text": "A", "logprobs": {"top_logprobs": [{"A": 3.5}]}}]},
    "too_much": {"choices": [{"text": "A", "logprobs": {"top_logprobs": [{"A": -0.1, "B": -0.1}]}}]},
    "no_token": {"choices": [{"logprobs": {"content": [{"top_logprobs": [{"token": 7, "logprob": -1.0}]}]}}]},
    "empty": {"choices": [{"logprobs": {"content": [{"top_logprobs": []}]}}]},
    "no_letters": {"choices": [{"logprobs": {"top_logprobs": [{"\x1b]0;owned\x07": -0.1}]}}]},
}


class TokenServer(ThreadingHTTPServer):
    """Meets the n-th request with the n-th behaviour, and with the model's own after the last; keeps all requests."""

    daemon_threads = True

    def __init__(self, folder: Path, behaviours: Iterable[str] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.behaviours: Iterator[str] = iter(behaviours)
        self.requests: list[dict[str, Any]] = []
        self.random = torch.Generator().manual_seed(0)
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @torch.no_grad()
    def tokens(self, body: dict[str, Any]) -> tuple[list[tuple[str, float]], str, float]:
        """Return the most probable first tokens, and the one that is drawn, with their log probabilities."""
        if "messages" in body:
            ids = self.tokenizer.encode(self._rendered(body["messages"]), add_special_tokens=False)
        else:
            ids = self.tokenizer.encode(body["prompt"])
            ids = ids[:-1] if ids[-1] == self.tokenizer.eos_token_id else ids
        logs = self.model(input_ids=torch.tensor([ids])).logits[0, -1].double().log_softmax(-1)
        top = body["top_logprobs"] if "messages" in body else body["logprobs"]
        best = logs.topk(min(top, len(logs)))
        drawn = int(torch.multinomial(logs.exp(), 1, generator=self.random))
        pairs = [
            (self.tokenizer.decode([i]), x) for i, x in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        return pairs, self.tokenizer.decode([drawn]), float(logs[drawn])

    def _rendered(self, messages: list[dict[str, str]]) -> str:
        begun = messages[-1]["content"] if messages[-1]["role"] == "assistant" else ""
        turns = messages[:-1] if begun else messages
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)) + begun

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TokenServer

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the tests' output clean."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(body)
            behaviour = next(self.server.behaviours, "model")
            if behaviour in UNUSABLE:
                self._send(200, UNUSABLE[behaviour])
            elif behaviour == "model":
                self._send(200, self._chat(body) if "messages" in body else self._completion(body))
            elif behaviour == "key":
                self._send(400, {"error": f"bad \x1b[2J {self.headers['Authorization']}"})
            else:
                self._send(int(behaviour), {"error": "not now"}, {"Retry-After": "0"})

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        pairs, drawn, log = self.server.tokens(body)
        found: dict[str, float] = {}
        for token, value in [*pairs, (drawn, log)]:  # the drawn one stands among them, as vLLM has it
            found.setdefault(token, value)
        return {"choices": [{"text": drawn, "logprobs": {"tokens": [drawn], "top_logprobs": [found]}}]}

    def _chat(self, body: dict[str, Any]) -> dict[str, Any]:
        pairs, drawn, log = self.server.tokens(body)
        place = {"token": drawn, "logprob": log, "top_logprobs": [{"token": t, "logprob": x} for t, x in pairs]}
        message = {"role": "assistant", "content": drawn}
        return {"choices": [{"message": message, "logprobs": {"content": [place]}, "finish_reason": "length"}]}


@contextmanager
def serve_model(folder: Path, behaviours: Iterable[str] = ()) -> Iterator[TokenServer]:
    """Run a server in a thread for the time of the block."""
    server = TokenServer(folder, behaviours)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
