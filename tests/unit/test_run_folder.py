"""What lies in a run folder, read back as it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from model_samples import make_contents

from surveycli.domain import CellKey
from surveycli.errors import ExitCode, SurveyError
from surveycli.run_folder import (
    Manifest,
    PredictedCell,
    RunFolder,
    TrainingMetric,
    append_metric,
    read_contents,
    read_manifest,
    read_metrics,
    read_predictions,
    write_contents,
    write_prediction_shard,
)
from surveycli.run_folder.folder import replacing
from surveycli.run_folder.shards import demand_basis

MANIFEST = Manifest("r", "finetune", {"split": "s"}, {"torch": "2"})
CELL = PredictedCell(CellKey("s", "q", "p"), "en", (0.25, 0.75), 0.1, "first-token")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run folder with contents."""
    folder = RunFolder(tmp_path / "run")
    write_contents(folder, MANIFEST, make_contents(3, 4))
    return folder


def test_contents_come_back(folder: RunFolder) -> None:
    """Questions, populations, cells and manifest are read as they were written."""
    assert read_contents(folder) == make_contents(3, 4)
    assert replace(read_manifest(folder), cells_sha256="") == MANIFEST


def test_changed_cells_are_refused(folder: RunFolder) -> None:
    """Cells that are not those of the manifest are an error (exit 3)."""
    folder.cells.write_bytes(folder.cells.read_bytes() + b" ")
    with pytest.raises(SurveyError) as error:
        read_contents(folder)
    assert error.value.code == ExitCode.BAD_INPUT


def test_a_folder_without_manifest_or_of_another_format_is_refused(folder: RunFolder) -> None:
    """No manifest is exit 4, a manifest of another format exit 3."""
    with pytest.raises(SurveyError) as missing:
        read_manifest(RunFolder(folder.path / "nowhere"))
    assert missing.value.code == ExitCode.NOT_FOUND
    folder.manifest.write_text(json.dumps({"format": 99}))
    with pytest.raises(SurveyError, match="99") as other:
        read_manifest(folder)
    assert other.value.code == ExitCode.BAD_INPUT


def test_a_step_measured_twice_counts_once(folder: RunFolder) -> None:
    """Of the same step measured before and after an interruption the later value counts, in step order."""
    for step, value in ((2, 0.5), (1, 0.9), (2, 0.4)):
        append_metric(folder, TrainingMetric(1, step, {"train_loss": value}))
    assert [(m.step, m.values["train_loss"]) for m in read_metrics(folder)] == [(1, 0.9), (2, 0.4)]


def test_a_line_cut_short_by_a_kill_takes_no_other_with_it(folder: RunFolder) -> None:
    """What is appended after half a line is on a line of its own, and only the half line is lost."""
    append_metric(folder, TrainingMetric(1, 1, {"train_loss": 1.0}))
    with folder.metrics.open("a") as file:
        file.write('{"epoch": 1, "st')
    append_metric(folder, TrainingMetric(1, 2, {"train_loss": 0.5}))
    assert [m.step for m in read_metrics(folder)] == [1, 2]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A file is replaced only by a whole one, and nothing is left beside it."""
    target = tmp_path / "file"
    target.write_text("old")

    def write_half() -> None:
        with replacing(target) as aside:
            aside.write_text("ne")
            raise KeyError("broken off")

    with pytest.raises(KeyError):
        write_half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_shards_come_back_and_belong_to_what_they_follow_from(folder: RunFolder) -> None:
    """Shards stay whatever comes: another model's are refused (exit 5) and take nothing away."""
    demand_basis(folder, "one")
    write_prediction_shard(folder, [CELL])
    demand_basis(folder, "one")
    with pytest.raises(SurveyError) as error:
        demand_basis(folder, "two")
    assert error.value.code == ExitCode.CONFLICT
    assert read_predictions(folder) == [CELL]
