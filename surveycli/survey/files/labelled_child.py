"""Program that turns an SPSS or Stata file into Parquet and JSON, run in a process of its own.

The C library that reads these files can crash on a damaged one, and would take the whole program with it. Nothing of
surveycli is imported here, so that the process starts fast: `python labelled_child.py FILE spss|stata FOLDER`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat

# Rows per Parquet file: 600 columns of 8 bytes make 100 MB of 20,000.
_BATCH_ROWS = 20_000
# Files of before Unicode often do not say how their text is encoded; this fits most that users have.
_FALLBACK_ENCODING = "WINDOWS-1252"
_ENCODING_TROUBLE = "convert string"
_ERRORS = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError, OverflowError)


def convert(path: str, kind: str, folder: Path) -> dict[str, Any]:
    """Write the rows as numbered Parquet files, and return the columns with their labels, or an `error`."""
    try:
        return _convert(path, kind, folder, None)
    except _ERRORS as error:
        if not isinstance(error, UnicodeDecodeError) and _ENCODING_TROUBLE not in str(error):
            return {"error": str(error)}
    try:
        return _convert(path, kind, folder, _FALLBACK_ENCODING)
    except _ERRORS as error:
        return {"error": str(error)}


def _convert(path: str, kind: str, folder: Path, encoding: str | None) -> dict[str, Any]:
    reader = pyreadstat.read_sav if kind == "spss" else pyreadstat.read_dta
    options: dict[str, Any] = {"output_format": "polars", "user_missing": True, "encoding": encoding}
    metadata = reader(path, metadataonly=True, **options)[1]
    offset, number = 0, 0
    while True:
        frame = reader(path, row_offset=offset, row_limit=_BATCH_ROWS, **options)[0]
        if frame.height:
            _as_plain(frame).write_parquet(folder / f"{number:06}.parquet")
        if frame.height < _BATCH_ROWS:
            return _describe(metadata)
        offset, number = offset + frame.height, number + 1


def _as_plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with text in the place of mixed columns (Stata's lettered missing values beside numbers)."""
    mixed = [name for name, kind in frame.schema.items() if kind == pl.Object]
    texts = [
        pl.Series(name, [None if cell is None else str(cell) for cell in frame[name].to_list()], dtype=pl.String)
        for name in mixed
    ]
    return frame.with_columns(texts)


def _describe(metadata: Any) -> dict[str, Any]:
    columns = [_column(name, metadata) for name in metadata.column_names]
    return {"error": None, "title": metadata.file_label or "", "columns": columns}


def _column(name: str, metadata: Any) -> dict[str, Any]:
    labels: Mapping[Any, str] = metadata.variable_value_labels.get(name, {})
    ranges = metadata.missing_ranges.get(name, ())
    return {
        "name": name,
        "label": metadata.column_names_to_labels.get(name) or "",
        "value_labels": [
            [code if isinstance(code, int | float) else str(code), str(label)] for code, label in labels.items()
        ],
        "missing_ranges": [[part["lo"], part["hi"]] for part in ranges if isinstance(part["lo"], int | float)],
    }


if __name__ == "__main__":
    source, source_kind, target = sys.argv[1:4]
    content = convert(source, source_kind, Path(target))
    (Path(target) / "content.json").write_text(json.dumps(content), encoding="utf-8")
