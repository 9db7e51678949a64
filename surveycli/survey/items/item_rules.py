"""How items are read from labels and cells: what the user, and the profile of a programme, say beside the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from surveycli.errors import usage
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.cell import CellValue, as_number, fold
from surveycli.survey.items.label_rules import is_volunteered, status_of_label

ANSWER = "answer"  # what the user says of a label that is an answer after all
# Codes that surveys keep for missing answers, apart from the others: 7, 88, 999, and 97 to 99.
_KEPT_APART = re.compile(r"([6789])\1*|9+([678])")
# Codes from here on are so written in one place after the other: 8 beside 1 to 5 is, and 8 beside 1 to 7 is an answer.
_LEAST_GAP = 2


@dataclass(frozen=True, slots=True)
class ItemRules:
    """What is said about items beside their labels.

    `missing` gives the status of labels and codes as the user typed them, `codes` that of a programme's codes, and
    `digits` that of codes kept apart, by the digit that they repeat or end with. `by_measure` trusts the measure levels
    of SPSS, `blank` is what a blank cell means in the store (None: unknown), and `not_asked` are the columns of a
    programme that are not questions. Where `words_known` is False nobody said how the file's language calls a missing
    answer: labelled codes that stand apart as 8s and 9s do are missing, too.
    """

    wanted: tuple[str, ...] = ()
    no_items: tuple[str, ...] = ()
    ordinal: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    keep_volunteered: bool = False
    codes: Mapping[int, str] = field(default_factory=dict)
    digits: Mapping[int, str] = field(default_factory=dict)
    by_measure: bool = False
    blank: int | None = None
    language: str = "en"
    not_asked: tuple[str, ...] = ()
    words_known: bool = True

    def status(self, label: str, cell: CellValue) -> str | None:
        """Return the missing status of a label and its code: by the user's word, the profile's codes, its own words."""
        said = self.said(label, cell)
        if said is not None:
            return None if said == ANSWER else said
        number = as_number(cell)
        known = self.codes.get(int(number)) if number is not None and number == int(number) else None
        return known or status_of_label(label)

    def said(self, label: str, cell: CellValue) -> str | None:
        """Return what the user said of a label or a code."""
        number = as_number(cell)
        code = "" if number is None else f"{number:g}"
        return self.missing.get(fold(label)) or self.missing.get(code)

    def is_volunteered(self, label: str, cell: CellValue) -> bool:
        """Tell whether a label is an answer that was not read out, about which the user said nothing."""
        return self.said(label, cell) is None and is_volunteered(label)

    def status_apart(self, code: int) -> str:
        """Return the status of a code that is kept apart from the answers."""
        return self.digits.get(int(str(code)[-1]), "missing_other")

    def is_ordinal(self, column: str) -> bool:
        """Tell whether the user said that a column's options lie on one line."""
        return matches(column, self.ordinal)


def rules_of_options(options: IngestOptions, **others: object) -> ItemRules:
    """Return the rules of what the user chose, with `others` by field."""
    said = ItemRules(
        wanted=options.items,
        no_items=options.no_items,
        ordinal=options.ordinal,
        missing={fold(label): status for label, status in options.missing},
        keep_volunteered=options.keep_volunteered,
        language=options.language or "en",
    )
    return replace(said, **others)  # type: ignore[arg-type]


def refuse_beside_codebook(options: IngestOptions, book: str) -> None:
    """Raise SurveyError (exit 2) for what says how labels are read, where a codebook says it already."""
    typed = {
        "--language": options.language is not None,
        "--missing": bool(options.missing),
        "--keep-volunteered": options.keep_volunteered,
    }
    for flag, is_typed in typed.items():
        if is_typed:
            raise usage(
                f"{flag} is about a file's own labels, and {book} describes the items.",
                "The codebook says it: under `language`, under `missing`, or by an option of its own.",
            )


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a column's name is one of these, case aside; `*` stands for anything."""
    return any(column_pattern(pattern).fullmatch(name.lower()) for pattern in patterns)


@cache
def column_pattern(pattern: str) -> re.Pattern[str]:
    """Return the pattern of columns' names in lower case; `*` stands for anything, `?` for one letter."""
    return re.compile(re.escape(pattern.strip().lower()).replace(r"\*", ".*").replace(r"\?", "."))


def codes_apart(codes: Iterable[int]) -> tuple[int, ...]:
    """Return the codes that stand apart from the run of the others and look like the 7s, 8s and 9s of missing answers.

    >>> codes_apart([1, 2, 3, 4, 8, 9]), codes_apart(range(1, 10)), codes_apart([0, 1, 2, 10, 77, 88, 99])
    ((8, 9), (), (77, 88, 99))
    >>> codes_apart([1, 2, 5, 6, 7]), codes_apart([18, 25, 77, 99])
    ((), ())
    """
    ordered = sorted(set(codes))
    run = ordered[:1]
    for code in ordered[1:]:
        if code - run[-1] >= _LEAST_GAP and _KEPT_APART.fullmatch(str(code)) and _is_run(run):
            rest = [other for other in ordered if other >= code]
            return tuple(rest) if all(_KEPT_APART.fullmatch(str(other)) for other in rest) else ()
        run.append(code)
    return ()


def _is_run(codes: Sequence[int]) -> bool:
    """Tell whether codes are the small numbers that answers have, and no ages, years or hours."""
    return len(codes) >= 2 and codes[0] in (0, 1) and codes[-1] <= 10
