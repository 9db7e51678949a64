"""Cells to token sequences: what training learns from and prediction answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from transformers import PreTrainedTokenizerBase

from surveycli.distribution.arrays import Ints
from surveycli.domain import Cell, Population, Question
from surveycli.engine.encode import OptionTokens, PromptEncoder
from surveycli.engine.option_orders import Permute
from surveycli.errors import bad_input, not_found
from surveycli.prompt import LETTERS, Prompt, PromptFrame, PromptOrder, PromptStyle, load_frame, render_prompt

_LETTERS_CHECKED_ON = 8


@dataclass(frozen=True, slots=True)
class Example:
    """A cell as the model sees it.

    `permutation[i]` is the code-order index of the option behind the i-th letter. `group` names what prompts of one
    tree have in common: the item with its options' order, or the population where it comes first. One that is `alone`
    is computed without a tree (reach.py).
    """

    cell: Cell
    tokens: Ints
    n_options: int
    permutation: tuple[int, ...]
    group: tuple[str, ...]
    alone: bool = False

    @property
    def lettered_shares(self) -> tuple[float, ...]:
        """The human shares in the order of the letters."""
        if self.cell.shares is None:
            raise ValueError(f"{self.cell.key} has no human shares to learn from")
        return tuple(self.cell.shares[index] for index in self.permutation)


@dataclass(frozen=True, slots=True)
class PromptSource:
    """Everything that cells are turned into the text of prompts with."""

    questions: Mapping[tuple[str, str, str], Question]
    populations: Mapping[tuple[str, str], Population]
    style: PromptStyle
    frames: Mapping[str, PromptFrame]

    @classmethod
    def over(
        cls,
        questions: Sequence[Question],
        populations: Sequence[Population],
        style: PromptStyle,
        frames: Sequence[PromptFrame] = (),
        **more: Any,
    ) -> Self:
        """Index questions by survey, item and language, populations by id and language, frames by language.

        A language without a frame here has the package's. `more` are the other fields of a subclass.
        """
        return cls(
            {(q.survey_id, q.item_id, q.language): q for q in questions},
            {(p.population_id, p.language): p for p in populations},
            style,
            {frame.language: frame for frame in frames},
            **more,
        )

    def question(self, cell: Cell) -> Question:
        """Return the cell's question. Raises SurveyError (exit 4) where it is not worded in that language."""
        found = self.questions.get((cell.key.survey_id, cell.key.item_id, cell.language))
        if found is None:
            raise not_found(
                f"{cell.key.item_id} has no wording in {cell.language!r}.", "`surveycli translate` adds one."
            )
        return found

    def population(self, cell: Cell) -> Population:
        """Return the cell's population. Raises SurveyError (exit 4) where it has no name in that language."""
        found = self.populations.get((cell.key.population_id, cell.language))
        if found is None:
            raise not_found(f"The population {cell.key.population_id} has no name in {cell.language!r}.")
        return found

    def frame(self, language: str) -> PromptFrame:
        """Return the sentences of a language. Raises SurveyError (exit 4) where there are none."""
        return self.frames.get(language) or load_frame(language)

    def why_not_asked(self, cell: Cell) -> str | None:
        """Return why no prompt can be made of a cell, None where one can. Raises SurveyError as `question` does."""
        n_options = len(self.question(cell).options)
        return None if n_options <= len(LETTERS) else f"{n_options} options, more than the {len(LETTERS)} letters"

    def prompt(self, cell: Cell, order: Sequence[int] | None = None) -> Prompt:
        """Return the prompt of a cell, its options in code order or in another one."""
        frame = self.frame(cell.language)
        return render_prompt(self.question(cell), self.population(cell), self.style, order, frame)


@dataclass(frozen=True, slots=True)
class ExampleSource(PromptSource):
    """Everything that cells are turned into the tokens of prompts with."""

    tokenizer: PreTrainedTokenizerBase

    @classmethod
    def of(
        cls,
        tokenizer: PreTrainedTokenizerBase,
        questions: Sequence[Question],
        populations: Sequence[Population],
        style: PromptStyle,
        frames: Sequence[PromptFrame] = (),
    ) -> ExampleSource:
        """Return the source over these, as PromptSource.over has it."""
        return cls.over(questions, populations, style, frames, tokenizer=tokenizer)

    @property
    def encoder(self) -> PromptEncoder:
        """What writes prompts as the model reads them."""
        return PromptEncoder(self.tokenizer, self.style)

    def telling_cells(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return cells for the self-check: neighbours at either end, and those of the shortest and longest prompts."""
        lengths = [len(self.prompt(cell).text) for cell in cells]
        return [*cells[:8], *cells[-8:], cells[int(np.argmin(lengths))], cells[int(np.argmax(lengths))]]

    def examples(self, cells: Sequence[Cell], permute: Permute | None = None) -> list[Example]:
        """Return one example per cell, in order."""
        orders = [_permutation(cell, len(self.question(cell).options), permute) for cell in cells]
        prompts = [self.prompt(cell, order) for cell, order in zip(cells, orders, strict=True)]
        return [
            Example(cell, tokens, len(order), order, _group(cell, order, self.style.order))
            for cell, tokens, order in zip(cells, map(self.encoder.encode, prompts), orders, strict=True)
        ]

    def option_tokens(self, cells: Sequence[Cell]) -> OptionTokens:
        """Return the letters' tokens, checked on prompts spread over `cells`."""
        picked = [cells[i] for i in np.linspace(0, len(cells) - 1, min(_LETTERS_CHECKED_ON, len(cells))).astype(int)]
        widest = max(len(self.question(cell).options) for cell in cells)
        return self.encoder.option_tokens([self.prompt(cell) for cell in picked], widest)


def _permutation(cell: Cell, n_options: int, permute: Permute | None) -> tuple[int, ...]:
    order = tuple(range(n_options)) if permute is None else tuple(permute(cell, n_options))
    if cell.shares is not None and len(cell.shares) != n_options:
        raise bad_input(
            f"{cell.key.item_id} has {n_options} options in its codebook but {len(cell.shares)} shares for "
            f"{cell.key.population_id}.",
            "`surveycli check` lists what does not fit together in the store.",
        )
    return order


def _group(cell: Cell, permutation: tuple[int, ...], order: PromptOrder) -> tuple[str, ...]:
    if order is PromptOrder.COUNTRY_FIRST:
        return (cell.language, cell.key.population_id)
    return (cell.language, cell.key.survey_id, cell.key.item_id, repr(permutation))
