"""Makes items of columns without a description: from the codes or labels that stand in their cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from surveycli.domain import MISSING_CODES, Scale
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import CellValue, as_number, clean, fold
from surveycli.survey.files.table import FileColumn, SurveyTable
from surveycli.survey.items.answers import HIGHEST_CODE, AnswerColumn
from surveycli.survey.items.codebook import ItemSpec, ItemText
from surveycli.survey.items.column_item import LabelledItem
from surveycli.survey.items.columns import battery_of_name, column_rules, item_name, wording_of_column
from surveycli.survey.items.item_rules import ItemRules, codes_apart, matches
from surveycli.survey.items.label_rules import status_of_label
from surveycli.survey.items.labels import LabelledItems, notes_of_items
from surveycli.survey.items.ladder import ladder_order


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a column's cells are: labels of option codes, statuses of missing cells, and the scale of the options."""

    options: Mapping[int, str]
    missing: Mapping[CellValue, str]
    scale: Scale


def holds_words(cells: Collection[CellValue]) -> bool:
    """Tell whether some cell is a word that is not a missing answer, so that the column holds labels, not codes."""
    return any(as_number(cell) is None and status_of_label(str(cell)) is None for cell in cells)


def items_of_cells(table: SurveyTable, columns: Sequence[FileColumn], rules: ItemRules) -> LabelledItems:
    """Return the items that columns make by what stands in their cells, and why others make none.

    Codes below 0 are missing answers, of the kind that the rules know or of unknown kind; and so are codes that stand
    apart from the others as 7s, 8s and 9s do.
    """
    present = table.present([column.name for column in columns])
    items: list[LabelledItem] = []
    skipped: list[Skipped] = []
    for column in columns:
        if matches(column.name, rules.no_items):
            item: LabelledItem | str = "named with --no-items"
        else:
            item = item_of_cells(column, present[column.name], len(items), rules)
        if isinstance(item, str):
            skipped.append(Skipped(item, column.name, 1))
        else:
            items.append(item)
    if items:
        note = "not left out: options from the cells (--codebook gives wordings, labels and order)"
        skipped.append(Skipped(note, "items", len(items)))
    return LabelledItems(tuple(items), (*skipped, *notes_of_items(items, silent=False)))


def item_of_cells(
    column: FileColumn, cells: Collection[CellValue], position: int, rules: ItemRules
) -> LabelledItem | str:
    """Return the item that a column's cells make, or in words why they make none.

    Codes are options in their order, numbered, and of unknown kind: nominal, or binary where two. Labels are options
    in the order of the ladder that they stand on, else in that of the alphabet and nominal. Numbers mixed with words
    have no known order and make no item.
    """
    said = {cell: rules.status(str(cell), cell) for cell in cells}
    options = [cell for cell, status in said.items() if status is None]
    missing = {cell: status for cell, status in said.items() if status is not None}
    if not any(as_number(cell) is None for cell in options):
        return _of_codes(column, options, missing, position, rules)
    if any((number := as_number(cell)) is not None and number >= 0 for cell in options):
        return "numbers mixed with words, whose order the file does not say (--codebook does)"
    words = sorted({clean(str(cell)) for cell in options if as_number(cell) is None})
    return _of_labels(column, words, missing, position, rules)


def _of_codes(
    column: FileColumn, cells: Sequence[CellValue], missing: Mapping[CellValue, str], position: int, rules: ItemRules
) -> LabelledItem | str:
    numbers = {number for cell in cells if (number := as_number(cell)) is not None}
    whole = {int(number) for number in numbers if number == int(number)}
    if len(whole) < len(numbers):
        return "numbers with fractions: no codes"
    if max(numbers, default=0) > HIGHEST_CODE:
        return f"codes above {HIGHEST_CODE:,}: of one country each, or no codes"
    apart = codes_apart(code for code in whole if code >= 0)
    statuses = dict(missing) | {code: "missing_other" for code in whole if code < 0}
    statuses |= {code: rules.status_apart(code) for code in apart}
    options = {code: str(code) for code in sorted(whole) if code >= 0 and code not in apart}
    scale = Scale.BINARY if len(options) == 2 else Scale.ORDINAL if rules.is_ordinal(column.name) else Scale.NOMINAL
    return _item(column, _Answers(options, statuses, scale), position, rules, apart)


def _of_labels(
    column: FileColumn, labels: Sequence[str], missing: Mapping[CellValue, str], position: int, rules: ItemRules
) -> LabelledItem | str:
    by_text = {fold(label): label for label in labels}
    texts = sorted(by_text)
    order = ladder_order(texts)
    options = {code: by_text[text] for code, text in enumerate(order or texts, 1)}
    ordinal = order or rules.is_ordinal(column.name)
    kind = Scale.BINARY if len(options) == 2 else Scale.ORDINAL if ordinal else Scale.NOMINAL
    return _item(column, _Answers(options, missing, kind), position, rules)


def _item(
    column: FileColumn, answers: _Answers, position: int, rules: ItemRules, apart: tuple[int, ...] = ()
) -> LabelledItem | str:
    options, missing, scale = answers.options, answers.missing, answers.scale
    most = int(column_rules()["most_options"])
    if not 2 <= len(options) <= most:
        return f"fewer than two or more than {most} different answers"
    name = item_name(column.name)
    wording = ItemText(rules.language, wording_of_column(column), tuple(options.values()))
    spec = ItemSpec(name, position, battery_of_name(name), None, scale, tuple(options), (wording,))
    by_number = [(as_number(cell), status) for cell, status in missing.items()]
    codes = {int(n): MISSING_CODES[status] for n, status in by_number if n is not None and n == int(n)}
    codes |= {code: MISSING_CODES[status] for code, status in rules.codes.items() if code not in options}
    words = {fold(str(cell)): MISSING_CODES[status] for cell, status in missing.items() if as_number(cell) is None}
    labels = words | {fold(label): code for code, label in options.items() if not label.isdigit()}
    answer = AnswerColumn(column.name, name, codes | {code: code for code in options}, labels, rules.blank)
    taken = {clean(str(cell)): status for cell, status in missing.items() if as_number(cell) is None}
    return LabelledItem(spec, answer, taken, apart=apart)
