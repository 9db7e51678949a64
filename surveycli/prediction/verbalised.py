"""Ask a model for the whole distribution in words: it writes a JSON object of percentages, which is read strictly.

Replies are written greedily, in batches padded on the left, until the object is there, the model ends, or the limit on
tokens is reached. A cell whose reply gives no distribution has no prediction; why is kept as its failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformers import PreTrainedTokenizerBase

from surveycli.distribution.arrays import Ints
from surveycli.domain import Cell
from surveycli.engine.defaults import reply_batch_tokens
from surveycli.engine.examples import ExampleSource
from surveycli.engine.forward import device_of
from surveycli.engine.reach import positions_of
from surveycli.engine.reply import Reply, write_greedily
from surveycli.json_reply import find_object, parse_distribution
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.progress import Progress
from surveycli.prompt import LETTERS, render_json_prompt
from surveycli.run_folder import PredictedCell, PredictionFailure
from surveycli.untrusted.text import excerpt

# A reply may have so many tokens: room for a fence and a short sentence, and for a letter and its number.
_TOKENS_AROUND = 48
_TOKENS_PER_OPTION = 16


@dataclass(frozen=True, slots=True)
class AskedCell:
    """A cell and the tokens of the prompt that asks for its distribution."""

    cell: Cell
    tokens: Ints
    n_options: int


def predict_verbalised(job: PredictionJob, todo: Sequence[Cell], progress: Progress) -> None:
    """Ask for the distribution of each cell of `todo`, and write predictions and failures to the folder by batches."""
    fitting, too_long = _by_length(job, ask_cells(job.source, todo))
    if job.processes.is_first:
        job.keep(too_long)
    batches = plan_batches(fitting, reply_batch_tokens(device_of(job.model)))
    mine = job.processes.share([len(batch) for batch in batches])
    total = sum(len(batches[number]) for number in mine)
    done = n_failed = 0
    for number in mine:
        replies = write_replies(job.model, job.source.tokenizer, batches[number])
        outcomes = [
            _outcome(asked, reply, job.config.elicitation)
            for asked, reply in zip(batches[number], replies, strict=True)
        ]
        job.keep(outcomes)
        done += len(outcomes)
        n_failed += sum(isinstance(outcome, PredictionFailure) for outcome in outcomes)
        progress("predict", done, total, f"{n_failed} replies unreadable" if n_failed else "")


def _by_length(job: PredictionJob, asked: Iterable[AskedCell]) -> tuple[list[AskedCell], list[PredictionFailure]]:
    """Return the cells whose prompt and reply the model reads, and why the others are not asked."""
    positions = positions_of(job.model)
    fitting: list[AskedCell] = []
    too_long: list[PredictionFailure] = []
    for one in asked:
        if positions and len(one.tokens) + reply_limit(one.n_options) > positions:
            reason = f"prompt and reply are longer than the {positions} tokens that the model reads"
            too_long.append(PredictionFailure(one.cell.key, one.cell.language, reason, ""))
        else:
            fitting.append(one)
    return fitting, too_long


def reply_limit(n_options: int) -> int:
    """Return how many tokens a reply about so many options may have.

    >>> reply_limit(2), reply_limit(10)
    (80, 208)
    """
    return _TOKENS_AROUND + _TOKENS_PER_OPTION * n_options


def plan_batches(asked: Iterable[AskedCell], max_tokens: int) -> list[list[AskedCell]]:
    """Put prompts of like length and as many options into batches of at most `max_tokens`, or of one prompt.

    All of a batch may reply as long as each other, so that no reply's limit depends on what stands beside it.
    """
    batches: list[list[AskedCell]] = []
    for one in sorted(asked, key=lambda a: (a.n_options, len(a.tokens))):
        room = max_tokens // (len(one.tokens) + reply_limit(one.n_options))
        if batches and batches[-1][0].n_options == one.n_options and len(batches[-1]) < room:
            batches[-1].append(one)
        else:
            batches.append([one])
    return batches


def write_replies(model: Any, tokenizer: PreTrainedTokenizerBase, batch: Sequence[AskedCell]) -> list[Reply]:
    """Return the model's greedy reply to each prompt of a batch whose cells have as many options as each other."""
    prompts = [asked.tokens for asked in batch]
    limit = reply_limit(batch[0].n_options)
    return write_greedily(model, tokenizer, prompts, limit, lambda text: find_object(text) is not None)


def ask_cells(source: ExampleSource, cells: Sequence[Cell]) -> Iterator[AskedCell]:
    """Yield each cell with the tokens of its prompt. Raises SurveyError (exit 4) where a text is missing."""
    for cell in cells:
        question = source.question(cell)
        prompt = render_json_prompt(question, source.population(cell), source.style, source.frame(cell.language))
        # The chat template's answer begins without the stem: the reply is to be the object alone.
        asked = replace(prompt, stem="") if source.encoder.in_turns else prompt
        yield AskedCell(cell, source.encoder.encode(asked), len(question.options))


def _outcome(asked: AskedCell, reply: Reply, basis: str) -> PredictedCell | PredictionFailure:
    parsed = parse_distribution(reply.text, LETTERS[: asked.n_options], truncated=reply.truncated)
    key, language = asked.cell.key, asked.cell.language
    if parsed.probabilities is None:
        return PredictionFailure(key, language, str(parsed.failure), excerpt(reply.text))
    return PredictedCell(key, language, parsed.probabilities, None, basis)
