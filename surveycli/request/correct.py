"""What a correction is asked for: a frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CorrectRequest:
    """Which run (or file of predictions of single people) is corrected with whose answers, and under which name.

    Exactly one of `run` and `predicted` is given. `n_more` asks where so many more answers are worth most. `survey_id`
    is needed where several surveys have an item of one id, `language` where the run predicted in several.
    """

    sample: Path
    run: str | None = None
    predicted: Path | None = None
    n_more: int | None = None
    survey_id: str | None = None
    language: str | None = None
    name: str | None = None
    seed: int = 1
