"""Makes the item of one labelled column: which codes are options, which are missing answers, what their labels say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveycli.domain import MISSING_CODES, Scale
from surveycli.survey.files.cell import CellValue, as_number, fold
from surveycli.survey.files.table import FileColumn
from surveycli.survey.items.answers import HIGHEST_CODE, AnswerColumn
from surveycli.survey.items.codebook import ItemSpec, ItemText
from surveycli.survey.items.columns import battery_of_name, column_rules, item_name, wording_of_column
from surveycli.survey.items.item_rules import ItemRules, codes_apart
from surveycli.survey.items.label_rules import without_own_code
from surveycli.survey.items.ladder import are_numbers, on_ladder, scale_of_labels

_KEPT_FROM = 0.05  # of the answers: so frequent, an answer that was not read out is an option
_LEFT_OUT_TO = 0.01  # of the answers: so rare, codes without a label may be left out
_NOTE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """An item and the column that its answers come from, and what of the column was taken for what.

    `missing` has the labels that were taken for missing answers, each with its status, `volunteered` the answers that
    were not read out, each with whether it is an option, and `apart` codes without a label that are missing.
    """

    spec: ItemSpec
    answer: AnswerColumn
    missing: Mapping[str, str] = field(default_factory=dict)
    volunteered: Mapping[str, bool] = field(default_factory=dict)
    apart: tuple[int, ...] = ()


@dataclass(slots=True)
class _Codes:
    """The codes of a column by what they are, while they are sorted."""

    options: dict[int, str] = field(default_factory=dict)
    missing: dict[CellValue, str] = field(default_factory=dict)
    volunteered: dict[int, str] = field(default_factory=dict)
    below_zero: dict[int, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def item_of_column(
    column: FileColumn, counts: Mapping[CellValue, int], position: int, rules: ItemRules
) -> LabelledItem | str:
    """Return the item that a column's labels and cells make, or in words why they make none.

    Labelled codes are response options, but for those whose label, file or profile says that they are missing.
    `counts` says how often each cell stands in the column.
    """
    if not column.value_labels:
        return "no value labels (--codebook gives options)"
    found = _sorted(column, rules)
    chosen = _whole_codes(counts)
    problem = found.problem or _settle_below_zero(found, chosen)
    if problem:
        return problem
    volunteered = _settle_volunteered(found, chosen, keep=rules.keep_volunteered)
    apart = _settle_apart(found, chosen, rules)
    labels = dict(sorted(without_own_code(found.options).items()))
    options = _with_unlabelled(labels, found, chosen)
    if isinstance(options, str):
        return options
    problem = _problem(options, chosen)
    if problem:
        return problem
    spec = _spec(column, options, position, rules)
    answer = _answer_column(column.name, spec.item_id, options, found, rules)
    return LabelledItem(spec, answer, found.labels, volunteered, apart)


def _problem(options: Mapping[int, str], chosen: Mapping[int, int]) -> str:
    """Return why options make no item, '' where they do."""
    most = int(column_rules()["most_options"])
    if len(options) > most:
        return f"more than {most} response options"
    if len(options) < 2:
        return "fewer than two response options"
    return "" if any(code in chosen for code in options) else "no answer in the file"


def _sorted(column: FileColumn, rules: ItemRules) -> _Codes:
    """Sort a column's labelled codes: options, missing answers, answers that were not read out, codes below 0."""
    found = _Codes()
    for cell, label in column.value_labels.items():
        number = cell if isinstance(cell, int | float) else None
        whole = number is not None and number == int(number)
        status = rules.status(label, cell)
        declared = number is not None and column.is_missing(float(number)) and rules.said(label, cell) is None
        if status is not None and number is not None and whole and rules.is_volunteered(label, cell) and not declared:
            found.volunteered[int(number)] = label
        elif status is not None or declared or number is None:  # texts are Stata's .a to .z
            found.missing[cell] = found.labels[label] = status or "missing_other"
        elif not whole or number > HIGHEST_CODE:
            found.problem = f"code {number:.12g} is no whole number up to {HIGHEST_CODE:,}"
        elif number < 0:
            found.below_zero[int(number)] = label
        else:
            found.options[int(number)] = label or str(int(number))
    return found


def _whole_codes(counts: Mapping[CellValue, int]) -> dict[int, int]:
    codes: dict[int, int] = {}
    for cell, n in counts.items():
        number = as_number(cell)
        if number is not None and number == int(number):
            codes[int(number)] = codes.get(int(number), 0) + n
    return codes


def _settle_below_zero(found: _Codes, chosen: Mapping[int, int]) -> str:
    """Take labelled codes below 0 for missing answers where the other codes have labels; else say what is in the way.

    A scale that runs through 0 makes no item: the store keeps codes below 0 for missing answers.
    """
    if not found.below_zero:
        return ""
    code, label = min(found.below_zero.items())
    whole = [text for _, text in sorted({**found.below_zero, **found.options}.items())]
    if len(whole) > 2 and (on_ladder(whole) or are_numbers(whole)):
        return f"a scale with codes below 0 ({code} {label[:30]}): recode it"
    bare = any(other >= 0 and other not in found.options and other not in found.missing for other in chosen)
    if len(found.options) < 2 and bare:
        return f"code {code} ({label[:30]}) is negative, and its label is no known missing answer"
    for code, label in found.below_zero.items():
        found.missing[code] = found.labels[label or str(code)] = "missing_other"
    return ""


