"""What the items and populations of a catalogue are called in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.baseline.statistical import Texts
from surveycli.distribution.arrays import Catalogue
from surveycli.errors import SurveyError, not_found
from surveycli.prompt import Describe
from surveycli.store import Store

if TYPE_CHECKING:
    import polars as pl


def read_texts(store: Store, catalogue: Catalogue, language: str, describe: Describe) -> Texts:
    """Return item wordings and population names. Raises SurveyError (exit 4) where one is missing in the language."""
    return Texts(_wordings(store, catalogue, language), _names(store, catalogue, language, describe))


def _wordings(store: Store, catalogue: Catalogue, language: str) -> list[str]:
    import polars as pl

    survey, item = zip(*catalogue.items, strict=True)
    wanted = pl.DataFrame({"survey_id": survey, "item_id": item})
    found = store.frame("baseline/list_wordings", frames={"wanted": wanted}, language=language)
    _refuse_gaps(found, "wording", found["item_id"].to_list(), language)
    text = dict(zip(found.select("survey_id", "item_id").iter_rows(), found["wording"], strict=True))
    return [text[item] for item in catalogue.items]


def _names(store: Store, catalogue: Catalogue, language: str, describe: Describe) -> list[str]:
    import polars as pl

    wanted = pl.DataFrame({"population_id": catalogue.populations})
    found = store.frame("baseline/list_names", frames={"wanted": wanted}, language=language)
    _refuse_gaps(found, "name", found["population_id"].to_list(), language)
    described = describe is Describe.CONTEXT
    text = {
        population: f"{name} ({context})" if described and context else name
        for population, name, context in found.select("population_id", "name", "context").iter_rows()
    }
    return [text[population] for population in catalogue.populations]


def _refuse_gaps(found: pl.DataFrame, column: str, ids: Sequence[str], language: str) -> None:
    gaps = [name for name, text in zip(ids, found[column], strict=True) if text is None]
    if gaps:
        raise _gap_error(column, gaps, language)


def _gap_error(column: str, gaps: Sequence[str], language: str) -> SurveyError:
    hint = f"`surveycli translate --to {language}` adds wordings." if column == "wording" else ""
    return not_found(f"{len(gaps)} of the split have no {column} in {language!r}, {gaps[0]} among them.", hint)
