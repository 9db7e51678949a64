"""The main job from nothing to scores, as a user would do it: ingest, split, train, predict, score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.configuration import PredictConfig
from surveycli.demo.kinds import show_kinds
from surveycli.domain import Shares
from surveycli.errors import conflict
from surveycli.prediction.existing_run import config_of_run
from surveycli.prediction.run_prediction import PredictionTask, predict
from surveycli.presets import preset_config
from surveycli.progress import Progress, silent
from surveycli.score import score_run
from surveycli.split import Recipe, SplitOptions, Validation, make_split
from surveycli.store import open_store
from surveycli.survey import ingest_bundled
from surveycli.training.run_finetuning import finetune, prepare_run

if TYPE_CHECKING:
    import polars as pl

SPLIT = "paper"
BASELINES = ("uniform", "item-mean")


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo made: the store, the name of the fine-tuning, and two tables of scores.

    `kinds` has what answers each kind of cell best, `model` the language model before and after, by test part.
    """

    store_path: Path
    run_id: str
    kinds: pl.DataFrame
    model: pl.DataFrame
    notes: tuple[str, ...]


def run_demo(directory: Path, *, epochs: int | None = None, seed: int = 42, progress: Progress = silent) -> DemoReport:
    """Do the whole job on the bundled distributions in a new store `directory`/survey.duckdb.

    The epoch is chosen by validation countries taken out of the training part, never by a test part. Raises SurveyError
    (exit 5) where the store is there already.
    """
    store_path = directory / "survey.duckdb"
    if store_path.exists():
        raise conflict(f"{store_path} already exists.", "Name another folder, or delete it: `surveycli demo FOLDER`.")
    notes = _prepare_store(store_path, seed, progress)
    before = _predict_untrained(store_path, seed, progress)
    run_id = _finetune_tiny(store_path, epochs, seed, progress)
    with open_store(store_path, write=True) as store:
        runs = [
            predict_baseline(store, name, BaselineOptions(split=SPLIT, shares=Shares.UNWEIGHTED)) for name in BASELINES
        ]
        for number, scored in enumerate([*runs, before, run_id], start=1):
            score_run(store, scored)
            progress("score", number, len(runs) + 2)
        kinds = show_kinds(store, SPLIT, run_id, directory / "people.duckdb", progress)
        model = store.frame("demo/model_scores", split=SPLIT, before=before, after=run_id)
    return DemoReport(store_path, run_id, kinds, model, notes)


def _prepare_store(store_path: Path, seed: int, progress: Progress) -> tuple[str, ...]:
    with open_store(store_path, create=True) as store:
        ingest_bundled(store)
        progress("ingest", 1, 1)
        report = make_split(store, Recipe.PAPER, SplitOptions(name=SPLIT, seed=seed, validation=Validation.POPULATIONS))
        progress("split", 1, 1)
    return report.notes


def _predict_untrained(store_path: Path, seed: int, progress: Progress) -> str:
    tiny = preset_config("tiny")
    config = PredictConfig(
        split=SPLIT, model=tiny.model, prompt=tiny.prompt, batches=tiny.batches, shares=Shares.UNWEIGHTED, seed=seed
    )
    prepared, _ = predict(store_path, PredictionTask(config, name="untrained"), _renamed(progress, "predict before"))
    return prepared.run_id


def _finetune_tiny(store_path: Path, epochs: int | None, seed: int, progress: Progress) -> str:
    tiny = preset_config("tiny")
    optimiser = replace(tiny.optimiser, epochs=epochs or tiny.optimiser.epochs)
    config = replace(tiny, split=SPLIT, shares=Shares.UNWEIGHTED, optimiser=optimiser, seed=seed)
    run = prepare_run(store_path, config, name="finetuned")
    finetune(store_path, run, progress)
    with open_store(store_path) as store:
        trained = config_of_run(store, run.run_id)
    predict(store_path, PredictionTask(trained), _renamed(progress, "predict after"))
    return run.run_id


def _renamed(progress: Progress, name: str) -> Progress:
    def report(stage: str, done: int, total: int, note: str = "", *, tell: bool = False) -> None:  # noqa: ARG001
        progress(name, done, total, note, tell=tell)

    return report
