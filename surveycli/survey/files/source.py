"""Files on disk: are they there, are they files, what is their content's hash, and what is within compressed ones."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import IO, cast

from surveycli.binary_file.archive import Packed
from surveycli.errors import SurveyError, bad_input
from surveycli.survey.files.recoded import Recoded
from surveycli.untrusted.text import UnreadableError

_UNPACK = "Fetch the file again, or unpack it by another program and name what comes out."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A survey file, known by the hash of its content: one on disk, or `packed` within a compressed one.

    `path` is what it is called, of one within an archive `survey.zip/wave.sav`; `open` and `on_disk` give its content.
    Several files that are one survey are one source, `known_as` what they are called together, without a content.
    `open` gives text of another `encoding` as UTF-8.
    """

    path: Path
    sha256: str
    n_bytes: int
    packed: Packed | None = None
    known_as: str = ""
    encoding: str = ""

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.known_as or self.path.stem

    @property
    def typed(self) -> str:
        """What a user types for it on a command line."""
        if self.packed is not None and not self.packed.name:
            return quote(str(self.packed.archive))
        return "FILE..." if self.known_as and not self.path.exists() else quote(str(self.path))

    @property
    def slug(self) -> str:
        """The file's name as an id: lower case, runs of anything else as one hyphen."""
        return re.sub(r"[^a-z0-9]+", "-", self.stem.lower()).strip("-") or "survey"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the content for reading. Raises SurveyError (exit 3) where a compressed one is damaged."""
        with self._open() as stream:
            if not self.encoding:
                yield stream
                return
            with Recoded(stream, self.encoding) as recoded:
                yield cast("IO[bytes]", recoded)

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        if self.packed is None:
            with self.path.open("rb") as stream:
                yield stream
            return
        try:
            with self.packed.open() as stream:
                yield stream
        except UnreadableError as error:
            raise unreadable(self.path, error) from error

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give a file on disk with the content, for as long as the block lasts."""
        if self.packed is None:
            yield self.path
            return
        with TemporaryDirectory(prefix="surveycli-") as folder:
            copy = Path(folder) / "survey"
            with self.open() as packed, copy.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
            yield copy


def open_source(path: Path) -> SourceFile:
    """Return the file with the hash of its content. Raises SurveyError (exit 3) where it cannot be read or is empty."""
    try:
        if path.is_dir():
            raise bad_input(f"Expected a survey file, found the folder {path}.", "Name the file inside it.")
        if path.exists() and not path.is_file():
            raise bad_input(f"Expected a survey file, found the device or pipe {path}.", "Save it as a file first.")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            n_bytes = stream.tell()
    except FileNotFoundError as error:
        raise bad_input(f"There is no file {path}.", "Check the path; it is relative to the current folder.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise bad_input(f"Cannot read {path}: {reason}.", "Check the permissions of the file.") from error
    _refuse_empty(path, n_bytes)
    return SourceFile(path, digest, n_bytes)


def open_packed(path: Path, packed: Packed) -> SourceFile:
    """Return a file within a compressed one, under the name `path`.

    Raises SurveyError (exit 3) where it is damaged, empty, or unpacks to more than there is room for.
    """
    try:
        sha256, n_bytes = packed.measure()
    except UnreadableError as error:
        raise unreadable(path, error) from error
    _refuse_empty(path, n_bytes)
    return SourceFile(path, sha256, n_bytes, packed)


def unreadable(path: Path, error: UnreadableError) -> SurveyError:
    """Return the error for a compressed file that cannot be read."""
    return bad_input(f"{path} cannot be unpacked: {error}.", _UNPACK)


def _refuse_empty(path: Path, n_bytes: int) -> None:
    if n_bytes == 0:
        raise bad_input(f"{path} is empty.", "Download or export it again.")
