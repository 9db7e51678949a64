"""A prediction from store to store: cells out, prediction in the run folder, distributions back in.

Predictions are only ever added to a run: cells that it has stay as they are, with their scores, unless they are
replaced by name. How a prediction goes is recorded by part of the split, and changes nothing of a training.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from surveycli.configuration import PredictConfig
from surveycli.domain import TRAIN, VALIDATION
from surveycli.engine.launch import demand_at_hand, demand_one_process, demand_shardable
from surveycli.errors import SurveyError, conflict, not_found
from surveycli.plain import to_plain
from surveycli.prediction.asked import asked_of
from surveycli.prediction.elicitation import find_elicitation, predictor_of
from surveycli.prediction.existing_run import ExistingRun, find_addition
from surveycli.progress import Progress, silent
from surveycli.run_folder import FolderContents, Manifest, RunFolder, at_work, read_contents, write_contents
from surveycli.run_folder.claim import claim_folder
from surveycli.run_folder.shards import is_of_older_version, name_what_was_asked, read_basis
from surveycli.run_folder.standing import MARK_PATIENCE_S, recording, resume_prediction, settle_runs
from surveycli.run_folder.training_cells import record_training_cells
from surveycli.run_folder.transfer import (
    CellRequest,
    begin_replacement,
    bring_held,
    bring_in_predictions,
    end_replacement,
    export_contents,
)
from surveycli.store import (
    RunRecord,
    RunStatus,
    Store,
    finish_run,
    inherit_training,
    mark_parts,
    mark_run,
    open_patiently,
    open_store,
    record_choice,
    start_run,
)
from surveycli.store.parts import parts_asked
from surveycli.store.terms import demand_sendable
from surveycli.versions import package_versions

if TYPE_CHECKING:
    from surveycli.prediction.predict import PredictionOutcome

_NAME_ONE = "Name one: --temperature 2."
_POPULATIONS_PER_ITEM = 2  # enough to see what a model makes of the places of letters


@dataclass(frozen=True, slots=True)
class PredictionTask:
    """What to predict, and for which run.

    `name` is that of a run, new or there already; without, the prediction adds to the run `into` (by default the
    fine-tuning that the weights are of) if that asks alike, and is a new run else. `replaces`: cells that the run has
    are predicted anew.
    """

    config: PredictConfig
    name: str | None = None
    into: str | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class PreparedPrediction:
    """A prediction whose run is in the store and whose folder is written. Its `config` names the parts."""

    run_id: str
    folder: RunFolder
    config: PredictConfig
    is_training: bool

    @property
    def way_on(self) -> str:
        """The command that goes on with it, and brings it into the store."""
        return resume_prediction(self.run_id, self.config.split, *(self.config.parts or ()))


@dataclass(frozen=True, slots=True)
class Held:
    """What a run has of the cells that are asked for: predictions, and scores of these."""

    run_id: str
    n_predicted: int
    n_scored: int


def predict(
    store_path: Path, task: PredictionTask, progress: Progress = silent
) -> tuple[PreparedPrediction, PredictionOutcome]:
    """Predict the cells of the parts asked for (None: all but train) that the run lacks, and write them to the store.

    Raises SurveyError as preparing and computing do, and exit 5 where the store is held for long at the end.
    """
    from surveycli.prediction.predict import predict_folder  # loads torch

    if not _is_served(task.config):
        demand_shardable(task.config.model)
        demand_at_hand(task.config.model)
    with ExitStack() as stack:
        prepared = _prepare(store_path, task, stack)

        def mark(status: RunStatus, reason: str | None = None) -> None:
            try:
                with open_patiently(store_path, patience_s=MARK_PATIENCE_S) as store:
                    _mark(store, prepared, status, reason)
            except SurveyError:  # the store is held: the folder tells how the run stands all the same
                return

        mark(RunStatus.RUNNING)
        with recording(mark, f"What was predicted is kept; `{prepared.way_on}` goes on with it."):
            outcome = predict_folder(prepared.folder, progress)
        bring_in = f"All that was predicted is kept: `{prepared.way_on}` brings it in as soon as the store is free."
        with open_patiently(store_path, way_on=bring_in) as store:
            bring_in_predictions(store, prepared.run_id, prepared.folder)
            if outcome.chosen:
                record_choice(store, prepared.run_id, outcome.chosen)
            _mark(store, prepared, RunStatus.FINISHED)
            if not prepared.is_training:
                finish_run(store, prepared.run_id, model_fingerprint=outcome.model_fingerprint)
        end_replacement(prepared.folder)
    return prepared, outcome


def prepare_prediction(store_path: Path, task: PredictionTask) -> PreparedPrediction:
    """Write the run's folder and its record, to predict it elsewhere, and close the store again.

    Raises SurveyError: exit 4 for an unknown split, part, language or run, 5 for a name that another run has or where
    a process is at work on the run, 2 for what cannot be a name.
    """
    with ExitStack() as stack:
        return _prepare(store_path, task, stack)


def find_held(store_path: Path, task: PredictionTask) -> Held | None:
    """Return what a run has of the cells that are asked for; None where they would be those of a new run."""
    with open_store(store_path) as store:
        config = _with_parts(store, replace(task.config, model=task.config.model.with_whole_path()))
        existing = find_addition(store, config, task.name, task.into)
        if existing is None:
            return None
        [row] = store.rows(
            "run/count_held",
            run_id=existing.run_id,
            split=config.split,
            parts=list(config.parts or ()),
            languages=list(config.languages),
        )
        return Held(existing.run_id, **row)


def _prepare(store_path: Path, task: PredictionTask, stack: ExitStack) -> PreparedPrediction:
    """Prepare, and stay at work on the folder until the stack is closed."""
    demand_one_process("predict")
    demand_shardable(task.config.model)
    served = _is_served(task.config)  # by a name of the server's, not by a folder here
    config = task.config if served else replace(task.config, model=task.config.model.with_whole_path())
    with open_store(store_path, write=True) as store:
        settle_runs(store)
        config = _with_parts(store, config)
        contents = _contents(store, config)
        if served:
            surveys = {cell.key.survey_id for cell in contents.cells}
            demand_sendable(store, surveys, str(config.settings.get("base_url", "")))
        existing = find_addition(store, config, task.name, task.into)
        if existing is None:
            prepared = _begin_run(store, config, contents, task.name, stack)
        else:
            prepared = _add_to_run(store, config, contents, existing, stack, replaces=task.replaces)
        _mark(store, prepared, RunStatus.PREPARED)
    return prepared


def _is_served(config: PredictConfig) -> bool:
    return find_elicitation(config.elicitation).asks_server


def _contents(store: Store, config: PredictConfig) -> FolderContents:
    """Return the cells to predict; for a reading that is yet to be chosen also training items, of two populations each.

    Their answers are left out: nothing but what the model says of them is looked at.
    """
    request = CellRequest(config.split, config.languages, config.shares, config.parts)
    contents = export_contents(store, request)
    if not config.debias or TRAIN in (config.parts or ()):
        return contents
    count: Counter[tuple[str, str, str]] = Counter()
    more = []
    for cell in export_contents(store, replace(request, parts=(TRAIN,))).cells:
        item = (cell.key.survey_id, cell.key.item_id, cell.language)
        count[item] += 1
        if count[item] <= _POPULATIONS_PER_ITEM:
            more.append(replace(cell, shares=None))
    return replace(contents, cells=(*contents.cells, *more))


def _begin_run(
    store: Store, config: PredictConfig, contents: FolderContents, name: str | None, stack: ExitStack
) -> PreparedPrediction:
    predictor = predictor_of(config).name
    run_id, folder = claim_folder(store, name, predictor)
    record = RunRecord(
        run_id=run_id,
        kind="predictor",
        predictor=predictor,
        split=config.split,
        shares=config.shares,
        seed=config.seed,
        model=config.model.name,
        folder=str(folder.path.resolve()),
        configuration=to_plain(config),
    )
    stack.enter_context(at_work(folder))
    with store.transaction():
        start_run(store, record, RunStatus.PREPARED)
        _record_training(store, run_id, config, contents)
        write_contents(folder, Manifest(run_id, "predict", to_plain(config), package_versions()), contents)
    return PreparedPrediction(run_id, folder, config, is_training=False)


def _add_to_run(
    store: Store,
    config: PredictConfig,
    contents: FolderContents,
    existing: ExistingRun,
    stack: ExitStack,
    *,
    replaces: bool,
) -> PreparedPrediction:
    """Write what is asked now into the folder of a run; of what it has, only cells that are replaced go."""
    run_id, folder = existing.run_id, existing.folder
    if store.scalar("run/is_locked", run_id=run_id):
        raise conflict(
            f"The predictions of {run_id} are locked, and more cells would change what was locked.",
            "--name gives this prediction a run of its own.",
        )
    stack.enter_context(at_work(folder))
    if is_of_older_version(folder):
        name_what_was_asked(folder, asked_of(read_contents(folder)))
    write_contents(folder, Manifest(run_id, "predict", to_plain(config), package_versions()), contents)
    if not begin_replacement(folder, contents.cells, anew=replaces):
        bring_held(store, run_id, folder, contents.cells)
    basis = read_basis(folder)
    if not existing.is_training and (basis is None or (basis.temperature is None and basis.reading is None)):
        _record_training(store, run_id, config, contents)
    return PreparedPrediction(run_id, folder, config, is_training=existing.is_training)


def _mark(store: Store, prepared: PreparedPrediction, status: RunStatus, reason: str | None = None) -> None:
    """Record how the prediction stands: by part, and of a run that is nothing but predictions also by run."""
    mark_parts(store, prepared.run_id, prepared.config.split, prepared.config.parts or (), status, reason=reason)
    if not prepared.is_training and status is not RunStatus.FINISHED:
        mark_run(store, prepared.run_id, status, reason)


def _record_training(store: Store, run_id: str, config: PredictConfig, contents: FolderContents) -> None:
    """Keep what the run has seen: the validation cells something is chosen on, and what its training saw."""
    if _chooses(config):
        record_training_cells(store, run_id, (cell for cell in contents.cells if cell.part == VALIDATION))
    if config.trained_by is not None:
        inherit_training(store, run_id, config.trained_by)


def _with_parts(store: Store, config: PredictConfig) -> PredictConfig:
    """Return the configuration with its parts named; validation is among them where something is chosen on it.

    Raises SurveyError (exit 4) for a split or a part that is not there.
    """
    parts = parts_asked(store, config.split, config.parts or ())
    if _chooses(config) and VALIDATION not in parts:
        if VALIDATION not in parts_asked(store, config.split):
            what, hint = ("a reading", "Leave out --debias.") if config.debias else ("a temperature", _NAME_ONE)
            raise not_found(f"The split {config.split!r} has no validation part to choose {what} on.", hint)
        parts = (*parts, VALIDATION)
    return replace(config, parts=parts)


def _chooses(config: PredictConfig) -> bool:
    """Return whether something is chosen on the validation part."""
    return config.temperature is None or config.debias
