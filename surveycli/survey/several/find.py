"""Which files a survey is in: those that are named, those of a folder, and those within an archive."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from surveycli.binary_file.archive import Packed, is_gzip, is_zip_of_files, zip_member, zip_members
from surveycli.errors import bad_input
from surveycli.survey.files.open import is_r
from surveycli.survey.files.source import SourceFile, open_packed, open_source, unreadable
from surveycli.untrusted.text import UnreadableError, plain

# What survey files are called; readme files, questionnaires and codebooks lie beside them.
_SUFFIXES = (
    {".sav", ".zsav", ".por", ".dta"}
    | {".csv", ".tsv", ".tab", ".xlsx", ".parquet", ".json", ".jsonl", ".ndjson"}
    | {".rds", ".rda", ".rdata"}
)
_WORKBOOKS = (".xlsx", ".xlsm")  # ZIP archives, too; a damaged one is a damaged workbook
_COMPANIONS = {"responses.csv": "info.csv"}  # of OpinionQA: the reader of the first looks for the other beside it
_HEAD_BYTES = 512
_MOST_NAMED = 8
_MOST_FILES = 1000


def find_sources(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """Return the survey files that paths name, in order: a folder and a ZIP archive stand for the survey files in them.

    `survey.zip/wave.sav` names one within an archive; a file that gzip made is read as what it holds. Raises
    SurveyError (exit 3) where one is not there, or holds no survey file, or one survey in several formats.
    """
    return tuple(source for path in paths for source in _sources(path))


def _sources(path: Path) -> Iterable[SourceFile]:
    try:
        archive = next((above for above in path.parents if above.is_file()), None)
        if archive is not None and is_zip_of_files(archive):
            return [_named_member(archive, path.relative_to(archive).as_posix())]
        if path.is_dir():
            return [source for file in _of_folder(path) for source in _sources(file)]
        if path.is_file() and path.suffix.lower() not in _WORKBOOKS and is_zip_of_files(path):
            return _of_archive(path)
        if path.is_file() and is_gzip(path) and not is_r(_head(path)):
            return [open_packed(path.with_suffix("") if path.suffix.lower() == ".gz" else path, Packed(path))]
    except UnreadableError as error:
        raise unreadable(path, error) from error
    except OSError as error:
        raise bad_input(f"Cannot read {path}: {error.strerror}.", "Check the permissions of the file.") from error
    return [open_source(path)]


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _of_folder(folder: Path) -> list[Path]:
    """Return the survey files that lie in a folder itself, in the order of their names."""
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    names, folders = ([path.name for path in inside if path.is_dir() == is_folder] for is_folder in (False, True))
    beside = {_COMPANIONS[name] for name in names if name in _COMPANIONS}
    return [folder / name for name in _survey_files([name for name in names if name not in beside], folder, folders)]


def _of_archive(archive: Path) -> list[SourceFile]:
    names = zip_members(archive)
    return [_member(archive, name) for name in _survey_files(names, archive)]


def _survey_files(names: Sequence[str], holder: Path, folders: Sequence[str] = ()) -> list[str]:
    """Return which of the files in a folder or archive hold a survey; the only one does, whatever it is called."""
    found = [name for name in names if _unpacked_name(name).suffix in _SUFFIXES]
    found = found or (list(names) if len(names) == 1 else [])
    if not found or len(found) > _MOST_FILES:
        inside = _listed([*names, *(f"{name}{os.sep}" for name in folders)])
        raise bad_input(
            f"{holder}: expected survey files in it, from 1 to {_MOST_FILES:,}, found {inside}.",
            "Name the file, or the folder inside it.",
        )
    counts = Counter(_unpacked_name(name).with_suffix("") for name in found)
    twice = [name for name in found if counts[_unpacked_name(name).with_suffix("")] > 1]
    if twice:
        raise bad_input(f"{holder} has one survey in several formats: {_listed(twice)}.", _name_one(holder, twice[0]))
    return sorted(found)


def _unpacked_name(name: str) -> PurePosixPath:
    return PurePosixPath(name.lower().removesuffix(".gz"))


def _named_member(archive: Path, name: str) -> SourceFile:
    """Return the member that the user named, by its whole name or by its last part."""
    names = zip_members(archive)
    found = [member for member in names if name in (member, PurePosixPath(member).name)]
    if len(found) != 1:
        raise bad_input(f"{archive} has no file {name!r}, or several: it has {_listed(names)}.", "Name one of them.")
    return _member(archive, found[0])


def _member(archive: Path, name: str) -> SourceFile:
    called = archive / PurePosixPath(plain(name)).name
    try:
        return open_packed(called, zip_member(archive, name))
    except UnreadableError as error:
        raise unreadable(archive, error) from error


def _name_one(holder: Path, name: str) -> str:
    return f"Name one of them: `surveycli ingest {holder}/{plain(name)}`."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (", ".join(plain(name) for name in names[:_MOST_NAMED]) or "nothing") + more
