"""Predict every cell of a run folder that is not predicted yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from surveycli.configuration import PredictConfig
from surveycli.domain import Cell, CellKey, Population
from surveycli.engine.compute import compute_options
from surveycli.engine.defaults import ALONE, precision_of, settle_batches, settle_precision
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.forward import parameter_dtype
from surveycli.engine.loading import demand_base, precision_kept
from surveycli.engine.model import LanguageModel, load_language_model
from surveycli.engine.processes import Processes, join_processes
from surveycli.engine.reach import fit_examples
from surveycli.engine.self_check import choose_rows
from surveycli.engine.sharding import pace_of
from surveycli.engine.weights import load_weights, restore_weights
from surveycli.prediction.ask import failure, predict_cells
from surveycli.prediction.asked import asked_of, basis_of
from surveycli.prediction.choose_reading import choose_reading
from surveycli.prediction.debias import predict_debiased
from surveycli.prediction.elicitation import find_elicitation, questions_asked, without_shares
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.prediction.reading import WayOfReading
from surveycli.prediction.temperature import choose_temperature
from surveycli.prediction.trained import Trained, find_trained
from surveycli.progress import Progress, silent
from surveycli.prompt import PromptOrder
from surveycli.run_folder import (
    FolderContents,
    RunFolder,
    at_work,
    read_configuration,
    read_contents,
    read_failures,
    read_manifest,
)
from surveycli.run_folder.shards import (
    demand_basis,
    drop_cells,
    is_of_older_version,
    name_what_was_asked,
    read_basis,
    read_there,
    write_basis,
)

SHARD_CELLS = 512


@dataclass(frozen=True, slots=True)
class PredictionOutcome:
    """How a prediction ended. `failures` counts, by reason, the cells among `n_cells` that have no prediction.

    `n_asked_anew` had one from other texts than those of now. `model_fingerprint` is None where no model was needed.
    `notes` say for people how much of the shares is the model's, and `chosen` what was chosen on validation.
    """

    n_cells: int
    n_already_there: int
    model_fingerprint: str | None
    failures: tuple[tuple[str, int], ...] = ()
    n_asked_anew: int = 0
    is_first_process: bool = True
    notes: tuple[str, ...] = ()
    chosen: Mapping[str, Any] = field(default_factory=dict)


def predict_folder(folder: RunFolder, progress: Progress = silent) -> PredictionOutcome:
    """Predict the folder's cells as its manifest says; cells that a shard already holds are not computed again.

    A cell whose texts have changed is asked anew. Raises SurveyError: exit 3 where the folder is damaged, 4 where the
    weights are missing, 5 where they belong to another base model, the folder has predictions of another model, or
    another process is at work on it.
    """
    read_manifest(folder)  # nothing is written where there is no run folder
    processes = join_processes()
    with at_work(folder) if processes.is_first else nullcontext():
        return _predict(folder, processes, progress)


def _predict(folder: RunFolder, processes: Processes, progress: Progress) -> PredictionOutcome:
    config = read_configuration(folder, PredictConfig)
    contents = read_contents(folder)
    n_asked_anew = _drop_changed(folder, asked_of(contents)) if processes.is_first else 0
    processes.wait()
    cells = _distinct(contents.cells, config.parts)
    there = read_there(folder)
    todo = [cell for cell in cells if (cell.key, cell.language) not in there]
    processes.wait()  # none writes before all have seen what is there, so that all divide the same work
    fingerprint = _compute(folder, config, contents, todo, processes, progress) if todo else None
    processes.wait()
    return PredictionOutcome(
        len(cells),
        len(cells) - len(todo),
        fingerprint,
        _count_failures(folder, cells),
        n_asked_anew,
        is_first_process=processes.is_first,
        **_chosen(folder, config),
    )


def _chosen(folder: RunFolder, config: PredictConfig) -> dict[str, Any]:
    """Return what there is to tell of what was chosen on cells that were not learnt from."""
    tell = find_elicitation(config.elicitation).tell
    if tell is not None:
        return {"notes": tell(folder)}
    basis = read_basis(folder)
    if basis is not None and basis.reading is not None:
        reading = WayOfReading.of(basis.reading)
        return {"notes": reading.notes(), "chosen": {"reading": reading.plain()}}
    if basis is not None and basis.temperature is not None:
        return {"chosen": {"temperature": basis.temperature}}
    trained = find_trained(folder, config)
    return {} if trained is None else {"notes": trained.notes()}


def _drop_changed(folder: RunFolder, asked: Mapping[tuple[CellKey, str], str]) -> int:
    """Drop what the folder has of cells whose texts are others by now; return how many cells these are."""
    if is_of_older_version(folder):
        name_what_was_asked(folder, asked)
    there = read_there(folder)
    changed = {cell for cell, text in there.items() if text and asked.get(cell, text) != text}
    if changed:
        drop_cells(folder, changed)
    return len(changed)


def _compute(
    folder: RunFolder,
    config: PredictConfig,
    contents: FolderContents,
    todo: Sequence[Cell],
    processes: Processes,
    progress: Progress,
) -> str:
    """Load the model, see that the folder has no other model's predictions, and ask it; return its fingerprint."""
    row = find_elicitation(config.elicitation)
    if row.serve is not None:
        return row.serve(folder, config, contents, todo, progress) if processes.is_first else ""
    write = row.write
    shared = config.batches.share_prefixes and write is None and not config.exact
    # Replies differ in length, so that processes which write them cannot go through a sharded model in step.
    spec = replace(config.model, sharded=config.model.sharded and write is None)
    trained = find_trained(folder, config)
    spec = settle_precision(spec, _made_in(folder, trained))
    language_model = load_language_model(spec, share_prefixes=shared)
    processes.demand_same_base(language_model.fingerprint)
    if processes.is_first:
        precision = precision_of(parameter_dtype(language_model.model)).value
        demand_basis(folder, basis_of(config, language_model.fingerprint, trained), precision)
    processes.wait()
    populations = _populations_shown(config, contents.populations, contents.cells)
    questions = questions_asked(config, contents.questions)
    source = ExampleSource.of(language_model.tokenizer, questions, populations, config.prompt, contents.frames)
    config = replace(config, batches=ALONE if config.exact else settle_batches(config.batches, language_model.device))
    for model, basis, cells in _models(language_model, trained, todo):
        job = PredictionJob(config, model.eval(), source, OptionTokens(()), folder, processes, asked_of(contents))
        job.basis, job.calibration = basis, None if trained is None else trained.calibration
        asked = _leave_out(job, cells)
        if asked:
            job.tokens = source.option_tokens(asked) if write is None else job.tokens
            (write or _predict_cells)(job, asked, progress if processes.is_first else silent)
    return language_model.fingerprint


