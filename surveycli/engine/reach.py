"""Which prompts a model can be asked: how long they may be, and how long to share a row's tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from surveycli.domain import Cell
from surveycli.engine.examples import Example, ExampleSource
from surveycli.engine.option_orders import Permute
from surveycli.engine.own_head import causal_model, name_of
from surveycli.errors import bad_input

# By the names that families give them: positions that the model was made for, and windows of attention.
_POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions", "n_ctx")
_WINDOWS = ("sliding_window", "attention_chunk_size", "attention_window_size", "window_size")


def positions_of(model: Any) -> int | None:
    """Return the most tokens that the model reads; None where its configuration says nothing of it."""
    return _least(model, _POSITIONS)


def window_of(model: Any) -> int | None:
    """Return the fewest tokens that a layer attends to; None where all layers attend to all."""
    return _least(model, _WINDOWS)


def _least(model: Any, names: Sequence[str]) -> int | None:
    config = causal_model(model).config.get_text_config()
    found = [getattr(config, name, None) for name in names]
    return min((n for n in found if isinstance(n, int) and n > 0), default=None)


def fit_examples(model: Any, examples: Sequence[Example]) -> list[Example | str]:
    """Return each example as the model can be asked it, or the reason why it cannot.

    One longer than the attention's window shares no tree, which knows no windows: it stands alone, with the model's own
    mask. One longer than the model's positions is not asked. Raises SurveyError (exit 3) for a prompt with a token that
    the model has no embedding for.
    """
    _demand_embedded(model, examples)
    positions, window = positions_of(model), window_of(model)
    return [
        f"the prompt is longer than the {positions} tokens that the model reads"
        if positions and len(example.tokens) > positions
        else replace(example, alone=bool(window and len(example.tokens) > window))
        for example in examples
    ]


def _demand_embedded(model: Any, examples: Sequence[Example]) -> None:
    rows = causal_model(model).get_input_embeddings().weight.shape[0]
    for example in examples:
        if not 0 <= example.tokens.min() <= example.tokens.max() < rows:
            key = example.cell.key
            raise bad_input(
                f"The prompt of {key.item_id} for {key.population_id} has token {example.tokens.max()}; "
                f"{name_of(model)} has {rows} embeddings.",
                "Tokenizer and weights do not belong together; download the model again.",
            )


def in_orders(model: Any, source: ExampleSource, cells: Sequence[Cell], permute: Permute) -> list[Example]:
    """Return an example of each cell, its options in another order; in code order where it is too long otherwise."""
    other = fit_examples(model, source.examples(cells, permute))
    too_long = [cell for cell, example in zip(cells, other, strict=True) if isinstance(example, str)]
    in_code_order = iter(fit_examples(model, source.examples(too_long)))
    chosen = [next(in_code_order) if isinstance(example, str) else example for example in other]
    return [example for example in chosen if isinstance(example, Example)]


def askable_examples(model: Any, source: ExampleSource, cells: Sequence[Cell]) -> tuple[list[Example], Counter[str]]:
    """Return the examples of the cells that the model can be asked, and how many others there are for which reason."""
    reasons = [source.why_not_asked(cell) for cell in cells]
    made = source.examples([cell for cell, reason in zip(cells, reasons, strict=True) if reason is None])
    fitted = fit_examples(model, made)
    left_out = Counter(reason for reason in (*reasons, *fitted) if isinstance(reason, str))
    return [example for example in fitted if isinstance(example, Example)], left_out
