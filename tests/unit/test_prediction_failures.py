"""Failures in a run folder: written, read back, and not lost to an interruption."""

from __future__ import annotations

from pathlib import Path

from surveycli.domain import CellKey
from surveycli.run_folder import PredictionFailure, RunFolder, append_failures, read_failures
from surveycli.run_folder.shards import demand_basis, drop_cells

ONE = PredictionFailure(CellKey("s", "Q1", "KEN"), "en", "no JSON object", "I would rather not say")
OTHER = PredictionFailure(CellKey("s", "Q1", "PER"), "zh", "a number is negative", '{"A": -1}，就这样')


def test_failures_come_back_as_they_went(tmp_path: Path) -> None:
    """What is appended in two goes is read as one list, each cell once, the later reason of two."""
    folder = RunFolder(tmp_path)
    assert read_failures(folder) == []
    append_failures(folder, [ONE])
    append_failures(folder, [])
    append_failures(folder, [OTHER, PredictionFailure(ONE.key, "en", "numbers sum to zero", "{}")])
    assert [f.reason for f in read_failures(folder)] == ["numbers sum to zero", "a number is negative"]
    assert read_failures(folder)[1] == OTHER


def test_a_line_cut_short_hides_nothing_but_itself(tmp_path: Path) -> None:
    """A line that a kill cut within a character is skipped, and what is appended after it is read."""
    folder = RunFolder(tmp_path)
    append_failures(folder, [OTHER])
    whole = folder.failures.read_bytes()
    folder.failures.write_bytes(whole[: whole.index("就".encode()) + 1])
    assert read_failures(folder) == []
    append_failures(folder, [ONE])
    assert read_failures(folder) == [ONE]


def test_failures_stay_until_their_cells_are_asked_anew(tmp_path: Path) -> None:
    """Of two failures the one goes whose cell is to be asked again."""
    folder = RunFolder(tmp_path)
    demand_basis(folder, "one")
    append_failures(folder, [ONE, OTHER])
    drop_cells(folder, {(ONE.key, ONE.language)})
    assert read_failures(folder) == [OTHER]
