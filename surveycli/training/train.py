"""The training loop: from a run folder to its best weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import numpy as np
import torch

from surveycli.configuration import Loss, OptimiserSettings
from surveycli.distribution.arrays import Floats
from surveycli.domain import Familiarity
from surveycli.engine.batching import plan_epoch, plan_pass, row_tokens
from surveycli.engine.compute import compute_options, human_shares, in_code_order, vocabulary_normaliser
from surveycli.engine.examples import Example
from surveycli.engine.first_token import log_letter_mass, loss_per_prompt
from surveycli.engine.option_orders import orders_of_epoch
from surveycli.engine.processes import Processes, join_processes
from surveycli.engine.reach import in_orders
from surveycli.engine.sharding import pace_of
from surveycli.engine.weights import keep_weights, trained_norm
from surveycli.errors import bad_input
from surveycli.progress import Progress, silent
from surveycli.run_folder import (
    RunFolder,
    TrainingMetric,
    TrainingOutcome,
    at_work,
    read_manifest,
    write_outcome,
)
from surveycli.run_folder.kept_weights import KeptWeights, point_to_best
from surveycli.training.calibrate import calibrate_model
from surveycli.training.checkpoint import TrainingState, ValidationLosses, load_checkpoint, save_checkpoint
from surveycli.training.hand_out import hand_out
from surveycli.training.job import TrainingJob, open_job
from surveycli.training.schedule import set_learning_rate
from surveycli.training.step_log import StepLog
from surveycli.training.trackers import Curve, start_tracker


def train_folder(folder: RunFolder, progress: Progress = silent) -> TrainingOutcome:
    """Train as the folder's manifest says, from its last checkpoint where there is one.

    The weights of the epoch with the lowest validation loss are kept, and those that are the best for items which
    training knows and for new ones, where both are held out. Raises SurveyError: exit 3 where the folder is
    damaged or has no training cells with human shares, 5 where its checkpoint belongs to another base model, or another
    process is at work on it.
    """
    read_manifest(folder)  # nothing is written where there is no run folder
    processes = join_processes()
    with at_work(folder) if processes.is_first else nullcontext():
        return _train(open_job(folder, processes), progress)


def _train(job: TrainingJob, progress: Progress) -> TrainingOutcome:
    state = _resume(job)
    resumed_at, norm_at_start = state.step, trained_norm(job.model)
    settings = job.config.optimiser
    progress = progress if job.processes.is_first else silent
    with _drawing_curve(job, progress):
        while state.epoch < settings.epochs and not _is_stale(state, settings):
            state = _train_epoch(job, state, progress)
            state = _close_epoch(job, state, progress)
    job.processes.wait()
    outcome = TrainingOutcome(
        best_epoch=state.best.epoch,
        best_validation_loss=state.best.loss if math.isfinite(state.best.loss) else None,
        best_of_kind=tuple((kind, best.epoch, best.loss) for kind, best in state.best_of_kind.items()),
        epochs=state.epoch,
        steps=state.step,
        resumed_at_step=resumed_at,
        norm_at_start=norm_at_start,
        norm_at_end=trained_norm(job.model),
        model_fingerprint=job.fingerprint,
        is_first_process=job.processes.is_first,
        left_out=job.left_out,
    )
    if job.config.calibrate:
        progress("calibrate", 0, 1)
        calibrate_model(job)
        progress("calibrate", 1, 1)
    if outcome.is_first_process:
        write_outcome(job.folder, outcome)
        hand_out(job.folder, outcome, progress, tokenizer=job.tokenizer)
    return outcome


@contextmanager
def _drawing_curve(job: TrainingJob, progress: Progress) -> Iterator[None]:
    """Have the first process send what is measured within the block to the run's tracker."""
    if not job.processes.is_first:
        yield
        return
    job.curve = Curve(job.folder, start_tracker(job.folder, job.config), progress)
    try:
        yield
    finally:
        job.curve.finish()


def _resume(job: TrainingJob) -> TrainingState:
    """Return where the training stands, after finishing what a kill may have left half done."""
    state = load_checkpoint(job.folder, job.model, job.optimiser, job.fingerprint) or TrainingState()
    job.processes.demand_same(state.step, "the step of their checkpoint")
    if state.best.folder and job.processes.is_first:
        point_to_best(job.folder.weights, _kept(job, state))
    return state