def _made_in(folder: RunFolder, trained: Trained | None) -> str | None:
    """Return the number format of the training, or of what the folder has of predictions; None where it has none."""
    if trained is not None:
        return precision_kept(trained.folders[0])
    basis = read_basis(folder)
    return None if basis is None else basis.precision


def _models(
    language_model: LanguageModel, trained: Trained | None, todo: Sequence[Cell]
) -> Iterator[tuple[Any, str, list[Cell]]]:
    """Yield the model with the weights of some cells, in words which these are, and the cells, until all are had."""
    if trained is None:
        yield language_model.model, "", list(todo)
        return
    model = None
    for weights, cells in trained.groups(todo).items():
        if model is None:
            model = load_weights(language_model, weights)
        else:
            demand_base(weights, language_model.spec.name, language_model.fingerprint)
            restore_weights(model, weights)
        yield model, trained.basis(weights), cells


def _leave_out(job: PredictionJob, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells that a prompt can be made of, and keep of the others why not."""
    reasons = {index: job.source.why_not_asked(cell) for index, cell in enumerate(cells)}
    if job.processes.is_first:
        job.keep([failure(cells[i], reason) for i, reason in reasons.items() if reason is not None])
    return [cells[index] for index, reason in reasons.items() if reason is None]


def _count_failures(folder: RunFolder, cells: Sequence[Cell]) -> tuple[tuple[str, int], ...]:
    asked = {(cell.key, cell.language) for cell in cells}
    return tuple(Counter(f.reason for f in read_failures(folder) if (f.key, f.language) in asked).most_common())


def _distinct(cells: Sequence[Cell], parts: Sequence[str] | None) -> list[Cell]:
    """Return each cell of the parts once, though overlapping parts name it twice.

    Cells of other parts are there to choose a reading by, and are not predicted.
    """
    return list({(cell.key, cell.language): cell for cell in cells if parts is None or cell.part in parts}.values())


def _populations_shown(
    config: PredictConfig, populations: Sequence[Population], cells: Sequence[Cell]
) -> Sequence[Population]:
    ids = sorted({cell.key.population_id for cell in cells})
    return find_elicitation(config.elicitation).show(populations, ids, config.seed)


def _predict_cells(job: PredictionJob, todo: Sequence[Cell], progress: Progress) -> None:
    todo = without_shares(job.config, todo)
    telling = fit_examples(job.model, job.source.examples(job.source.telling_cells(todo)))
    asked = [example for example in telling if isinstance(example, Example)]
    if asked:
        job.config = replace(job.config, batches=choose_rows(job.model, asked, job.tokens, job.config.batches))
        job.temperature = _temperature(job)
        job.reading = _reading(job)
    shards = _shards(todo, job.config.prompt.order)
    done = 0
    mine = job.processes.share([len(shard) for shard in shards])
    total = sum(len(shards[number]) for number in mine)
    for number in mine:
        cells = shards[number]
        outcomes = predict_cells(job, cells) if job.reading is None else predict_debiased(job, cells, job.reading)
        job.keep(outcomes)
        done += len(outcomes)
        progress("predict", done, total)
    for _ in pace_of(job.processes, job.model).while_others_compute():
        _no_prediction(job, asked[:1])


@torch.no_grad()
def _no_prediction(job: PredictionJob, examples: Sequence[Example]) -> None:
    """Go through the model once for the other processes' sake."""
    compute_options(job.model, examples, job.tokens, job.config.batches)


def _temperature(job: PredictionJob) -> float:
    """Return the temperature: the configuration's, else the one that was chosen before, else the best on validation."""
    if job.config.temperature is not None:
        return job.config.temperature
    basis = read_basis(job.folder)
    assert basis is not None
    if basis.temperature is not None:
        return basis.temperature
    chosen = job.processes.as_first_has_it(choose_temperature(job, read_contents(job.folder).cells))
    if job.processes.is_first:
        write_basis(job.folder, replace(basis, temperature=chosen))
    return chosen


def _reading(job: PredictionJob) -> WayOfReading | None:
    """Return how the model is read: None as it is, else as it was chosen before, or as validation has it now."""
    if not job.config.debias:
        return None
    basis = read_basis(job.folder)
    assert basis is not None
    if basis.reading is None:
        chosen = choose_reading(job, read_contents(job.folder).cells)
        if job.processes.is_first:
            write_basis(job.folder, replace(basis, reading=chosen.plain()))
        job.processes.wait()
        basis = read_basis(job.folder)
        assert basis is not None
    assert basis.reading is not None
    return WayOfReading.of(basis.reading)


def _shards(cells: Sequence[Cell], order: PromptOrder) -> list[list[Cell]]:
    """Cut cells into shards; those whose prompts begin alike stay together, so that no beginning is computed twice."""

    def group(cell: Cell) -> str:
        return cell.key.population_id if order is PromptOrder.COUNTRY_FIRST else cell.key.item_id

    shards: list[list[Cell]] = [[]]
    for cell in sorted(cells, key=lambda c: (c.language, c.key.survey_id, group(c), c.key)):
        if len(shards[-1]) >= SHARD_CELLS and group(shards[-1][-1]) != group(cell):
            shards.append([])
        shards[-1].append(cell)
    return shards
