"""Rows for the store: a survey's items and texts, populations, distributions, the record of the file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from surveycli.clock import utc_now
from surveycli.domain import AiPolicy, Scale
from surveycli.errors import bad_input, conflict
from surveycli.request.ingest import IngestOptions
from surveycli.store import Store, create_table_from_stream
from surveycli.survey.aggregates import Aggregates
from surveycli.survey.files.batch import Skipped
from surveycli.survey.items.codebook import Codebook, SurveyFacts
from surveycli.survey.places.country import country_frame
from surveycli.survey.population.group_column import GroupText
from surveycli.survey.population.phrase import GroupWords, Wordbook
from surveycli.survey.population.population import (
    PopulationSpec,
    TextPopulation,
    describe_population,
    parse_population_id,
    phrase_languages,
)
from surveycli.survey.readers.readout import DistributionFile, Reading, RespondentFile

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest put into the store.

    `n_items` have answers, of `n_items_known` in the codebook, and `scales` counts them by scale. `reading` says what
    of a file of respondents was taken for what. `also` has the reports of the file's other surveys.
    """

    survey_id: str
    title: str
    file_name: str
    layout: str
    release: str | None
    n_respondents: int | None
    n_items: int
    n_items_known: int
    n_populations: int
    n_cells: int
    wave: str | None = None
    scales: Mapping[str, int] = field(default_factory=dict)
    reading: Reading | None = None
    licence: str | None = None
    ai_policy: AiPolicy = AiPolicy.UNKNOWN
    skipped: tuple[Skipped, ...] = ()
    also: tuple[IngestReport, ...] = ()


_GROUP_TEXT_TYPES = {
    "grouping": str,
    "value": str,
    "item_id": str,
    "low_code": int,
    "high_code": int,
    "label": str,
    "value_label": str,
}


def begin_survey(store: Store, survey_id: str, facts: SurveyFacts, codebook: Codebook, *, replace: bool) -> None:
    """Write the survey, its items and its options; with `replace`, in the place of what was there."""
    import polars as pl

    if replace:
        store.run("survey/delete_survey", survey_id=survey_id)
        store.drop_table("respondent", survey_id)
    store.insert("survey", pl.DataFrame([{"survey_id": survey_id, **asdict(facts)}]))
    store.run("survey/write_countries", frames={"incoming_country": country_frame()})
    store.insert("item", _items(survey_id, codebook))
    store.insert("response_option", _options(survey_id, codebook))
    texts = {"incoming_item_text": _item_texts(codebook), "incoming_option_text": _option_texts(codebook)}
    store.run("survey/write_texts", frames=texts, survey_id=survey_id)


def _items(survey_id: str, codebook: Codebook) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        {
            "survey_id": survey_id,
            "item_id": item.item_id,
            "position": item.position,
            "dimension": item.dimension,
            "battery_id": item.battery_id,
            "scale": item.scale.value,
            "n_options": len(item.codes),
        }
        for item in codebook
    )


def _options(survey_id: str, codebook: Codebook) -> pl.DataFrame:
    import polars as pl

    rows = [(survey_id, item.item_id, code, place) for item in codebook for place, code in enumerate(item.codes)]
    return pl.DataFrame(rows, schema=["survey_id", "item_id", "option_code", "position"], orient="row")


def _item_texts(codebook: Codebook) -> pl.DataFrame:
    import polars as pl

    rows = [(item.item_id, text.language, text.wording, codebook.origin) for item in codebook for text in item.texts]
    return pl.DataFrame(rows, schema=["item_id", "language", "wording", "origin"], orient="row")


def _option_texts(codebook: Codebook) -> pl.DataFrame:
    import polars as pl

    rows = [
        (item.item_id, code, text.language, label, codebook.origin)
        for item in codebook
        for text in item.texts
        for code, label in zip(item.codes, text.labels, strict=True)
    ]
    return pl.DataFrame(rows, schema=["item_id", "option_code", "language", "label", "origin"], orient="row")


def write_respondents(store: Store, file: RespondentFile, respondents: Iterator[pl.DataFrame]) -> None:
    """Write respondents to the survey's own table, in the order of the file.

    Raises SurveyError (exit 3) where there are none.
    """
    first = next(respondents, None)
    if first is None:
        raise bad_input(
            f"{file.source.path.name}: no respondent is left after reading it.", "Check the country and weight columns."
        )
    comment = f"One row per respondent of {file.facts.title}, as answered; codes below 0 are missing answers."
    create_table_from_stream(store, "respondent", file.survey_id, chain([first], respondents), comment)


def write_aggregates(store: Store, survey_id: str, aggregates: Aggregates) -> None:
    """Write populations, cells, distributions and counts of missing answers.

    Raises SurveyError (exit 5) where a group means something else in another survey of the store.
    """
    import polars as pl

    _write_grouping_values(store, survey_id, aggregates.group_texts)
    add_populations(store, aggregates.populations, phrase_languages())
    for language in store.frame("survey/list_languages", survey_id=None)["language"].to_list():
        name_populations(store, language)
    frames = {"incoming_cell": aggregates.cells, "incoming_share": aggregates.shares}
    store.run("survey/write_distributions", frames=frames, survey_id=survey_id)
    store.insert("missing_count", aggregates.missing.with_columns(survey_id=pl.lit(survey_id)))
    if aggregates.accounts is not None:
        store.insert("answer_account", aggregates.accounts.with_columns(survey_id=pl.lit(survey_id)))


