"""A bound on this process's memory that covers what DuckDB's own limit does not: texts, lists and what Python makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:  # Windows: DuckDB's own limit is the only one
    resource = None  # type: ignore[assignment]

_STATUS = Path("/proc/self/status")


@contextmanager
def bounded_memory(n_bytes: int) -> Iterator[None]:
    """Let this process take `n_bytes` more of memory than it has, and no more; what asks for more fails.

    Only where the system can (Linux). Raises MemoryError from Python, and DuckDB's OutOfMemoryException from DuckDB.
    """
    taken = _taken()
    if resource is None or taken is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = taken + n_bytes
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([bound, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _taken() -> int | None:
    """Return the bytes of private memory that this process has asked for, or None where the system does not say."""
    if not _STATUS.is_file():
        return None
    found = re.search(r"^VmData:\s+(\d+) kB", _STATUS.read_text(encoding="ascii", errors="replace"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
