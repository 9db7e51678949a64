"""How probable a model finds the words of an item's options, where they are listed without letters.

The score of an option is the mean log probability of its tokens, each after those before it. All beginnings of all
options of a prompt form one tree, so that the prompt is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from surveycli.distribution.arrays import Floats, Ints
from surveycli.domain import Cell
from surveycli.engine.examples import ExampleSource
from surveycli.engine.forward import build_row, leaf_hidden, log_normaliser, option_logits
from surveycli.engine.prefix_tree import common_prefix
from surveycli.engine.reach import positions_of, window_of
from surveycli.engine.sharding import pace_of
from surveycli.prediction.prediction_job import PredictionJob
from surveycli.prompt import Prompt, render_prompt

_OPTION = "- {label}"


@dataclass(frozen=True, slots=True)
class _Worded:
    """A prompt's options as token sequences, and from which place on each is the option's own."""

    sequences: tuple[Ints, ...]
    starts: tuple[int, ...]


@torch.no_grad()
def score_texts(job: PredictionJob, cells: Sequence[Cell], source: ExampleSource) -> list[Floats | str]:
    """Return the scores of each cell's options (K,) in code order, or why it has none."""
    scores: list[Floats | str] = []
    for cell in cells:
        worded = _word(cell, source)
        longest, positions = max(map(len, worded.sequences)), positions_of(job.model)
        if positions and longest > positions:
            scores.append(f"prompt and options are longer than the {positions} tokens that the model reads")
        else:
            scores.append(_score(job, worded))
    return scores


def _word(cell: Cell, source: ExampleSource) -> _Worded:
    question, frame = source.question(cell), replace(source.frame(cell.language), option=_OPTION)
    prompt = render_prompt(question, source.population(cell), source.style, None, frame)
    asked = Prompt(prompt.user, prompt.stem.removesuffix("(").rstrip())
    before = source.encoder.encode(asked)
    sequences = tuple(source.encoder.encode(asked, f" {option.label}") for option in question.options)
    return _Worded(sequences, tuple(common_prefix(before, sequence) for sequence in sequences))


def _score(job: PredictionJob, worded: _Worded) -> Floats:
    # beginnings[i] is followed by the token after[i] of the option owner[i].
    beginnings, after, owner = [], [], []
    for number, (sequence, start) in enumerate(zip(worded.sequences, worded.starts, strict=True)):
        for place in range(max(start, 1), len(sequence)):
            beginnings.append(sequence[:place])
            after.append(int(sequence[place]))
            owner.append(number)
    window = window_of(job.model)
    shares = job.config.batches.share_prefixes and not (window and max(map(len, beginnings)) > window)
    pace_of(job.processes, job.model).before_row()
    hidden = leaf_hidden(job.model, build_row(job.model, beginnings, share_prefixes=shares))
    tokens, own = np.unique(after, return_inverse=True)
    logits = option_logits(job.model, hidden, torch.from_numpy(tokens).to(hidden.device))
    logs = (logits - log_normaliser(job.model, hidden)[:, None]).double().cpu().numpy()[np.arange(len(after)), own]
    n_tokens = np.bincount(owner, minlength=len(worded.sequences))
    return np.asarray(np.bincount(owner, weights=logs, minlength=len(worded.sequences)) / np.maximum(n_tokens, 1))
