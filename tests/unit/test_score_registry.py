"""The tables of `score`: what each row of the registry says holds, and a new module is all that a new table takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import surveycli.score
from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.domain import Shares
from surveycli.grouping import By
from surveycli.score import score_run
from surveycli.score.table import Table, TableRequest, all_tables
from surveycli.split import make_split
from surveycli.store import Store, open_store

NEW = """
from surveycli.score.table import Table

def _count(store, request):
    import polars as pl
    return pl.DataFrame({"run_id": request.runs, "n_letters": [len(name) for name in request.runs]})

TABLES = (Table("letters", "How long names are.", _count, ("run_id", "n_letters"), takes=frozenset({"seed"})),)
"""


@pytest.fixture(scope="module")
def scored(_bundled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The bundled survey with two runs of one predictor on a part of the published split."""
    path = tmp_path_factory.mktemp("tables") / "s.duckdb"
    path.write_bytes(_bundled_file.read_bytes())
    with open_store(path, write=True) as store:
        make_split(store, "paper")
        for seed in (1, 2):
            options = BaselineOptions("paper", ("C2-Q1", "validation"), Shares.UNWEIGHTED, seed=seed)
            predict_baseline(store, "shuffled-group", options)
        yield store


@pytest.mark.parametrize("table", all_tables().values(), ids=lambda table: table.name)
def test_a_table_has_the_columns_that_its_row_names(scored: Store, table: Table) -> None:
    """Each table, made of two runs, has its columns, and its help is one line."""
    reports = tuple(score_run(scored, f"shuffled-group-{number}") for number in (1, 2))
    by = By.PART if By.PART in table.by else next(iter(table.by))
    frame = table.make(scored, TableRequest(reports=reports, by=by))
    assert set(table.columns) <= set(frame.columns)
    assert frame.height
    assert table.help.endswith(".")
    assert "\n" not in table.help


def test_every_table_takes_only_options_that_there_are(run_cli: Callable) -> None:
    """What rows say they take are options of the command, and help shows every table with its line."""
    help_text = " ".join(run_cli("score", "--help").out.replace("│", " ").split())
    for table in all_tables().values():
        assert table.flag in help_text
        assert not table.flag or table.help in help_text
        assert all(f"--{option.replace('_', '-')}" in help_text for option in table.takes)


def test_the_page_on_scores_lists_every_table() -> None:
    """Each row of docs/score.md is a table of the registry with its line, and all are there."""
    page = (Path(__file__).parents[2] / "docs" / "score.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(("| `--", "| none "))]
    assert rows == [f"| {f'`{t.flag}`' if t.flag else 'none'} | {t.help} |" for t in all_tables().values()]


def test_a_new_table_is_one_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: Callable, _bundled_file: Path, scored: Store
) -> None:
    """A module in the room gives the option, its help, its refusals and its table."""
    (tmp_path / "letters.py").write_text(NEW)
    monkeypatch.setattr(surveycli.score, "__path__", [*surveycli.score.__path__, str(tmp_path)])
    assert "How long names are." in run_cli("score", "--help").out
    assert run_cli("score", "--letters", "--by", "item", "--store", tmp_path / "no.duckdb").code == 2
    scored.close()
    outcome = run_cli("score", "shuffled-group-1", "--letters", "-f", "csv", "--store", scored.path)
    assert outcome.out == "run_id,n_letters\nshuffled-group-1,16\n"


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        (("--paper", "--by", "item"), "--by"),
        (("--seeds", "--clusters", "item"), "--clusters"),
        (("--published", "x"), "--paper"),
        (("--ceiling", "--paper"), "--paper is not an option"),
        (("--audit",), "needs a run"),
        (("--diversity", "-m", "kl_nats"), "--metric"),
        (("--calibration", "--seed", "3"), "--seed"),
        (("--ceiling", "-m", "kl_nats", "-m", "brier"), "one --metric"),
    ],
)
def test_an_option_that_a_table_does_not_take_is_refused(
    run_cli: Callable, tmp_path: Path, typed: tuple[str, ...], word: str
) -> None:
    """Exit 2 names the option or who takes it, before the store is opened."""
    outcome = run_cli("score", *typed, "--store", tmp_path / "absent.duckdb")
    assert outcome.code == 2
    assert word in outcome.err