def _is_stale(state: TrainingState, settings: OptimiserSettings) -> bool:
    return settings.patience > 0 and state.epoch - state.newest_best > settings.patience


def _train_epoch(job: TrainingJob, state: TrainingState, progress: Progress) -> TrainingState:
    """Do the steps of the epoch that are left; seed and epoch alone plan them, so that a resume repeats them."""
    settings, seed, n_orders = job.config.optimiser, job.config.seed, job.config.option_orders
    if n_orders > 1:
        cells = [example.cell for example in job.train]
        job.train = in_orders(job.model, job.source, cells, orders_of_epoch(seed, state.epoch, n_orders))
    plan = plan_epoch(job.train, job.batches, settings.batch_size, (seed, state.epoch), job.processes.count)
    job.model.train()
    log = StepLog(job, progress)
    for number in range(state.step_in_epoch, len(plan)):
        set_learning_rate(job.optimiser, settings, state, len(plan))
        loss = train_step(job, plan[number], state.step)
        state = state.after_step(loss, sum(map(len, plan[number])))
        log.add(loss, plan[number])
        log.tell(state, settings.epochs * len(plan), is_last=number + 1 == len(plan))
        if state.step % job.batches.checkpoint_every_steps == 0 and job.processes.is_first:
            save_checkpoint(job.folder, job.model, job.optimiser, state, job.fingerprint)
    return state


def train_step(job: TrainingJob, rows: Sequence[Sequence[int]], step: int) -> float:
    """Take one optimiser step on `rows` of example numbers; return the mean loss per prompt, weighted and with its
    term on letters.

    Dropout follows from seed, step and row, whichever process computes the row and wherever a training was resumed.
    """
    n_examples, letter_mass = sum(map(len, rows)), job.config.optimiser.letter_mass
    total = 0.0
    job.optimiser.zero_grad(set_to_none=True)
    pace = pace_of(job.processes, job.model)
    for number in _own_rows(job, job.train, rows):
        pace.before_row()
        torch.manual_seed(_row_seed(job.config.seed, step, number))
        losses = _row_losses(job, [job.train[i] for i in rows[number]], letter_mass)
        loss = (losses * losses.new_tensor(job.cell_weights[rows[number]])).sum() / n_examples
        torch.autograd.backward(loss)
        total += float(loss.detach())
    for _ in pace.while_others_compute():
        torch.autograd.backward(_row_losses(job, [_shortest(job.train)], letter_mass).sum() * 0.0)
    parameters = [p for group in job.optimiser.param_groups for p in group["params"]]
    _add_up_gradients(job.processes, parameters)
    if job.config.optimiser.gradient_clip > 0:
        torch.nn.utils.clip_grad_norm_(parameters, job.config.optimiser.gradient_clip)
    job.optimiser.step()
    return _finite(job.processes.total(total), f"step {step + 1}")


def _finite(loss: float, where: str) -> float:
    if not math.isfinite(loss):
        raise bad_input(
            f"The loss became {loss} at {where}.", "Lower --learning-rate, or take --precision float32, and resume."
        )
    return loss


def _shortest(examples: Sequence[Example]) -> Example:
    return min(examples, key=lambda example: len(example.tokens))


def _own_rows(job: TrainingJob, examples: Sequence[Example], rows: Sequence[Sequence[int]]) -> Sequence[int]:
    if job.processes.count == 1:
        return range(len(rows))
    return job.processes.share([row_tokens(examples, row, job.batches) for row in rows])


