"""Run folders that were edited by hand: an error that names the file (exit 3), or a right result; never a traceback.

Files are taken apart, one thing in them is changed, and they are written again, so that the damage reaches the code
behind the parsers; cells that are changed have their hash in the manifest set right.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from model_samples import make_contents

from surveycli.configuration import FinetuneConfig, PredictConfig
from surveycli.domain import CellKey
from surveycli.errors import ExitCode, SurveyError
from surveycli.plain import to_plain
from surveycli.prediction.asked import asked_of
from surveycli.prompt import load_frame
from surveycli.run_folder import (
    Manifest,
    PredictedCell,
    PredictionFailure,
    RunFolder,
    TrainingMetric,
    TrainingOutcome,
    append_failures,
    append_metric,
    read_configuration,
    read_contents,
    read_failures,
    read_manifest,
    read_metrics,
    read_outcome,
    read_predictions,
    write_contents,
    write_outcome,
    write_prediction_shard,
)
from surveycli.run_folder.kept_weights import best_weights
from surveycli.run_folder.manifest import sha256_of
from surveycli.run_folder.shards import Basis, drop_cells, read_basis, read_there, write_basis

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 7, 10**30, -(10**400), 0.5, -0.5, 1e308, "", "x", "x" * 5000, "\x1b[31m", "../..", [], [None],
    {}, {"a": 1}, [[[[]]]], "12", "NaN", 2.5, [1, "a"], ["en"], "en", 1 << 62,
)  # fmt: skip
TEXTS = ("", "q0", "p1", "s", "other", "\x00", "\x1b[2J", "x" * 3000, "é", "train", "ordinal", "en")


def make_folder(path: Path, kind: str) -> RunFolder:
    """Write a run folder in which every kind of file is there."""
    folder = RunFolder(path)
    config = FinetuneConfig("made-up") if kind == "finetune" else PredictConfig("made-up", temperature=None)
    contents = make_contents(2, 3)
    contents = type(contents)(contents.questions, contents.populations, contents.cells, (load_frame("en"),))
    write_contents(folder, Manifest("run", kind, to_plain(config), {"torch": "2"}), contents)
    for step in (1, 2):
        append_metric(folder, TrainingMetric(1, step, {"train_loss": 0.5, "learning_rate": 1e-4}))
    write_outcome(folder, TrainingOutcome(1, 0.5, 2, 8, 0, 1.0, 2.0, "abc"))
    (folder.weights / "epoch-001").mkdir(parents=True)
    (folder.weights / "best.json").write_text(json.dumps({"folder": "epoch-001"}))
    write_basis(folder, Basis("0" * 16, 1.5))
    first = contents.cells[0]
    told = [PredictedCell(c.key, "en", c.shares or (), 0.1, "first-token", "f" * 16) for c in contents.cells[1:]]
    write_prediction_shard(folder, told)
    append_failures(folder, [PredictionFailure(CellKey(*vars_of(first)), "en", "no JSON", "I think", "f" * 16)])
    return folder


def vars_of(cell: Any) -> tuple[str, str, str]:
    return cell.key.survey_id, cell.key.item_id, cell.key.population_id


def read_all(folder: RunFolder) -> None:
    """Read whatever a training, a prediction or the store reads of a folder, and use it."""
    kind = FinetuneConfig if read_manifest(folder).kind == "finetune" else PredictConfig
    read_configuration(folder, kind)
    contents = read_contents(folder)
    asked_of(contents)
    json.dumps([[m.epoch, m.step, dict(m.values)] for m in read_metrics(folder)])
    read_outcome(folder)
    best_weights(folder.weights)
    read_basis(folder)
    read_failures(folder)
    for cell in read_predictions(folder):
        assert abs(sum(cell.probabilities) - 1) <= 1e-6
        assert cell.outside_mass is None or 0 <= cell.outside_mass <= 1
    drop_cells(folder, set(list(read_there(folder))[:1]))


# --- damage -----------------------------------------------------------------------------------------------------------


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places_in(part, (*path, key)))]


def mutate_value(value: Any, random: np.random.Generator) -> Any:
    """Change one thing in a JSON value: replace, drop, rename, double or nest it."""
    places = places_in(value)
    place = places[random.integers(len(places))]
    if not place:
        return ODD[random.integers(len(ODD))] if random.random() < 0.3 else value
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    odd = ODD[random.integers(len(ODD))]
    match random.integers(5):
        case 0:
            holder[place[-1]] = odd
        case 1:
            del holder[place[-1]]
        case 2 if isinstance(holder, dict):
            holder[f"{place[-1]}x"] = holder.pop(place[-1])
        case 3 if isinstance(holder, list):
            holder.append(odd)
        case _:
            holder[place[-1]] = [holder[place[-1]]] if random.random() < 0.5 else {"x": holder[place[-1]]}
    return value


def mutate_text(text: bytes, random: np.random.Generator) -> bytes:
    """Change a file's bytes: cut it short, change one, or put something in."""
    if not text:
        return b"\xff"
    at = int(random.integers(len(text)))
    odd = (b"", b"\xff", b"\\ud800", b"NaN", b"[" * 3000, b"1" * 6000, b'"', b"\n", b"\x00")[random.integers(9)]
    return text[:at] + odd + text[at + int(random.integers(3)) :] if odd else text[:at]


def mutate_json(path: Path, random: np.random.Generator) -> None:
    if random.random() < 0.25:
        path.write_bytes(mutate_text(path.read_bytes(), random))
        return
    path.write_text(json.dumps(mutate_value(json.loads(path.read_text()), random)))


