"""What every way of asking a model works with: it, its prompts, and the folder that answers go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from surveycli.configuration import PredictConfig
from surveycli.domain import CellKey
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import ExampleSource
from surveycli.engine.processes import Processes
from surveycli.prediction.reading import WayOfReading
from surveycli.run_folder import (
    PredictedCell,
    PredictionFailure,
    RunFolder,
    append_failures,
    write_prediction_shard,
)
from surveycli.run_folder.calibration import ModelTrust


@dataclass(slots=True)
class PredictionJob:
    """All that a prediction works with.

    `asked` has the fingerprint of each cell's texts, `basis` what predictions rest on beside the way of asking.
    """

    config: PredictConfig
    model: Any
    source: ExampleSource
    tokens: OptionTokens
    folder: RunFolder
    processes: Processes
    asked: Mapping[tuple[CellKey, str], str]
    temperature: float = 1.0
    calibration: ModelTrust | None = None
    reading: WayOfReading | None = None
    basis: str = ""

    def keep(self, outcomes: Sequence[PredictedCell | PredictionFailure]) -> None:
        """Write what came of some cells to the folder, with what they were asked by."""
        keep_outcomes(self.folder, self.asked, [self._named(outcome) for outcome in outcomes])

    def _named(self, outcome: PredictedCell | PredictionFailure) -> PredictedCell | PredictionFailure:
        if not self.basis or isinstance(outcome, PredictionFailure):
            return outcome
        return replace(outcome, basis=f"{outcome.basis}, {self.basis}")


def keep_outcomes(
    folder: RunFolder, asked: Mapping[tuple[CellKey, str], str], outcomes: Sequence[PredictedCell | PredictionFailure]
) -> None:
    """Write what came of some cells to a folder; `asked` has the fingerprint of each cell's texts."""
    told = [replace(outcome, asked=asked[outcome.key, outcome.language]) for outcome in outcomes]
    write_prediction_shard(folder, [outcome for outcome in told if isinstance(outcome, PredictedCell)])
    append_failures(folder, [outcome for outcome in told if isinstance(outcome, PredictionFailure)])