def _row_seed(seed: int, step: int, row: int) -> int:
    return int(np.random.SeedSequence((seed, step, row)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _row_losses(job: TrainingJob, examples: Sequence[Example], letter_mass: float = 0.0) -> torch.Tensor:
    """Return the loss of each prompt (N,), and `letter_mass` times what it costs that letters are not all there is."""
    options = compute_options(job.model, examples, job.tokens, job.batches)
    logits, human = options.logits, human_shares(job.model, examples)
    if job.config.optimiser.loss is Loss.EMD:  # the only one to which the order of options matters
        logits, human = in_code_order(options.logits, examples), in_code_order(human, examples)
    losses = loss_per_prompt(logits, options.present, human, job.config.optimiser.loss)
    if letter_mass == 0:
        return losses
    inside = log_letter_mass(options.logits, options.present, vocabulary_normaliser(job.model, options))
    return losses - letter_mass * inside


def _add_up_gradients(processes: Processes, parameters: Sequence[torch.nn.Parameter]) -> None:
    if processes.count == 1:
        return
    for parameter in parameters:  # a process without a row in this step still takes part in the sum
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    processes.add_up([p.grad for p in parameters if p.grad is not None])


@torch.no_grad()
def validation_losses(job: TrainingJob) -> ValidationLosses:
    """Return the mean losses over the validation part and over the held-out cells of each kind, without dropout."""
    examples = job.validation + job.held_out
    if not examples:
        return ValidationLosses()
    job.model.eval()
    rows = plan_pass(examples, job.batches, job.processes.count)
    pace, found = pace_of(job.processes, job.model), np.zeros(len(examples))
    for number in _own_rows(job, examples, rows):
        pace.before_row()
        found[list(rows[number])] = _row_losses(job, [examples[i] for i in rows[number]]).double().cpu().numpy()
    for _ in pace.while_others_compute():
        _row_losses(job, [_shortest(examples)])
    found = job.processes.summed(found)
    items, n_validation = job.items, len(job.validation)
    kinds = np.array([Familiarity.of(example.cell.key, items).value for example in examples])
    of_kind = {kind: _mean(found[kinds == kind.value]) for kind in Familiarity if (kinds == kind.value).any()}
    told_apart = len(of_kind) > 1 or n_validation == 0
    return ValidationLosses(_mean(found[:n_validation]) if n_validation else None, of_kind if told_apart else {})


def _mean(losses: Floats) -> float:
    return _finite(float(losses.mean()), "validation")


def _close_epoch(job: TrainingJob, state: TrainingState, progress: Progress) -> TrainingState:
    """Measure, keep the weights if they are the best so far of anything, and save the point to resume from.

    The checkpoint is what makes the epoch count: weights are written before it, and older ones dropped after it.
    """
    losses = validation_losses(job)
    closed = state.after_epoch(losses)
    if job.processes.is_first:
        _append_metrics(job, state, closed, losses)
        if closed.newest_best == closed.epoch:
            closed = closed.kept_in(keep_weights(job.model, job.folder.weights, closed.epoch, job.fingerprint))
        save_checkpoint(job.folder, job.model, job.optimiser, closed, job.fingerprint)
        point_to_best(job.folder.weights, _kept(job, closed))
    note = f"training loss {state.mean_loss:.4f}, {_told(losses, closed)}"
    progress("epoch", closed.epoch, job.config.optimiser.epochs, note, tell=True)
    return closed


def _kept(job: TrainingJob, state: TrainingState) -> KeptWeights:
    of_kind = {kind: best.folder for kind, best in state.best_of_kind.items()}
    return KeptWeights(state.best.folder, of_kind, job.items if of_kind else frozenset())


def _told(losses: ValidationLosses, state: TrainingState) -> str:
    """Return in words how an epoch did on what was not learnt from."""
    told = []
    if losses.validation is not None:
        told.append(f"validation loss {losses.validation:.4f}, best in epoch {state.best.epoch}")
    for kind, loss in losses.of_kind.items():
        best = state.best_of_kind.get(kind)
        told.append(f"{kind.words} {loss:.4f}" + ("" if best is None else f", best in epoch {best.epoch}"))
    return "; ".join(told) or "no validation part"


def _append_metrics(job: TrainingJob, state: TrainingState, closed: TrainingState, losses: ValidationLosses) -> None:
    values = {
        "train_loss": state.mean_loss,
        "learning_rate": float(job.optimiser.param_groups[0]["lr"]),
        "trained_norm": trained_norm(job.model),
        **{f"validation_loss_{kind.value}": loss for kind, loss in losses.of_kind.items()},
    }
    if losses.validation is not None:
        values["validation_loss"] = losses.validation
    if job.curve is not None:
        job.curve.add(TrainingMetric(closed.epoch, closed.step, values))
