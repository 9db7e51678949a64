"""Reads SimBench (Hu et al. 2025): groups described in words, and their shares by option letter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import ItemSpec, ItemText, SurveyFacts
from surveycli.survey.items.ladder import scale_of_labels
from surveycli.survey.places.country import find_iso3
from surveycli.survey.population.population import TextPopulation
from surveycli.survey.readers.published import PublishedCells, digest, is_share, literal
from surveycli.survey.readers.readout import DistributionFile

if TYPE_CHECKING:
    import polars as pl

LAYOUT = "simbench"
COLUMNS = frozenset(
    {"dataset_name", "group_prompt_template", "group_prompt_variable_map", "input_template", "human_answer"}
)
_FACTS = SurveyFacts(
    "SimBench",
    source="https://huggingface.co/datasets/pitehu/SimBench",
    citation=(
        "Hu, T., Baumann, J., Lupo, L., Collier, N., Hovy, D. and Röttger, P. 2025. SimBench: Benchmarking the Ability"
        " of Large Language Models to Simulate Human Behaviors. arXiv:2510.17516"
    ),
)
# An option at the beginning of a line: `(A): Yes`, `A. Yes`, `A) Yes`, `A: Yes`.
_OPTION = re.compile(r"^[ \t]*\(?([A-Z])(?:\)[ \t]*[:.]?|[.:])[ \t]*(\S[^\n]*)$", re.MULTILINE)
_HEADING = re.compile(r"\s*\b(?:options|answer options|choices)\s*:?\s*\Z", re.IGNORECASE)
_MOST_TEXT = 20_000


def is_simbench(columns: Sequence[str]) -> bool:
    """Tell whether a table with these columns is SimBench."""
    return {name.strip().lower() for name in columns} >= COLUMNS


def read_simbench(source: SourceFile, table: pl.DataFrame) -> DistributionFile:
    """Return the distributions of all its data sets; an item's dimension is the data set that it comes from.

    A group of which a country alone is said is that country. Any other keeps its description, which prompts quote. The
    options stand in the text of the question. Raises SurveyError (exit 3) where no row can be used.
    """
    named = table.rename({name: name.strip().lower() for name in table.columns})
    cells = PublishedCells()
    for row in named.iter_rows(named=True):
        _add({name: str(cell) for name, cell in row.items() if cell is not None}, cells)
    if not cells.shares:
        raise bad_input(
            f"{source.path.name}: none of its {table.height} rows has options that its human_answer names.",
            "The columns have to be as published: human_answer like {'A': 0.4, 'B': 0.6}, options like (A): Yes.",
        )
    return cells.file(source, LAYOUT, LAYOUT, _FACTS)


def _add(row: Mapping[str, str], cells: PublishedCells) -> None:
    answer, text = _answer(row.get("human_answer", "")), row.get("input_template", "").replace("\r\n", "\n")
    population = _population(row, cells)
    question, options = _question(text) if len(text) <= _MOST_TEXT else ("", {})
    if answer is None:
        cells.skip("row whose human_answer is not shares by option letter")
    elif population is None:
        cells.skip("row whose group is not described")
    elif not question or len(options) < 2:
        cells.skip("row whose text has no question with options (A), (B)...")
    elif not set(answer) <= set(options):
        cells.skip("row whose human_answer names an option that the text does not have")
    else:
        item = _item(row.get("dataset_name", ""), question, tuple(options.values()), cells)
        cells.add(item, population, [answer.get(letter, 0.0) for letter in options])


def _answer(text: str) -> dict[str, float] | None:
    value = literal(text)
    if not isinstance(value, dict) or not value:
        return None
    known = {name.strip("() "): float(n) for name, n in value.items() if isinstance(name, str) and is_share(n)}
    return known if len(known) == len(value) else None


def _question(text: str) -> tuple[str, dict[str, str]]:
    """Return the question and its options by letter: the last run of lines that begins with A and goes on in order.

    >>> _question("Do you like tea?\\n\\nOptions:\\n(A): Yes\\n(B): No")
    ('Do you like tea?', {'A': 'Yes', 'B': 'No'})
    """
    runs: list[list[re.Match[str]]] = []
    for found in _OPTION.finditer(text):
        if found[1] == "A":
            runs.append([])
        if runs and ord(found[1]) == ord("A") + len(runs[-1]):
            runs[-1].append(found)
    if not runs:
        return "", {}
    before = _HEADING.sub("", text[: runs[-1][0].start()].strip())
    return clean(before), {found[1]: clean(found[2]) for found in runs[-1]}


def _item(dataset: str, question: str, labels: tuple[str, ...], cells: PublishedCells) -> ItemSpec:
    """Return the item; its id is a hash of the data set, the question and the options."""
    name = clean(dataset) or "unknown"
    item_id = f"{name.lower()}-{digest(question, *labels)}"
    return cells.items.get(item_id) or ItemSpec(
        item_id=item_id,
        position=len(cells.items),
        battery_id=f"{name.lower()}-{digest(question)}",
        dimension=name,
        scale=scale_of_labels(labels),
        codes=tuple(range(1, len(labels) + 1)),
        texts=(ItemText("en", question, labels),),
    )


def _population(row: Mapping[str, str], cells: PublishedCells) -> str | None:
    """Return the population's id; a description with places for values has them filled in."""
    template, values = row.get("group_prompt_template", ""), literal(row.get("group_prompt_variable_map", "") or "{}")
    if not template.strip() or not isinstance(values, dict) or len(template) > _MOST_TEXT:
        return None
    texts = {str(name): clean(str(value)) for name, value in values.items()}
    iso3 = find_iso3(next(iter(texts.values()))) if len(texts) == 1 and "country" in next(iter(texts)).lower() else None
    if iso3 is not None:
        return iso3
    filled = clean(re.sub(r"\{(\w+)\}", lambda found: texts.get(found[1], found[0]), template))
    people = TextPopulation(filled)
    cells.described.setdefault(people.population_id, people)
    return people.population_id
