"""Stores that are made at once, held, left behind, cut short, damaged or on a full disk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store, open_patiently, open_store
from surveycli.store.trouble import explain

TESTS = Path(__file__).resolve().parents[1]
SURVEY = pl.DataFrame({"survey_id": ["a"], "title": ["A"]})
HOLD = """
import sys, time
from pathlib import Path
from surveycli.store import open_store
with open_store(Path(sys.argv[1]), create=True):
    print("open", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def held(path: Path, seconds: float) -> Iterator[int]:
    """Have another process hold the store for so long."""
    command = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        yield holder.pid
        holder.kill()


def race(folder: Path, count: int, patience_s: float) -> list[list[str]]:
    """Let two processes make the same stores; return what each says of each store."""
    driver = [sys.executable, str(TESTS / "race_driver.py"), str(folder), str(count)]
    both = [
        subprocess.Popen([*driver, name, other, str(patience_s)], stdout=subprocess.PIPE, text=True)
        for name, other in (("first", "second"), ("second", "first"))
    ]
    return [process.communicate(timeout=120)[0].splitlines() for process in both]


def surveys(path: Path) -> set[str]:
    with open_store(path) as store:
        return {row["survey_id"] for row in store.rows("split/list_surveys")}


def test_two_processes_that_make_one_store_both_get_in(tmp_path: Path) -> None:
    """Of two processes that make the same new store at once each finds the other's survey beside its own."""
    first, second = race(tmp_path, 4, patience_s=30)
    assert first == second == [f"{number} done" for number in range(4)]
    assert all(surveys(tmp_path / f"{number}.duckdb") == {"first", "second"} for number in range(4))


def test_who_loses_the_race_leaves_the_winners_store(tmp_path: Path) -> None:
    """Without patience the later one may be refused with exit 5; what anybody was told is done is in the store."""
    said = race(tmp_path, 4, patience_s=0)
    for number in range(4):
        done = {name for name, lines in zip(("first", "second"), said, strict=True) if lines[number].endswith("done")}
        assert done
        assert surveys(tmp_path / f"{number}.duckdb") == done
        assert all(lines[number].startswith((f"{number} done", f"{number} 5 ")) for lines in said)
    assert not list(tmp_path.glob(".*"))  # nothing that was written aside is left


def test_a_store_that_was_made_for_work_that_failed_goes(tmp_path: Path) -> None:
    """A new store goes with the work that it was made for, unless something was put in; an older one stays."""
    path = tmp_path / "s.duckdb"
    with pytest.raises(ZeroDivisionError), open_store(path, create=True):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), open_store(path, create=True) as store:
        store.insert("survey", SURVEY)
        raise ZeroDivisionError
    assert surveys(path) == {"a"}
    with open_store(tmp_path / "old.duckdb", create=True):
        pass
    with pytest.raises(ZeroDivisionError), open_store(tmp_path / "old.duckdb", create=True):
        raise ZeroDivisionError
    assert surveys(tmp_path / "old.duckdb") == set()


def test_the_log_of_another_store_is_not_taken_in(tmp_path: Path) -> None:
    """Beside a log without its store no new store is made (exit 5): DuckDB would carry the log out in it."""
    log = tmp_path / "s.duckdb.wal"
    log.write_bytes(b"planted")
    with pytest.raises(SurveyError, match=r"s\.duckdb\.wal") as caught:
        open_store(tmp_path / "s.duckdb", create=True)
    assert caught.value.code == ExitCode.CONFLICT
    assert list(tmp_path.iterdir()) == [log]


def test_finished_work_waits_for_a_held_store(tmp_path: Path) -> None:
    """A store that is free again within the time is opened as if nothing had been."""
    path = tmp_path / "s.duckdb"
    with held(path, 1.0), open_patiently(path, patience_s=60) as store:
        store.insert("survey", SURVEY)
    assert surveys(path) == {"a"}


def test_a_wait_in_vain_says_how_the_result_gets_in(tmp_path: Path) -> None:
    """After the wait the error (exit 5) names the process that holds the store, and the way on that it was given."""
    path = tmp_path / "s.duckdb"
    with held(path, 60) as pid, pytest.raises(SurveyError) as caught:
        open_patiently(path, patience_s=0.5, way_on="`surveycli runs` when it is free.")
    assert caught.value.code == ExitCode.CONFLICT
    assert f"process {pid} " in caught.value.message
    assert "Waited 0.5 seconds" in caught.value.message
    assert caught.value.hint == "`surveycli runs` when it is free."


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """A store's content with some rows."""
    with open_store(tmp_path / "whole.duckdb", create=True) as store:
        rows = [f"s{number}" for number in range(20_000)]
        store.insert("survey", pl.DataFrame({"survey_id": rows, "title": rows}))
    return (tmp_path / "whole.duckdb").read_bytes()


