"""Stores as older versions of surveycli left them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from surveycli.store.sql_files import migrations


def make_old_store(path: Path, up_to: int = 1) -> None:
    """Make a store as a version that knew only the first `up_to` schema steps would have."""
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        for step in migrations()[:up_to]:
            connection.execute(step.text)
            connection.execute(
                "INSERT INTO schema_migration VALUES (?, ?, ?, ?)",
                [step.number, step.name, step.sha256, datetime(2026, 1, 1)],
            )
