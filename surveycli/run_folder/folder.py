"""The places in a run folder, and how a file in it is replaced: by a whole one or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from surveycli.errors import SurveyError, bad_input


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The places in a run folder."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What to do."""
        return self.path / "manifest.json"

    @property
    def questions(self) -> Path:
        """Items with their options, by language."""
        return self.path / "questions.parquet"

    @property
    def populations(self) -> Path:
        """Populations, by language."""
        return self.path / "populations.parquet"

    @property
    def prompts(self) -> Path:
        """The sentences that prompts are made of, by language."""
        return self.path / "prompts.json"

    @property
    def cells(self) -> Path:
        """What to learn from and what to predict."""
        return self.path / "cells.parquet"

    @property
    def metrics(self) -> Path:
        """What training measured."""
        return self.path / "metrics.jsonl"

    @property
    def outcome(self) -> Path:
        """How training ended; not there before it has."""
        return self.path / "outcome.json"

    @property
    def calibration(self) -> Path:
        """How much of what the trained model says is to be believed; not there where nobody asked for it."""
        return self.path / "calibration.json"

    @property
    def checkpoint(self) -> Path:
        """Where training goes on after an interruption."""
        return self.path / "checkpoint"

    @property
    def weights(self) -> Path:
        """The best weights: a peft adapter, or a whole model where all of it was trained."""
        return self.path / "weights"

    @property
    def predictions(self) -> Path:
        """Predicted cells, in shards."""
        return self.path / "predictions"

    @property
    def failures(self) -> Path:
        """Cells that were asked and gave no prediction."""
        return self.predictions / "failures.jsonl"

    @property
    def own_predictions(self) -> RunFolder:
        """Beside a training's folder, the one that its own predictions are computed in."""
        return RunFolder(self.path.with_name(f"{self.path.name}.predict"))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to, and rename it to `target` only when the block has succeeded.

    What was written is on the disk before it bears its name, so that a power cut leaves the old file or the new one.
    Raises SurveyError (exit 3) where the disk is full or the folder may not be written to.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        aside.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> SurveyError:
    """Return the error for a file of a run folder that cannot be written (exit 3)."""
    return bad_input(
        f"Cannot write {path}: {error.strerror or error}.",
        "What was finished before is kept. Make room, or make the folder writable, and type the same command again.",
    )
