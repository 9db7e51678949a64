"""Says how to read a table that has no labels: which of its columns look like questions, and what to type next."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from shlex import quote

from surveycli.errors import SurveyError, bad_input
from surveycli.request.ingest import IngestOptions
from surveycli.survey.files.table import SurveyTable
from surveycli.survey.items.cells import items_of_cells
from surveycli.survey.items.columns import column_rules, is_administrative, numbered_like_questions
from surveycli.survey.items.item_rules import rules_of_options
from surveycli.survey.places.find_column import country_column
from surveycli.survey.population.weight import find_weight

_MOST_TYPED = 160  # letters of a list that somebody would copy
_LONG_NAME, _FIRST_WORDS = 24, 4  # letters of a name that is a question, and how much of it is typed


def unlabelled_survey(table: SurveyTable) -> SurveyError | None:
    """Return the error for a table of respondents without labels, with the command that reads it; None for another."""
    if any(column.value_labels for column in table.columns):
        return None
    rules = column_rules()
    country = country_column(table, rules["country"], rules["maybe_country"], IngestOptions())
    taken = {country.name if country else "", *find_weight(table, None).columns}
    asked = numbered_like_questions(table.columns)
    questions = [c for c in table.columns if c.name and c.name not in taken and not is_administrative(c, asked)]
    items = [item.answer.column for item in items_of_cells(table, questions, rules_of_options(IngestOptions())).items]
    if not items:
        return None
    file, typed = table.source.typed, as_patterns(items, [column.name for column in table.columns])
    where = "" if country else " --country COUNTRY"
    codebook = f"`surveycli codebook {file}` writes all columns to edit, for --codebook."
    command = f"`surveycli ingest {file} --items {quote(typed)}{where}` takes these columns, their cells as options; "
    return bad_input(
        f"{table.name}: found {len(table.columns)} columns without labels, {len(items)} of which"
        f" {'look like questions' if len(items) > 1 else 'looks like a question'}:"
        f" {', '.join(items[:12])}{'...' if len(items) > 12 else ''}.",
        (command if len(typed) <= _MOST_TYPED else "") + codebook,
    )


def as_patterns(names: Sequence[str], all_names: Collection[str]) -> str:
    """Return names as one would type them: `Q*` where all columns that begin so are meant, and whole questions cut.

    >>> as_patterns(["Q1", "Q2a", "trust"], ["id", "Q1", "Q2a", "trust"])
    'Q*,trust'
    >>> as_patterns(["How often, if ever, do you drink tea?"], ["id", "How often, if ever, do you drink tea?"])
    'How often? if ever?*'
    """
    typed: dict[str, None] = {}
    for name in names:
        start = re.match(r"[^\W\d_]+_?(?=\d)", name)
        cuts = _beginnings(name) if len(name) > _LONG_NAME else ()
        found = next((cut for cut in cuts if _means_only(cut, names, all_names, least=1)), None)
        if start is not None and _means_only(start[0], names, all_names, least=2):
            found = start[0]
        typed[(name if found is None else f"{found}*").replace(",", "?")] = None
    return ",".join(typed)


def _beginnings(name: str) -> Iterator[str]:
    """Yield the first words of a name, from four words on."""
    words = name.split(" ")
    yield from (" ".join(words[:n]) for n in range(_FIRST_WORDS, len(words)))


def _means_only(start: str, names: Sequence[str], all_names: Collection[str], *, least: int) -> bool:
    """Tell whether columns that begin so are among those that are meant, and so many at least."""
    alike = {other for other in all_names if other.lower().startswith(start.lower())}
    return len(alike) >= least and alike <= set(names)
