"""Ctrl-C and SIGTERM at any moment: exit 130 or 143, one line that says what is kept, no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from surveycli.store import open_store

PROGRAM = [sys.executable, "-m", "surveycli"]
SLOW = "select sum(a.range * b.range) from range(10000000) a, range(10000000) b"
# The program with a line on stderr as soon as it is in charge of signals.
WATCHED = """
import sys
from surveycli.cli import process
begin = process.begin
def told():
    begin()
    print("begun", file=sys.stderr, flush=True)
process.begin = told
from surveycli.__main__ import main
sys.argv = ["surveycli", *sys.argv[1:]]
main()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def stop(arguments: list[str], number: signal.Signals, after_s: float) -> tuple[int, list[str]]:
    """Start the program, send it a signal so long after it has begun; return its exit code and what it said then."""
    command = [sys.executable, "-c", WATCHED, *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        time.sleep(after_s)
        process.send_signal(number)
        said = process.stderr.read().splitlines()
        return process.wait(timeout=60), said


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.1, 0.2, 0.4, 0.8])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_at_any_moment(
    bundled_store_path: Path, number: signal.Signals, after_s: float
) -> None:
    """While modules load, while the store opens and within a DuckDB statement: the signal's code and one line."""
    code, said = stop(["sql", SLOW, "--store", str(bundled_store_path)], number, after_s)
    assert code == 128 + number
    assert len(said) == 1
    assert said[0].startswith("Stopped")
    with open_store(bundled_store_path, write=True):
        pass


@pytest.mark.parametrize("after_s", [0.2, 0.5, 0.9])
def test_a_new_store_that_a_signal_stopped_is_whole_or_not_there(tmp_path: Path, after_s: float) -> None:
    """After a stopped ingest there is no store, or a sound one; nothing is left beside it, and the next try works."""
    path = tmp_path / "s.duckdb"
    code, said = stop(["ingest", "--bundled", "--store", str(path)], signal.SIGINT, after_s)
    assert code in {0, 130}
    assert not [line for line in said if "Traceback" in line]
    assert {file.name for file in tmp_path.iterdir()} <= {path.name}
    again = subprocess.run([*PROGRAM, "ingest", "--bundled", "--store", str(path)], capture_output=True, check=False)
    assert again.returncode in {0, 5}
    with open_store(path) as store:
        assert store.rows("split/list_surveys") == [{"survey_id": "wvs7"}]


KEPT = """
import signal, sys, time
from surveycli.cli import main, process
process.begin()
process.begin_work()
def work():
    try:
        print("working", flush=True)
        time.sleep(60)
    except KeyboardInterrupt as stopped:
        stopped.add_note("half of it is kept.")
        raise
main.app = work
main.main()
"""


def test_rooms_say_what_is_kept() -> None:
    """What a room notes on the KeyboardInterrupt is the line that the user reads."""
    with subprocess.Popen(
        [sys.executable, "-c", KEPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read() == "Stopped. half of it is kept.\n"
        assert process.wait(timeout=60) == 143


SWALLOWED = """
import time
from surveycli.cli import main, process
process.begin()
process.begin_work()
class Slow:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(5)
def work():
    Slow()
    time.sleep(60)
main.app = work
main.main()
"""


def test_a_signal_that_python_ignored_is_raised_again() -> None:
    """A signal within a destructor, where Python can raise nothing, ends the program right after it."""
    with subprocess.Popen(
        [sys.executable, "-c", SWALLOWED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().count("\n") == 1
        assert process.wait(timeout=60) == 130
        assert time.monotonic() - began < 30


def test_a_signal_that_is_to_be_ignored_is_ignored(bundled_store_path: Path) -> None:
    """Started with SIGINT ignored, as a shell's background job is, the program goes on."""
    command = [*PROGRAM, "sql", "select count(*) from range(200000000)", "--store", str(bundled_store_path)]
    ignoring = ["bash", "-c", "trap '' INT; exec \"$@\"", "bash"]
    with subprocess.Popen([*ignoring, *command], stdout=subprocess.PIPE) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert b"200000000" in process.stdout.read()
        assert process.wait(timeout=60) == 0