def _settle_volunteered(found: _Codes, chosen: Mapping[int, int], *, keep: bool) -> dict[str, bool]:
    """Make frequent answers that were not read out options, and the others missing; return which are which."""
    n_answers = sum(n for code, n in chosen.items() if code in found.options or code in found.volunteered)
    kept: dict[str, bool] = {}
    for code, label in found.volunteered.items():
        frequent = n_answers > 0 and chosen.get(code, 0) / n_answers > _KEPT_FROM
        kept[label] = code >= 0 and (keep or frequent)
        if kept[label]:
            found.options[code] = _NOTE.sub("", label) or label
        else:
            found.missing[code] = "missing_other"
    return kept


def _settle_apart(found: _Codes, chosen: Mapping[int, int], rules: ItemRules) -> tuple[int, ...]:
    """Take codes without a label for missing that a programme keeps for them, or that stand apart from the answers.

    So are labelled ones, where it is not known how the file's language calls a missing answer.
    """
    bare = [code for code in chosen if code not in found.options and code not in found.missing]
    for code in bare:
        if code in rules.codes:
            found.missing[code] = rules.codes[code]
    standing = codes_apart([*found.options, *bare])
    apart = [code for code in standing if code in bare and code not in found.missing]
    for code in apart:
        found.missing[code] = rules.status_apart(code)
    for code in () if rules.words_known else standing:
        label = found.options.get(code)
        if label is not None and rules.said(label, code) is None:
            found.missing[code] = found.labels[found.options.pop(code)] = rules.status_apart(code)
    return tuple(apart)


def _with_unlabelled(labels: dict[int, str], found: _Codes, chosen: Mapping[int, int]) -> dict[int, str] | str:
    """Return the options with codes that have no label but were chosen, under their number; or why there is no item.

    They belong to a ladder with words at its ends, or to a run of numbers of which the labelled ones are a part.
    Where they do not, and are more than a few of the answers, the column makes no item.
    """
    bare = {code: n for code, n in chosen.items() if code >= 0 and code not in labels and code not in found.missing}
    if not bare or not labels:
        return labels
    low, high = min(labels), max(labels)
    between = [code for code in range(low, high + 1) if code not in labels and code not in found.missing]
    inside = [code for code in between if code in bare]
    if _is_bare_ladder(labels, low, high) and len(bare) == len(inside) and len(inside) * 2 >= len(between):
        return dict(sorted((labels | {code: str(code) for code in between}).items()))
    n_bare, n_labelled = sum(bare.values()), sum(chosen.get(code, 0) for code in labels)
    if n_bare <= _LEFT_OUT_TO * (n_bare + n_labelled):
        return labels
    run = sorted({*labels, *bare})
    continued = run[-1] - run[0] == len(run) - 1 or (_is_bare_ladder(labels, low, high) and len(bare) == len(inside))
    if continued and run[-1] <= HIGHEST_CODE:
        return {code: labels.get(code, str(code)) for code in run}
    share = n_bare / (n_bare + n_labelled)
    return f"codes without a label hold {share:.0%} of the answers (--codebook labels them)"


def _is_bare_ladder(labels: Mapping[int, str], low: int, high: int) -> bool:
    """Tell whether the labelled codes are the ends of a ladder, and at most its middle."""
    middle = {(low + high) // 2, (low + high + 1) // 2}
    return low < high and set(labels) <= {low, high, *middle}


def _spec(column: FileColumn, options: Mapping[int, str], position: int, rules: ItemRules) -> ItemSpec:
    labels = tuple(options.values())
    name = item_name(column.name)
    wording = ItemText(rules.language, wording_of_column(column), labels)
    scale = _scale(column, labels, rules)
    return ItemSpec(name, position, battery_of_name(name), None, scale, tuple(options), (wording,))


def _scale(column: FileColumn, labels: Sequence[str], rules: ItemRules) -> Scale:
    """Return the scale: two options are binary, else the user's word, the labels', the file's measure level."""
    if len(labels) == 2:
        return Scale.BINARY
    measured = rules.by_measure and column.measure == "ordinal"
    return Scale.ORDINAL if rules.is_ordinal(column.name) or measured else scale_of_labels(labels)


def _answer_column(column: str, name: str, options: Mapping[int, str], found: _Codes, rules: ItemRules) -> AnswerColumn:
    codes = {code: code for code in options}
    labels = {fold(label): code for code, label in options.items()}
    for cell, status in found.missing.items():
        if isinstance(cell, str):
            labels[fold(cell)] = MISSING_CODES[status]
        elif cell == int(cell):
            codes[int(cell)] = MISSING_CODES[status]
    return AnswerColumn(column, name, codes, labels, rules.blank)