def read_all(path: Path, *, write: bool = False) -> None:
    """Read every row of a store, so that every block in use is looked at."""
    with open_store(path, write=write) as store:
        store.query("SELECT count(DISTINCT survey_id), count(DISTINCT title) FROM survey")
        store.rows("store/list_migrations")


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("kept", [0, 5, 4096, 12288, 20_000, 800_000])
def test_a_store_cut_short_is_told_as_that(tmp_path: Path, whole: bytes, kept: int, write: bool) -> None:
    """Wherever a store ends too early it is refused with exit 3, a true cause and what to do, and is not touched."""
    path = tmp_path / "cut.duckdb"
    path.write_bytes(whole[:kept])
    with pytest.raises(SurveyError, match=r"cut short|empty file|not a DuckDB file") as caught:
        read_all(path, write=write)
    assert caught.value.code == ExitCode.BAD_INPUT
    assert caught.value.hint
    assert path.read_bytes() == whole[:kept]


BLOCK = 256 * 1024


@pytest.mark.parametrize("place", [0, 20, 4100, 8200, 13_000])
def test_a_damaged_store_is_not_said_to_be_in_use(tmp_path: Path, whole: bytes, place: int) -> None:
    """One wrong byte, in the header or in every block of rows, is told as damage (exit 3) when it is come upon."""
    content = bytearray(whole)
    for at in range(place, len(content), BLOCK) if place > 12_288 else (place,):  # some blocks may be free ones
        content[at] ^= 0xFF
    path = tmp_path / "damaged.duckdb"
    path.write_bytes(content)
    with pytest.raises(SurveyError, match=r"is damaged \(Corrupt database file") as caught:
        read_all(path)
    assert caught.value.code == ExitCode.BAD_INPUT
    assert "copy" in caught.value.hint


def test_causes_are_told_apart_by_whole_phrases() -> None:
    """ "lock" in "block" is not a lock; what DuckDB says of other things stays its own."""
    path = Path("s.duckdb")
    damaged = explain(
        path, "IO Error: Corrupt database file: checksum 1 does not match checksum 2 in block at location 0"
    )
    held = explain(
        path,
        'IO Error: Could not set lock on file "s.duckdb": Conflicting lock is held in /usr/bin/python3 (PID 12).',
    )
    on_windows = explain(
        path,
        'IO Error: Cannot open file "s.duckdb": The process cannot access the file because it is being used by another '
        "process.\n\nFile is already open in \nC:\\python.exe (PID 34)",
    )
    assert damaged is not None and damaged.code == ExitCode.BAD_INPUT
    assert held is not None and "process 12 (/usr/bin/python3)" in held.message
    assert on_windows is not None and "process 34 (C:\\python.exe)" in on_windows.message
    assert explain(path, "Binder Error: Referenced column x not found: Permission is none") is None
    denied = explain(path, 'IO Error: Cannot open file "s.duckdb": Permission denied')
    assert denied is not None and "may not be read or written" in denied.message


FILL = """
import resource, sys
from pathlib import Path
import polars as pl
from surveycli.errors import SurveyError
from surveycli.store import open_store
path = Path(sys.argv[1])
with open_store(path, create=True) as store:
    store.insert("survey", pl.DataFrame({"survey_id": ["kept"], "title": ["kept"]}))
limit = path.stat().st_size + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
numbers = pl.int_range(0, 400_000)
frame = pl.select(survey_id=numbers.cast(pl.String), title=numbers.hash().cast(pl.String))
for _ in range(2):
    try:
        with open_store(path, write=True) as store, store.transaction():
            store.insert("survey", frame)
        print("written")
    except SurveyError as error:
        print(int(error.code), error.message, error.hint)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sizes of files are limited with POSIX calls")
@pytest.mark.parametrize("room", [0, 100_000, 2_000_000])
def test_a_full_disk_takes_nothing_that_was_there(tmp_path: Path, room: int) -> None:
    """Where the file cannot grow, the transaction is told off (exit 3) and undone, twice too; the rest is kept."""
    path = tmp_path / "s.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(path), str(room)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("3 The disk is full") and "is kept" in line for line in lines)
    assert surveys(path) == {"kept"}


def test_frames_and_parameters_go_into_a_query(store: Store) -> None:
    """The public query takes frames by name and values as parameters, and returns rows; of a change, their number."""
    store.insert("survey", SURVEY)
    wanted = pl.DataFrame({"survey_id": ["a", "b"]})
    found = store.query("SELECT title, $n AS n FROM survey JOIN wanted USING (survey_id)", {"wanted": wanted}, n=3)
    assert found.rows() == [("A", 3)]
    assert store.query("DELETE FROM survey").item() == 1
    with pytest.raises(duckdb.CatalogException):
        store.query("SELECT * FROM nothing")
