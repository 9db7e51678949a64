"""Prompts that share a beginning, laid out so that each shared token is computed once.

The token sequences of a batch form a trie. Its nodes are laid out depth first; a node's position id is its depth. With
`end[k]` one past the last node of k's subtree, position q may attend to k exactly where `k <= q < end[k]`: that one
rule is causal for a single prompt, block-diagonal for unrelated ones, and lets prompts share a common prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from surveycli.distribution.arrays import Ints


@dataclass(frozen=True, slots=True)
class PrefixForest:
    """T nodes that spell N sequences.

    tokens (T,): token ids in depth-first order. depth (T,): position ids. end (T,): one past each node's subtree.
    leaf (N,): the node of each sequence's last token, in the order the sequences were given.
    """

    tokens: Ints
    depth: Ints
    end: Ints
    leaf: Ints

    @property
    def n_nodes(self) -> int:
        """T, the tokens that a model has to compute."""
        return len(self.tokens)


def common_prefix(first: Ints, second: Ints) -> int:
    """Return how many leading tokens two sequences share.

    >>> common_prefix(np.array([1, 2, 3]), np.array([1, 2, 4, 5]))
    2
    """
    shorter = min(len(first), len(second))
    differs = first[:shorter] != second[:shorter]
    return int(differs.argmax()) if differs.any() else shorter


def build_forest(sequences: Sequence[Ints]) -> PrefixForest:
    """Lay out the trie of `sequences`, each a non-empty array of token ids.

    In sorted order a sequence shares with all earlier ones at most what it shares with the one before it, so one pass
    over neighbours finds every node.

    >>> forest = build_forest([np.array([7, 1, 2]), np.array([7, 1, 3])])
    >>> forest.tokens.tolist(), forest.depth.tolist(), forest.end.tolist(), forest.leaf.tolist()
    ([7, 1, 2, 3], [0, 1, 2, 2], [4, 4, 3, 4], [2, 3])
    """
    order = sorted(range(len(sequences)), key=lambda i: sequences[i].tolist())
    tokens: list[Ints] = []
    depths: list[Ints] = []
    leaf = np.zeros(len(sequences), dtype=np.int64)
    ends: list[int] = []
    path: list[int] = []  # the nodes from the root to the last one laid out
    previous = np.zeros(0, dtype=np.int64)
    n_nodes = 0
    # The subtree of a node ends where the first sequence begins that leaves the path through it; then `path[:shared]`
    # is what stays of the path, and `fresh` nodes continue it.
    for index in order:
        sequence = sequences[index]
        shared = common_prefix(previous, sequence)
        for node in path[shared:]:
            ends[node] = n_nodes
        fresh = len(sequence) - shared
        path = path[:shared] + list(range(n_nodes, n_nodes + fresh))
        tokens.append(sequence[shared:])
        depths.append(np.arange(shared, len(sequence)))
        ends.extend([0] * fresh)
        n_nodes += fresh
        leaf[index] = path[-1]
        previous = sequence
    for node in path:
        ends[node] = n_nodes
    return PrefixForest(np.concatenate(tokens), np.concatenate(depths), np.array(ends, dtype=np.int64), leaf)


def pad_forest(forest: PrefixForest, n_nodes: int) -> PrefixForest:
    """Append single nodes that attend to themselves alone and that nothing reads, up to `n_nodes` in all.

    >>> pad_forest(build_forest([np.array([7, 1])]), 4).end.tolist()
    [2, 2, 3, 4]
    """
    extra = n_nodes - forest.n_nodes
    zeros = np.zeros(extra, dtype=np.int64)
    return PrefixForest(
        np.concatenate([forest.tokens, zeros]),
        np.concatenate([forest.depth, zeros]),
        np.concatenate([forest.end, np.arange(forest.n_nodes, n_nodes) + 1]),
        forest.leaf,
    )


def attention_allowed(forest: PrefixForest) -> npt.NDArray[np.bool_]:
    """Return the (T, T) mask: True where query q (row) may attend to key k (column), `k <= q < end[k]`."""
    q = np.arange(forest.n_nodes)[:, None]
    k = q.T
    return (k <= q) & (q < forest.end[k])


def count_nodes(sequences: Sequence[Ints]) -> int:
    """Return the nodes of the whole trie: the fewest tokens an exact computation can touch.

    >>> count_nodes([np.array([7, 1, 2]), np.array([7, 1, 3])])
    4
    """
    ordered = sorted(sequences, key=lambda tokens: tokens.tolist())
    shared = sum(common_prefix(first, second) for first, second in pairwise(ordered))
    return sum(map(len, ordered)) - shared
