"""What a training says while it goes on: loss, rate and speed, in lines of a log and as points of its curve."""

from __future__ import annotations

import time
from collections.abc import Sequence

from surveycli.engine.batching import row_tokens
from surveycli.progress import Progress
from surveycli.run_folder import TrainingMetric
from surveycli.training.checkpoint import TrainingState
from surveycli.training.job import TrainingJob


class StepLog:
    """Losses, prompts and tokens since the last line; a line comes every `log_every` steps and at an epoch's end."""

    def __init__(self, job: TrainingJob, progress: Progress) -> None:
        self._job, self._progress = job, progress
        self._begin()

    def _begin(self) -> None:
        self._loss_sum, self._n_examples, self._n_tokens = 0.0, 0, 0
        self._began = time.perf_counter()

    def add(self, loss: float, rows: Sequence[Sequence[int]]) -> None:
        """Count one step, with its mean loss per prompt and its rows of example numbers."""
        n_examples = sum(map(len, rows))
        self._loss_sum += loss * n_examples
        self._n_examples += n_examples
        self._n_tokens += sum(row_tokens(self._job.train, row, self._job.batches) for row in rows)

    def tell(self, state: TrainingState, n_steps: int, *, is_last: bool) -> None:
        """Report where the training stands; a line that is due begins a new count, and is a point of the curve.

        The line has the mean loss since the last one. The curve has that of the epoch so far, which an interruption
        does not change. Tokens are those that went through the model, of all processes; a beginning that prompts share
        counts once.
        """
        loss, rate = self._loss_sum / self._n_examples, float(self._job.optimiser.param_groups[0]["lr"])
        speed = self._n_tokens / max(1e-9, time.perf_counter() - self._began)
        every = self._job.config.log_every
        is_point = every > 0 and state.step % every == 0
        note = f"epoch {state.epoch + 1}, loss {loss:.4f}, rate {rate:.3g}, {speed:,.0f} tokens/s"
        self._progress("train", state.step, n_steps, note, tell=is_point or is_last)
        if is_point and not is_last and self._job.curve is not None:  # the end of an epoch has a point of its own
            values = {"train_loss": state.mean_loss, "learning_rate": rate}
            self._job.curve.add(TrainingMetric(state.epoch + 1, state.step, values))
        if is_point:
            self._begin()