def add_populations(store: Store, specs: Sequence[PopulationSpec | TextPopulation], languages: Sequence[str]) -> None:
    """Write populations that the store does not know yet, and how they are called in each language."""
    store.run("survey/write_populations", frames=_population_frames(store, specs, languages))


def _write_grouping_values(store: Store, survey_id: str, texts: Iterable[GroupText]) -> None:
    """Write what the survey's own columns that populations are made of mean.

    Raises SurveyError (exit 5) where one means something else in another survey of the store.
    """
    import polars as pl

    rows = [asdict(text) for text in texts]
    if not rows:
        return
    frames = {"incoming_grouping_value": pl.DataFrame(rows, _GROUP_TEXT_TYPES)}
    others = store.frame("survey/find_other_meaning", frames, survey_id=survey_id).to_dicts()
    if others:
        other = others[0]
        raise conflict(
            f"{other['grouping']}={other['value']} means {other['label']!r}: {other['value_label']!r} in survey"
            f" {other['survey_id']} of the store, but {other['new_label']!r}: {other['new_value_label']!r} in"
            " this file: one population_id would stand for two populations.",
            "Rename the column in the file, or keep this survey in a store of its own (--store).",
        )
    store.run("survey/write_grouping_values", frames=frames, survey_id=survey_id)


def name_populations(store: Store, language: str) -> tuple[str, ...]:
    """Write how each population of the store is called in a language, where it has no name in it yet.

    Return the populations that are still without: subgroups outside the languages with phrases, and countries
    without a known name.
    """
    unnamed = [str(row["population_id"]) for row in store.rows("survey/list_unnamed_populations", language=language)]
    specs = [spec for name in unnamed if (spec := parse_population_id(name)) is not None]
    if specs:
        add_populations(store, specs, (language,))
    return tuple(str(row["population_id"]) for row in store.rows("survey/list_unnamed_populations", language=language))


def _population_frames(
    store: Store, specs: Sequence[PopulationSpec | TextPopulation], languages: Sequence[str]
) -> dict[str, pl.DataFrame]:
    words = {language: _wordbook(store, language) for language in languages}
    populations = [(spec.population_id, spec.kind, spec.iso3, json.dumps(spec.definition())) for spec in specs]
    texts = [
        (text.population_id, text.language, text.name, text.description, text.context)
        for spec in specs
        for text in describe_population(spec, languages, words)
    ]
    text_columns = ["population_id", "language", "name", "description", "context"]
    return {
        "incoming_population": _text_frame(populations, ["population_id", "kind", "iso3", "definition"]),
        "incoming_population_text": _text_frame(texts, text_columns),
    }


def _wordbook(store: Store, language: str) -> Wordbook:
    """Return what the groupings of the store's surveys are called in a language."""
    return {
        (row["grouping"], row["value"]): GroupWords(
            row["label"], row["low_label"], row["high_label"], is_answer=row["is_answer"]
        )
        for row in store.rows("survey/list_group_words", language=language)
    }


def _text_frame(rows: Sequence[tuple[str | None, ...]], columns: list[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def finish_survey(
    store: Store,
    file: DistributionFile | RespondentFile,
    options: IngestOptions,
    skipped: tuple[Skipped, ...],
    n_respondents: int | None = None,
) -> IngestReport:
    """Record the file and what of it was left out, and return the report."""
    import polars as pl

    counts = store.rows("survey/count_survey", survey_id=file.survey_id)[0]
    source_file_id = f"{file.survey_id}-{file.source.sha256[:12]}"
    row = {
        "source_file_id": source_file_id,
        "survey_id": file.survey_id,
        "file_name": file.source.path.name,
        "content_sha256": file.source.sha256,
        "n_bytes": file.source.n_bytes,
        "layout": file.layout,
        "release": file.facts.release,
        "n_respondents": n_respondents,
        "n_cells": counts["n_cells"],
        "options": json.dumps(asdict(options), default=str),
        "ingested_at": utc_now(),
    }
    store.insert("source_file", pl.DataFrame([row]))
    rows = [{"source_file_id": source_file_id, **asdict(skip)} for skip in skipped]
    store.insert("ingest_skip", pl.DataFrame(rows))
    return IngestReport(
        survey_id=file.survey_id,
        title=file.facts.title,
        file_name=file.source.path.name,
        layout=file.layout,
        release=file.facts.release,
        n_respondents=n_respondents,
        wave=file.facts.wave,
        scales=_scales(file),
        licence=file.facts.licence,
        ai_policy=file.facts.ai_policy,
        reading=file.reading if isinstance(file, RespondentFile) else None,
        skipped=skipped,
        **counts,
    )


def _scales(file: DistributionFile | RespondentFile) -> dict[str, int]:
    """Return how many items that were read are ordinal, nominal and binary."""
    read = set(file.roles.items) if isinstance(file, RespondentFile) else set(file.codebook.by_id())
    counts = Counter(item.scale.value for item in file.codebook if item.item_id in read)
    return {scale.value: counts[scale.value] for scale in Scale}
