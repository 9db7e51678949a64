"""Opens a binary file in a process of its own, which a damaged or hostile file may crash, stop or fill."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.text import UnreadableError, excerpt, one_line, plain

if TYPE_CHECKING:
    import polars as pl

# It imports nothing of surveycli, and is run by its path.
_PROGRAM = Path(__file__).with_name("child.py")
_MOST_MEMORY_BYTES = 1_500_000_000
# Seconds of computing. A workbook of ten megabytes takes some 15, anything else less.
_LEAST_S, _S_PER_BYTE = 20.0, 5e-6
_WAIT_PER_S = 10.0  # on a machine that has much else to do
_LOOK_EVERY_S = 0.02
_OUT_OF_TIME = 24  # SIGXCPU, which not every system has a name for


class BinaryKind(StrEnum):
    """What a file begins like."""

    SPSS = "spss"
    PORTABLE = "portable"
    STATA = "stata"
    PARQUET = "parquet"
    XLSX = "xlsx"
    R = "r"


@dataclass(frozen=True, slots=True)
class BinaryColumn:
    """A column with what the file itself says about it, as it stands there but for control characters."""

    name: str
    label: str = ""
    measure: str = ""
    value_labels: Mapping[float | int | str, str] = field(default_factory=dict)
    missing_ranges: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BinaryFile:
    """The content of a file, its rows compressed in memory: numbers of 64 bits and texts.

    `stored` has the names of the columns as they stand in the parts, in the order of `columns`.
    """

    title: str
    columns: tuple[BinaryColumn, ...]
    stored: tuple[str, ...]
    parts: tuple[bytes, ...]

    def read(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows of some columns, in order."""
        import polars as pl

        named = {column.name: stored for column, stored in zip(self.columns, self.stored, strict=True)}
        for part in self.parts:
            frame = pl.read_parquet(BytesIO(part), columns=[named[name] for name in names])
            yield frame.rename({named[name]: name for name in names})


def open_binary(path: Path, kind: BinaryKind, sheet: str = "") -> BinaryFile:
    """Return the content of a file. `sheet` is the one of a workbook to read where it has several (blank: the first).

    Raises UnreadableError where it is damaged, takes too long for its size, or unpacks to more than there is room for.
    """
    with tempfile.TemporaryDirectory(prefix="surveycli-") as folder:
        content = _convert(path, kind, Path(folder), sheet)
        parts = tuple(part.read_bytes() for part in sorted(Path(folder).glob("*.parquet")))
    columns = content["columns"]
    stored = tuple(str(column["name"]) for column in columns)
    return BinaryFile(one_line(content["title"]), tuple(map(_column, columns)), stored, parts)


def _convert(path: Path, kind: BinaryKind, folder: Path, sheet: str) -> dict[str, Any]:
    seconds = round(_LEAST_S + path.stat().st_size * _S_PER_BYTE)
    command = [sys.executable, "-P", str(_PROGRAM), str(path.resolve()), kind, str(folder), sheet, str(seconds)]
    words = folder / "stderr"
    with words.open("wb") as stderr, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr) as process:
        try:
            _watch(process, seconds * _WAIT_PER_S)
        finally:
            process.kill()
    result = folder / "content.json"
    if process.returncode != 0 or not result.is_file():
        last = words.read_text(encoding="utf-8", errors="replace")
        raise UnreadableError(_why_stopped(process.returncode, last, seconds))
    content: dict[str, Any] = parse_json(result.read_text(encoding="utf-8"))
    if content["error"] is not None:
        raise UnreadableError(excerpt(content["error"]))
    return content


def _watch(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Return when the process has ended. Raises UnreadableError where it takes too long, or too much memory."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            process.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise UnreadableError(f"it takes more than {timeout_s:.0f} seconds") from None
            if _memory_bytes(process.pid) > _MOST_MEMORY_BYTES:
                raise UnreadableError(f"it takes more than {_MOST_MEMORY_BYTES / 1e9:.1f} GB of memory") from None
        else:
            return


def _memory_bytes(pid: int) -> int:
    """Return the memory that a process holds, 0 on systems that do not say."""
    try:
        n_pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):  # another system, or it has ended
        return 0
    return n_pages * os.sysconf("SC_PAGE_SIZE")


def _why_stopped(status: int, text: str, seconds: int) -> str:
    """Return why the process stopped, from its exit status and what it wrote."""
    if status == -_OUT_OF_TIME:
        return f"it takes more than {seconds} seconds"
    if "memory allocation" in text or "MemoryError" in text or "bad_alloc" in text:
        return "it takes too much memory"
    last = "".join(text.strip().splitlines()[-1:])
    return f"its reader stopped with {status} {excerpt(last)}".strip()


def _column(content: Mapping[str, Any]) -> BinaryColumn:
    return BinaryColumn(
        name=plain(content["name"]),
        label=one_line(content["label"]),
        measure=content["measure"],
        value_labels={code: one_line(label) for code, label in content["value_labels"]},
        missing_ranges=tuple((float(low), float(high)) for low, high in content["missing_ranges"]),
    )
