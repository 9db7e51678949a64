"""Files within compressed ones: what a ZIP archive or a gzip file holds, read as it stands there and within bounds."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from surveycli.untrusted.text import UnreadableError, excerpt, plain

# What one file may unpack to: some three times the largest that a survey programme gives out.
MOST_UNPACKED_BYTES = 4 << 30
MOST_MEMBERS = 10_000
_CHUNK_BYTES = 1 << 20
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
# LZMA may ask for gigabytes of memory before its first byte; nothing else is written by usual programs.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_ENCRYPTED = 1
_TAR, _TAR_PLACE = b"ustar", 257
# What makes a ZIP archive a workbook or a document.
_DOCUMENTS = ("xl/workbook.", "word/document.", "ppt/presentation.", "mimetype")


@dataclass(frozen=True, slots=True)
class Packed:
    """One file within a compressed one: of a ZIP archive the member `name`; a gzip file has one without a name."""

    archive: Path
    name: str = ""

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it for reading from its start. Raises UnreadableError where it is damaged, also later, as it is read."""
        try:
            if not self.name:
                with gzip.open(self.archive) as stream:
                    yield stream  # type: ignore[misc]
                return
            with zipfile.ZipFile(self.archive) as archive, archive.open(self.name) as stream:
                yield stream
        except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, NotImplementedError) as error:
            raise UnreadableError(excerpt(str(error)) or "it is cut off") from error

    def measure(self) -> tuple[str, int]:
        """Return the SHA-256 and the size of what it unpacks to.

        Raises UnreadableError where that is damaged, more than there is room for, or an archive again.
        """
        digest, n_bytes, start = hashlib.sha256(), 0, b""
        with self.open() as stream:
            while block := stream.read(_CHUNK_BYTES):
                start = start or block
                n_bytes += len(block)
                _refuse_size(n_bytes)
                digest.update(block)
        if start[_TAR_PLACE:].startswith(_TAR):
            raise UnreadableError("it is a tar archive")
        return digest.hexdigest(), n_bytes


def is_zip_of_files(path: Path) -> bool:
    """Tell whether a file is a ZIP archive, and no workbook or document, which are ZIP archives too.

    Raises UnreadableError where it begins like one and is damaged.
    """
    if _start(path) != _ZIP:
        return False
    return not any(name.startswith(_DOCUMENTS) for name in _names(path))


def is_gzip(path: Path) -> bool:
    """Tell whether a file is compressed by gzip."""
    return _start(path)[: len(_GZIP)] == _GZIP


def zip_members(path: Path) -> tuple[str, ...]:
    """Return the names of the files of a ZIP archive, without folders and what systems hide in them.

    Raises UnreadableError for an archive that is damaged or has too many members.
    """
    return tuple(name for name in _names(path) if not name.endswith("/") and not _is_hidden(name))


def zip_member(path: Path, name: str) -> Packed:
    """Return one file of a ZIP archive. Raises UnreadableError where it is encrypted, or compressed in a rare way."""
    with _archive(path) as archive:
        info = archive.getinfo(name)
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableError(f"{plain(name)} is encrypted")
    if info.compress_type not in _METHODS:
        raise UnreadableError(f"{plain(name)} is compressed by method {info.compress_type}, which is not read here")
    _refuse_size(info.file_size)
    return Packed(path, name)


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(_ZIP))


def _names(path: Path) -> list[str]:
    with _archive(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise UnreadableError(f"it has {len(members):,} parts")
        return [member.filename for member in members]


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise error if isinstance(error, UnreadableError) else UnreadableError(excerpt(str(error))) from error


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[:1] == ("__MACOSX",) or any(part.startswith(".") for part in parts)


def _refuse_size(n_bytes: int) -> None:
    if n_bytes > MOST_UNPACKED_BYTES:
        most = f"{MOST_UNPACKED_BYTES / 1e9:.1f}"
        raise UnreadableError(f"it unpacks to {n_bytes / 1e9:.1f} GB or more; the most is {most}")
