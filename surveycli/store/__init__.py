"""The store: one DuckDB file. The only package that imports duckdb."""

from surveycli.request.query import Limits
from surveycli.store.connection import Store
from surveycli.store.opening import default_store_path, open_patiently, open_store
from surveycli.store.run_record import (
    RunRecord,
    RunStatus,
    demand_run_name,
    finish_run,
    inherit_training,
    mark_parts,
    mark_run,
    next_run_id,
    record_choice,
    record_training,
    start_run,
)
from surveycli.store.stream import create_table_from_stream
from surveycli.store.user_sql import ad_hoc, ad_hoc_results, frame_of, only_one

__all__ = [
    "Limits",
    "RunRecord",
    "RunStatus",
    "Store",
    "ad_hoc",
    "ad_hoc_results",
    "create_table_from_stream",
    "default_store_path",
    "demand_run_name",
    "finish_run",
    "frame_of",
    "inherit_training",
    "mark_parts",
    "mark_run",
    "next_run_id",
    "only_one",
    "open_patiently",
    "open_store",
    "record_choice",
    "record_training",
    "start_run",
]
