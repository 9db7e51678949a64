"""Every predictor there is, statistical ones and those that ask a language model, and one call for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.baseline.statistical import StatisticalPredictor, statistical_predictors
from surveycli.errors import usage
from surveycli.plain import from_plain, with_choices
from surveycli.prediction.elicitation import ModelPredictor, model_predictors
from surveycli.predictor import Predictor, find_row
from surveycli.progress import Progress, silent
from surveycli.request.model_run import PredictRequest

if TYPE_CHECKING:
    from surveycli.baseline.options import BaselineOptions
    from surveycli.prediction.run_prediction import Held, PredictionTask, PreparedPrediction


@dataclass(frozen=True, slots=True)
class PredictReport:
    """How a prediction ended: cells with a prediction, those there before, and those that failed, by reason.

    `n_asked_anew` cells had a prediction from other texts than those of now; `notes` say how much is the model's.
    """

    run_id: str
    predictor: Predictor
    n_cells: int
    n_already_there: int = 0
    failures: tuple[tuple[str, int], ...] = ()
    n_asked_anew: int = 0
    notes: tuple[str, ...] = ()


def all_predictors() -> tuple[Predictor, ...]:
    """Return the rows of every predictor: statistical ones first, each kind by name."""
    return (*statistical_predictors(), *model_predictors())


def find_predictor(name: str) -> Predictor:
    """Return the row of a name. Raises SurveyError (exit 2) that lists the names there are."""
    return find_row(all_predictors(), name)


def predictor_asked(request: PredictRequest) -> Predictor:
    """Return the predictor of a request. Raises SurveyError (exit 2) where it does not go with what is named."""
    row = find_predictor(request.predictor or ("zero-shot" if request.run is None else "fine-tuned"))
    if not row.asks_model and request.run is not None:
        raise usage(f"{row.name} asks no language model.", "Leave out the run: it takes a split alone.")
    if row.asks_model and not row.fits(trained=request.run is not None):
        raise usage(f"{row.name} needs {' and '.join(row.needs)}.", "--run names a fine-tuning, --model another model.")
    return row


def predict(store_path: Path, request: PredictRequest, progress: Progress = silent) -> PredictReport:
    """Predict the cells asked for and write the distributions to the store.

    Raises SurveyError: exit 2 for what does not go together, 3 for an unknown setting, 4 for what the store
    does not have, 5 for a name that is taken.
    """
    row = predictor_asked(request)
    if isinstance(row, StatisticalPredictor):
        return _predict_statistically(store_path, row, request, progress)
    from surveycli.prediction.run_prediction import predict as ask_model  # loads torch

    assert isinstance(row, ModelPredictor)
    prepared, outcome = ask_model(store_path, _task(store_path, row, request), progress)
    n_failed = sum(count for _, count in outcome.failures)
    return PredictReport(
        prepared.run_id,
        row,
        outcome.n_cells - n_failed,
        outcome.n_already_there,
        outcome.failures,
        outcome.n_asked_anew,
        outcome.notes,
    )


def prepare(store_path: Path, request: PredictRequest) -> PreparedPrediction:
    """Write the run and its folder, to predict it elsewhere; only what asks a model has a folder."""
    from surveycli.prediction.run_prediction import prepare_prediction

    row = predictor_asked(request)
    if not isinstance(row, ModelPredictor):
        raise usage(f"{row.name} has no run folder to compute elsewhere.", "It needs seconds: predict it here.")
    return prepare_prediction(store_path, _task(store_path, row, request))


def what_is_replaced(store_path: Path, request: PredictRequest) -> Held | None:
    """Return what a run has of the cells that a request asks for; None where they would be those of a new run."""
    from surveycli.prediction.run_prediction import find_held

    row = predictor_asked(request)
    return find_held(store_path, _task(store_path, row, request)) if isinstance(row, ModelPredictor) else None


def _task(store_path: Path, row: ModelPredictor, request: PredictRequest) -> PredictionTask:
    from surveycli.prediction.configure import configure_prediction
    from surveycli.prediction.run_prediction import PredictionTask
    from surveycli.store import open_store

    with open_store(store_path) as store:
        config = configure_prediction(store, row, request)
    return PredictionTask(config, request.name, into=request.run, replaces=request.replaces)


def _predict_statistically(
    store_path: Path, row: StatisticalPredictor, request: PredictRequest, progress: Progress
) -> PredictReport:
    from surveycli.baseline.run_baseline import predict_baseline
    from surveycli.store import open_store

    options = _baseline_options(row, request)
    with open_store(store_path, write=True) as store:
        run_id = predict_baseline(store, row.name, options, progress)
        n_cells = sum(row["n_cells"] for row in store.rows("baseline/count_rules", run_id=run_id))
    return PredictReport(run_id, row, n_cells)


def _baseline_options(row: StatisticalPredictor, request: PredictRequest) -> BaselineOptions:
    from dataclasses import replace

    from surveycli.baseline.options import BaselineOptions

    options = with_choices(BaselineOptions(split="", seed=42), request.choices)
    if not options.split:
        raise usage(f"Which split should {row.name} predict? --split is missing.", "`surveycli split` lists them.")
    if request.settings and row.settings is None:
        raise usage(f"{row.name} has no settings of its own, but {', '.join(request.settings)} are given.")
    settings = None if row.settings is None else from_plain(row.settings, request.settings)
    return replace(options, name=request.name, settings=settings)
