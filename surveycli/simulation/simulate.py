"""Asks new questions of a run, or of whatever answers best, and keeps the answers as rows beside a trust statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from surveycli.baseline.options import BaselineOptions
from surveycli.baseline.predictors.best import BestSettings
from surveycli.baseline.run_baseline import predict_baseline
from surveycli.baseline.statistical import statistical_predictors
from surveycli.configuration import FIRST_TOKEN, PredictConfig
from surveycli.domain import VALIDATION, Shares
from surveycli.errors import SurveyError, conflict, not_found, usage
from surveycli.plain import from_plain
from surveycli.predictor import find_row, names_of
from surveycli.progress import Progress, silent
from surveycli.request.simulate import SimulateRequest
from surveycli.simulation.statement import Spreads, write_statements
from surveycli.simulation.write import ASKED, languages_of, write_survey
from surveycli.store import RunStatus, Store, mark_parts, open_store
from surveycli.store.parts import parts_asked

_REVERSED, _SHUFFLED = "reversed", "shuffled"


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulation as it was kept: its name is that of the survey, the split and the run that answers."""

    name: str
    n_questions: int
    n_answers: int


def simulate(store_path: Path, request: SimulateRequest, progress: Progress = silent) -> Simulated:
    """Write the questions as a survey without human answers, predict them, and say how far to trust each answer.

    Nothing of the survey stays where the prediction fails. Raises SurveyError: 4 for an unknown run, split or country,
    5 for a run that is not finished or a name that is taken, 3 for questions that cannot be asked.
    """
    languages = languages_of(request.questions)
    with open_store(store_path, write=True) as store:
        runs = [_find_run(store, run) for run in request.runs]
        of_split = str(runs[0]["split"]) if runs else _one_split(store, request.split)
        number = int(store.scalar("simulation/last_number") or 0) + 1
        name = request.name or f"simulated-{number}"
        with store.transaction():
            write_survey(store, request, name, of_split)
    try:
        others = _predict_all(store_path, request, runs, name, languages, progress)
    except SurveyError:
        with open_store(store_path, write=True) as store, store.transaction():
            store.run("survey/delete_survey", survey_id=name)
            store.run("simulation/delete_split", split=name)
        raise
    with open_store(store_path, write=True) as store:
        n_answers = write_statements(store, name, others, languages[0])
    return Simulated(name, len(request.questions), n_answers)


def _find_run(store: Store, run_id: str) -> Mapping[str, Any]:
    found = store.rows("run/find", run_id=run_id)
    if not found:
        raise not_found(f"There is no run {run_id!r} in the store.", "`surveycli runs` lists the runs.")
    if found[0]["status"] != "finished":
        raise conflict(f"The run {run_id} is {found[0]['status']}, not finished.", "Name one that is finished.")
    if found[0]["split"] is None:
        raise conflict(f"The run {run_id} has no split, so nothing is known of its errors.", "Name another run.")
    return found[0]


def _one_split(store: Store, split: str | None) -> str:
    """Return the split whose training part stands for what is known. Raises SurveyError (exit 4) if it is not clear."""
    known = [str(name) for name in store.frame("split/list")["split"].unique(maintain_order=True)]
    if split is not None and split not in known:
        raise not_found(f"There is no split {split!r} in the store.", f"There are: {', '.join(known) or 'none'}.")
    if split is not None or len(known) == 1:
        return split or known[0]
    raise not_found(
        "Without a run, a split has to say what is known: its training part.",
        f"Name one with --split: {', '.join(known)}." if known else "`surveycli split unseen-questions` makes one.",
    )


def _predict_all(
    store_path: Path,
    request: SimulateRequest,
    runs: Sequence[Mapping[str, Any]],
    name: str,
    languages: tuple[str, ...],
    progress: Progress,
) -> Spreads:
    """Predict the simulation as the run `name`; return the runs that tell how much orders and seeds change."""
    if request.best:
        members = [_ask(store_path, run, name, f"{name}-{run['run_id']}", languages, progress) for run in runs]
        with open_store(store_path, write=True) as store:
            _answer_best(store, name, tuple(members), Shares(runs[0]["shares"]) if runs else Shares.WEIGHTED)
        return Spreads((), ())
    _ask(store_path, runs[0], name, name, languages, progress)
    others = [_ask(store_path, run, name, f"{name}-{run['run_id']}", languages, progress) for run in runs[1:]]
    orders = _ask_in_orders(store_path, runs[0], request.n_orders, name, languages, progress)
    return Spreads(tuple(orders), tuple(others))


def _ask(
    store_path: Path,
    run: Mapping[str, Any],
    split: str,
    run_id: str,
    languages: tuple[str, ...],
    progress: Progress,
    **changes: Any,
) -> str:
    """Let a run answer as a new run `run_id`, with what it predicted of its validation part beside it."""
    if run["predictor"] in names_of(statistical_predictors()):
        with open_store(store_path, write=True) as store:
            _answer_by_baseline(store, run, split, run_id)
        return run_id
    with open_store(store_path) as store:
        config = _config_of(store, run)
    config = replace(config, split=split, parts=(ASKED,), languages=languages, **changes)
    from surveycli.prediction.run_prediction import PredictionTask, predict

    predict(store_path, PredictionTask(config, run_id), progress)
    with open_store(store_path, write=True) as store, store.transaction():
        store.run("simulation/copy_validation", run_id=run_id, from_run=run["run_id"], split=split)
        if VALIDATION in parts_asked(store, split):
            mark_parts(store, run_id, split, (VALIDATION,), RunStatus.FINISHED)
    return run_id


def _config_of(store: Store, run: Mapping[str, Any]) -> PredictConfig:
    from surveycli.prediction.existing_run import config_of_run

    if run["kind"] != "finetune" and "elicitation" not in json.loads(run["configuration"]):
        raise usage(
            f"{run['run_id']} ({run['predictor']}) cannot answer new questions.",
            "Name a fine-tuning, a run of a language model or of a statistical predictor.",
        )
    return config_of_run(store, str(run["run_id"]))


def _answer_by_baseline(store: Store, run: Mapping[str, Any], split: str, run_id: str) -> None:
    row = find_row(statistical_predictors(), str(run["predictor"]))
    settings = json.loads(run["configuration"]).get("settings") or {}
    if settings.get("of"):
        raise usage(f"{run['run_id']} combines other runs.", "Ask with --predictor best and name those with --run.")
    options = BaselineOptions(
        split,
        parts_asked(store, split),
        Shares(run["shares"]),
        int(run["seed"]),
        run_id,
        from_plain(row.settings, settings) if row.settings else None,
    )
    predict_baseline(store, row.name, options)


def _answer_best(store: Store, name: str, members: tuple[str, ...], shares: Shares) -> None:
    options = BaselineOptions(name, parts_asked(store, name), shares, 1, name, BestSettings(members))
    predict_baseline(store, "best", options)


def _ask_in_orders(
    store_path: Path,
    run: Mapping[str, Any],
    n_orders: int,
    name: str,
    languages: tuple[str, ...],
    progress: Progress,
) -> list[str]:
    """Ask with the options in other orders; a predictor that sees no order has none."""
    if run["predictor"] in names_of(statistical_predictors()):
        return []
    with open_store(store_path) as store:
        config = _config_of(store, run)
    if config.elicitation != FIRST_TOKEN:
        return []
    return [
        _ask(
            store_path,
            run,
            name,
            f"{name}-order-{number}",
            languages,
            progress,
            elicitation=_REVERSED if number == 1 else _SHUFFLED,
            seed=config.seed + number,
        )
        for number in range(1, n_orders + 1)
    ]
