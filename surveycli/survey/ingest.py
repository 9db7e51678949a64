"""Ingest: a file in, everything it says in the store."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

from surveycli.errors import usage
from surveycli.progress import Progress, silent
from surveycli.store import Store
from surveycli.survey.files.source import open_source
from surveycli.survey.load import load_distributions, load_respondents, refuse_if_known
from surveycli.survey.readers.distributions import read_distribution_table
from surveycli.survey.readers.layout import read_file
from surveycli.survey.readers.readout import DistributionFile, RespondentFile
from surveycli.survey.request import IngestOptions
from surveycli.survey.write import IngestReport

BUNDLED_SURVEY = "wvs7"


def ingest_file(
    store: Store, path: Path, options: IngestOptions | None = None, progress: Progress = silent
) -> IngestReport:
    """Write a survey file to the store: its survey, items, populations, distributions and respondents.

    The layout is found out from the content. Raises SurveyError: exit 3 where the file is not what it should be, 5
    where it, or another release of its survey, is in the store already. The store is then left as it was.
    A file of several surveys gives the report of its first, with the others in `also`.
    """
    options = options or IngestOptions()
    source = open_source(path)
    file = read_file(source, options)
    if options.survey_id:
        file = _renamed(file, options.survey_id)
    others = file.also if isinstance(file, DistributionFile) else ()
    for part in (file, *others):
        refuse_if_known(store, source, part.survey_id, options)
    if isinstance(file, RespondentFile):
        return load_respondents(store, file, options, progress)
    _refuse_groupings(options, path)
    return load_distributions(store, file, options, progress)


def _refuse_groupings(options: IngestOptions, path: Path) -> None:
    """Raise SurveyError (exit 2) where respondents are to be grouped that a file of ready distributions lacks."""
    if options.by != IngestOptions().by or options.bands:
        raise usage(
            f"{path.name} holds ready distributions: there are no respondents to group.",
            "Leave out --by and --bands, or name the survey's respondent file.",
        )


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
    bundled = resources.files("surveycli") / "resources" / BUNDLED_SURVEY / "distributions.parquet"
    with resources.as_file(bundled) as path:
        source = open_source(path)
        refuse_if_known(store, source, BUNDLED_SURVEY, options)
        file = read_distribution_table(source, pl.read_parquet(path))
    return load_distributions(store, file, options, progress)
