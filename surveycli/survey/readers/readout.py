"""What a reader hands on: respondents in batches, or ready distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveycli.survey.files.batch import Batch, Skipped
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import Codebook, SurveyFacts
from surveycli.survey.population.demographics import Roles

if TYPE_CHECKING:
    import polars as pl

    from surveycli.survey.population.group_column import Groups


@dataclass(frozen=True, slots=True)
class DistributionFile:
    """Ready distributions.

    `shares` has item_id, population_id, option_code, n_respondents, share and share_unweighted (either share or the
    count may be null), one row per option that the file names. Options of the codebook without a row are zero.
    `missing`, where the file knows of missing answers, has item_id, population_id, status and share (of all answers).
    `also` are the other surveys of the file.
    """

    source: SourceFile
    layout: str
    survey_id: str
    facts: SurveyFacts
    codebook: Codebook
    shares: pl.DataFrame
    skipped: tuple[Skipped, ...] = ()
    missing: pl.DataFrame | None = None
    also: tuple[DistributionFile, ...] = ()


@dataclass(frozen=True, slots=True)
class RespondentFile:
    """Respondents' own answers, read in batches so that memory does not grow with their number.

    `missing` gives the status of each code that is no answer; every other code must be in the codebook. `groups` are
    the columns that the user wants populations of.
    """

    source: SourceFile
    layout: str
    survey_id: str
    facts: SurveyFacts
    codebook: Codebook
    roles: Roles
    missing: dict[int, str]
    groups: Groups
    batches: Callable[[], Iterator[Batch]]
    skipped: tuple[Skipped, ...] = ()
