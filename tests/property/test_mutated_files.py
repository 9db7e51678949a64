"""Every reader on mutated files: an error with its place or a right result, soon, and in little memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mutation import READERS, stores_in, try_reader

from surveycli.errors import ExitCode, SurveyError

N_QUICK, N_QUICK_BINARY = 15, 2
N_LONG, N_LONG_BINARY = 600, 120


@pytest.fixture(scope="module", autouse=True)
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The stores that all files of this module are read into."""
    with stores_in(tmp_path_factory.mktemp("mutation")):
        yield


def check(name: str, seeds: range, folder: Path) -> None:
    trials = [try_reader(name, seed, folder) for seed in seeds]
    failed = [trial for trial in trials if trial.outcome == "failed"]
    assert not failed, "\n".join(f"{trial.reader} {trial.seed}: {trial.reason}" for trial in failed[:5])
    assert {trial.outcome for trial in trials} <= {"read", "refused"}


@pytest.mark.parametrize("name", READERS)
def test_mutated_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    """A few mutated files of each reader."""
    check(name, range(N_QUICK_BINARY if READERS[name].is_binary else N_QUICK), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_thousands_of_mutated_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    """Some hundreds of each reader, thousands together."""
    check(name, range(1000, 1000 + (N_LONG_BINARY if READERS[name].is_binary else N_LONG)), tmp_path)


@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if not reader.is_binary])
def test_sound_content_is_read(name: str, tmp_path: Path) -> None:
    """What the mutations start from is a file that its reader takes."""
    reader, draw = READERS[name], random.Random(1)
    path = tmp_path / f"sound.{reader.endings[0]}"
    reader.write(reader.sound(draw), path, draw)
    reader.read(path, random.Random(3))


def test_a_reader_that_breaks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another exception, an exit code for bugs, and an error without a message each count as a failure."""

    def breaks(path: Path, draw: random.Random) -> None:
        raise draw.choice((ValueError("x"), SurveyError("x", code=ExitCode.BUG), SurveyError("")))

    monkeypatch.setitem(READERS, "glossary", replace(READERS["glossary"], read=breaks))  # type: ignore[arg-type]
    assert {try_reader("glossary", seed, tmp_path).outcome for seed in range(9)} == {"failed"}
