"""The bytes of a text in another encoding, as UTF-8, without the whole of it in memory."""

from __future__ import annotations

import io
from typing import IO

_BLOCK = 1 << 20


class Recoded(io.RawIOBase):
    """A stream of bytes in UTF-8 of one in another encoding; what cannot be decoded is U+FFFD."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        super().__init__()
        self._text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        self._ready = b""

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, fewer at the end; all that are left for a negative size."""
        while size < 0 or len(self._ready) < size:
            more = self._text.read(_BLOCK)
            if not more:
                break
            self._ready += more.encode("utf-8")
        size = len(self._ready) if size < 0 else size
        found, self._ready = self._ready[:size], self._ready[size:]
        return found

    def close(self) -> None:
        """Leave the stream beneath to whoever opened it."""
        if not self.closed:
            self._text.detach()
        super().close()
