"""Opens SPSS (.sav, .zsav) and Stata (.dta) files, with variable labels, value labels and missing codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surveycli.errors import SurveyError, bad_input
from surveycli.survey.files.cell import Cell, clean
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import Column, SurveyTable, rows_of_frames
from surveycli.survey.files.text import refuse_doubled

if TYPE_CHECKING:
    import polars as pl

SPSS, STATA = "SPSS", "Stata"
# It imports nothing of surveycli, and is run by its path.
_PROGRAM = Path(__file__).with_name("labelled_child.py")
_TIMEOUT_S = 3600.0


def open_labelled(source: SourceFile, kind: str) -> SurveyTable:
    """Return an SPSS or Stata file, its rows compressed in memory.

    It is read in a process of its own, since the library that does it can crash on damaged files. Raises SurveyError
    (exit 3) where the file is damaged or of an unknown version.
    """
    with tempfile.TemporaryDirectory(prefix="surveycli-") as folder:
        content = _convert(source, kind, Path(folder))
        parts = [path.read_bytes() for path in sorted(Path(folder).glob("*.parquet"))]
    columns = tuple(map(_column, content["columns"]))
    refuse_doubled([column.name for column in columns], source.path)

    def frames(names: list[str]) -> Iterator[pl.DataFrame]:
        import polars as pl

        return (pl.read_parquet(io.BytesIO(part), columns=names) for part in parts)

    rows = rows_of_frames(source.path.name, frames)
    return SurveyTable(source, kind, columns, rows, title=clean(content["title"]))


def _convert(source: SourceFile, kind: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-P", str(_PROGRAM), str(source.path.resolve()), kind.lower(), str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _unreadable(source, kind, f"it took more than {_TIMEOUT_S:.0f} seconds") from error
    result = folder / "content.json"
    if done.returncode != 0 or not result.is_file():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise _unreadable(source, kind, f"its reader stopped with {done.returncode} {''.join(last)}".strip())
    content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if content["error"] is not None:
        raise _unreadable(source, kind, content["error"])
    return content


def _unreadable(source: SourceFile, kind: str, reason: str) -> SurveyError:
    return bad_input(
        f"{source.path.name} begins like a file of {kind} but cannot be read: {reason}.",
        "The download may be incomplete: fetch or export the file again.",
    )


def _column(content: Mapping[str, Any]) -> Column:
    labels: list[tuple[Cell, str]] = content["value_labels"]
    return Column(
        name=content["name"],
        label=clean(content["label"]),
        value_labels={code: clean(label) for code, label in labels},
        missing_ranges=tuple((float(low), float(high)) for low, high in content["missing_ranges"]),
    )
