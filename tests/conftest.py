"""Shared fixtures: the bundled survey in a store, ingested once and copied for each test, and the program itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from surveycli.store import Store, open_store
from surveycli.survey import ingest_bundled

# torch and transformers read these when a test first imports them: no network, one thread.
os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
os.environ.pop("SURVEYCLI_STORE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Give all tests of a file to one worker, so that what they share is made once; the long files come early."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that are marked slow the time that they take."""
    for item in items:
        if item.get_closest_marker("slow") or item.get_closest_marker("benchmark"):
            item.add_marker(pytest.mark.timeout(0))


@pytest.fixture(scope="session")
def _bundled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundled") / "survey.duckdb"
    with open_store(path, create=True) as store:
        ingest_bundled(store)
    return path


@pytest.fixture
def bundled_store_path(_bundled_file: Path, tmp_path: Path) -> Path:
    """A closed store with the bundled survey, the test's own copy."""
    return Path(shutil.copy(_bundled_file, tmp_path / "survey.duckdb"))


@pytest.fixture
def bundled_store(bundled_store_path: Path) -> Iterator[Store]:
    """The same store, open for writing."""
    with open_store(bundled_store_path, write=True) as store:
        yield store


@pytest.fixture(scope="session")
def _empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "empty.duckdb"
    with open_store(path, create=True):
        return path


@pytest.fixture
def store(_empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A new store without any survey, open for writing."""
    with open_store(Path(shutil.copy(_empty_file, tmp_path)), write=True) as opened:
        yield opened


@dataclass(frozen=True)
class Outcome:
    """What a user sees of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the program in this process, errors mapped to exit codes as for a user: run_cli("split", "paper")."""

    def run(*arguments: str | Path, columns: int = 200) -> Outcome:
        from surveycli.cli.main import main

        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.argv", ["surveycli", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Outcome(code, *capsys.readouterr())

    return run
