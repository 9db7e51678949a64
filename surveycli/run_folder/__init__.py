"""The run folder: all that a training or prediction job reads and writes, without the store.

manifest.json        what to do: run, configuration, versions, hash of the cells
questions.parquet    one row per item and language
populations.parquet  one row per population and language
prompts.json         the sentences around a question, by language
cells.parquet        one row per cell, language and part, with the human shares where known
metrics.jsonl        one line per measurement of the training
checkpoint/          the newest point to resume from
adapter/ or model/   the best weights
predictions/         one Parquet file per shard of predicted cells; failures.jsonl, one line per cell without one
"""

from surveycli.run_folder.failures import PredictionFailure, append_failures, read_failures
from surveycli.run_folder.folder import (
    FolderContents,
    Manifest,
    RunFolder,
    TrainingMetric,
    append_metric,
    read_contents,
    read_manifest,
    read_metrics,
    write_contents,
)
from surveycli.run_folder.shards import PredictedCell, keep_shards_of, read_predictions, write_prediction_shard

__all__ = [
    "FolderContents",
    "Manifest",
    "PredictedCell",
    "PredictionFailure",
    "RunFolder",
    "TrainingMetric",
    "append_failures",
    "append_metric",
    "keep_shards_of",
    "read_contents",
    "read_failures",
    "read_manifest",
    "read_metrics",
    "read_predictions",
    "write_contents",
    "write_prediction_shard",
]
