"""The example of values in a query's header makes it run as it stands, on a store with the bundled survey."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.score import score_run
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import Store, open_store

SQL = Path(__file__).resolve().parents[2] / "sql"
PARAMETERISED = [
    path
    for path in sorted(SQL.rglob("*.sql"))
    if path.parent.name not in {"schema", "check", "examples"}
    and re.search(r"^[^-\n].*\$[a-z]", path.read_text("utf-8"), re.M)
]


@pytest.fixture(scope="module")
def store(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The bundled survey with a split and two scored runs, as the examples name them."""
    path = tmp_path_factory.mktemp("examples") / "survey.duckdb"
    path.write_bytes(_bundled_file.read_bytes())
    with open_store(path, write=True) as opened:
        make_split(opened, Recipe.UNSEEN_QUESTIONS, SplitOptions())
        for predictor in ("item-mean", "uniform"):
            run = predict_baseline(opened, predictor, BaselineOptions("unseen-questions", parts=("validation",)))
            score_run(opened, run)
        yield opened


def example_of(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of a header's example by parameter, and the queries of its frames by name, as written."""
    header = re.match(r"(?:--.*\n)+", path.read_text("utf-8"))
    assert header is not None
    lines = header[0].splitlines()
    start = next((place for place, line in enumerate(lines) if line.startswith("-- Example: ")), len(lines))
    text = "\n".join(line.removeprefix("--").strip() for line in lines[start:]).replace("\nExample: ", "\0")
    parts = [" ".join(part.split()) for part in text.removeprefix("Example: ").split("\0")]
    values = dict(re.findall(r"\$([a-z_0-9]+) = (.*?)(?=, \$|$)", parts[0])) if parts[0].startswith("$") else {}
    return values, dict(part.split(" AS ", 1) for part in parts if not part.startswith("$") and part)


@pytest.mark.parametrize("path", PARAMETERISED, ids=lambda path: str(path.relative_to(SQL)))
def test_the_example_in_the_header_runs(store: Store, path: Path) -> None:
    """With the example's values in the place of its parameters, every statement runs; nothing is kept."""
    values, frames = example_of(path)
    body = re.sub(r"\$([a-z_0-9]+)", lambda name: values[name[1]], re.sub("--.*", "", path.read_text("utf-8")))
    with pytest.raises(RollBackError), store.transaction():
        for name, query in frames.items():
            store.query(f"CREATE TEMP TABLE {name} AS {query}")
        store.query(body)
        raise RollBackError


class RollBackError(Exception):
    """Undoes what an example wrote."""
