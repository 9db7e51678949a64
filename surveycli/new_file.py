"""Files that are written for the user: whole or not at all, and never over one that is there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from surveycli.errors import SurveyError, bad_input, conflict


def write_new_file(path: Path, content: str | bytes, *, overwrite: bool = False) -> None:
    """Write bytes, or a text in UTF-8, as they stand.

    Raises SurveyError: exit 5 where there is a file already and `overwrite` is not set, 3 where none can be written.
    No file is left half made.
    """
    aside = None
    try:
        if not overwrite and (path.exists() or path.is_symlink()):
            raise _is_there(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        aside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        aside.chmod(0o666 & ~_umask())
        _put(aside, path, overwrite=overwrite)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
        raise bad_input(f"Cannot write {path}: {reason}.", "Name a file in a folder that you may write to.") from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def _put(aside: Path, path: Path, *, overwrite: bool) -> None:
    """Give a finished file its name; without `overwrite` one that came there meanwhile stays."""
    if overwrite:
        aside.replace(path)
        return
    try:
        os.link(aside, path)
    except FileExistsError:
        raise _is_there(path) from None
    except (OSError, NotImplementedError):  # some file systems know no links
        if path.exists():
            raise _is_there(path) from None
        aside.replace(path)


def _umask() -> int:
    """Return the mask of permissions, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _is_there(path: Path) -> SurveyError:
    return conflict(f"There is already a file {path}.", "Name another, so that no work is lost.")
