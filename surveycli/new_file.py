"""Files that are written for the user: whole or not at all, and over one that is there only where that is asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from surveycli.errors import SurveyError, bad_input, conflict


def demand_free(path: Path, *, replace: bool, ours: Callable[[Path], bool] = lambda _: False) -> None:
    """Raise SurveyError (exit 5) where writing to `path` would lose what stands there.

    `replace` allows a file to be written over, but never a store; a folder only where `ours` finds that this program
    wrote all that is in it.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not replace:
        raise conflict(f"{path} already exists.", "--replace writes over it; --output names another.")
    if path.is_dir() and not ours(path):
        raise conflict(f"{path} is a folder that surveycli did not write; it is not replaced.", _ANOTHER)
    if path.is_file() and _is_store(path):
        raise conflict(f"{path} is a store, which is never written over.", _ANOTHER)


def _is_store(path: Path) -> bool:
    """Return whether a file begins as DuckDB's do: a checksum of eight bytes, then four letters."""
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError:
        return False


def write_new_file(path: Path, content: str | bytes, *, overwrite: bool = False) -> None:
    """Write bytes, or a text in UTF-8, as they stand.

    Raises SurveyError: exit 5 as `demand_free` does, 3 where the file cannot be written. No file is left half made.
    """
    aside = None
    try:
        demand_free(path, replace=overwrite)
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
    return conflict(f"{path} already exists.", _ANOTHER)


_ANOTHER = "Name another, so that no work is lost."
