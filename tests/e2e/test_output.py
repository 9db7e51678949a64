"""Output never breaks the work: encodings, full disks, closed pipes, and what strangers write into a terminal."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from surveycli.store import open_store

PROGRAM = [sys.executable, "-m", "surveycli"]
QUERY = "select '早上好 é \U0001f600' as greeting, e'\\x1b[31mred' as colour"


def surveycli(*arguments: str | Path, encoding: str = "utf-8", **options: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([*PROGRAM, *map(str, arguments)], env=environment, check=False, timeout=120, **options)


@pytest.mark.parametrize("form", ["table", "csv", "json", "markdown", "latex"])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gb2312"])
def test_any_encoding_takes_any_text(bundled_store_path: Path, encoding: str, form: str) -> None:
    """Letters that stdout has no bytes for are shown as their numbers; JSON reads back as it was, in any encoding."""
    done = surveycli("sql", QUERY, "--format", form, "--store", bundled_store_path, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(encoding)
    if form == "json":
        assert json.loads(text) == [{"greeting": "早上好 é \U0001f600", "colour": "\x1b[31mred"}]
    else:
        assert "\\U0001f600" in text.replace(r"\textbackslash{}", "\\")
    assert ("\x1b" in text) == (form == "csv")  # CSV in a file is exact


def test_ingest_prints_names_that_stdout_cannot_encode(tmp_path: Path) -> None:
    """A file with a Chinese name is ingested and reported into a cp1252 stdout."""
    file = tmp_path / "调查.csv"
    pl.DataFrame(
        {"survey": "s", "item": "q1", "population": ["KEN", "KEN"], "option_code": [1, 2], "n": [3, 4]}
    ).write_csv(file)
    done = surveycli("ingest", file, "--store", tmp_path / "s.duckdb", encoding="cp1252")
    assert done.returncode == 0, done.stderr
    assert b"\\u8c03\\u67e5.csv is survey" in done.stdout
    with open_store(tmp_path / "s.duckdb") as store:
        assert len(store.rows("split/list_surveys")) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_under_the_output_is_told_and_the_work_kept(tmp_path: Path) -> None:
    """Where stdout cannot be written the command does its work, says so on stderr and ends with exit 3."""
    path = tmp_path / "s.duckdb"
    with Path("/dev/full").open("wb") as full:
        ingested = surveycli("ingest", "--bundled", "--store", path, stdout=full)
        asked = surveycli("sql", "from range(100000)", "--format", "csv", "--store", path, stdout=full)
        helped = surveycli("--help", stdout=full)
        unheard = surveycli("split", "paper", "--store", path, stdout=full, stderr=full)
    for done in (ingested, asked, helped):
        assert done.returncode == 3
        last = done.stderr.decode().splitlines()[-1]
        assert last == "Error: The output could not be written: No space left on device. What the command did is kept."
        assert b"Traceback" not in done.stderr
    assert unheard.returncode == 3
    with open_store(path) as store:
        assert store.rows("split/list_surveys") == [{"survey_id": "wvs7"}]
        assert len(store.rows("split/list_parts", split="paper")) > 3


def test_a_reader_that_went_away_does_not_stop_the_work(tmp_path: Path) -> None:
    """With stdout and stderr both closed pipes a command does its whole work, and ends with exit 0."""
    read, write = os.pipe()
    os.close(read)
    done = surveycli("ingest", "--bundled", "--store", tmp_path / "s.duckdb", stdout=write, stderr=write)
    os.close(write)
    command = shlex.join([*PROGRAM, "split", "paper", "--store", str(tmp_path / "s.duckdb")])
    closed = subprocess.run(["bash", "-c", f"exec {command} >&- 2>&-"], check=False)
    assert (done.returncode, closed.returncode) == (0, 0)
    with open_store(tmp_path / "s.duckdb") as store:
        assert len(store.rows("split/list_parts", split="paper")) > 3


def test_output_into_a_closed_pipe_is_no_error(bundled_store_path: Path) -> None:
    """Where the reader of the output goes away, as `head` does, a query ends soon, without a word."""
    query = "SELECT range AS number FROM range(100_000_000)"
    with subprocess.Popen(
        [*PROGRAM, "sql", query, "--format", "csv", "--store", str(bundled_store_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "number\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 0


def test_errors_and_notes_have_no_control_characters(tmp_path: Path) -> None:
    """A path with an escape sequence in it is named without the escape, and what is shown of it is one line."""
    done = surveycli("check", "--store", tmp_path / "a\x1b[31m\x07\u202eb\x9d.duckdb")
    assert done.returncode == 4
    assert done.stderr.decode().startswith(f"Error: There is no store at {tmp_path / 'a[31mb.duckdb'}.\nHint: ")
