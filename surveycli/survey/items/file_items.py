"""The items of one file, whoever describes them: a codebook, the file's own labels, or the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from surveycli.errors import bad_input
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.items.codebook import Codebook
from surveycli.survey.items.labels import LabelledItems, match_columns
from surveycli.survey.items.user_codebook import UserCodebook


@dataclass(frozen=True, slots=True)
class FileItems:
    """The items of a file, the columns that their answers come from, and what was left out."""

    codebook: Codebook
    answers: tuple[AnswerColumn, ...]
    skipped: tuple[Skipped, ...]
    title: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the items that have a column."""
        return tuple(answer.name for answer in self.answers)


def described_items(
    table: SurveyTable, book: UserCodebook, wanted: Sequence[str], blank: int | None = None
) -> FileItems:
    """Return the items of a codebook that the table has columns for, of the columns `wanted` where some are named.

    `blank` is what a blank cell means in the store (None: unknown). Raises SurveyError (exit 3) where the table has
    none of the items.
    """
    chosen = {column.name for column in match_columns(table, wanted)} if wanted else None
    answers: list[AnswerColumn] = []
    skipped: list[Skipped] = []
    for item in book.codebook:
        column = table.find(item.item_id)
        if column is None:
            skipped.append(Skipped("item not in the file", item.item_id, 1))
        elif chosen is None or column.name in chosen:
            answers.append(replace(book.answer_column(item, column.name), blank=blank))
    if not answers:
        named = ", ".join(item.item_id for item in book.codebook.items[:5])
        raise bad_input(
            f"{table.name} has no column for any of the codebook's {len(book.codebook.items)} items ({named}...).",
            f"Items are named like their columns: {table.listed()}.",
        )
    return FileItems(book.codebook, tuple(answers), tuple(skipped), book.title)


def own_items(table: SurveyTable, codebook_id: str, found: LabelledItems) -> FileItems:
    """Return the items that a file's labels or cells make. Raises SurveyError (exit 3) where there are none."""
    if not found.items:
        reasons = "; ".join(f"{skip.subject}: {skip.reason}" for skip in found.skipped[:5])
        raise bad_input(
            f"{table.name}: no column makes an item ({reasons or table.listed()}).",
            "Describe the items with --codebook FILE, or name their columns with --items.",
        )
    codebook = Codebook(codebook_id, tuple(item.spec for item in found.items), origin="official")
    return FileItems(codebook, tuple(item.answer for item in found.items), found.skipped)
