"""Predictions of a run folder: written shard by shard, so that an interrupted job goes on where it stopped.

Shards are only ever added to. Each cell keeps a fingerprint of the texts that it was predicted from (`asked`), and the
folder one of the model (predictions/basis.json): a cell whose texts have changed is predicted anew, and predictions of
two models never mix.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from surveycli.domain import CellKey
from surveycli.errors import conflict
from surveycli.run_folder.failures import read_failures, write_failures
from surveycli.run_folder.folder import RunFolder, replacing, unwritable
from surveycli.run_folder.reading import damaged, field, read_batches, read_json
from surveycli.untrusted.text import shown

SCHEMA = pa.schema(
    [
        ("survey_id", pa.string()),
        ("item_id", pa.string()),
        ("population_id", pa.string()),
        ("language", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
        ("outside_mass", pa.float64()),
        ("basis", pa.string()),
        ("asked", pa.string()),
        ("least", pa.list_(pa.float64())),
        ("most", pa.list_(pa.float64())),
    ]
)
_LATER = frozenset({"asked", "least", "most"})  # what earlier versions did not write
_MAY_BE_NULL = _LATER | {"outside_mass"}
_SUM_TOLERANCE = 1e-6
_FORMAT = 2  # of basis.json; 0.1.0 had no number there, and one fingerprint of model and texts together

Asked = Mapping[tuple[CellKey, str], str]


@dataclass(frozen=True, slots=True)
class PredictedCell:
    """One predicted distribution: probabilities in option-code order, and the mass outside the option letters.

    `asked` is the fingerprint of the texts that it was predicted from; "" where it is not known. Where not all of a
    model's probabilities were seen, each share lies between `least` and `most`; else these are None.
    """

    key: CellKey
    language: str
    probabilities: tuple[float, ...]
    outside_mass: float | None
    basis: str
    asked: str = ""
    least: tuple[float, ...] | None = None
    most: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What all predictions of a folder follow from: a fingerprint of model and way of asking, and the temperature.

    `precision` is the number format that the model is held in, "" where it is not known.
    `temperature` and `reading` (plain values) are None until one is chosen: cells that are added later have the same.
    """

    fingerprint: str
    temperature: float | None = None
    reading: Mapping[str, Any] | None = None
    precision: str = ""


def read_basis(folder: RunFolder) -> Basis | None:
    """Return what the predictions follow from; None where there are none yet, or an older surveycli made them."""
    path = _basis_path(folder)
    if not path.is_file():
        return None
    found = read_json(path)
    fingerprint = field(path, found, "basis", str)
    if "format" not in found:
        return None
    if found["format"] != _FORMAT:
        raise damaged(path, f"it has format {found['format']}, this surveycli reads {_FORMAT}")
    temperature = field(path, found, "temperature", (float, int, type(None)))
    if temperature is not None and not 0 < temperature < math.inf:
        raise damaged(path, f"expected a temperature above 0, found {temperature}")
    reading = field(path, found, "reading", dict) if "reading" in found else None
    precision = field(path, found, "precision", str) if "precision" in found else ""
    return Basis(fingerprint, temperature, reading, precision)


def write_basis(folder: RunFolder, basis: Basis) -> None:
    """Write what the predictions follow from."""
    _make(folder.predictions)
    values = {"format": _FORMAT, "basis": basis.fingerprint, "temperature": basis.temperature}
    values |= {} if basis.reading is None else {"reading": dict(basis.reading)}
    values |= {"precision": basis.precision} if basis.precision else {}
    with replacing(_basis_path(folder)) as aside:
        aside.write_text(json.dumps(values), encoding="utf-8")


def is_of_older_version(folder: RunFolder) -> bool:
    """Return whether the folder's predictions do not say yet by which texts each cell was asked."""
    path = _basis_path(folder)
    return path.is_file() and "format" not in read_json(path)


def drop_basis_if_empty(folder: RunFolder) -> None:
    """Let another model predict into a folder that no longer has a prediction."""
    if not read_there(folder):
        _basis_path(folder).unlink(missing_ok=True)


def demand_basis(folder: RunFolder, fingerprint: str, precision: str = "") -> Basis:
    """Return what the folder's predictions follow from, writing it, with `precision`, where there are none yet.

    Raises SurveyError (exit 5) where they follow from another model or way of asking.
    """
    found = read_basis(folder)
    if found is None:
        found = Basis(fingerprint, precision=precision)
        write_basis(folder, found)
    if found.fingerprint != fingerprint:
        raise conflict(
            f"The predictions in {folder.predictions} are of another model than the one at hand.",
            "Give what this model predicts a run of its own with --name, or make all that the run has anew: --replace "
            "with each of its parts and splits.",
        )
    return found


def write_prediction_shard(folder: RunFolder, predicted: Sequence[PredictedCell]) -> None:
    """Write one shard, named by its cells and what they were asked, aside and then in one rename; of no cells none."""
    if not predicted:
        return
    rows = [
        {
            "survey_id": p.key.survey_id,
            "item_id": p.key.item_id,
            "population_id": p.key.population_id,
            "language": p.language,
            "probabilities": list(p.probabilities),
            "outside_mass": p.outside_mass,
            "basis": p.basis,
            "asked": p.asked,
            "least": p.least,
            "most": p.most,
        }
        for p in predicted
    ]
    name = hashlib.sha256(repr([(p.key, p.language, p.asked) for p in predicted]).encode()).hexdigest()[:16]
    _write(folder, name, pa.Table.from_pylist(rows, schema=SCHEMA))


