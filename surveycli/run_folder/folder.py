"""Paths, manifest, cells and metrics of a run folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from surveycli.domain import Cell, CellKey, Option, Population, Question, Scale
from surveycli.errors import bad_input, not_found
from surveycli.prompt import PromptFrame, parse_frame, plain_frame

FORMAT = 1


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


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run folder is for. `configuration` is the whole configuration as plain values."""

    run_id: str
    kind: str
    configuration: Mapping[str, Any]
    versions: Mapping[str, str]
    cells_sha256: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The tables of a run folder."""

    questions: tuple[Question, ...]
    populations: tuple[Population, ...]
    cells: tuple[Cell, ...]
    frames: tuple[PromptFrame, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingMetric:
    """What was measured at one step."""

    epoch: int
    step: int
    values: Mapping[str, float] = field(default_factory=dict)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to, and rename it to `target` only when the block has succeeded.

    What was written is on the disk before it bears its name, so that a power cut leaves the old file or the new one.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def write_contents(folder: RunFolder, manifest: Manifest, contents: FolderContents) -> Manifest:
    """Write tables first and the manifest last, so that a folder with a manifest is whole. Return the manifest."""
    folder.path.mkdir(parents=True, exist_ok=True)
    for path, table in (
        (folder.questions, _questions_table(contents.questions)),
        (folder.populations, pa.Table.from_pylist([asdict(p) for p in contents.populations], schema=_POPULATION)),
        (folder.cells, _cells_table(contents.cells)),
    ):
        with replacing(path) as aside:
            pq.write_table(table, aside, compression="zstd")
    with replacing(folder.prompts) as aside:
        frames = {frame.language: plain_frame(frame) for frame in contents.frames}
        aside.write_text(json.dumps(frames, indent=2, ensure_ascii=False), encoding="utf-8")
    sealed = Manifest(**{**asdict(manifest), "cells_sha256": _sha256(folder.cells)})
    with replacing(folder.manifest) as aside:
        aside.write_text(json.dumps(asdict(sealed), indent=2, ensure_ascii=False), encoding="utf-8")
    return sealed


def read_manifest(folder: RunFolder) -> Manifest:
    """Return the manifest. Raises SurveyError: exit 4 where there is none, 3 where it is another format's."""
    if not folder.manifest.is_file():
        raise not_found(
            f"{folder.path} is no run folder: it has no manifest.json.",
            "`surveycli runs` lists runs and their folders.",
        )
    fields = json.loads(folder.manifest.read_text(encoding="utf-8"))
    if fields.get("format") != FORMAT:
        raise bad_input(f"{folder.manifest} has format {fields.get('format')}, this surveycli reads {FORMAT}.")
    return Manifest(**fields)


def read_contents(folder: RunFolder) -> FolderContents:
    """Return the tables. Raises SurveyError (exit 3) where the cells are not those the manifest was written for."""
    manifest = read_manifest(folder)
    if _sha256(folder.cells) != manifest.cells_sha256:
        raise bad_input(f"{folder.cells} has changed since the run was prepared.", "Prepare the run anew.")
    questions = tuple(_question(row) for row in pq.read_table(folder.questions).to_pylist())
    populations = tuple(Population(**row) for row in pq.read_table(folder.populations).to_pylist())
    cells = tuple(_cell(row) for row in pq.read_table(folder.cells).to_pylist())
    return FolderContents(questions, populations, cells, _read_frames(folder))


def _read_frames(folder: RunFolder) -> tuple[PromptFrame, ...]:
    """Return the prompt sentences; none in a folder that was made when the package's were the only ones."""
    if not folder.prompts.is_file():
        return ()
    frames = json.loads(folder.prompts.read_text(encoding="utf-8"))
    return tuple(parse_frame(frame, f"{folder.prompts}, {language}") for language, frame in frames.items())


def append_metric(folder: RunFolder, metric: TrainingMetric) -> None:
    """Add one line to the metrics, on a line of its own even after one that a kill cut short."""
    with folder.metrics.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(asdict(metric)).encode() + b"\n")


def read_metrics(folder: RunFolder) -> list[TrainingMetric]:
    """Return the measurements; of a step measured twice, before and after an interruption, the later one."""
    if not folder.metrics.is_file():
        return []
    newest: dict[tuple[int, int, tuple[str, ...]], TrainingMetric] = {}
    for line in folder.metrics.read_text(encoding="utf-8").splitlines():
        try:
            metric = TrainingMetric(**json.loads(line))
        except json.JSONDecodeError:
            continue  # the line that a kill cut short; its step is measured again on resume
        newest[metric.epoch, metric.step, tuple(sorted(metric.values))] = metric
    return sorted(newest.values(), key=lambda m: (m.step, m.epoch))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


_POPULATION = pa.schema(
    [(name, pa.string()) for name in ("population_id", "language", "name", "description", "context")]
)
_QUESTION = pa.schema(
    [
        ("survey_id", pa.string()),
        ("item_id", pa.string()),
        ("language", pa.string()),
        ("wording", pa.string()),
        ("scale", pa.string()),
        ("option_code", pa.list_(pa.int32())),
        ("option_label", pa.list_(pa.string())),
    ]
)
_CELL = pa.schema(
    [
        ("survey_id", pa.string()),
        ("item_id", pa.string()),
        ("population_id", pa.string()),
        ("part", pa.string()),
        ("language", pa.string()),
        ("shares", pa.list_(pa.float64())),
        ("n_respondents", pa.int64()),
    ]
)


def _questions_table(questions: tuple[Question, ...]) -> pa.Table:
    rows = [
        {
            "survey_id": q.survey_id,
            "item_id": q.item_id,
            "language": q.language,
            "wording": q.wording,
            "scale": q.scale.value,
            "option_code": list(q.codes),
            "option_label": [option.label for option in q.options],
        }
        for q in questions
    ]
    return pa.Table.from_pylist(rows, schema=_QUESTION)


def _question(row: dict[str, Any]) -> Question:
    options = tuple(Option(c, label) for c, label in zip(row["option_code"], row["option_label"], strict=True))
    return Question(row["survey_id"], row["item_id"], row["language"], row["wording"], options, Scale(row["scale"]))


def _cells_table(cells: tuple[Cell, ...]) -> pa.Table:
    columns = {
        "survey_id": [c.key.survey_id for c in cells],
        "item_id": [c.key.item_id for c in cells],
        "population_id": [c.key.population_id for c in cells],
        "part": [c.part for c in cells],
        "language": [c.language for c in cells],
        "shares": [None if c.shares is None else list(c.shares) for c in cells],
        "n_respondents": [c.n_respondents for c in cells],
    }
    return pa.table(columns, schema=_CELL)


def _cell(row: dict[str, Any]) -> Cell:
    key = CellKey(row["survey_id"], row["item_id"], row["population_id"])
    shares = None if row["shares"] is None else tuple(row["shares"])
    return Cell(key, row["part"], row["language"], shares, row["n_respondents"])
