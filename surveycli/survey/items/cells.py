"""Makes items of columns that nobody described: from the codes or labels that stand in their cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from surveycli.domain import Scale
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, as_number, clean, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import HIGHEST_CODE, AnswerColumn
from surveycli.survey.items.codebook import ItemSpec, ItemText
from surveycli.survey.items.label_rules import MISSING_CODES, ladder_order, status_of_label
from surveycli.survey.items.labels import (
    LabelledItem,
    LabelledItems,
    battery_of_name,
    column_rules,
    item_name,
    wording_of_column,
)


def holds_words(cells: Collection[CellValue]) -> bool:
    """Tell whether some cell is a word that is no missing answer, so that the column holds labels, not codes."""
    return any(as_number(cell) is None and status_of_label(str(cell)) is None for cell in cells)


def items_of_cells(
    table: SurveyTable, columns: Sequence[FileColumn], missing: Mapping[int, int] | None = None
) -> LabelledItems:
    """Return the items that columns make by what stands in their cells, and why others make none.

    `missing` gives the store's code of codes that are no answer; without it all codes below 0 are missing answers of
    unknown kind, which they are in every survey that has them.
    """
    present = table.present([column.name for column in columns])
    items: list[LabelledItem] = []
    skipped: list[Skipped] = []
    for column in columns:
        cells = present[column.name]
        item = item_of_cells(column, cells, len(items), _negative(cells) if missing is None else missing)
        if isinstance(item, str):
            skipped.append(Skipped(item, column.name, 1))
        else:
            items.append(item)
    note = "not left out: options from the cells (--codebook gives wordings, labels and order)"
    return LabelledItems(tuple(items), (*skipped, *([Skipped(note, "items", len(items))] if items else [])))


def _negative(cells: Collection[CellValue]) -> dict[int, int]:
    numbers = (number for cell in cells if (number := as_number(cell)) is not None and number < 0)
    return {int(number): MISSING_CODES["missing_other"] for number in numbers if number == int(number)}


def item_of_cells(
    column: FileColumn, cells: Collection[CellValue], position: int, missing: Mapping[int, int] | None = None
) -> LabelledItem | str:
    """Return the item that a column's cells make, or in words why they make none.

    Codes are options in their order, numbered, and of unknown kind: nominal, or binary where two. Labels are options
    in the order of the ladder that they stand on, else in that of the alphabet and nominal. Numbers mixed with words
    have no known order and make no item. `missing` gives the store's code of codes that are no answer.
    """
    options = [cell for cell in cells if as_number(cell) is not None or status_of_label(str(cell)) is None]
    if not any(as_number(cell) is None for cell in options):
        return _of_codes(column, options, position, missing or {})
    if any(as_number(cell) is not None for cell in options):
        return "numbers mixed with words, whose order the file does not say (--codebook does)"
    return _of_labels(column, sorted({clean(str(cell)) for cell in options}), position)


def _of_codes(
    column: FileColumn, cells: Sequence[CellValue], position: int, missing: Mapping[int, int]
) -> LabelledItem | str:
    numbers = {number for cell in cells if (number := as_number(cell)) is not None}
    codes = tuple(sorted(int(n) for n in numbers if n == int(n) and n >= 0 and int(n) not in missing))
    if any(number != int(number) for number in numbers):
        return "numbers with fractions: no codes"
    if max(numbers, default=0) > HIGHEST_CODE:
        return f"codes above {HIGHEST_CODE:,}: of one country each, or no codes"
    return _item(
        column, dict.fromkeys(codes, ""), position, Scale.BINARY if len(codes) == 2 else Scale.NOMINAL, missing
    )


def _of_labels(column: FileColumn, labels: Sequence[str], position: int) -> LabelledItem | str:
    by_text = {fold(label): label for label in labels}
    texts = sorted(by_text)
    order = ladder_order(texts)
    options = {code: by_text[text] for code, text in enumerate(order or texts, 1)}
    kind = Scale.BINARY if len(options) == 2 else Scale.ORDINAL if order else Scale.NOMINAL
    return _item(column, options, position, kind, {})


def _item(
    column: FileColumn, options: Mapping[int, str], position: int, scale: Scale, missing: Mapping[int, int]
) -> LabelledItem | str:
    most = int(column_rules()["most_options"])
    if not 2 <= len(options) <= most:
        return f"fewer than two or more than {most} different answers"
    name = item_name(column.name)
    labels = tuple(label or str(code) for code, label in options.items())
    wording = ItemText("en", wording_of_column(column), labels)
    spec = ItemSpec(name, position, battery_of_name(name), None, scale, tuple(options), (wording,))
    codes = dict(missing) | {code: code for code in options}
    by_label = {fold(label): code for code, label in options.items() if label}
    return LabelledItem(spec, AnswerColumn(column.name, name, codes, by_label))
