"""Reads SubPOP (Suh et al. 2025): shares of American subpopulations, one JSON line per question and group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from surveycli.domain import SUBPOP_EVAL_SURVEY, SUBPOP_SURVEY, Scale
from surveycli.errors import bad_input
from surveycli.survey.files.cell import clean
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import ItemSpec, ItemText, SurveyFacts
from surveycli.survey.population.population import PopulationSpec
from surveycli.survey.readers.published import PublishedCells, digest, literal, numbers
from surveycli.survey.readers.readout import DistributionFile
from surveycli.untrusted.number import read_number

if TYPE_CHECKING:
    import polars as pl

LAYOUT = "subpop"
COLUMNS = frozenset({"qkey", "attribute", "group", "question", "options", "responses", "ordinal"})
_FACTS = SurveyFacts(
    "SubPOP, subpopulations of the United States",
    source="https://huggingface.co/datasets/jjssuh/subpop",
    citation=(
        "Suh, J., Jahanparast, E., Moon, S., Kang, M. and Chang, S. 2025. Language Model Fine-Tuning on Scaled Survey"
        " Data for Predicting Distributions of Public Opinions. arXiv:2502.16761"
    ),
)
_WAVE = re.compile(r"_W\d+$")
# What its attributes are called in population ids.
_ATTRIBUTES = {
    "cregion": "region",
    "polparty": "party",
    "polideology": "ideology",
    "relig": "religion",
    "religattend": "religious attendance",
    "marital": "marital status",
    "citizen": "citizenship",
}
_SEXES = {"female": "female", "woman": "female", "male": "male", "man": "male"}


def is_subpop(columns: Sequence[str]) -> bool:
    """Tell whether a table with these columns is SubPOP."""
    return {name.strip().lower() for name in columns} >= COLUMNS


def read_subpop(source: SourceFile, table: pl.DataFrame) -> DistributionFile:
    """Return the distributions: shares of the answers, with the refusals apart.

    Codes follow the positions in `ordinal`, from 1; options with distinct positions lie on one line. The questions of
    the American Trends Panel, whose keys end in a wave, are the survey `subpop`, those of another survey `subpop-eval`.
    Raises SurveyError (exit 3) where no row can be used.
    """
    named = table.rename({name: name.strip().lower() for name in table.columns})
    cells = PublishedCells()
    for row in named.iter_rows(named=True):
        _add(row, cells)
    if not cells.shares:
        raise bad_input(
            f"{source.path.name}: none of its {table.height} rows has options with as many responses and positions.",
            "The columns have to be as published: options one longer than responses, whose last one is the refusal.",
        )
    n_panel = sum(bool(_WAVE.search(key or "")) for key in named["qkey"])
    survey_id = SUBPOP_SURVEY if 2 * n_panel >= named.height else SUBPOP_EVAL_SURVEY
    return cells.file(source, LAYOUT, survey_id, _FACTS)


def _add(row: dict[str, str | None], cells: PublishedCells) -> None:
    shares, positions, labels = numbers(literal(row["responses"])), _positions(row["ordinal"]), _labels(row["options"])
    question, population = clean(row["question"] or ""), _population(row["attribute"], row["group"])
    if not question or population is None:
        cells.skip("row without a question, attribute or group")
    elif shares is None or positions is None or labels is None:
        cells.skip("row whose options, responses or ordinal are not lists of texts and numbers")
    elif not 2 <= len(shares) == len(positions) <= len(labels) <= len(shares) + 1:
        cells.skip("row with another number of responses than options and positions")
    else:
        order = sorted(range(len(shares)), key=lambda place: positions[place])
        item = _item(row["qkey"] or "", question, [labels[p] for p in order], [positions[p] for p in order], cells)
        if cells.add(item, population, [shares[place] for place in order]):
            refused = read_number(row.get("refusal_rate") or "")
            if refused is not None and 0 < refused < 1:
                cells.missing.append((item.item_id, population, "refused", refused))


def _item(
    key: str, question: str, labels: Sequence[str], positions: Sequence[float], cells: PublishedCells
) -> ItemSpec:
    """Return the item of a key; another question or other options under the same key make another item."""
    name = clean(key) or f"q-{digest(question)}"
    text = ItemText("en", question, tuple(labels))
    known = cells.items.get(name)
    item_id = name if known is None or known.texts == (text,) else f"{name}-{digest(question, *labels)}"
    if item_id in cells.items:
        return cells.items[item_id]
    steps = {round(after - before, 6) for before, after in pairwise(positions)}
    ordered = 0 not in steps
    if not ordered:
        cells.skip("not left out, but nominal: options with one position in `ordinal`", "items")
    elif len(steps) > 1:
        cells.skip("not left out: positions in `ordinal` at unequal distances, taken as equal", "items")
    scale = Scale.BINARY if len(labels) == 2 else Scale.ORDINAL if ordered else Scale.NOMINAL
    codes = tuple(range(1, len(labels) + 1))
    return ItemSpec(item_id, len(cells.items), f"q-{digest(question)}", None, scale, codes, (text,))


def _positions(text: str | None) -> tuple[float, ...] | None:
    value = literal(text)
    if not isinstance(value, list) or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in value):
        return None
    return tuple(float(number) for number in value)


def _labels(text: str | None) -> tuple[str, ...] | None:
    value = literal(text)
    if not isinstance(value, list) or not all(isinstance(label, str) and clean(label) for label in value):
        return None
    return tuple(clean(label) for label in value)


def _population(attribute: str | None, group: str | None) -> str | None:
    """Return the id of a group of Americans; everybody stands under `Overall`."""
    name, value = clean(attribute or "").lower(), clean(group or "")
    if not name or not value:
        return None
    if value.lower() == "overall" or name == "overall":
        return "USA"
    if name == "sex":
        value = _SEXES.get(value.lower(), value)
    return PopulationSpec("USA", ((_ATTRIBUTES.get(name, name), value),)).population_id
