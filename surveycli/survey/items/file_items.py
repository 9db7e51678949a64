"""The items of one file, whoever describes them: a codebook, the file's own labels, or the cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from surveycli.domain import Scale
from surveycli.errors import bad_input
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.answers import AnswerColumn
from surveycli.survey.items.codebook import Codebook, ItemSpec
from surveycli.survey.items.columns import match_columns
from surveycli.survey.items.item_rules import ItemRules, matches
from surveycli.survey.items.labels import LabelledItems
from surveycli.survey.items.user_codebook import UserCodebook


@dataclass(frozen=True, slots=True)
class LabelTaken:
    """What a label was taken for, a status of missing answers or `option`, and in how many items."""

    label: str
    taken_for: str
    n_items: int


@dataclass(frozen=True, slots=True)
class FileItems:
    """The items of a file, the columns that their answers come from, and what was left out.

    `missing` are labels that were taken for missing answers, `volunteered` answers that were not read out.
    """

    codebook: Codebook
    answers: tuple[AnswerColumn, ...]
    skipped: tuple[Skipped, ...]
    title: str | None = None
    missing: tuple[LabelTaken, ...] = ()
    volunteered: tuple[LabelTaken, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the items that have a column."""
        return tuple(answer.name for answer in self.answers)


def described_items(table: SurveyTable, book: UserCodebook, rules: ItemRules) -> FileItems:
    """Return the items of a codebook that the table has columns for, of the columns wanted where some are named.

    Raises SurveyError (exit 3) where the table has
    none of the items.
    """
    chosen = {column.name for column in match_columns(table, rules.wanted)} if rules.wanted else None
    answers: list[AnswerColumn] = []
    skipped: list[Skipped] = []
    for item in book.codebook:
        column = table.find(item.item_id)
        if column is None:
            skipped.append(Skipped("item not in the file", item.item_id, 1))
        elif matches(column.name, rules.no_items):
            skipped.append(Skipped("named with --no-items", item.item_id, 1))
        elif chosen is None or column.name in chosen:
            answers.append(replace(book.answer_column(item, column.name), blank=rules.blank))
    if not answers:
        named = ", ".join(item.item_id for item in book.codebook.items[:5])
        raise bad_input(
            f"{table.name} has no column for any of the codebook's {len(book.codebook.items)} items ({named}...).",
            f"Items are named like their columns: {table.listed()}.",
        )
    items = tuple(_as_ordered(item, rules) for item in book.codebook)
    return FileItems(replace(book.codebook, items=items), tuple(answers), tuple(skipped), book.title)


def _as_ordered(item: ItemSpec, rules: ItemRules) -> ItemSpec:
    """Return an item as ordinal where the user said so."""
    widened = rules.is_ordinal(item.item_id) and item.scale is Scale.NOMINAL
    return replace(item, scale=Scale.ORDINAL) if widened else item


def own_items(table: SurveyTable, codebook_id: str, found: LabelledItems) -> FileItems:
    """Return the items that a file's labels or cells make. Raises SurveyError (exit 3) where there are none."""
    if not found.items:
        reasons = "; ".join(f"{skip.subject}: {skip.reason}" for skip in found.skipped[:5])
        raise bad_input(
            f"{table.name}: no column makes an item ({reasons or table.listed()}).",
            f"`surveycli codebook {table.source.typed}` writes all columns to edit, for --codebook.",
        )
    codebook = Codebook(codebook_id, tuple(item.spec for item in found.items), origin="official")
    return FileItems(
        codebook,
        tuple(item.answer for item in found.items),
        found.skipped,
        missing=_taken(pair for item in found.items for pair in item.missing.items()),
        volunteered=_taken(
            (label, "option" if is_option else "missing_other")
            for item in found.items
            for label, is_option in item.volunteered.items()
        ),
    )


def _taken(pairs: Iterable[tuple[str, str]]) -> tuple[LabelTaken, ...]:
    """Return what labels were taken for, the most frequent first."""
    counts = sorted(Counter(pairs).items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(LabelTaken(label, taken_for, n) for (label, taken_for), n in counts)
