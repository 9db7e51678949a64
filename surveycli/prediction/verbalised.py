"""Ask a model for the whole distribution in words: it writes a JSON object of percentages, which is read strictly.

Replies are written greedily, in batches padded on the left, until the object is there, the model ends, or the limit on
tokens is reached. A cell whose reply gives no distribution has no prediction; why is kept as its failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

from surveycli.domain import Cell
from surveycli.engine.defaults import reply_batch_tokens
from surveycli.engine.encode import encode_text
from surveycli.engine.examples import ExampleSource
from surveycli.engine.forward import device_of
from surveycli.engine.prefix_tree import Ints
from surveycli.json_reply import excerpt, find_object, parse_reply
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.progress import Progress
from surveycli.prompt import LETTERS, Prompt, render_json_prompt
from surveycli.run_folder import PredictedCell, PredictionFailure, append_failures, write_prediction_shard

# A reply may have so many tokens: room for a fence and a short sentence, and for a letter and its number.
_TOKENS_AROUND = 48
_TOKENS_PER_OPTION = 16


@dataclass(frozen=True, slots=True)
class AskedCell:
    """A cell and the tokens of the prompt that asks for its distribution."""

    cell: Cell
    tokens: Ints
    n_options: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model wrote; `truncated` where the limit on tokens stopped it."""

    text: str
    truncated: bool


def predict_verbalised(job: PredictionJob, todo: Sequence[Cell], progress: Progress) -> None:
    """Ask for the distribution of each cell of `todo`, and write predictions and failures to the folder by batches."""
    batches = plan_batches(ask_cells(job.source, todo), reply_batch_tokens(device_of(job.model)))
    mine = job.processes.share([len(batch) for batch in batches])
    total = sum(len(batches[number]) for number in mine)
    done = n_failed = 0
    for number in mine:
        replies = write_replies(job.model, job.source.tokenizer, batches[number])
        outcomes = [
            _outcome(asked, reply, job.config.elicitation)
            for asked, reply in zip(batches[number], replies, strict=True)
        ]
        predicted = [outcome for outcome in outcomes if isinstance(outcome, PredictedCell)]
        failed = [outcome for outcome in outcomes if isinstance(outcome, PredictionFailure)]
        if predicted:
            write_prediction_shard(job.folder, predicted)
        append_failures(job.folder, failed)
        done, n_failed = done + len(outcomes), n_failed + len(failed)
        progress("predict", done, total, f"{n_failed} replies unreadable" if n_failed else "")


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


@torch.no_grad()
def write_replies(model: Any, tokenizer: PreTrainedTokenizerBase, batch: Sequence[AskedCell]) -> list[Reply]:
    """Return the model's greedy reply to each prompt of a batch whose cells have as many options as each other."""
    ends = _end_tokens(model, tokenizer)
    config = _greedy(ends, _padding(tokenizer), reply_limit(batch[0].n_options))
    ids, mask = _pad_left([asked.tokens for asked in batch], _padding(tokenizer))
    device = device_of(model)
    n_prompt = ids.shape[1]
    written = model.generate(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        generation_config=config,
        stopping_criteria=StoppingCriteriaList([_ObjectIsThere(tokenizer, n_prompt)]),
    )
    return [_reply(tokenizer, row[n_prompt:].tolist(), ends) for row in written]


class _ObjectIsThere(StoppingCriteria):  # type: ignore[misc]
    """Ends a reply as soon as it holds a JSON object: a model without turns would never end by itself."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, n_prompt: int) -> None:
        self._tokenizer = tokenizer
        self._n_prompt = n_prompt

    def __call__(self, input_ids: Tensor, *_: object, **__: object) -> Tensor:
        newest = self._tokenizer.batch_decode(input_ids[:, -1:])
        done = [
            "}" in piece and find_object(self._tokenizer.decode(row[self._n_prompt :])) is not None
            for piece, row in zip(newest, input_ids, strict=True)
        ]
        return torch.tensor(done, dtype=torch.bool, device=input_ids.device)


def ask_cells(source: ExampleSource, cells: Sequence[Cell]) -> Iterator[AskedCell]:
    """Yield each cell with the tokens of its prompt. Raises SurveyError (exit 4) where a text is missing."""
    for cell in cells:
        question = source.question(cell)
        prompt = render_json_prompt(question, source.population(cell), source.style, source.template(cell.language))
        tokens = encode_text(source.tokenizer, _text(source.tokenizer, prompt))
        yield AskedCell(cell, tokens, len(question.options))


def _text(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> str:
    """Return the prompt's text; a model that would think aloud first is told that it has done so."""
    if not tokenizer.chat_template:
        return prompt.text
    turns = [{"role": "user", "content": prompt.user}]
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}  # the last: Qwen 3 and kin
    opened = str(tokenizer.apply_chat_template(turns, **options))
    return f"{opened.rstrip()}\n\n</think>\n\n" if opened.rstrip().endswith("<think>") else opened


def _pad_left(sequences: Sequence[Ints], padding: int) -> tuple[Tensor, Tensor]:
    """Return ids and mask (B, T): every prompt ends in the last column, where its reply begins."""
    width = max(len(sequence) for sequence in sequences)
    ids = np.full((len(sequences), width), padding, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, width - len(sequence) :] = sequence
        mask[row, width - len(sequence) :] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def _greedy(ends: Sequence[int], padding: int, max_new_tokens: int) -> GenerationConfig:
    """Return the most probable token each time. What a model brings as its own habits of sampling is set aside."""
    return GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
        temperature=1.0,
        top_p=1.0,
        top_k=50,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        eos_token_id=list(ends) or None,
        pad_token_id=padding,
    )


def _end_tokens(model: Any, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    found = model.generation_config.eos_token_id
    if found is None:
        found = tokenizer.eos_token_id
    if found is None:
        return ()
    return tuple(found) if isinstance(found, (list, tuple)) else (int(found),)


def _padding(tokenizer: PreTrainedTokenizerBase) -> int:
    return next((int(i) for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0)


def _reply(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int], ends: Sequence[int]) -> Reply:
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    return Reply(str(tokenizer.decode(tokens[:end], skip_special_tokens=True)), truncated=end is None)


def _outcome(asked: AskedCell, reply: Reply, basis: str) -> PredictedCell | PredictionFailure:
    parsed = parse_reply(reply.text, LETTERS[: asked.n_options], truncated=reply.truncated)
    key, language = asked.cell.key, asked.cell.language
    if parsed.probabilities is None:
        return PredictionFailure(key, language, str(parsed.failure), excerpt(reply.text))
    return PredictedCell(key, language, parsed.probabilities, None, basis)
