"""What a model writes by itself: the most probable token each time, to the end of its reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList

from surveycli.distribution.arrays import Ints
from surveycli.engine.forward import device_of


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model wrote; `truncated` where the limit on tokens stopped it."""

    text: str
    truncated: bool


@torch.no_grad()
def write_greedily(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Ints],
    max_new_tokens: int,
    is_done: Callable[[str], bool] | None = None,
) -> list[Reply]:
    """Return the model's greedy reply to each prompt of a batch; `is_done` tells of a text that the reply may end.

    `is_done` is asked where a reply has just got a closing brace.
    """
    ends = _end_tokens(model, tokenizer)
    padding = _padding(tokenizer)
    ids, mask = _pad_left(prompts, padding)
    n_prompt = ids.shape[1]
    criteria = [] if is_done is None else [_Done(tokenizer, n_prompt, is_done)]
    device = device_of(model)
    written = model.generate(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        generation_config=_greedy(ends, padding, max_new_tokens),
        stopping_criteria=StoppingCriteriaList(criteria),
    )
    return [_reply(tokenizer, row[n_prompt:].tolist(), ends) for row in written]


class _Done(StoppingCriteria):  # type: ignore[misc]
    """Ends a reply as soon as it holds what was asked for: a model without turns would never end by itself."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, n_prompt: int, is_done: Callable[[str], bool]) -> None:
        self._tokenizer = tokenizer
        self._n_prompt = n_prompt
        self._is_done = is_done

    def __call__(self, input_ids: Tensor, *_: object, **__: object) -> Tensor:
        newest = self._tokenizer.batch_decode(input_ids[:, -1:])
        done = [
            "}" in piece and self._is_done(self._tokenizer.decode(row[self._n_prompt :]))
            for piece, row in zip(newest, input_ids, strict=True)
        ]
        return torch.tensor(done, dtype=torch.bool, device=input_ids.device)


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
