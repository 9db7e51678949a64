"""What holds of every prefix forest."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveycli.engine.prefix_tree import attention_allowed, build_forest, count_nodes, pad_forest

# Few different tokens and short sequences, so that equal beginnings, whole prefixes and duplicates all occur.
sequences = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=7).map(lambda tokens: np.array(tokens, dtype=np.int64)),
    min_size=1,
    max_size=12,
)


def path_to(forest, node: int) -> list[int]:
    """Return the nodes from a root to `node`, by the definition of a subtree rather than by the mask."""
    return [k for k in range(node + 1) if k <= node < forest.end[k]]


@given(sequences)
def test_the_forest_spells_every_sequence(given_sequences) -> None:
    """Reading the tokens on the way from the root to a sequence's leaf gives back the sequence."""
    forest = build_forest(given_sequences)
    for sequence, leaf in zip(given_sequences, forest.leaf, strict=True):
        assert forest.tokens[path_to(forest, leaf)].tolist() == sequence.tolist()


@given(sequences)
def test_nodes_are_the_distinct_prefixes(given_sequences) -> None:
    """There are exactly as many nodes as distinct non-empty prefixes: no token is computed twice, none is missing."""
    prefixes = {tuple(s[: i + 1].tolist()) for s in given_sequences for i in range(len(s))}
    assert build_forest(given_sequences).n_nodes == len(prefixes) == count_nodes(given_sequences)


@given(sequences)
def test_a_node_attends_to_its_ancestors_and_itself(given_sequences) -> None:
    """The mask rule k <= q < end[k] is the ancestor relation, as following parents by depth finds it."""
    forest = build_forest(given_sequences)
    parent: list[int] = []
    for node in range(forest.n_nodes):
        above = [k for k in range(node) if forest.depth[k] == forest.depth[node] - 1]
        parent.append(above[-1] if forest.depth[node] else -1)
    expected = np.zeros((forest.n_nodes, forest.n_nodes), dtype=bool)
    for node in range(forest.n_nodes):
        ancestor = node
        while ancestor >= 0:
            expected[node, ancestor] = True
            ancestor = parent[ancestor]
    assert (attention_allowed(forest) == expected).all()


@given(sequences, st.randoms(use_true_random=False))
def test_the_order_of_sequences_changes_only_the_leaves_order(given_sequences, random) -> None:
    """Sequences in another order give the same nodes, and each sequence the same leaf."""
    order = list(range(len(given_sequences)))
    random.shuffle(order)
    first, second = build_forest(given_sequences), build_forest([given_sequences[i] for i in order])
    assert first.tokens.tolist() == second.tokens.tolist()
    assert first.end.tolist() == second.end.tolist()
    assert first.leaf[order].tolist() == second.leaf.tolist()


@given(sequences, st.integers(0, 5))
def test_padding_leaves_the_forest_as_it_was(given_sequences, extra) -> None:
    """Appended nodes attend to themselves alone, and nothing attends to them."""
    forest = build_forest(given_sequences)
    n = forest.n_nodes
    mask = attention_allowed(pad_forest(forest, n + extra))
    assert (mask[:n, :n] == attention_allowed(forest)).all()
    assert not mask[:n, n:].any()
    assert not mask[n:, :n].any()
    assert (mask[n:, n:] == np.eye(extra, dtype=bool)).all()
