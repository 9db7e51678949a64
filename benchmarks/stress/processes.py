"""Commands in processes of their own: forked or started from nothing, waited for, and how they ended."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", COLUMNS="100")
os.environ.pop("SURVEYCLI_STORE", None)

_ALONE_S = 120.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BEGUN = """
import sys
from surveycli.__main__ import begin, main
import surveycli.__main__ as program
def told():
    begin()
    print("begun", file=sys.stderr, flush=True)
program.begin = told
main()
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or minus the signal that killed it, and what it printed."""

    code: int
    said: str
    seconds: float


def fork(work: Callable[[], int], output: Path) -> int:
    """Do the work in a child whose output goes to a file; return its number. Its exit code is what the work returns.

    A signal that comes before the command is in charge of signals waits until it is.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return child
    code = 1
    try:
        descriptor = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        code = work()
    except BaseException:  # noqa: BLE001 - whatever it was, the child must end here
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def command(line: str, folder: Path, room: int | None = None) -> Callable[[], int]:
    """Return the work of a command in a folder, where no file can be written beyond so many bytes."""

    def run() -> int:
        from surveycli.cli import process
        from surveycli.cli.main import main

        os.chdir(folder)
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        sys.argv = ["surveycli", *shlex.split(line)]
        process.begin()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return run


def wait(child: int, output: Path, began: float) -> Ended:
    """Wait for a child, but not for ever."""
    while time.monotonic() - began < _ALONE_S:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            said = output.read_text(errors="replace") if output.exists() else ""
            return Ended(os.waitstatus_to_exitcode(status), said, time.monotonic() - began)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Ended(-99, "it hung", _ALONE_S)


def alone(work: Callable[[], int], output: Path) -> Ended:
    """Do the work in a child that nothing happens to."""
    began = time.monotonic()
    return wait(fork(work, output), output, began)


def start(line: str, place: Path, output: Path) -> int:
    """Start the program from nothing; return its number as soon as it is in charge of signals."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", _BEGUN, *shlex.split(line)],
            cwd=place,
            stdout=file,
            stderr=file,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    while process.poll() is None and b"begun" not in output.read_bytes():
        time.sleep(0.001)
    process.returncode = 0  # it is waited for by number
    return process.pid