def read_shards(folder: RunFolder) -> Iterator[pa.RecordBatch]:
    """Yield the predicted cells in batches, shard by shard, in no particular order.

    Raises SurveyError (exit 3) for a shard that is damaged, or holds a row that is not a distribution.
    """
    for path in _shard_paths(folder):
        for batch in _read(path):
            _refuse_improper(path, batch)
            yield batch


def read_predictions(folder: RunFolder) -> list[PredictedCell]:
    """Return all cells predicted so far, in no particular order."""
    return [predicted_cell(row) for batch in read_shards(folder) for row in batch.to_pylist()]


def read_there(folder: RunFolder) -> dict[tuple[CellKey, str], str]:
    """Return the cells that have a prediction or a failure, each with the fingerprint of the texts it was asked by."""
    there = {}
    names = ("survey_id", "item_id", "population_id", "language", "asked")
    for batch in read_shards(folder):
        for survey_id, item_id, population_id, language, asked in zip(
            *(batch.column(name).to_pylist() for name in names), strict=True
        ):
            there[CellKey(survey_id, item_id, population_id), language] = asked or ""
    return there | {(failure.key, failure.language): failure.asked for failure in read_failures(folder)}


def drop_cells(folder: RunFolder, cells: Collection[tuple[CellKey, str]]) -> None:
    """Drop the predictions and failures of cells, for these to be predicted anew."""
    gone = set(cells)
    for path in _shard_paths(folder):
        table = pa.Table.from_batches(list(_read(path)), SCHEMA)
        keep = pa.array([_cell_of(row) not in gone for row in table.to_pylist()], pa.bool_())
        if not pc.all(keep).as_py():
            _rewrite(path, table.filter(keep))
    failures = read_failures(folder)
    kept = [failure for failure in failures if (failure.key, failure.language) not in gone]
    if len(kept) < len(failures):
        write_failures(folder, kept)


def name_what_was_asked(folder: RunFolder, asked: Asked) -> None:
    """Give the shards and failures of an older surveycli the fingerprints of the texts that they were predicted from.

    `asked` has them by cell, as the folder's own tables have the texts.
    """
    for path in _shard_paths(folder):
        table = pa.Table.from_batches(list(_read(path)), SCHEMA)
        if table.column("asked").null_count:
            found = [row["asked"] or asked.get(_cell_of(row), "") for row in table.to_pylist()]
            _rewrite(path, table.set_column(SCHEMA.get_field_index("asked"), "asked", pa.array(found, pa.string())))
    failures = read_failures(folder)
    if any(not failure.asked for failure in failures):
        write_failures(folder, [replace(f, asked=f.asked or asked.get((f.key, f.language), "")) for f in failures])


def _basis_path(folder: RunFolder) -> Path:
    return folder.predictions / "basis.json"


def _shard_paths(folder: RunFolder) -> list[Path]:
    return sorted(path for path in folder.predictions.glob("*.parquet") if not path.name.startswith("."))


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a shard; an older one lacks the last columns."""
    for batch in read_batches(path, SCHEMA, _MAY_BE_NULL, _LATER):
        there = {name: batch.column(name) for name in batch.schema.names}
        columns = [there.get(f.name, pa.nulls(batch.num_rows, f.type)) for f in SCHEMA]
        yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _refuse_improper(path: Path, batch: pa.RecordBatch) -> None:
    """Raise SurveyError (exit 3) where a row is not a distribution, or its mass outside the options out of range."""
    lists, outside = batch.column("probabilities"), batch.column("outside_mass")
    rows = pa.table({"row": pc.list_parent_indices(lists), "p": lists.flatten()})
    totals = rows.group_by("row").aggregate([("p", "sum"), ("p", "min")])
    off = pc.greater(pc.abs(pc.subtract(totals["p_sum"], 1.0)), _SUM_TOLERANCE)  # NaN compares as false
    wrong = pc.or_(pc.or_(off, pc.less(totals["p_min"], 0.0)), pc.is_nan(totals["p_sum"]))
    proper = totals.filter(pc.invert(wrong))["row"].to_pylist()  # a row without any probability is in neither
    if len(proper) < batch.num_rows:
        row = batch.slice(min(set(range(batch.num_rows)).difference(proper)), 1).to_pylist()[0]
        what = f"the probabilities of {row['item_id']}, {row['population_id']} are {shown(row['probabilities'])}"
        raise damaged(path, what)
    beyond = pc.or_(pc.or_(pc.less(outside, 0.0), pc.greater(outside, 1.0)), pc.is_nan(outside))
    if pc.any(beyond).as_py():
        row = batch.filter(beyond.fill_null(False)).slice(0, 1).to_pylist()[0]
        what = f"the mass outside the options of {row['item_id']}, {row['population_id']} is {row['outside_mass']}"
        raise damaged(path, what)


def _cell_of(row: Mapping[str, Any]) -> tuple[CellKey, str]:
    return CellKey(row["survey_id"], row["item_id"], row["population_id"]), row["language"]


def predicted_cell(row: Mapping[str, Any]) -> PredictedCell:
    """Return the predicted cell that a row of a shard, or of the store, holds."""
    return PredictedCell(
        *_cell_of(row),
        tuple(row["probabilities"]),
        row["outside_mass"],
        row["basis"],
        row["asked"] or "",
        None if row["least"] is None else tuple(row["least"]),
        None if row["most"] is None else tuple(row["most"]),
    )


def _rewrite(path: Path, table: pa.Table) -> None:
    if table.num_rows:
        with replacing(path) as aside:
            pq.write_table(table, aside, compression="zstd")
    else:
        path.unlink()


def _write(folder: RunFolder, name: str, table: pa.Table) -> None:
    _make(folder.predictions)
    with replacing(folder.predictions / f"{name}.parquet") as aside:
        pq.write_table(table, aside, compression="zstd")


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
