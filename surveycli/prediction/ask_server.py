"""Ask a model behind a server about cells: several requests at a time, each cell's answer kept soon after it came."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from surveycli.configuration import PredictConfig
from surveycli.distribution.reported import ReportedTokens, bound_shares
from surveycli.domain import Cell
from surveycli.engine.examples import PromptSource
from surveycli.errors import SurveyError, bad_input
from surveycli.plain import from_plain
from surveycli.prediction.asked import asked_of, basis_of
from surveycli.prediction.prediction_job import keep_outcomes
from surveycli.prediction.server_choices import Allow, Form, ServedSettings
from surveycli.progress import Progress
from surveycli.prompt import LETTERS, Prompt
from surveycli.run_folder import (
    FolderContents,
    PredictedCell,
    PredictionFailure,
    RunFolder,
    read_predictions,
)
from surveycli.run_folder.shards import demand_basis
from surveycli.server.cost import estimate_tokens
from surveycli.server.first_token import chat_one, complete_one
from surveycli.server.model_server import (
    ModelServer,
    RateLimit,
    ServerError,
    ServerSettings,
    UnusableReplyError,
    address_of,
)

# A server that has not given one answer is given up after so many failures; one that has, after so many in a row.
_MOST_FAILURES = 3
_KEEP_AFTER_S, _KEEP_AFTER_CELLS = 10.0, 512


@dataclass(frozen=True, slots=True)
class _Asked:
    """A cell with its prompt, the number of its options, and what came of asking."""

    cell: Cell
    prompt: Prompt
    n_options: int
    answer: ReportedTokens | Exception | None = None


def predict_served(
    folder: RunFolder, config: PredictConfig, contents: FolderContents, todo: Sequence[Cell], progress: Progress
) -> str:
    """Ask for each cell of `todo`, write predictions and failures to the folder, and return the model's fingerprint.

    That is one of address and name: what a server has behind a name cannot be seen. Raises SurveyError: exit 3 where
    the server gives no usable answer or ceases to answer, and as ModelServer does; what had come by then is kept.
    """
    settings = from_plain(ServedSettings, config.settings)
    named = f"{address_of(settings.base_url)} {config.model.name}"
    fingerprint = hashlib.sha256(named.encode()).hexdigest()[:16]
    demand_basis(folder, basis_of(config, fingerprint, None))
    work = _Work(folder, contents, settings, progress)
    work.begin(todo, config)
    answers = _ask_all(work.asked, config.model.name, settings)
    try:
        for answered in answers:
            work.take(answered)
    finally:
        answers.close()
        work.keep()
    work.demand_all()
    return fingerprint


@dataclass(slots=True)
class _Work:
    """What is to be asked, what has come, and what of it is not kept yet."""

    folder: RunFolder
    contents: FolderContents
    settings: ServedSettings
    progress: Progress
    asked: list[_Asked] = field(default_factory=list)
    waiting: list[PredictedCell | PredictionFailure] = field(default_factory=list)
    kept_at: float = field(default_factory=time.monotonic)
    n_done: int = 0
    n_good: int = 0
    n_unanswered: int = 0
    n_in_row: int = 0

    def begin(self, todo: Sequence[Cell], config: PredictConfig) -> None:
        """Make the prompts, keep which cells cannot be asked, and say what asking will come to."""
        contents = self.contents
        source = PromptSource.over(contents.questions, contents.populations, config.prompt, contents.frames)
        for cell in todo:
            reason = source.why_not_asked(cell)
            if reason is None:
                self.asked.append(_Asked(cell, source.prompt(cell), len(source.question(cell).options)))
            else:
                self.waiting.append(PredictionFailure(cell.key, cell.language, reason, ""))
        self.keep()
        self.progress("ask", 0, len(self.asked), _estimate(self.asked, self.settings), tell=True)

    def take(self, answered: _Asked) -> None:
        """Take what came of one cell. Raises SurveyError (exit 3) where the server is of no use."""
        self.n_done += 1
        self.n_in_row += 1
        if isinstance(answered.answer, ServerError) and answered.answer.may_pass:
            self.n_unanswered += 1
        else:
            outcome = _outcome(answered, self.settings)
            if isinstance(outcome, PredictedCell):
                self.n_good += 1
                self.n_in_row = 0
            self.waiting.append(outcome)
        if self.n_in_row >= _MOST_FAILURES and (not self.n_good or self.n_unanswered >= _MOST_FAILURES):
            raise self._of_no_use(answered)
        if len(self.waiting) >= _KEEP_AFTER_CELLS or time.monotonic() - self.kept_at > _KEEP_AFTER_S:
            self.keep()
        self.progress("ask", self.n_done, len(self.asked))

    def keep(self) -> None:
        """Write what came to the folder; failures of a server that never gave an answer are no results."""
        if self.n_good or not self.n_done:
            keep_outcomes(self.folder, asked_of(self.contents), self.waiting)
            self.waiting = []
        self.kept_at = time.monotonic()

    def demand_all(self) -> None:
        """Raise SurveyError (exit 3) where some cells have no answer, or not one has a usable one."""
        if self.n_unanswered:
            raise bad_input(
                f"The server did not answer for {self.n_unanswered} of {len(self.asked)} cells.",
                "What it answered is kept; the same command asks for the others.",
            )
        if self.asked and not self.n_good:
            raise bad_input(f"The server gave no usable answer: {self.waiting[-1].reason}.", _CHECK)  # type: ignore[union-attr]

    def _of_no_use(self, answered: _Asked) -> SurveyError:
        if not self.n_good:
            outcome = None if isinstance(answered.answer, ServerError) else _outcome(answered, self.settings)
            reason = outcome.reason if isinstance(outcome, PredictionFailure) else str(answered.answer)
            return bad_input(f"The server gave no usable answer: {reason}.", _CHECK)
        return bad_input(
            f"The server ceased to answer: {answered.answer}.",
            f"{self.n_good} cells are kept; the same command goes on with the others.",
        )


_CHECK = "Check --model and --base-url; --form and --allow say how it is asked, --top-logprobs for how many tokens."


def _outcome(answered: _Asked, settings: ServedSettings) -> PredictedCell | PredictionFailure:
    cell, answer = answered.cell, answered.answer
    if not isinstance(answer, ReportedTokens):
        return PredictionFailure(cell.key, cell.language, str(answer), "")
    letters = LETTERS[: answered.n_options]
    found = bound_shares(answer, letters, restricted=settings.allow is not Allow.ANY)
    if found is None:
        reason = f"no option letter is among the {len(answer.tokens)} tokens that the server reports"
        return PredictionFailure(cell.key, cell.language, reason, "")
    basis = "served" if not found.n_unreported else f"served, {found.n_unreported} letters not reported"
    return PredictedCell(
        cell.key, cell.language, found.shares, found.outside, basis, least=found.least, most=found.most
    )


def _estimate(asked: Sequence[_Asked], settings: ServedSettings) -> str:
    n_tokens = round(sum(estimate_tokens(one.prompt.text) + 1 for one in asked))
    price = settings.price_per_million_tokens
    cost = "" if price is None else f", costing about {n_tokens * price / 1e6:.4f}"
    return f"{len(asked):,} requests, about {n_tokens:,} tokens{cost}"


def _ask_all(asked: Sequence[_Asked], model: str, settings: ServedSettings) -> Generator[_Asked, None, None]:
    """Yield each of `asked` with its answer as it comes, by several threads. Raises SurveyError as ModelServer does.

    The threads end with the process: one that is stopped does not wait for a server.
    """
    server = _settings_of(settings, model)
    pace = RateLimit(settings.requests_per_minute)
    todo: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
    done: queue.SimpleQueue[_Asked] = queue.SimpleQueue()
    for one in asked:
        todo.put(one)
    stopped = threading.Event()
    ModelServer(server).close()  # what is wrong with address and key is told before any thread begins
    for _ in range(min(settings.concurrency, len(asked))):
        threading.Thread(target=_run_worker, args=(server, pace, settings, todo, done, stopped), daemon=True).start()
    try:
        for _ in asked:
            answered = done.get()
            if isinstance(answered.answer, SurveyError):
                raise answered.answer
            yield answered
    finally:
        stopped.set()


def _run_worker(
    server_settings: ServerSettings,
    pace: RateLimit,
    settings: ServedSettings,
    todo: queue.SimpleQueue[_Asked],
    done: queue.SimpleQueue[_Asked],
    stopped: threading.Event,
) -> None:
    with ModelServer(server_settings, pace=pace) as server:
        while not stopped.is_set():
            try:
                one = todo.get_nowait()
            except queue.Empty:
                return
            done.put(_answered(one, server, settings))


def _answered(one: _Asked, server: ModelServer, settings: ServedSettings) -> _Asked:
    answer: ReportedTokens | Exception
    try:
        answer = _ask(server, one, settings)
    except (ServerError, UnusableReplyError, SurveyError) as error:
        answer = error
    return _Asked(one.cell, one.prompt, one.n_options, answer)


def _ask(server: ModelServer, one: _Asked, settings: ServedSettings) -> ReportedTokens:
    extra = _ALLOWED[settings.allow](LETTERS[: one.n_options])
    if settings.form is Form.COMPLETION:
        return complete_one(server, one.prompt.text, settings.top_logprobs, extra)
    if settings.form is Form.CHAT:
        return chat_one(server, one.prompt.user, one.prompt.stem, settings.top_logprobs, extra)
    return chat_one(server, one.prompt.text, "", settings.top_logprobs, extra)


# vLLM has renamed its field; it passes over the one that it does not know.
_ALLOWED: dict[Allow, Callable[[str], dict[str, object]]] = {
    Allow.ANY: lambda letters: {},  # noqa: ARG005 - nothing is said of letters
    Allow.CHOICE: lambda letters: {"guided_choice": list(letters), "structured_outputs": {"choice": list(letters)}},
    Allow.REGEX: lambda letters: {"regex": f"[{letters}]"},
    Allow.GRAMMAR: lambda letters: {"grammar": f"root ::= [{letters}]"},
}


def _settings_of(settings: ServedSettings, model: str) -> ServerSettings:
    return ServerSettings(
        model=model,
        base_url=settings.base_url,
        key=os.environ.get(settings.key_variable) or None,
        key_variable=settings.key_variable,
        timeout_s=settings.timeout,
        max_tries=settings.tries,
        requests_per_minute=settings.requests_per_minute,
    )


def notes_of(folder: RunFolder) -> tuple[str, ...]:
    """Return how precisely the shares of a folder are known, where the server did not report every letter."""
    widths = [
        max(most - least for least, most in zip(cell.least, cell.most, strict=True))
        for cell in read_predictions(folder)
        if cell.least is not None and cell.most is not None
    ]
    bounded = [width for width in widths if width > 0]
    if not bounded:
        return ()
    return (
        f"In {len(bounded)} of {len(widths)} cells the server did not report every letter: their least certain share "
        f"is known to within {fmean(bounded):.4f} on average, {max(bounded):.4f} at most.",
    )
