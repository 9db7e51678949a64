"""Which prompts go through the model together.

A plan is a list of steps, a step a list of rows, a row a list of example numbers. Prompts of one group (of an item, or
of a population where that comes first) begin alike; chunks of a group become trees, and a row holds as many trees as
fit.

Gradients within a group are correlated, so that a step of a few trees is a noisier sample than as many prompts drawn at
random. Its trees are therefore drawn as a stratified sample: an epoch is a sequence of rounds, a round has one chunk of
every group, and each step of a round takes groups that are unlike one another; within a chunk the prompts differ, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from surveycli.configuration import BatchSettings
from surveycli.engine.examples import Example
from surveycli.engine.prefix_tree import common_prefix, count_nodes

EpochPlan = list[list[list[int]]]


def plan_epoch(
    examples: Sequence[Example], settings: BatchSettings, batch_size: int, seed: tuple[int, ...], n_processes: int = 1
) -> EpochPlan:
    """Return one epoch's steps of `batch_size` examples each (some may be smaller), shuffled by `seed`.

    The steps do not depend on `n_processes`; rows become small enough that every process has one in each step.
    """
    random = np.random.default_rng(seed)
    if not settings.share_prefixes:
        order = random.permutation(len(examples))
        steps = [order[i : i + batch_size, None].tolist() for i in range(0, len(order), batch_size)]
    else:
        steps = _steps_of(_stratified_chunks(examples, settings.examples_per_tree, batch_size, random), batch_size)
    return [fill_rows(examples, step, settings, n_processes) for step in steps]


def plan_pass(examples: Sequence[Example], settings: BatchSettings, n_processes: int = 1) -> list[list[int]]:
    """Return rows that cover every example once, for validation and prediction; equal for equal examples."""
    if not settings.share_prefixes:
        return fill_rows(examples, [[i] for i in range(len(examples))], settings, n_processes)
    # No gradient is taken in a pass, so a tree may hold a whole group, as far as rows allow.
    return fill_rows(examples, _groups(examples), settings, n_processes)


def fill_rows(
    examples: Sequence[Example], chunks: Sequence[list[int]], settings: BatchSettings, n_processes: int = 1
) -> list[list[int]]:
    """Put chunks into rows of at most `max_row_tokens` tokens.

    A chunk that is larger is cut between prompts; a prompt that is larger by itself has a row of its own. Prompts that
    stand alone are padded in rows without a tree.
    """
    if not settings.share_prefixes:
        return _padded_rows(examples, [i for chunk in chunks for i in chunk], settings.max_row_tokens, n_processes)
    apart = [i for chunk in chunks for i in chunk if examples[i].alone]
    chunks = [shared for chunk in chunks if (shared := [i for i in chunk if not examples[i].alone])]
    sizes = [count_nodes([examples[i].tokens for i in chunk]) for chunk in chunks]
    limit = _limit(sum(sizes), settings.max_row_tokens, n_processes)
    rows: list[list[int]] = []
    room = 0
    for chunk, size in zip(chunks, sizes, strict=True):
        pieces = [(chunk, size)] if size <= limit else _cut(examples, chunk, limit)
        for piece, piece_size in pieces:
            if not rows or piece_size > room:
                rows.append([])
                room = limit
            rows[-1].extend(piece)
            room -= piece_size
    return rows + _padded_rows(examples, apart, settings.max_row_tokens, n_processes)


def row_tokens(examples: Sequence[Example], row: Sequence[int], settings: BatchSettings) -> int:
    """Return the tokens that a row puts through the model, padding included."""
    if shares_prefixes([examples[i] for i in row], settings):
        return count_nodes([examples[i].tokens for i in row])
    return max(len(examples[i].tokens) for i in row) * len(row)


def shares_prefixes(row: Sequence[Example], settings: BatchSettings) -> bool:
    """Return whether the prompts of a row form a tree; those that stand alone have rows of their own."""
    return settings.share_prefixes and not row[0].alone


def _limit(n_tokens: int, max_row_tokens: int, n_processes: int) -> int:
    if max_row_tokens < 1:
        raise ValueError("rows need a size: settle_batches chooses it by device")
    return max_row_tokens if n_processes == 1 else min(max_row_tokens, -(-n_tokens // n_processes))


def _cut(examples: Sequence[Example], chunk: Sequence[int], limit: int) -> list[tuple[list[int], int]]:
    """Cut a chunk into pieces of at most `limit` tokens, in sorted order: only shared beginnings are repeated."""
    ordered = sorted(chunk, key=lambda i: examples[i].tokens.tolist())
    # Sorted, a prompt shares with the piece at most what it shares with the prompt before it: `fresh` is what it adds,
    # and all of its tokens where it begins a piece.
    pieces: list[tuple[list[int], int]] = []
    for number, index in enumerate(ordered):
        tokens = examples[index].tokens
        fresh = len(tokens) - (common_prefix(examples[ordered[number - 1]].tokens, tokens) if number else 0)
        if pieces and pieces[-1][1] + fresh <= limit:
            pieces[-1] = ([*pieces[-1][0], index], pieces[-1][1] + fresh)
        else:
            pieces.append(([index], len(tokens)))
    return pieces


def _padded_rows(
    examples: Sequence[Example], chosen: Sequence[int], max_row_tokens: int, n_processes: int
) -> list[list[int]]:
    """Put prompts of like length into one row, each padded to the longest of the row."""
    ordered = sorted(chosen, key=lambda i: len(examples[i].tokens))
    limit = _limit(sum(len(examples[i].tokens) for i in ordered), max_row_tokens, n_processes)
    rows: list[list[int]] = []
    for index in ordered:
        if rows and (len(rows[-1]) + 1) * len(examples[index].tokens) <= limit:
            rows[-1].append(index)
        else:
            rows.append([index])
    return rows


def _groups(examples: Sequence[Example]) -> list[list[int]]:
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        groups[example.group].append(index)
    return list(groups.values())


def _stratified_chunks(
    examples: Sequence[Example], per_tree: int, batch_size: int, random: np.random.Generator
) -> list[list[int]]:
    """Return chunks of at most `per_tree` examples of one group, in an order in which steps can be cut from them."""
    per_tree = min(per_tree, batch_size)
    groups = sorted(_groups(examples), key=lambda group: _likeness(examples[group[0]]))
    n_rounds = max(-(-len(group) // per_tree) for group in groups)
    rounds: list[list[list[int]]] = [[] for _ in range(n_rounds)]
    # A group with c chunks goes into every (n_rounds / c)-th round, from a place of its own in the first of them.
    for group in groups:
        chunks = _spread_chunks(examples, group, per_tree, random)
        places = (np.arange(len(chunks)) + random.random()) * n_rounds / len(chunks)
        for place, chunk in zip(places.astype(int), chunks, strict=True):
            rounds[place].append(chunk)
    return [chunk for chunks in rounds for chunk in _interleaved(chunks, max(1, batch_size // per_tree), random)]


def _likeness(example: Example) -> tuple[int, list[int]]:
    """Return what to sort examples by so that neighbours are alike: in their number of options, then in their words."""
    return example.n_options, example.tokens.tolist()


def _spread_chunks(
    examples: Sequence[Example], group: Sequence[int], size: int, random: np.random.Generator
) -> list[list[int]]:
    """Cut a group into chunks of about equal size, at most `size`, each spread over all of it; anew each epoch."""
    n_chunks = -(-len(group) // size)
    ordered = sorted(group, key=lambda i: _likeness(examples[i]))
    # Every n-th of the sorted examples makes a chunk; turning them first draws anew which are neighbours.
    turned = np.roll(ordered, random.integers(len(ordered)))
    return [turned[start::n_chunks].tolist() for start in random.permutation(n_chunks)]


def _interleaved(chunks: Sequence[list[int]], per_step: int, random: np.random.Generator) -> list[list[int]]:
    """Reorder chunks, given with like ones side by side, so that each `per_step` of them come from all over."""
    n_steps = max(1, round(len(chunks) / per_step))
    steps: list[list[list[int]]] = [[] for _ in range(n_steps)]
    # Each run of `n_steps` like chunks is dealt out, one to every step.
    for start in range(0, len(chunks), n_steps):
        for chunk, step in zip(chunks[start : start + n_steps], random.permutation(n_steps), strict=False):
            steps[step].append(chunk)
    return [chunk for step in random.permutation(n_steps) for chunk in steps[step]]


def _steps_of(chunks: Sequence[list[int]], batch_size: int) -> list[list[list[int]]]:
    steps: list[list[list[int]]] = [[]]
    filled = 0
    for chunk in chunks:
        if filled and filled + len(chunk) > batch_size:
            steps.append([])
            filled = 0
        steps[-1].append(chunk)
        filled += len(chunk)
    return steps
