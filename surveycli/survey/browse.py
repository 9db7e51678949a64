"""What is in the store: surveys, items, and how a population answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from surveycli.errors import not_found, usage
from surveycli.store import Store
from surveycli.survey.places.country import find_iso3

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with the shares of one population, or of all `n_populations` of a `kind` where `population` is None.

    `options` has code, answer and share, and with a population n and share_unweighted, else the lowest and highest
    share and where they are. Of each of `runs` there is a column `predicted RUN` with its shares. `also_in` are
    the other surveys with an item of this id.
    """

    survey_id: str
    item_id: str
    wording: str
    options: pl.DataFrame
    population: str | None
    kind: str
    n_populations: int
    n_respondents: int | None = None
    n_effective: float | None = None
    missing: str | None = None
    also_in: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


def list_surveys(store: Store) -> pl.DataFrame:
    """Return one row per survey and ingested file."""
    return store.frame("survey/list_surveys")


def list_items(store: Store, *, search: str | None, survey_id: str | None, language: str) -> pl.DataFrame:
    """Return the items, or those with `search` in their id, wording, options or dimension.

    Raises SurveyError (exit 4) for a survey that is not there, a language without wordings, and no match.
    """
    if survey_id is not None and not store.rows("survey/find_survey", survey_id=survey_id):
        raise not_found(f"There is no survey {survey_id} in the store.", "`surveycli surveys` lists them.")
    languages = store.frame("survey/list_languages", survey_id=survey_id)["language"].to_list()
    if language not in languages:
        found = ", ".join(languages) or "none"
        raise not_found(f"No item has a wording in {language!r}; languages in the store: {found}.", "Choose another.")
    items = store.frame("survey/list_items", survey_id=survey_id, language=language, search=search)
    if not items.height:
        raise not_found(f"No item contains {search!r}.", "`surveycli items` without --search lists all.")
    return items


def show_item(
    store: Store,
    item_id: str,
    *,
    country: str | None,
    survey_id: str | None,
    language: str = "en",
    runs: Sequence[str] = (),
) -> ItemView:
    """Return how a population answered an item, or all countries did; all subgroups where there are no countries.

    What `runs` predicted of the population stands beside it. Raises SurveyError: exit 4 for an item, population or run
    that is not there, and where the population was not asked, 2 for runs without a population.
    """
    if runs and country is None:
        raise usage("A run's prediction is shown of one population.", "Name it with --country.")
    item, *others = _find_items(store, item_id, survey_id, language)
    key = {"survey_id": item["survey_id"], "item_id": item["item_id"]}
    kinds = store.rows("survey/count_populations_by_kind", **key)
    if not kinds:
        raise not_found(
            f"Survey {item['survey_id']} has the wording of {item['item_id']}, but no answers to it.",
            "`surveycli ingest FILE` with the survey's own file brings them.",
        )
    also_in = tuple(other["survey_id"] for other in others)
    shown = {**key, "wording": item["wording"], "also_in": also_in, **kinds[0]}
    if country is None:
        options = store.frame("survey/show_item", **key, kind=kinds[0]["kind"], language=language)
        return ItemView(**shown, options=options, population=None)
    population = _find_population(store, country)
    cell_key = {**key, "population_id": population["population_id"]}
    cells = store.rows("survey/find_cell", **cell_key)
    if not cells:
        raise not_found(
            f"{item['item_id']} has no answers from {population['description']}: it was not asked there, or nobody"
            " gave a valid answer.",
            f"`surveycli show {item['item_id']}` shows the other populations.",
        )
    options = store.frame("survey/show_cell", **cell_key, language=language)
    options = _with_predictions(store, options, cell_key, runs)
    return ItemView(**shown, options=options, population=population["description"], runs=tuple(runs), **cells[0])


def _with_predictions(
    store: Store, options: pl.DataFrame, cell_key: Mapping[str, Any], runs: Sequence[str]
) -> pl.DataFrame:
    """Return the options with a column of shares for each run. Raises SurveyError (exit 4) where a run has none."""
    predicted = store.frame("survey/show_predicted", run_ids=list(runs), **cell_key) if runs else None
    for run in runs:
        assert predicted is not None
        own = predicted.filter(run_id=run)
        if own.is_empty():
            raise not_found(
                f"The run {run} has no prediction of {cell_key['item_id']} for {cell_key['population_id']}.",
                f"`surveycli runs show {run}` lists the parts that it has predicted.",
            )
        shares = own.select("code", own["predicted"].alias(f"predicted {run}"))
        options = options.join(shares, on="code", how="left", maintain_order="left")
    return options


def _find_items(store: Store, item_id: str, survey_id: str | None, language: str) -> list[dict[str, Any]]:
    """Return the items of this id, one per survey, that of WVS 7 first."""
    items = store.rows("survey/find_item", item_id=item_id, survey_id=survey_id, language=language)
    if not items:
        where = f"survey {survey_id}" if survey_id else "the store"
        raise not_found(f"There is no item {item_id} in {where}.", "`surveycli items --search WORD` finds items.")
    return items


def _find_population(store: Store, name: str) -> dict[str, Any]:
    populations = store.rows("survey/find_population", name=name, iso3=find_iso3(name))
    if not populations:
        raise not_found(
            f"There is no population {name!r} in the store.",
            'Give an ISO-3 code such as KEN; `surveycli sql "select name from population_text"` lists all.',
        )
    return populations[0]
