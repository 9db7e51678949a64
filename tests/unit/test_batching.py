"""Plans of steps and rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from model_samples import make_contents, random_examples, source_of

from surveycli.configuration import BatchSettings
from surveycli.domain import Shares
from surveycli.engine.batching import fill_rows, plan_epoch, plan_pass, row_tokens
from surveycli.engine.defaults import ROW_TOKENS_CPU
from surveycli.engine.examples import Example
from surveycli.engine.prefix_tree import count_nodes
from surveycli.prompt import PromptOrder
from surveycli.run_folder.transfer import CellRequest, export_contents
from surveycli.split import Recipe, SplitOptions, make_split
from surveycli.store import Store

SHARED = BatchSettings(examples_per_tree=4, max_row_tokens=120)
PADDED = replace(SHARED, share_prefixes=False)
EXAMPLES = source_of(make_contents(6, 11)).examples(make_contents(6, 11).cells)


def flat(plan: list[list[list[int]]]) -> list[int]:
    return [index for step in plan for row in step for index in row]


@pytest.mark.parametrize("settings", [SHARED, PADDED], ids=["shared", "padded"])
@pytest.mark.parametrize("batch_size", [1, 3, 8, 1000])
def test_an_epoch_has_every_example_once(settings: BatchSettings, batch_size: int) -> None:
    """Every example is in exactly one row of one step, and no step is larger than the batch size."""
    plan = plan_epoch(EXAMPLES, settings, batch_size, (1, 0))
    assert sorted(flat(plan)) == list(range(len(EXAMPLES)))
    assert all(sum(map(len, step)) <= batch_size for step in plan)


@pytest.mark.parametrize("settings", [SHARED, PADDED], ids=["shared", "padded"])
def test_a_pass_has_every_example_once(settings: BatchSettings) -> None:
    """Prediction and validation meet every example exactly once."""
    assert sorted(i for row in plan_pass(EXAMPLES, settings) for i in row) == list(range(len(EXAMPLES)))


@pytest.mark.parametrize("settings", [SHARED, PADDED], ids=["shared", "padded"])
def test_seed_and_epoch_decide_the_plan(settings: BatchSettings) -> None:
    """The same seed and epoch give the same plan; another epoch gives another."""
    assert plan_epoch(EXAMPLES, settings, 8, (1, 0)) == plan_epoch(EXAMPLES, settings, 8, (1, 0))
    assert plan_epoch(EXAMPLES, settings, 8, (1, 0)) != plan_epoch(EXAMPLES, settings, 8, (1, 1))


@pytest.mark.parametrize("settings", [SHARED, PADDED], ids=["shared", "padded"])
@pytest.mark.parametrize("max_row_tokens", [1, 60, 120, 400])
def test_rows_stay_within_their_size(settings: BatchSettings, max_row_tokens: int) -> None:
    """No row has more tokens than allowed, but for a single prompt that is longer by itself."""
    settings = replace(settings, max_row_tokens=max_row_tokens)
    for row in plan_pass(EXAMPLES, settings):
        assert len(row) == 1 or row_tokens(EXAMPLES, row, settings) <= max_row_tokens


def test_a_step_draws_from_all_over() -> None:
    """A step of six trees has no item twice, and has items of each number of options equally often."""
    contents = make_contents(24, 8)
    examples = source_of(contents).examples(contents.cells)
    plan = plan_epoch(examples, replace(SHARED, max_row_tokens=10_000), 24, (3, 0))  # six trees of four
    for step in plan:
        options = {examples[i].group: examples[i].n_options for i in flat([step])}
        assert len(options) == 6
        assert Counter(options.values()) == {2: 2, 3: 2, 4: 2}


def test_every_group_comes_once_before_any_comes_again() -> None:
    """An epoch is made of rounds over all items: after k rounds every item has been met k times."""
    contents = make_contents(6, 12)
    examples = source_of(contents).examples(contents.cells)
    plan = plan_epoch(examples, replace(SHARED, max_row_tokens=10_000), 8, (5, 0))  # three rounds of three steps
    assert len(plan) == 9
    for number in range(3):
        met = Counter(examples[i].cell.key.item_id for step in plan[3 * number : 3 * number + 3] for i in flat([step]))
        assert met == dict.fromkeys((f"q{i}" for i in range(6)), 4)


def test_a_tree_is_spread_over_its_group() -> None:
    """Of prompts sorted by their words, a tree has no two neighbours where its group has three times as many."""
    chosen = [i for i, e in enumerate(EXAMPLES) if e.group == EXAMPLES[0].group]
    ordered = sorted(chosen, key=lambda i: EXAMPLES[i].tokens.tolist())
    for step in plan_epoch(EXAMPLES, SHARED, 4, (7, 0)):
        places = sorted(ordered.index(i) for i in flat([step]) if i in chosen)
        assert all(later - earlier > 1 for earlier, later in pairwise(places))


@pytest.mark.parametrize("order", PromptOrder)
def test_tokens_stay_near_the_floor_of_each_step(order: PromptOrder, bundled_store: Store) -> None:
    """On WVS prompts, rows of the usual size compute at most 5% more than the prefix tree of a whole step has nodes."""
    make_split(bundled_store, Recipe.PAPER, SplitOptions(name="paper", seed=1))
    contents = export_contents(bundled_store, CellRequest("paper", ("en",), Shares.UNWEIGHTED, ("validation", "C2-Q1")))
    examples = source_of(contents, order).examples(contents.cells)
    settings = BatchSettings(examples_per_tree=16, max_row_tokens=ROW_TOKENS_CPU)
    computed = floor = 0
    for step in plan_epoch(examples, settings, 64, (0, 0)):
        computed += sum(row_tokens(examples, row, settings) for row in step)
        floor += count_nodes([examples[i].tokens for row in step for i in row])
    assert floor <= computed <= 1.05 * floor


def test_more_processes_share_the_same_steps() -> None:
    """Steps hold the same examples for any number of processes, cut into rows enough for all of them."""
    alone = plan_epoch(EXAMPLES, SHARED, 16, (1, 0))
    together = plan_epoch(EXAMPLES, replace(SHARED, max_row_tokens=8192), 16, (1, 0), n_processes=4)
    assert [sorted(flat([step])) for step in alone] == [sorted(flat([step])) for step in together]
    assert all(len(step) >= 4 for step in together if len(flat([step])) >= 8)


def test_rows_need_a_size() -> None:
    """A row size that is still left to the device is refused rather than taken for nothing."""
    with pytest.raises(ValueError, match="settle_batches"):
        fill_rows(random_examples(4)[0], [[0, 1]], BatchSettings())


def test_cutting_a_large_tree_repeats_only_what_is_shared() -> None:
    """A chunk too large for a row is cut into rows that together have its prompts and little more than its tokens."""
    chosen = [i for i, e in enumerate(EXAMPLES) if e.group == EXAMPLES[0].group]
    whole = count_nodes([EXAMPLES[i].tokens for i in chosen])
    rows = fill_rows(EXAMPLES, [chosen], replace(SHARED, max_row_tokens=whole - 1))
    assert len(rows) == 2
    assert sorted(i for row in rows for i in row) == chosen
    assert sum(row_tokens(EXAMPLES, row, SHARED) for row in rows) - whole <= shortest(EXAMPLES)


def shortest(examples: list[Example]) -> int:
    return min(len(example.tokens) for example in examples)
