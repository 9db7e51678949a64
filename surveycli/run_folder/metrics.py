"""What a training measures: one JSON line per measurement."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from surveycli.errors import bad_input
from surveycli.run_folder.folder import RunFolder, unwritable
from surveycli.run_folder.reading import field as read_field
from surveycli.run_folder.reading import read_json_lines


@dataclass(frozen=True, slots=True)
class TrainingMetric:
    """What was measured at one step."""

    epoch: int
    step: int
    values: Mapping[str, float] = field(default_factory=dict)


def append_metric(folder: RunFolder, metric: TrainingMetric) -> None:
    """Add one line to the metrics."""
    append_lines(folder.metrics, [asdict(metric)])


def append_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add a JSON line per row, beginning on a line of its own even after one that a kill cut short."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    try:
        with path.open("ab+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(lines)
    except OSError as error:
        raise unwritable(path, error) from error


def read_metrics(folder: RunFolder) -> list[TrainingMetric]:
    """Return the measurements; of a step measured twice, before and after an interruption, the later one.

    Raises SurveyError (exit 3) for a line that is not a measurement.
    """
    if not folder.metrics.is_file():
        return []
    newest: dict[tuple[int, int, tuple[str, ...]], TrainingMetric] = {}
    for place, row in read_json_lines(folder.metrics):
        metric = _metric(place, row)
        newest[metric.epoch, metric.step, tuple(sorted(metric.values))] = metric
    return sorted(newest.values(), key=lambda m: (m.step, m.epoch))


def _metric(place: str, row: dict[str, Any]) -> TrainingMetric:
    epoch, step = (read_field(place, row, name, int) for name in ("epoch", "step"))
    values = read_field(place, row, "values", dict)
    for name in values:
        value = read_field(place, values, name, (int, float))
        if not math.isfinite(value):
            raise bad_input(f"{place}: {name} is {value}.")
    if not (0 <= epoch < 1 << 31 and 0 <= step < 1 << 63):
        raise bad_input(f"{place}: epoch {epoch} and step {step} are out of range.")
    return TrainingMetric(epoch, step, {name: float(value) for name, value in values.items()})
