"""Writes new questions as a survey of its own, which has items and populations, and no answers of anybody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from surveycli.clock import utc_now
from surveycli.errors import SurveyError, bad_input, conflict, not_found
from surveycli.request.simulate import NewQuestion, SimulateRequest
from surveycli.store import Store
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText, SurveyFacts
from surveycli.survey.places.country import find_iso3
from surveycli.survey.population.population import PopulationSpec, parse_population_id
from surveycli.survey.write import add_populations, begin_survey

if TYPE_CHECKING:
    pass

RECIPE = "simulated"
ASKED = "asked"


def languages_of(questions: Sequence[NewQuestion]) -> tuple[str, ...]:
    """Return the languages that every question is worded in. Raises SurveyError (exit 3) where there is none."""
    shared = [language for language in questions[0].wording if all(language in q.wording for q in questions)]
    if not shared:
        raise bad_input(
            "The questions are worded in different languages.",
            "Ask those of one language at a time, or word all in one.",
        )
    return tuple(shared)


def write_survey(store: Store, request: SimulateRequest, name: str, of_split: str | None) -> None:
    """Write the questions, the populations and the split that asks them; in one transaction with its caller.

    Raises SurveyError: 3 for an unknown population, 5 where the name is taken.
    """
    if store.scalar("simulation/is_taken", name=name):
        raise conflict(f"There is already a survey, split or run named {name}.", "Choose another --name.")
    items = tuple(_item(question, place) for place, question in enumerate(request.questions))
    facts = SurveyFacts("Questions that were never asked", source="surveycli simulate")
    begin_survey(store, name, facts, Codebook(name, items, origin="imported"), replace=False)
    specs = {text: _population(text) for text in _populations(request)}
    add_populations(store, list(specs.values()), languages_of(request.questions))
    rows = [
        (name, question.item_id, specs[text].population_id)
        for question in request.questions
        for text in question.populations or request.populations
    ]
    _write_split(store, name, of_split, rows)


def _write_split(store: Store, name: str, of_split: str | None, rows: Sequence[tuple[str, str, str]]) -> None:
    import polars as pl

    store.run(
        "split/write_split",
        split=name,
        recipe=RECIPE,
        seed=0,
        parameters=json.dumps({"of_split": of_split}),
        created_at=utc_now(),
    )
    asked = pl.DataFrame(list(rows), schema=["survey_id", "item_id", "population_id"], orient="row").unique()
    store.run("simulation/write_cells", frames={"asked": asked}, split=name, of_split=of_split)


def _item(question: NewQuestion, place: int) -> ItemSpec:
    texts = tuple(ItemText(code, words, question.options[code]) for code, words in question.wording.items())
    return ItemSpec(
        item_id=question.item_id,
        position=place,
        battery_id=question.battery or question.item_id,
        dimension=None,
        scale=question.scale,
        codes=tuple(range(1, len(texts[0].labels) + 1)),
        texts=texts,
    )


def _populations(request: SimulateRequest) -> list[str]:
    """Return the populations that are named anywhere. Raises SurveyError (exit 3) for a question without any."""
    lacking = [q.item_id for q in request.questions if not (q.populations or request.populations)]
    if lacking:
        raise bad_input(
            f"The question {lacking[0]} has no population to ask.",
            "Name countries: --country KEN, or `countries` in the file.",
        )
    named = [text for q in request.questions for text in q.populations or request.populations]
    return list(dict.fromkeys(named))


def _population(text: str) -> PopulationSpec:
    known = parse_population_id(text)
    if known is not None:
        return known
    iso3 = find_iso3(text)
    if iso3 is None:
        raise _unknown(text)
    return PopulationSpec(iso3)


def _unknown(text: str) -> SurveyError:
    return not_found(
        f"There is no country or population {text!r}.",
        "Countries go by ISO-3 code or English name; subgroups like KEN|sex=female.",
    )
