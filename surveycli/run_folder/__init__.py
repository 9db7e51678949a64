"""The run folder: all that a training or prediction job reads and writes, without the store.

manifest.json        what to do: run, configuration, versions, hash of the cells
questions.parquet    one row per item and language
populations.parquet  one row per population and language
prompts.json         the sentences around a question, by language
cells.parquet        one row per cell, language and part, with the human shares where known
metrics.jsonl        one line per measurement of the training
checkpoint/          the newest point to resume from
outcome.json         how the training ended; not there before it has
weights/             the best weights, for known and for new items where these differ: adapters, or whole models;
                     best.json, which is which
predictions/         one Parquet file per shard of predicted cells; failures.jsonl, one line per cell without one;
                     basis.json, what they all follow from
worker.lock          held by the process that is at work on the folder; worker.json says which one it is
"""

from surveycli.run_folder.at_work import at_work, worker_of
from surveycli.run_folder.contents import FolderContents, read_contents, write_contents
from surveycli.run_folder.failures import PredictionFailure, append_failures, read_failures
from surveycli.run_folder.folder import RunFolder
from surveycli.run_folder.manifest import Manifest, read_configuration, read_manifest
from surveycli.run_folder.metrics import TrainingMetric, append_metric, read_metrics
from surveycli.run_folder.outcome import TrainingOutcome, read_outcome, write_outcome
from surveycli.run_folder.shards import PredictedCell, read_predictions, write_prediction_shard

__all__ = [
    "FolderContents",
    "Manifest",
    "PredictedCell",
    "PredictionFailure",
    "RunFolder",
    "TrainingMetric",
    "TrainingOutcome",
    "append_failures",
    "append_metric",
    "at_work",
    "read_configuration",
    "read_contents",
    "read_failures",
    "read_manifest",
    "read_metrics",
    "read_outcome",
    "read_predictions",
    "worker_of",
    "write_contents",
    "write_outcome",
    "write_prediction_shard",
]
