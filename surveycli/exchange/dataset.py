"""A folder that `datasets.load_dataset` reads: Parquet files by part, and a card that says where the data come from."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.domain import TRAIN
from surveycli.table_file import unwritable_file

if TYPE_CHECKING:
    import polars as pl

_MARK = "tags: [survey, response-distributions, surveycli]"
_CARD = """---
pretty_name: {title}
task_categories: [text-generation]
{mark}
configs:
- config_name: default
  data_files:
{files}
---

# {title}

{n_rows:,} rows, written by surveycli. Columns: {columns}.

The shares are aggregate figures of survey respondents or predictions of them. The licences of the surveys they come
from hold for this copy, too; name the surveys when you publish it.

{sources}
"""


def write_dataset(frame: pl.DataFrame, folder: Path, sources: Sequence[str] = ()) -> None:
    """Write the rows into `folder`, one Parquet file per `part` where there are parts, and README.md beside them.

    The card lists the `sources`, a line each. A data set of that name is replaced once the new one is whole.
    Raises SurveyError (exit 3) if it cannot be written.
    """
    aside = folder.with_name(f".{folder.name}.part")
    try:
        _write(frame, folder.name, aside, sources)
        if is_dataset(folder):
            shutil.rmtree(folder)
        aside.rename(folder)
    except OSError as error:
        raise unwritable_file(folder, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(frame: pl.DataFrame, title: str, aside: Path, sources: Sequence[str]) -> None:
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "data").mkdir(parents=True)
    parts = frame.partition_by("part", as_dict=True) if "part" in frame.columns else {(TRAIN,): frame}
    names = {str(key[0]): rows for key, rows in parts.items()}
    for name, rows in names.items():
        rows.write_parquet(aside / "data" / f"{_file_name(name)}.parquet")
    files = "\n".join(f"  - split: {_file_name(name)}\n    path: data/{_file_name(name)}.parquet" for name in names)
    card = _CARD.format(
        mark=_MARK,
        title=title,
        files=files,
        n_rows=frame.height,
        columns=", ".join(frame.columns),
        sources="\n".join(f"- {source}" for source in sources),
    )
    (aside / "README.md").write_text(card, encoding="utf-8")


def is_dataset(folder: Path) -> bool:
    """Return whether a folder has what `write_dataset` writes and nothing else."""
    card = folder / "README.md"
    if not card.is_file() or {path.name for path in folder.iterdir()} != {"README.md", "data"}:
        return False
    rows = all(path.is_file() and path.suffix == ".parquet" for path in (folder / "data").iterdir())
    return rows and _MARK in card.read_text(encoding="utf-8", errors="replace").splitlines()


def _file_name(part: str) -> str:
    """Return a part's name as Hugging Face takes them: word characters and dots."""
    return "".join(letter if letter.isalnum() or letter in "._" else "_" for letter in part)
