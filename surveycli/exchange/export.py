"""Tables of the store as files for other tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.errors import conflict, not_found, usage
from surveycli.exchange.dataset import write_dataset
from surveycli.request.report import ExportName, ExportRequest

if TYPE_CHECKING:
    import polars as pl

    from surveycli.store import Store


@dataclass(frozen=True, slots=True)
class Export:
    """Something that can be exported: one line of help and the query behind it."""

    name: ExportName
    help: str
    query: str


EXPORTS: dict[ExportName, Export] = {
    export.name: export
    for export in (
        Export(ExportName.DISTRIBUTIONS, "What people answered: one row per option.", "exchange/export_distributions"),
        Export(ExportName.PREDICTIONS, "What runs predicted: one row per option.", "exchange/export_predictions"),
        Export(ExportName.SCORES, "Every metric: one row per cell and part.", "exchange/export_scores"),
        Export(ExportName.PROMPTS, "Questions with target distributions: one row per cell.", "exchange/export_prompts"),
    )
}


def export_table(store: Store, request: ExportRequest) -> int:
    """Write the table to the file, in the format of its ending, and return the number of rows.

    Raises SurveyError: 2 for an unknown ending, 4 where there is nothing to export,
    5 where the file exists.
    """
    export = EXPORTS[request.name]
    write = _writer(request.target)
    if request.target.exists() and not request.replace:
        raise conflict(f"{request.target} is there already.", "--replace writes over it; -o names another.")
    given = {"run_ids": list(request.runs) or None, "survey_id": request.survey_id, "split": request.split}
    frame = store.frame(export.query, None, language=request.language, **given)
    if frame.is_empty():
        raise not_found(f"The store has no {export.name} to export for that.", "`surveycli runs` and `surveys` list.")
    write(frame, request.target)
    return frame.height


def _writer(target: Path) -> Callable[[pl.DataFrame, Path], None]:
    """Return what writes the format of a file's ending; a name without one is the folder of a dataset."""
    writers: dict[str, Callable[[pl.DataFrame, Path], None]] = {
        ".parquet": lambda frame, path: frame.write_parquet(path),
        ".csv": lambda frame, path: _flat(frame).write_csv(path),
        ".jsonl": lambda frame, path: frame.write_ndjson(path),
        ".xlsx": _write_xlsx,
        ".sav": _write_labelled,
        ".dta": _write_labelled,
        "": write_dataset,
    }
    ending = target.suffix.lower()
    if ending not in writers:
        known = ", ".join(name for name in writers if name)
        raise usage(f"{target} should end in {known}.", "A name without an ending makes a Hugging Face dataset folder.")
    return writers[ending]


def _write_xlsx(frame: pl.DataFrame, path: Path) -> None:
    _flat(frame).write_excel(path, worksheet="Data", autofilter=True, freeze_panes=(1, 0))


def _write_labelled(frame: pl.DataFrame, path: Path) -> None:
    """Write SPSS or Stata with a label for each column, which is its name in words."""
    import pyreadstat

    flat = _flat(frame)
    labels = [name.replace("_", " ") for name in flat.columns]
    write = pyreadstat.write_sav if path.suffix.lower() == ".sav" else pyreadstat.write_dta
    write(flat, str(path), column_labels=labels)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with lists as JSON texts, for formats that have no lists."""
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [json.dumps(value, ensure_ascii=False) for value in frame[name].to_list()]) for name in nested
    )
