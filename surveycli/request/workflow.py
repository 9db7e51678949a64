"""A workflow as its file asks for it: the steps of a study in their order, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class StepKind(StrEnum):
    """What a step does."""

    INGEST = "ingest"
    SPLIT = "split"
    FINETUNE = "finetune"
    PREDICT = "predict"
    TABLE = "table"
    FIGURE = "figure"
    EXPORT = "export"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Step:
    """A step: what it does, the name of what it makes, the fields of its request as the file has them, and its line."""

    kind: StepKind
    name: str
    fields: Mapping[str, Any]
    line: int

    @property
    def title(self) -> str:
        """`split paper`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A file of steps, and the store that it names, if it does."""

    file: Path
    store: Path | None
    steps: tuple[Step, ...]

    def place(self, step: Step) -> str:
        """Return where a step stands, for messages."""
        return f"{self.file}, line {step.line}, {step.title}"


class StepState(StrEnum):
    """What is to be done about a step."""

    UNCHANGED = "unchanged"
    TO_DO = "to do"
    GOES_ON = "goes on"
    STANDS_IN_THE_WAY = "stands in the way"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with the fingerprint of all that it follows from, how it stands and why.

    `stands in the way`: what it would make is there already, and is not the step's own or follows from other inputs.
    """

    step: Step
    fingerprint: str
    state: StepState
    why: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowReport:
    """How a workflow ended: its steps as they were planned, all of which are done now."""

    store: Path
    steps: tuple[PlannedStep, ...]

    @property
    def n_done(self) -> int:
        """How many steps were carried out; the others were unchanged."""
        return sum(planned.state is not StepState.UNCHANGED for planned in self.steps)
