"""Predictions of a run folder: written shard by shard, so that an interrupted job goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from surveycli.domain import CellKey
from surveycli.run_folder.folder import RunFolder, replacing

_SCHEMA = pa.schema(
    [
        ("survey_id", pa.string()),
        ("item_id", pa.string()),
        ("population_id", pa.string()),
        ("language", pa.string()),
        ("probabilities", pa.list_(pa.float64())),
        ("outside_mass", pa.float64()),
        ("basis", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class PredictedCell:
    """One predicted distribution: probabilities in option-code order, and the mass outside the option letters."""

    key: CellKey
    language: str
    probabilities: tuple[float, ...]
    outside_mass: float | None
    basis: str


def keep_shards_of(folder: RunFolder, basis: str) -> None:
    """Keep the shards predicted so far if they follow from `basis`, a hash of model and question; else drop them."""
    note = folder.predictions / "basis.json"
    if note.is_file() and json.loads(note.read_text(encoding="utf-8"))["basis"] == basis:
        return
    folder.predictions.mkdir(parents=True, exist_ok=True)
    for shard in folder.predictions.glob("*.parquet"):
        shard.unlink()
    folder.failures.unlink(missing_ok=True)
    with replacing(note) as aside:
        aside.write_text(json.dumps({"basis": basis}), encoding="utf-8")


def write_prediction_shard(folder: RunFolder, predicted: Sequence[PredictedCell]) -> None:
    """Write one shard, named by the cells it holds, aside and then in one rename; of no cells there is none."""
    if not predicted:
        return
    rows = [{**asdict(p.key), **{k: v for k, v in asdict(p).items() if k != "key"}} for p in predicted]
    name = hashlib.sha256(repr([(p.key, p.language) for p in predicted]).encode()).hexdigest()[:16]
    folder.predictions.mkdir(parents=True, exist_ok=True)
    with replacing(folder.predictions / f"{name}.parquet") as aside:
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), aside, compression="zstd")


def read_predictions(folder: RunFolder) -> list[PredictedCell]:
    """Return all cells predicted so far, in no particular order."""
    return [
        PredictedCell(
            CellKey(row["survey_id"], row["item_id"], row["population_id"]),
            row["language"],
            tuple(row["probabilities"]),
            row["outside_mass"],
            row["basis"],
        )
        for path in sorted(folder.predictions.glob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]
