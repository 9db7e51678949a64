"""Writes docs/commands.md and docs/schema.md, which are the program's own words: `python -m docs.reference`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer

from surveycli.cli.main import app
from surveycli.store import open_store

FOLDER = Path(__file__).resolve().parent
_WIDTH = "100"
_MADE = "This page is made by `python -m docs.reference` from the program itself; a test holds it to that."


def commands() -> str:
    """Return the help of every command as a page."""
    program = typer.main.get_command(app)
    parts = ["# Commands", _MADE, f"```text\n{_help(program, [])}\n```"]
    for path in _paths(program, []):
        parts += [f"## surveycli {' '.join(path)}", f"```text\n{_help(program, path)}\n```"]
    return "\n\n".join(parts) + "\n"


def schema() -> str:
    """Return the tables, views and macros of a new store as a page, with what each column holds."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "new.duckdb", create=True) as store:
        columns, macros = store.query(_COLUMNS).to_dicts(), store.query(_MACROS).to_dicts()
    parts = ["# Schema", f"{_MADE} `surveycli sql --schema` prints that of your store, with its respondents' tables."]
    for table, rows in groupby(columns, key=itemgetter("table_name", "is_view", "grain")):
        name, is_view, grain = table
        listed = [f"| `{row['column_name']}` | {row['data_type']} | {row['comment'] or ''} |" for row in rows]
        table_of_columns = "\n".join(["| column | type | holds |", "| --- | --- | --- |", *listed])
        parts += [f"## {name}{' (view)' if is_view else ''}", str(grain), table_of_columns]
    listed = [f"- `{row['name']}({', '.join(row['parameters'])})`: {row['comment']}" for row in macros]
    return "\n\n".join([*parts, "## Macros", "\n".join(listed)]) + "\n"


_COLUMNS = """
    SELECT c.table_name, v.view_name IS NOT NULL AS is_view, coalesce(t.comment, v.comment) AS grain,
        c.column_name, lower(c.data_type) AS data_type, c.comment
    FROM duckdb_columns() AS c
    LEFT JOIN duckdb_tables() AS t USING (schema_name, table_name)
    LEFT JOIN duckdb_views() AS v ON v.schema_name = c.schema_name AND v.view_name = c.table_name
    WHERE NOT c.internal AND c.schema_name = 'main'
    ORDER BY is_view, c.table_name, c.column_index
"""
_MACROS = """
    SELECT function_name AS name, parameters, comment FROM duckdb_functions()
    WHERE NOT internal AND schema_name = 'main' AND function_type LIKE '%macro%' ORDER BY name
"""


def _paths(group: Any, above: list[str]) -> Iterator[list[str]]:
    for name, command in group.commands.items():
        yield [*above, name]
        if hasattr(command, "commands"):
            yield from _paths(command, [*above, name])


def _help(program: Any, path: list[str]) -> str:
    with patch.dict(os.environ, {"COLUMNS": _WIDTH, "NO_COLOR": "1"}), redirect_stdout(StringIO()) as printed:
        program.main([*path, "--help"], prog_name="surveycli", standalone_mode=False)
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def main() -> None:
    """Write both pages."""
    for name, make in (("commands.md", commands), ("schema.md", schema)):
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
