"""The process that commands run in: signals end it in order, and output that cannot be written does not.

A signal before a command begins, or after it is done, ends the process at once. In between it raises KeyboardInterrupt,
so that transactions are undone and files written aside go; but not within an import, where libraries would make other
errors of it: it waits until the import is done. This module comes before everything else and imports next to nothing.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BEFORE = "Stopped before anything was done."
_AFTER = "Stopped; all that the command did is kept."
_DURING = "Stopped. What was finished before is kept; the same command can be typed again."
_LOOK_AGAIN_S = 0.02  # while an import is going on
_RAISE_AGAIN_S = 10.0  # where a library has swallowed the KeyboardInterrupt
_SAME_S = 1.0  # signals that come this soon after the first are its echo: a launcher passes Ctrl-C on, too


class _State:
    """What this process has been told, and how far it is."""

    is_begun = False
    line = _BEFORE
    number: int | None = None
    since = 0.0


def begin() -> None:
    """Take charge of signals and streams, as the first thing of the program."""
    _State.is_begun = True
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and shells' background jobs have it
            signal.signal(number, _end_at_once)
    sys.stdout, sys.stderr = _guarded(sys.stdout, 1), _guarded(sys.stderr, 2)


def begin_work() -> None:
    """Have signals raise KeyboardInterrupt from here on."""
    _handle(_raise)
    sys.unraisablehook = _raise_again


def go_on() -> None:
    """Forget a signal that ended one piece of work: the console goes on with the next."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    _State.number, _State.line = None, _DURING


def end_work() -> None:
    """Have signals end the process at once from here on."""
    _State.line = _AFTER
    _handle(_end_at_once)
    if _State.number is not None and hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def end() -> None:
    """Ignore signals from here on: nothing is left to do while the interpreter shuts down."""
    if _State.is_begun and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def stopped_by(error: BaseException | None) -> int | None:
    """Return the number of the signal that ended the work with this error, None where none did."""
    if _State.number is None and any(isinstance(cause, KeyboardInterrupt) for cause in _chain(error)):
        return int(signal.SIGINT)
    return _State.number


def stopped_line(error: BaseException | None) -> str:
    """Return the line that says what is kept: what rooms noted on the errors that ended the work, else the usual."""
    notes = [note for cause in _chain(error) for note in getattr(cause, "__notes__", ())]
    return " ".join(["Stopped.", *dict.fromkeys(notes)]) if notes else _DURING


def output_error() -> OSError | None:
    """Return why stdout can take no more, or None where it can."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.error if isinstance(raw, _Sink) else None


def flush_output() -> str | None:
    """Write out what stdout still has to; return what went wrong, None where nothing did or its reader went away."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    error = output_error()
    return None if error is None or error.errno == errno.EPIPE else error.strerror


def give_up(line: str, code: int) -> None:
    """End the process from any thread, though its main one is busy or blocked."""
    _tell(line)
    os._exit(code)


def _handle(handler: Any) -> None:
    if _State.is_begun:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    _tell(_State.line)
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _State.number is None:
        _State.number, _State.since, _State.line = number, now, _DURING
        _raise_outside_imports(number, frame)
    elif now - _State.since > _SAME_S:
        _end_at_once(number, frame)


def _raise_outside_imports(_number: int, frame: FrameType | None) -> None:
    if _raise_after(_LOOK_AGAIN_S if _is_importing(frame) else _RAISE_AGAIN_S) and _is_importing(frame):
        return
    raise KeyboardInterrupt


def _raise_after(seconds: float) -> bool:
    """Have KeyboardInterrupt raised after so long, where the system can."""
    if not hasattr(signal, "setitimer"):
        return False
    signal.signal(signal.SIGALRM, _raise_outside_imports)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return True


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _raise_again(ignored: sys.UnraisableHookArgs) -> None:
    """Raise a KeyboardInterrupt anew that came up where Python could only ignore it, such as in a destructor."""
    if _State.number is None or not issubclass(ignored.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(ignored)
    else:
        _raise_after(_LOOK_AGAIN_S)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tell(line: str) -> None:
    with suppress(OSError):
        os.set_blocking(2, False)
        os.write(2, f"{line}\n".encode("ascii", errors="backslashreplace"))


class _Sink(io.FileIO):
    """A file that takes everything: what cannot be written is dropped, and why is kept."""

    error: OSError | None = None

    def write(self, content: Any, /) -> int:
        if self.error is None:
            try:
                return super().write(content)
            except OSError as error:
                self.error = error
        return len(content)


def _guarded(stream: Any, number: int) -> Any:
    """Return the stream such that neither a full disk, a closed pipe nor a letter that it cannot encode raises."""
    if stream is None:  # closed by whoever started the program
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - pathlib takes a while to import
    if os.name != "posix":
        stream.reconfigure(errors="backslashreplace")
        return stream
    sink = _Sink(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(sink),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.isatty() or number == 2,
    )
