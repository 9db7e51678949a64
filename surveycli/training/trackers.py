"""Send a training's curve to a tracker: those of accelerate, or a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from surveycli.configuration import FinetuneConfig, TrackerName
from surveycli.engine.defaults import choose_device
from surveycli.engine.foreign import foreign
from surveycli.engine.launch import demand_tracker
from surveycli.errors import SurveyError
from surveycli.plain import to_plain
from surveycli.progress import Progress
from surveycli.run_folder import RunFolder, TrainingMetric, append_metric

_PROJECT = "surveycli"


class Tracker(Protocol):
    """What accelerate's trackers do."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Take what was measured at a step."""

    def finish(self) -> None:
        """Send what is left, and close."""


class Curve:
    """Where a training's measurements go: always into its run folder, and to a tracker where one is asked for.

    A tracker that fails is given up, and told of: the training goes on.
    """

    def __init__(self, folder: RunFolder, tracker: Tracker | None, progress: Progress) -> None:
        self._folder, self._tracker, self._progress = folder, tracker, progress

    def add(self, metric: TrainingMetric) -> None:
        """Keep a measurement."""
        append_metric(self._folder, metric)
        if self._tracker is not None:
            self._try(lambda tracker: tracker.log({**metric.values, "epoch": float(metric.epoch)}, step=metric.step))

    def finish(self) -> None:
        """Close the tracker."""
        if self._tracker is not None:
            self._try(lambda tracker: tracker.finish())

    def _try(self, call: Any) -> None:
        try:
            with foreign("The tracker failed, and is given up"):
                call(self._tracker)
        except SurveyError as error:
            self._tracker = None
            self._progress("tracker", 0, 1, error.message, tell=True)


def start_tracker(folder: RunFolder, config: FinetuneConfig) -> Tracker | None:
    """Return the tracker that the configuration names, started. Raises SurveyError: exit 6 without its package, 3 where
    it does not start.
    """
    name, place = config.log_to, folder.path / "logs"
    if name is TrackerName.NONE:
        return None
    if name is TrackerName.CSV:
        return CsvTracker(folder.path / "curve.csv")
    demand_tracker(name)
    with foreign(f"{name.value} does not start"):
        from accelerate.state import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        PartialState(cpu=choose_device(config.model.device).type == "cpu")  # their own logging asks for it
        kind = LOGGER_TYPE_TO_CLASS[name.value]
        run = folder.path.name
        tracker: Any = kind("", place) if kind.requires_logging_directory else kind(_PROJECT, name=run)
        tracker.main_process_only = False  # it is started in the first process alone
        tracker.start()
        if not kind.requires_logging_directory:  # TensorBoard would make a second run of them
            tracker.store_init_configuration(dict(_flat(to_plain(config))))
    return tracker  # type: ignore[no-any-return]


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by dotted name, lists as text."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value if isinstance(value, (bool, int, float, str)) else str(value)


class CsvTracker:
    """A file with a row for each measurement: step, metric, value."""

    def __init__(self, path: Path) -> None:
        is_new = not path.is_file()
        self._file = path.open("a", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        if is_new:
            self._rows.writerow(("step", "metric", "value"))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add a row for each value."""
        self._rows.writerows((step, name, value) for name, value in values.items())
        self._file.flush()

    def finish(self) -> None:
        """Close the file."""
        self._file.close()
