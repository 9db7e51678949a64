"""The tables of a run folder: questions, populations, cells, and the sentences that prompts are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from surveycli.domain import Cell, CellKey, Option, Population, Question, Scale
from surveycli.errors import bad_input
from surveycli.prompt import PromptFrame, parse_frame, plain_frame
from surveycli.run_folder.folder import RunFolder, replacing, unwritable
from surveycli.run_folder.manifest import Manifest, read_manifest, sha256_of, write_manifest
from surveycli.run_folder.reading import damaged, read_batches, read_json
from surveycli.untrusted.text import shown

_SUM_TOLERANCE = 1e-3  # published shares are rounded


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The tables of a run folder."""

    questions: tuple[Question, ...]
    populations: tuple[Population, ...]
    cells: tuple[Cell, ...]
    frames: tuple[PromptFrame, ...] = ()


def write_contents(folder: RunFolder, manifest: Manifest, contents: FolderContents) -> Manifest:
    """Write tables first and the manifest last, so that a folder with a manifest is whole. Return the manifest."""
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder.path, error) from error
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
    sealed = replace(manifest, cells_sha256=sha256_of(folder.cells))
    write_manifest(folder, sealed)
    return sealed


def read_contents(folder: RunFolder) -> FolderContents:
    """Return the tables.

    Raises SurveyError (exit 3) where one is damaged, or the cells are not those the manifest was written for.
    """
    manifest = read_manifest(folder)
    for path in (folder.questions, folder.populations, folder.cells):
        if not path.is_file():
            raise damaged(path, "it is missing")
    if sha256_of(folder.cells) != manifest.cells_sha256:
        raise bad_input(f"{folder.cells} has changed since the run was prepared.", "Prepare the run anew.")
    questions = tuple(_question(folder, row) for row in _rows(folder.questions, _QUESTION))
    populations = tuple(Population(**row) for row in _rows(folder.populations, _POPULATION))
    n_options = {(q.survey_id, q.item_id, q.language): len(q.options) for q in questions}
    cells = tuple(_cell(folder, row, n_options) for row in _rows(folder.cells, _CELL))
    return FolderContents(questions, populations, cells, _read_frames(folder))


def read_cell_keys(folder: RunFolder) -> Iterator[pa.RecordBatch]:
    """Yield survey, item, population and language of the folder's cells in batches; a cell of two parts comes twice."""
    for batch in read_batches(folder.cells, _CELL, _MAY_BE_NULL, _LATER):
        yield batch.select(["survey_id", "item_id", "population_id", "language"])


def _rows(path: Path, schema: pa.Schema) -> Iterator[dict[str, Any]]:
    for batch in read_batches(path, schema, _MAY_BE_NULL, _LATER):
        yield from batch.to_pylist()


def _read_frames(folder: RunFolder) -> tuple[PromptFrame, ...]:
    """Return the prompt sentences; none in a folder that was made when the package's were the only ones."""
    if not folder.prompts.is_file():
        return ()
    frames = read_json(folder.prompts)
    return tuple(parse_frame(frame, f"{folder.prompts}, {language}") for language, frame in frames.items())


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
        ("battery", pa.string()),
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
        ("n_effective", pa.float64()),
    ]
)
_MAY_BE_NULL = frozenset({"shares", "n_respondents", "n_effective"})
_LATER = frozenset({"battery", "n_effective"})  # folders of 0.1.0 do not say it


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
            "battery": q.battery,
        }
        for q in questions
    ]
    return pa.Table.from_pylist(rows, schema=_QUESTION)


def _question(folder: RunFolder, row: dict[str, Any]) -> Question:
    codes, labels, scale = row["option_code"], row["option_label"], row["scale"]
    if scale not in set(Scale):
        raise damaged(folder.questions, f"item {row['item_id']!r} has the scale {scale!r}")
    if not codes or len(codes) != len(labels) or codes != sorted(set(codes)):
        raise damaged(folder.questions, f"item {row['item_id']!r} has the options {shown(codes)}, {shown(labels)}")
    options = tuple(Option(code, label) for code, label in zip(codes, labels, strict=True))
    texts = (row["survey_id"], row["item_id"], row["language"], row["wording"])
    return Question(*texts, options, Scale(scale), row.get("battery", ""))


def _cells_table(cells: tuple[Cell, ...]) -> pa.Table:
    columns = {
        "survey_id": [c.key.survey_id for c in cells],
        "item_id": [c.key.item_id for c in cells],
        "population_id": [c.key.population_id for c in cells],
        "part": [c.part for c in cells],
        "language": [c.language for c in cells],
        "shares": [None if c.shares is None else list(c.shares) for c in cells],
        "n_respondents": [c.n_respondents for c in cells],
        "n_effective": [c.n_effective for c in cells],
    }
    return pa.table(columns, schema=_CELL)


def _cell(folder: RunFolder, row: dict[str, Any], n_options: dict[tuple[str, str, str], int]) -> Cell:
    key = CellKey(row["survey_id"], row["item_id"], row["population_id"])
    shares = None if row["shares"] is None else tuple(row["shares"])
    wanted = n_options.get((key.survey_id, key.item_id, row["language"]))
    if shares is not None and not _is_distribution(shares, wanted):
        raise damaged(folder.cells, f"the shares of {key.item_id}, {key.population_id} are {shown(shares)}")
    return Cell(key, row["part"], row["language"], shares, row["n_respondents"], row.get("n_effective"))


def _is_distribution(shares: tuple[float, ...], n_options: int | None) -> bool:
    return (
        n_options in (None, len(shares))
        and all(0 <= share <= 1 for share in shares)
        and math.isclose(math.fsum(shares), 1, abs_tol=_SUM_TOLERANCE)
    )
