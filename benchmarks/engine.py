"""Training and prediction against the published step, on one thread of this machine's processor.

`python -m benchmarks.engine [--rounds 5] [--only NAME]` prints a Markdown table. A round times the published
computation and ours on the same examples, one after the other in this process; the table has medians over rounds of
the ratio within a round, so that a slow spell of the machine strikes both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch

from benchmarks.published_step import PADDED_TO, body_heavy_llama, describe_machine, load_examples, published_forward
from benchmarks.published_step import published_loss as published
from surveycli.configuration import BatchSettings
from surveycli.engine.batching import plan_epoch, plan_pass, row_tokens
from surveycli.engine.compute import compute_options, human_shares, vocabulary_normaliser
from surveycli.engine.defaults import ROW_TOKENS_CPU
from surveycli.engine.encode import OptionTokens
from surveycli.engine.examples import Example
from surveycli.engine.first_token import loss_per_prompt, option_log_probabilities, outside_mass
from surveycli.engine.prefix_tree import count_nodes
from surveycli.prompt import Describe, PromptOrder, PromptStyle

STEP = 64  # examples per optimiser step of ours
SLICE = 256  # neighbouring examples of a prediction
BASELINE = 8  # examples that the published step is timed on; it computes each by itself


@dataclass(frozen=True)
class Case:
    """A way of computing, for a prompt style."""

    name: str
    style: PromptStyle
    batches: BatchSettings


@dataclass
class Timing:
    """What was computed, and the ratios of the published time per example to ours."""

    ratios: list[float] = field(default_factory=list)
    n_tokens: int = 0
    n_floor: int = 0
    n_examples: int = 0

    def add(
        self, examples: Sequence[Example], rows: Sequence[Sequence[int]], case: Case, theirs: float, ours: float
    ) -> None:
        """Note one round: `theirs` seconds per example, `ours` for all rows."""
        chosen = [i for row in rows for i in row]
        self.ratios.append(theirs * len(chosen) / ours)
        self.n_tokens += sum(row_tokens(examples, row, case.batches) for row in rows)
        self.n_floor += count_nodes([examples[i].tokens for i in chosen])
        self.n_examples += len(chosen)

    @property
    def tokens(self) -> float:
        """Tokens per example that the model computed."""
        return self.n_tokens / self.n_examples

    @property
    def floor(self) -> float:
        """Tokens per example of the prefix tree over each step or slice."""
        return self.n_floor / self.n_examples


@dataclass(frozen=True)
class Measured:
    """Both jobs of one case."""

    training: Timing
    prediction: Timing


def cases() -> list[Case]:
    """Return the published order padded, and every order as prefix trees of several sizes."""
    padded = BatchSettings(share_prefixes=False, max_row_tokens=1024)
    paper = PromptStyle(PromptOrder.COUNTRY_FIRST)
    sizes = {
        PromptOrder.COUNTRY_FIRST: (16,),
        PromptOrder.ITEM_FIRST: (4, 16, 46),
        PromptOrder.SHORT_SUFFIX: (4, 8, 46),
    }
    context = PromptStyle(PromptOrder.SHORT_SUFFIX, Describe.CONTEXT)
    return [
        Case("country first, padded by length", paper, padded),
        *(_trees(PromptStyle(order), size) for order, chosen in sizes.items() for size in chosen),
        *(_trees(context, size, " with context") for size in (4, 46)),
    ]


def _trees(style: PromptStyle, size: int, more: str = "") -> Case:
    settings = BatchSettings(examples_per_tree=size, max_row_tokens=ROW_TOKENS_CPU)
    return Case(f"{style.order.value.replace('-', ' ')}{more}, trees of {size}", style, settings)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor time that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def train_rows(
    model: Any, examples: Sequence[Example], step: Sequence[Sequence[int]], tokens: OptionTokens, case: Case
) -> None:
    """Compute the gradients of one step, as surveycli.training.train does."""
    n_examples = sum(map(len, step))
    for row in step:
        chosen = [examples[i] for i in row]
        options = compute_options(model, chosen, tokens, case.batches)
        losses = loss_per_prompt(options.logits, options.present, human_shares(model, chosen))
        (losses.sum() / n_examples).backward()


@torch.no_grad()
def predict_rows(
    model: Any, examples: Sequence[Example], step: Sequence[Sequence[int]], tokens: OptionTokens, case: Case
) -> None:
    """Compute probabilities and outside mass, as surveycli.prediction.predict does."""
    for row in step:
        options = compute_options(model, [examples[i] for i in row], tokens, case.batches)
        option_log_probabilities(options.logits.double(), options.present).exp()
        outside_mass(options.logits, options.present, vocabulary_normaliser(model, options))


def measure(model: Any, case: Case, rounds: int) -> Measured:
    """Time `rounds` training steps and as many slices of a prediction for one case."""
    loaded = load_examples(case.style)
    examples, tokens = loaded.examples, loaded.tokens
    training, predicting = Timing(), Timing()
    model.train()
    for step in plan_epoch(examples, case.batches, STEP, (0, 0))[:rounds]:
        sample = _sample(examples, step)
        theirs = cpu_seconds(lambda: published(model, sample, tokens.ids).backward()) / len(sample)  # noqa: B023
        training.add(examples, step, case, theirs, cpu_seconds(lambda: train_rows(model, examples, step, tokens, case)))  # noqa: B023
        model.zero_grad(set_to_none=True)
    model.eval()
    ordered = sorted(examples, key=lambda example: example.group)
    for number in range(rounds):
        part = ordered[number * SLICE :][:SLICE]
        rows = plan_pass(part, case.batches)
        sample = _sample(part, rows)
        with torch.no_grad():
            theirs = cpu_seconds(lambda: published_forward(model, sample, tokens.ids)) / len(sample)  # noqa: B023
        predicting.add(part, rows, case, theirs, cpu_seconds(lambda: predict_rows(model, part, rows, tokens, case)))  # noqa: B023
    return Measured(training, predicting)


def _sample(examples: Sequence[Example], rows: Sequence[Sequence[int]]) -> list[Example]:
    chosen = [i for row in rows for i in row]
    return [examples[i] for i in chosen[:: max(1, len(chosen) // BASELINE)]][:BASELINE]


def flop_ratio(model: Any, tokens: float) -> float:
    """Return the published step's operations over ours: body and lm_head at every position, against our body."""
    base = model.get_base_model()
    head = base.lm_head.weight.numel()
    body = sum(p.numel() for name, p in base.model.named_parameters() if "lora_" not in name and "embed" not in name)
    return float(PADDED_TO * (body + head) / (tokens * body))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = body_heavy_llama()
    base = model.get_base_model()
    head, body = base.lm_head.weight.numel(), sum(p.numel() for p in base.model.layers.parameters())
    print(f"{describe_machine()}. lm_head is {head / body:.1%} of the body.\n")
    print("| way of computing | tokens (floor) | FLOP ratio | training | tokens (floor) | FLOP ratio | prediction |")
    print("|---|---|---|---|---|---|---|")
    print(f"| published: padded to {PADDED_TO}, all logits | {PADDED_TO} | 1 | 1 | {PADDED_TO} | 1 | 1 |")
    measure(model, cases()[-1], 1)  # warms up
    for case in cases():
        if arguments.only in case.name:
            found = measure(model, case, arguments.rounds)
            cells = [
                f"{t.tokens:.1f} ({t.floor:.1f}) | {flop_ratio(model, t.tokens):.1f} | {median(t.ratios):.1f}"
                for t in (found.training, found.prediction)
            ]
            print(f"| {case.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