def mutate_lines(path: Path, random: np.random.Generator) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    at = int(random.integers(len(lines)))
    if random.random() < 0.3:
        lines[at] = mutate_text(lines[at], random)
    else:
        lines[at] = json.dumps(mutate_value(json.loads(lines[at]), random)).encode() + b"\n"
    path.write_bytes(b"".join(lines))


def mutate_list(values: list[Any], random: np.random.Generator) -> list[Any]:
    numbers = (-1.0, 2.0, float("nan"), float("inf"), 0.0, 1e308, None)
    match random.integers(4):
        case 0:
            return []
        case 1:
            return [*values, *values]
        case 2:
            return values[:-1]
        case _:
            at = int(random.integers(max(1, len(values))))
            return [numbers[random.integers(len(numbers))] if i == at else value for i, value in enumerate(values)]


def odd_cell(value: Any, kind: pa.DataType, random: np.random.Generator) -> Any:
    if pa.types.is_list(kind):
        if pa.types.is_floating(kind.value_type):
            return mutate_list(value or [0.5], random)
        return [[], value[:-1], [*value, *value], value[::-1]][random.integers(4)]
    if pa.types.is_string(kind):
        return TEXTS[random.integers(len(TEXTS))]
    if pa.types.is_floating(kind):
        return (-1.0, 2.0, float("nan"), float("inf"), None)[random.integers(5)]
    return (-1, 0, None, 1 << 40)[random.integers(4)]


def mutate_table(path: Path, random: np.random.Generator) -> None:
    """Change one thing in a Parquet file: its columns, their types, a value, its rows or its bytes."""
    table = pq.read_table(path)
    column = int(random.integers(table.num_columns))
    name, kind = table.schema.names[column], table.schema.types[column]
    match random.integers(8):
        case 0:
            table = table.drop_columns(name)
        case 1:
            table = table.rename_columns([f"{n}x" if n == name else n for n in table.column_names])
        case 2:
            others = (pa.large_string(), pa.int64(), pa.binary(), pa.list_(pa.string()), pa.null(), pa.bool_())
            other = others[random.integers(len(others))]
            table = table.set_column(column, name, pa.nulls(table.num_rows, other))
        case 3:
            table = table.append_column(name if random.random() < 0.5 else "extra", table.column(column))
        case 4:
            path.write_bytes(mutate_text(path.read_bytes(), random))
            return
        case 5:
            table = pa.concat_tables([table, table.slice(0, 1)]) if random.random() < 0.5 else table.slice(0, 0)
        case _:
            values = table.column(column).to_pylist()
            at = int(random.integers(len(values)))
            values[at] = odd_cell(values[at], kind, random) if random.random() < 0.85 else None
            table = table.set_column(column, name, pa.array(values, kind))
    pq.write_table(table, path)


def mutate_cells(path: Path, random: np.random.Generator) -> None:
    """Change the cells, and let the manifest say that they are so."""
    mutate_table(path, random)
    manifest = json.loads(RunFolder(path.parent).manifest.read_text())
    manifest["cells_sha256"] = sha256_of(path)
    RunFolder(path.parent).manifest.write_text(json.dumps(manifest))


DAMAGE: dict[str, Callable[[Path, np.random.Generator], None]] = {
    "manifest.json": mutate_json,
    "outcome.json": mutate_json,
    "prompts.json": mutate_json,
    "predictions/basis.json": mutate_json,
    "weights/best.json": mutate_json,
    "metrics.jsonl": mutate_lines,
    "predictions/failures.jsonl": mutate_lines,
    "questions.parquet": mutate_table,
    "populations.parquet": mutate_table,
    "cells.parquet": mutate_cells,
    "predictions/SHARD": mutate_table,
}


def damage(folder: RunFolder, seed: int) -> str:
    """Damage one file of a folder and return which."""
    random = np.random.default_rng(seed)
    name = list(DAMAGE)[seed % len(DAMAGE)]
    path = next(folder.predictions.glob("*.parquet")) if name.endswith("SHARD") else folder.path / name
    DAMAGE[name](path, random)
    return path.name


def survives(template: RunFolder, place: Path, seed: int) -> bool:
    """Damage a copy of a folder and read it; return whether anything was read. Anything but exit 3 or 4 raises."""
    shutil.rmtree(place, ignore_errors=True)
    folder = RunFolder(Path(shutil.copytree(template.path, place)))
    name = damage(folder, seed)
    try:
        read_all(folder)
    except SurveyError as error:
        assert error.code in (ExitCode.BAD_INPUT, ExitCode.NOT_FOUND), (seed, name, error)
        assert name in error.message or str(folder.path) in error.message, (seed, name, error.message)
        assert error.message.isprintable(), (seed, name, error.message)
        return False
    except Exception as error:
        raise AssertionError(f"seed {seed}, {name}: {type(error).__name__}: {error}") from error
    return True


def _read_damaged(tmp_path: Path, seeds: range) -> int:
    templates = [make_folder(tmp_path / kind, kind) for kind in ("finetune", "predict")]
    return sum(survives(templates[seed % 2], tmp_path / "copy", seed) for seed in seeds)


def test_damaged_folders_are_refused_by_file(tmp_path: Path) -> None:
    """Of 220 damaged folders each is refused with the file's name, or read right; both happen."""
    assert 10 < _read_damaged(tmp_path, range(220)) < 210


@pytest.mark.slow
def test_thousands_of_damaged_folders_are_refused_by_file(tmp_path: Path) -> None:
    """The same of 4,400 other ones."""
    assert 200 < _read_damaged(tmp_path, range(1000, 5400)) < 4200


def test_whole_folders_are_read(tmp_path: Path) -> None:
    """Without damage everything is read."""
    for kind in ("finetune", "predict"):
        read_all(make_folder(tmp_path / kind, kind))
