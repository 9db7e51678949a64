"""Cells that were asked and gave no prediction, and why: kept beside the shards, so that resume knows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from surveycli.domain import CellKey
from surveycli.run_folder.folder import RunFolder, replacing
from surveycli.run_folder.metrics import append_lines
from surveycli.run_folder.reading import field, read_json_lines


@dataclass(frozen=True, slots=True)
class PredictionFailure:
    """A cell without a prediction: why, the beginning of what the model replied, and a fingerprint of what was asked.

    `asked` is "" where it is not known.
    """

    key: CellKey
    language: str
    reason: str
    reply: str
    asked: str = ""


def append_failures(folder: RunFolder, failures: Sequence[PredictionFailure]) -> None:
    """Add a line per failure to failures.jsonl."""
    if failures:
        folder.predictions.mkdir(parents=True, exist_ok=True)
        append_lines(folder.failures, [_row(failure) for failure in failures])


def write_failures(folder: RunFolder, failures: Sequence[PredictionFailure]) -> None:
    """Write these failures, replacing those that are there."""
    with replacing(folder.failures) as aside:
        lines = [json.dumps(_row(failure), ensure_ascii=False) + "\n" for failure in failures]
        aside.write_text("".join(lines), encoding="utf-8")


def read_failures(folder: RunFolder) -> list[PredictionFailure]:
    """Return the failed cells, each once, as it failed last.

    A line that a kill cut short is skipped, and its cell asked again. Raises SurveyError (exit 3) for any other line
    that tells of no failure.
    """
    if not folder.failures.is_file():
        return []
    found = {}
    for place, row in read_json_lines(folder.failures):
        names = ("survey_id", "item_id", "population_id", "language", "reason", "reply")
        survey_id, item_id, population_id, language, reason, reply = (field(place, row, name, str) for name in names)
        asked = field(place, row, "asked", str) if "asked" in row else ""
        failure = PredictionFailure(CellKey(survey_id, item_id, population_id), language, reason, reply, asked)
        found[failure.key, failure.language] = failure
    return list(found.values())


def _row(failure: PredictionFailure) -> dict[str, Any]:
    return {
        **asdict(failure.key),
        "language": failure.language,
        "reason": failure.reason,
        "reply": failure.reply,
        "asked": failure.asked,
    }
