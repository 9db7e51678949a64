"""One HTTP request, within a time and a size that no server can stretch."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

MOST_REPLY_BYTES = 4 << 20
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # told by its first bytes


class NoAnswerError(Exception):
    """The answer was missing or incomplete; another try may get one. The message is in words, unchecked."""


class LargeAnswerError(Exception):
    """The answer was cut off at the bound on its size."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A server's whole answer: its status, its headers with names in lower case, and its body unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes


class Poster:
    """Sends JSON to addresses under `base_url`; `timeout_s` bounds a whole request, from the first name looked up."""

    def __init__(
        self, base_url: str, headers: dict[str, str], timeout_s: float, most_bytes: int = MOST_REPLY_BYTES
    ) -> None:
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=None, headers={**headers, "Accept-Encoding": "gzip"}, follow_redirects=False
        )
        # A time limit of each read would let a slow drip go on for ever: the loop can stop a request wherever it is.
        self._runner = asyncio.Runner()

    def __enter__(self) -> Poster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    def post(self, path: str, body: Any) -> HttpReply:
        """Return the answer to a JSON body. Raises NoAnswerError or LargeAnswerError where there is no whole one."""
        try:
            return self._runner.run(self._post(path, body))
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self._timeout_s:g} seconds") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise NoAnswerError(f"the connection failed: {str(error) or type(error).__name__}") from error

    async def _post(self, path: str, body: Any) -> HttpReply:
        async with (
            asyncio.timeout(self._timeout_s),
            self._client.stream("POST", path, json=body) as response,
        ):
            headers = {name.lower(): value for name, value in response.headers.items()}
            unpacked = _Unpacked(headers.get("content-encoding", "identity"), self._most_bytes)
            async for part in response.aiter_raw():
                unpacked.add(part)
            return HttpReply(response.status_code, headers, unpacked.whole())


class _Unpacked:
    """The body so far. Compressed parts are unpacked no further than the bound."""

    def __init__(self, encoding: str, most_bytes: int) -> None:
        self._most = most_bytes
        self._body = bytearray()
        self._unpack = None if encoding.strip().lower() == "identity" else zlib.decompressobj(_GZIP_OR_ZLIB)

    def add(self, part: bytes) -> None:
        """Take in what came. Raises LargeAnswerError beyond the bound, NoAnswerError for damaged compression."""
        if self._unpack is not None:
            try:
                part = self._unpack.decompress(part, self._most + 1 - len(self._body))
            except zlib.error as error:
                raise NoAnswerError("the answer's compression is damaged or unknown") from error
        self._body += part
        if len(self._body) > self._most:
            raise LargeAnswerError(f"the answer has more than {self._most:,} bytes")

    def whole(self) -> bytes:
        """Return the body. Raises NoAnswerError where its compression ended early."""
        if self._unpack is not None and not self._unpack.eof:
            raise NoAnswerError("the answer's compression ended early")
        return bytes(self._body)
