"""Files on disk: are they there, are they files, what is their content's hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from surveycli.errors import bad_input


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file on disk, known by the hash of its content."""

    path: Path
    sha256: str
    n_bytes: int

    @property
    def slug(self) -> str:
        """The file's name as an id: lower case, runs of anything else as one hyphen."""
        return re.sub(r"[^a-z0-9]+", "-", self.path.stem.lower()).strip("-") or "survey"


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
    if n_bytes == 0:
        raise bad_input(f"{path} is empty.", "Download or export it again.")
    return SourceFile(path, digest, n_bytes)
