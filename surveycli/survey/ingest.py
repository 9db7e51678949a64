"""Ingest: a file in, everything it says in the store, in one transaction: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import as_file
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from surveycli.bundled import BUNDLED_SURVEY, resource
from surveycli.errors import conflict
from surveycli.progress import Progress, silent
from surveycli.request.ingest import IngestOptions
from surveycli.store import Store, open_store
from surveycli.survey.aggregates import aggregates_of_shares
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.source import SourceFile, open_source
from surveycli.survey.readers.distributions import read_distribution_table
from surveycli.survey.readers.layout import read_survey
from surveycli.survey.readers.readout import DistributionFile, RespondentFile
from surveycli.survey.respondent_pass import RespondentPass
from surveycli.survey.several.open import open_survey
from surveycli.survey.write import IngestReport, begin_survey, finish_survey, write_aggregates, write_respondents

# What there is to say of a survey's files once their rows were read.
Notes = Callable[[], tuple[Skipped, ...]]


def ingest_file(
    store: Store, path: Path | Sequence[Path], options: IngestOptions | None = None, progress: Progress = silent
) -> IngestReport:
    """Write a survey's file, or its several files, to the store: items, populations, distributions and respondents.

    The layout is found out from the content. Raises SurveyError: exit 3 where the file is not what it should be, 5
    where it, or another release of its survey, is in the store already. The store is then left as it was.
    A file of several surveys gives the report of its first, with the others in `also`.
    """
    options = options or IngestOptions()
    paths = [path] if isinstance(path, Path) else path
    table = open_survey(paths, join_on=options.join_on, by_code=options.codebook is not None)
    file = _with_terms(read_survey(table, options), options)
    if options.survey_id:
        file = _renamed(file, options.survey_id)
    others = file.also if isinstance(file, DistributionFile) else ()
    for part in (file, *others):
        _refuse_if_known(store, table.source, part.survey_id, options)
    if isinstance(file, RespondentFile):
        return _load_respondents(store, file, options, progress, table.notes)
    return _load_distributions(store, file, options, progress, table.notes)


def try_file(
    path: Path | Sequence[Path], options: IngestOptions | None = None, progress: Progress = silent
) -> IngestReport:
    """Return the report that an ingest of a file would give, without a store; errors as `ingest_file`."""
    with TemporaryDirectory() as folder, open_store(Path(folder) / "try.duckdb", create=True) as store:
        return ingest_file(store, path, options, progress)


def _with_terms(file: RespondentFile | DistributionFile, options: IngestOptions) -> RespondentFile | DistributionFile:
    """Return the file with the terms that the user states in the place of its profile's."""
    stated: dict[str, Any] = {
        "licence": options.licence,
        "citation": options.citation,
        "ai_policy": options.ai_policy,
        "accessed_on": options.accessed,
    }
    stated = {name: value for name, value in stated.items() if value is not None}
    if isinstance(file, RespondentFile):
        return replace(file, facts=replace(file.facts, **stated))
    parts = [replace(part, facts=replace(part.facts, **stated)) for part in (file, *file.also)]
    return replace(parts[0], also=tuple(parts[1:]))


def _renamed(file: RespondentFile | DistributionFile, survey_id: str) -> RespondentFile | DistributionFile:
    """Return the file under another survey_id; where it holds several surveys each adds the last part of its own."""
    if isinstance(file, RespondentFile) or not file.also:
        return replace(file, survey_id=survey_id)
    parts = [replace(part, survey_id=f"{survey_id}-{part.survey_id.split('-')[-1]}") for part in (file, *file.also)]
    return replace(parts[0], also=tuple(parts[1:]))


def ingest_bundled(store: Store, progress: Progress = silent, *, replace: bool = False) -> IngestReport:
    """Write the bundled distributions of WVS wave 7: 63 countries, items Q1-Q198, no respondents.

    Raises SurveyError (exit 5) where the store has survey `wvs7` already and `replace` is not set.
    """
    import polars as pl

    options = IngestOptions(replace=replace)
    with as_file(resource(BUNDLED_SURVEY, "distributions.parquet")) as path:
        source = open_source(path)
        _refuse_if_known(store, source, BUNDLED_SURVEY, options)
        file = read_distribution_table(source, pl.read_parquet(path))
    return _load_distributions(store, file, options, progress)


def _refuse_if_known(store: Store, source: SourceFile, survey_id: str, options: IngestOptions) -> None:
    """Raise SurveyError (exit 5) where this content, or another release of this survey, is in the store already."""
    for row in store.rows("survey/find_file", content_sha256=source.sha256):
        if row["survey_id"] == survey_id and not options.replace:
            raise conflict(
                f"{source.path.name} is in the store already, as survey {survey_id}: the same content was ingested"
                f" {row['ingested_at']:%Y-%m-%d %H:%M} UTC from {row['file_name']}.",
                "Nothing needs to be done. --replace ingests it anew; --survey NAME makes a second survey of it.",
            )
    for row in store.rows("survey/find_survey", survey_id=survey_id):
        if not options.replace:
            raise conflict(
                f"Survey {survey_id} is in the store already: {row['title']}, release {row['release'] or 'unknown'},"
                f" from {row['file_name']}, ingested {row['ingested_at']:%Y-%m-%d %H:%M} UTC."
                f" {source.path.name} is another file.",
                "--replace puts it in the place of the first; --survey NAME keeps both side by side.",
            )


def _load_distributions(
    store: Store, file: DistributionFile, options: IngestOptions, progress: Progress, notes: Notes = tuple
) -> IngestReport:
    """Write a file of ready distributions, with the other surveys in it."""
    parts = (file, *file.also)
    n_rows = sum(part.shares.height for part in parts)
    reports = []
    with store.transaction():
        for part in parts:
            begin_survey(store, part.survey_id, part.facts, part.codebook, replace=options.replace)
            write_aggregates(store, part.survey_id, aggregates_of_shares(part))
            reports.append(finish_survey(store, part, options, (*notes(), *part.skipped)))
        progress("distributions", n_rows, n_rows)
    return replace(reports[0], also=tuple(reports[1:]))


def _load_respondents(
    store: Store, file: RespondentFile, options: IngestOptions, progress: Progress, notes: Notes
) -> IngestReport:
    """Write a file of respondents: themselves, and the distributions of every population that `options.by` makes.

    Respondents and counts come from the same pass over the file. Raises SurveyError (exit 3) where no respondent is
    left.
    """
    if options.keep_dont_know:
        file = file.with_dont_know()
    counting = RespondentPass(file)
    with store.transaction():
        begin_survey(store, file.survey_id, file.facts, file.codebook, replace=options.replace)
        write_respondents(store, file, counting.respondents(progress))
        for aggregates in counting.aggregates(options.min_cell):
            write_aggregates(store, file.survey_id, aggregates)
        return finish_survey(store, file, options, (*notes(), *counting.skipped()), counting.n_respondents)
