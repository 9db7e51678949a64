"""Files that are written for the user, and small files that a user wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.new_file import write_new_file
from surveycli.survey.files.source import open_source
from surveycli.untrusted import small_file
from surveycli.untrusted.small_file import read_small_file


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """A text is written as it stands; a second one needs `overwrite`, and nothing else is left in the folder."""
    path = tmp_path / "f.csv"
    write_new_file(path, "\ufeffa\r\n")
    with pytest.raises(SurveyError, match="already exists") as stop:
        write_new_file(path, "b")
    assert stop.value.code is ExitCode.CONFLICT and path.read_bytes() == "\ufeffa\r\n".encode()
    write_new_file(path, "b", overwrite=True)
    assert path.read_text() == "b" and list(tmp_path.iterdir()) == [path]
    (tmp_path / "usual").touch()
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("name", ["nowhere/f.csv", "/proc/f.csv", "file/f.csv", "a" * 300, "nul\0", "folder"])
def test_what_cannot_be_written_is_bad_input(name: str, tmp_path: Path) -> None:
    """A folder that is not there, a file as a folder, a name too long: one error, and nothing is left behind."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SurveyError) as stop:
        write_new_file(tmp_path / name, "x")
    assert stop.value.code in (ExitCode.BAD_INPUT, ExitCode.CONFLICT) and stop.value.hint
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_bad_input(tmp_path: Path) -> None:
    """A folder that cannot be written to is named."""
    tmp_path.chmod(0o500)
    with pytest.raises(SurveyError, match="Permission denied") as stop:
        write_new_file(tmp_path / "f", "x")
    assert stop.value.code is ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no map"),
        (b"a\nb\xff", "not in UTF-8: found the byte 0xFF in line 2"),
        ("a".encode("utf-16"), "not in UTF-8: found the byte 0xFF in line 1"),
        (b"a\0b", "found a NUL byte"),
        (b"a" * 101, "has more than"),
    ],
)
def test_a_small_file_is_a_text_of_bounded_size(
    content: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a user wrote is UTF-8 and not endless; anything else is bad input that says what it should be."""
    monkeypatch.setattr(small_file, "MOST_BYTES", 100)
    path = tmp_path / "f"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SurveyError, match=message) as stop:
        read_small_file(path, "map", "a CSV")
    assert stop.value.code is ExitCode.BAD_INPUT and stop.value.hint


def test_devices_and_folders_are_no_files(tmp_path: Path) -> None:
    """A device without end is not read to its end, and a folder is named as one."""
    with pytest.raises(SurveyError, match="has more than 16 MiB"):
        read_small_file(Path("/dev/zero"), "map", "a CSV")
    with pytest.raises(SurveyError, match="Is a directory"):
        read_small_file(tmp_path, "map", "a CSV")
    for path, message in (
        (Path("/dev/zero"), "device or pipe"),
        (tmp_path, "folder"),
        (tmp_path / ("a" * 300), "long"),
    ):
        with pytest.raises(SurveyError, match=message):
            open_source(path)
