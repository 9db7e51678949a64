"""Tables of the store as files for other tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.errors import not_found
from surveycli.exchange.dataset import is_dataset, write_dataset
from surveycli.new_file import demand_free
from surveycli.request.report import ExportName, ExportRequest
from surveycli.table_file import check_target, write_table
from surveycli.untrusted.text import excerpt

if TYPE_CHECKING:
    from surveycli.store import Store

_DATASET = "A name without an ending makes a Hugging Face dataset folder."


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

    Raises SurveyError: 2 for an unknown ending, 4 where there is nothing to export, 5 where the file exists, or is a
    store or a folder that is no data set of this program's.
    """
    export = EXPORTS[request.name]
    is_folder = not request.target.suffix
    if is_folder:
        demand_free(request.target, replace=request.replace, ours=is_dataset)
    else:
        check_target(request.target, replace=request.replace, more=_DATASET)
    given = {"run_ids": list(request.runs) or None, "survey_id": request.survey_id, "split": request.split}
    frame = store.frame(export.query, None, language=request.language, **given)
    if frame.is_empty():
        raise not_found(
            f"The store has no {export.name} to export for this request.",
            "`surveycli runs` and `surveycli surveys` list what there is.",
        )
    (write_dataset if is_folder else write_table)(frame, request.target, _sources(store, set(frame["survey_id"])))
    return frame.height


def _sources(store: Store, surveys: set[str]) -> list[str]:
    """Return a line for each survey: its name and the terms that its data are under."""
    rows = store.rows("run/list_licences")
    return [f"{row['survey_id']}: {excerpt(row['licence'], 1000)}" for row in rows if row["survey_id"] in surveys]
