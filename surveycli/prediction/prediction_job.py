"""What every way of asking a model works with: it, its prompts, and the folder that answers go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from surveycli.configuration import PredictConfig
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import ExampleSource
from surveycli.engine.processes import Processes
from surveycli.run_folder import (
    RunFolder,
)


@dataclass(slots=True)
class PredictionJob:
    """All that a prediction works with."""

    config: PredictConfig
    model: Any
    source: ExampleSource
    tokens: OptionTokens
    folder: RunFolder
    processes: Processes
    temperature: float = 1.0
